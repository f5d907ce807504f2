//! TLS: makes the connector for the settings' SSL mode and root certificates.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls_improved::MakeRustlsConnect;

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DatabaseSettings, PGSSLROOTCERT, SslMode};

/// A connector for the settings' SSL mode.
///
/// # Errors
/// [`ErrorKind::BadSetting`] where there are no root certificates to verify against, or they cannot be read.
pub(super) fn connector(database: &DatabaseSettings) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS cannot be set up").caused_by(error))?;

    // As in libpq, `require` verifies the chain where a file of root certificates is set.
    let verifier: Arc<dyn ServerCertVerifier> = match (database.ssl_mode, &database.ssl_root_cert) {
        (SslMode::VerifyFull, _) => {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots(database)?), provider)
                .build()
                .map_err(|error| {
                    unusable("the root certificates cannot be used").caused_by(error)
                })?
        }
        (SslMode::VerifyCa, _) | (SslMode::Require, Some(_)) => {
            Arc::new(Lenient { roots: Some(roots(database)?), provider })
        }
        (SslMode::Require, None) | (SslMode::Prefer | SslMode::Disable, _) => {
            Arc::new(Lenient { roots: None, provider })
        }
    };
    Ok(MakeRustlsConnect::new(
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth(),
    ))
}

fn unusable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::BadSetting, Stage::Connect, message)
}

/// The root certificates in the file of the settings, or else those of the system.
fn roots(database: &DatabaseSettings) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &database.ssl_root_cert else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(unusable(format!(
                "this system has no root certificates: set {PGSSLROOTCERT} to a PEM file"
            )));
        }
        return Ok(roots);
    };
    let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| {
        unusable(format!("{PGSSLROOTCERT}: {} cannot be read", path.display())).caused_by(error)
    };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.into()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.into()))?;
        roots.add(certificate).map_err(|error| unreadable(error.into()))?;
    }
    if roots.is_empty() {
        return Err(unusable(format!(
            "{PGSSLROOTCERT}: {} contains no certificate",
            path.display()
        )));
    }
    Ok(roots)
}

/// Verifies less than `verify-full`: the chain only (`verify-ca`), or, without root certificates, only that the
/// server has the private key of its certificate.
#[derive(Debug)]
struct Lenient {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
