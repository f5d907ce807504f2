//! TLS against real servers: the loader talks only to a server that its settings trust, and each refusal says
//! what is wrong and which setting fixes it.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use stardrop::db;
use stardrop::error::{ErrorKind, Result, Stage};
use stardrop::settings::Settings;
use stardrop_local::postgres::{LocalPostgres, PostgresOptions};

use crate::support::{connect, server, server_binaries};

/// Signs certificates. All authorities here bear one name, as a false one would.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub pem: PathBuf,
    _folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Authority {
        Authority::named("Stardrop's tests")
    }

    fn named(name: &str) -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let pem = folder.path().join("root.pem");
        std::fs::write(&pem, issuer.pem()).unwrap();
        Authority { issuer, pem, _folder: folder }
    }

    /// A certificate for these hosts, valid in these years.
    pub fn signs(&self, hosts: &[&str], (from, until): (i32, i32)) -> (Certificate, KeyPair) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.not_before = date_time_ymd(from, 1, 2);
        params.not_after = date_time_ymd(until, 1, 2);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

pub const VALID: (i32, i32) = (2020, 2100);

/// A separate server that shows this certificate.
async fn server_with(certificate: &str, key: &KeyPair) -> LocalPostgres {
    let mut server = LocalPostgres::start(PostgresOptions::throwaway(server_binaries())).unwrap();
    let client = connect(&server.url("postgres")).await;
    // Written by the server itself: a key that others own or may read is none for it.
    for (file, pem) in [("server.crt", certificate), ("server.key", &key.serialize_pem())] {
        let lines: Vec<String> = pem.lines().map(|line| format!("('{line}')")).collect();
        let copy =
            format!("copy (values {}) to program 'umask 077 && cat > {file}'", lines.join(", "));
        client.batch_execute(&copy).await.unwrap();
    }
    client.batch_execute("alter system set ssl = on").await.unwrap();
    drop(client);
    server.restart().unwrap();
    server
}

/// Connects with these variables; the session's protocol, where there is one.
async fn session(port: u16, vars: &[(&str, &str)]) -> Result<Option<String>> {
    let port = port.to_string();
    let settings = Settings::from_vars(|name| {
        let given = vars.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let usual = match name {
            "PGHOST" => Some("localhost"),
            "PGPORT" => Some(port.as_str()),
            "PGUSER" | "PGDATABASE" => Some("postgres"),
            _ => None,
        };
        given.or(usual).map(str::to_owned)
    })
    .unwrap();
    let database = db::connect(&settings).await?;
    let sql = "select version from pg_stat_ssl where pid = pg_backend_pid()";
    Ok(database.client.query_one(sql, &[]).await.unwrap().get(0))
}

/// It is refused, and the sentence holds these words.
async fn refused(port: u16, vars: &[(&str, &str)], words: &[&str]) {
    let error = session(port, vars).await.unwrap_err();
    println!("{vars:?}\n    {error}");
    assert_eq!((error.kind, error.stage), (ErrorKind::DatabaseDenied, Stage::Connect), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "no {word:?} in: {error}");
    }
}

fn trusts(pem: &Path) -> [(&str, &str); 2] {
    [("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", pem.to_str().unwrap())]
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_for_this_host_is_trusted_and_no_other_authority() {
    let (ours, namesake) = (Authority::new(), Authority::new());
    let stranger = Authority::named("Somebody else");
    let (certificate, key) = ours.signs(&["localhost", "127.0.0.1"], VALID);
    let server = server_with(&certificate.pem(), &key).await;
    let port = server.port();

    for host in ["localhost", "127.0.0.1"] {
        let vars = [&trusts(&ours.pem)[..], &[("PGHOST", host)]].concat();
        assert_eq!(session(port, &vars).await.unwrap().as_deref(), Some("TLSv1.3"), "{host}");
    }
    for other in [&stranger, &namesake] {
        let file = other.pem.to_str().unwrap();
        refused(
            port,
            &trusts(&other.pem),
            &["not signed by an authority in", file, "set PGSSLROOTCERT"],
        )
        .await;
        let mode = [("PGSSLMODE", "verify-ca"), ("PGSSLROOTCERT", file)];
        refused(port, &mode, &["not signed by an authority in", "set PGSSLROOTCERT"]).await;
        // As in libpq: roots that are named are checked.
        let mode = [("PGSSLMODE", "require"), ("PGSSLROOTCERT", file)];
        refused(port, &mode, &["not signed by an authority in"]).await;
        // Without verification any certificate is accepted, but the session is still encrypted.
        let mode = [("PGSSLMODE", "prefer"), ("PGSSLROOTCERT", file)];
        assert!(session(port, &mode).await.unwrap().is_some());
    }
    let system = [("PGSSLMODE", "verify-full")];
    refused(
        port,
        &system,
        &["not signed by an authority that this system trusts", "set PGSSLROOTCERT"],
    )
    .await;

    for (mode, encrypted) in [("require", true), ("prefer", true), ("", true), ("disable", false)] {
        let found = session(port, &[("PGSSLMODE", mode)]).await.unwrap();
        assert_eq!(found.is_some(), encrypted, "PGSSLMODE={mode}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_but_where_only_the_authority_counts() {
    let ours = Authority::new();
    let (certificate, key) = ours.signs(&["db.example.org", "*.example.net"], VALID);
    let server = server_with(&certificate.pem(), &key).await;
    let words = [
        "not valid for the host localhost, only for db.example.org, *.example.net",
        "DATABASE_URL or PGHOST",
    ];
    refused(server.port(), &trusts(&ours.pem), &words).await;

    let mode = [("PGSSLMODE", "verify-ca"), ("PGSSLROOTCERT", ours.pem.to_str().unwrap())];
    assert!(session(server.port(), &mode).await.unwrap().is_some());
}

#[tokio::test]
async fn an_expired_or_future_certificate_is_refused() {
    let ours = Authority::new();
    for (years, words) in [
        ((2020, 2021), ["expired on 2021-01-02", "ssl_cert_file on the server"]),
        ((2098, 2100), ["not valid before 2098-01-02", "clocks"]),
    ] {
        let (certificate, key) = ours.signs(&["localhost"], years);
        let server = server_with(&certificate.pem(), &key).await;
        refused(server.port(), &trusts(&ours.pem), &words).await;
        let mode = [("PGSSLMODE", "verify-ca"), ("PGSSLROOTCERT", ours.pem.to_str().unwrap())];
        refused(server.port(), &mode, &words).await;
    }
}

#[tokio::test]
async fn an_authority_that_serves_itself_is_refused() {
    let ours = Authority::new();
    let server = server_with(&ours.issuer.pem(), ours.issuer.key()).await;
    let words = ["the server's certificate is that of an authority", "ssl_cert_file"];
    refused(server.port(), &trusts(&ours.pem), &words).await;
}

#[tokio::test]
async fn a_server_without_tls_is_refused_and_one_that_insists_on_it_says_so() {
    let plain = server().url("postgres");
    let port = plain.rsplit_once(':').unwrap().1.split_once('/').unwrap().0.parse().unwrap();
    let ours = Authority::new();
    let words = ["the server does not support TLS", "`ssl = on`", "PGSSLMODE to disable"];
    refused(port, &trusts(&ours.pem), &words).await;
    refused(port, &[("PGSSLMODE", "require")], &words).await;
    assert_eq!(session(port, &[("PGSSLMODE", "prefer")]).await.unwrap(), None);

    // As RDS does with rds.force_ssl.
    let (certificate, key) = ours.signs(&["localhost"], VALID);
    let mut insists = server_with(&certificate.pem(), &key).await;
    std::fs::write(insists.data_dir().join("pg_hba.conf"), "hostssl all all all trust\n").unwrap();
    insists.restart().unwrap();
    let words = ["the server requires TLS", "set PGSSLMODE to verify-full"];
    refused(insists.port(), &[("PGSSLMODE", "disable")], &words).await;
    assert!(session(insists.port(), &trusts(&ours.pem)).await.unwrap().is_some());
}

#[tokio::test]
async fn roots_that_cannot_be_read_are_an_error_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty) = (folder.path().join("missing.pem"), folder.path().join("empty.pem"));
    std::fs::write(&empty, "no certificate\n").unwrap();
    for (path, words) in [(missing, "cannot be read"), (empty, "contains no certificate")] {
        let error = session(1, &trusts(&path)).await.unwrap_err();
        println!("{error}");
        assert_eq!(error.kind, ErrorKind::BadSetting, "{error}");
        assert!(error.to_string().contains("PGSSLROOTCERT"), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}
