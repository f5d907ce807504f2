//! The packaged certificate authorities of RDS: each can be read, and none expires soon.

use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::support::root;

/// How long before the first one ends this fails, so that there is time to fetch new ones.
const NOTICE: Duration = Duration::from_secs(90 * 86_400);

/// Each certificate's name and the time of its end.
fn packaged() -> Vec<(String, SystemTime)> {
    let path = root().join("infra/rds/global-bundle.pem");
    let ends = |der: CertificateDer| {
        let read = Certificate::from_der(&der).unwrap();
        let fields = read.tbs_certificate();
        (fields.subject().to_string(), fields.validity().not_after.to_system_time())
    };
    CertificateDer::pem_file_iter(path).unwrap().map(|der| ends(der.unwrap())).collect()
}

/// Those that end before `notice` is over.
fn ending(certificates: &[(String, SystemTime)], notice: Duration) -> Vec<&str> {
    let then = SystemTime::now() + notice;
    let ending = certificates.iter().filter(|(_, end)| *end < then);
    ending.map(|(name, _)| name.as_str()).collect()
}

#[test]
fn no_rds_authority_expires_within_ninety_days() {
    let certificates = packaged();
    assert_eq!(
        ending(&certificates, NOTICE),
        Vec::<&str>::new(),
        "fetch RDS' certificate authorities again: make certificates, then make layer and terraform apply"
    );
    // The check can fail: in a hundred years all of them are over.
    let century = Duration::from_secs(100 * 365 * 86_400);
    assert_eq!(ending(&certificates, century).len(), certificates.len());
    let (name, first) = certificates.iter().min_by_key(|(_, end)| *end).unwrap();
    let years = first.duration_since(SystemTime::now()).unwrap().as_secs() / (365 * 86_400);
    println!("{} authorities; the first to end is {name}, in {years} years", certificates.len());
}

#[test]
fn every_rds_authority_is_accepted_as_a_root_and_each_region_has_one() {
    let path = root().join("infra/rds/global-bundle.pem");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let names: Vec<String> = packaged().into_iter().map(|(name, _)| name).collect();
    assert_eq!(roots.len(), names.len());
    for region in ["us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2"] {
        assert!(names.iter().any(|name| name.contains(region)), "{region}: {names:?}");
    }
}
