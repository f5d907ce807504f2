//! TLS between the extract and MariaDB: the server is verified as the URL says, and a refusal says what is wrong.

use std::os::unix::fs::PermissionsExt;

use stardrop_local::mariadb::{LocalMariadb, find_mariadb};

use crate::postgres::tls::{Authority, VALID};
use crate::support::cloud::{run, stardrop};

#[tokio::test]
async fn a_server_is_verified_as_the_url_says() {
    let Some(programs) = find_mariadb(std::env::var_os("PATH").as_deref()) else {
        eprintln!("SKIPPED: no MariaDB is installed: make setup-mariadb");
        return;
    };
    let (ours, other) = (Authority::new(), Authority::new());
    let (certificate, key) = ours.signs(&["localhost"], VALID);
    // The user that runs the server must be able to read them.
    let folder = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (certificate, key) =
        (file("cert.pem", certificate.pem()), file("key.pem", key.serialize_pem()));
    let server = LocalMariadb::start(
        &programs,
        &[("ssl-cert", &certificate), ("ssl-key", &key), ("require-secure-transport", "on")],
    )
    .unwrap();
    let query = file("version.sql", "select @@version as version".to_owned());
    let (port, ours, other) = (server.port(), ours.pem.display(), other.pem.display());
    for (host, options, expected) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={ours}"), None),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={ours}"), None),
        ("127.0.0.1", "sslmode=require".to_owned(), None),
        ("127.0.0.1", String::new(), None),
        ("localhost", format!("sslmode=verify-full&sslrootcert={other}"), Some("is not trusted")),
        ("localhost", "sslmode=verify-full".to_owned(), Some("is not trusted")),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ours}"), Some("is not trusted")),
        ("127.0.0.1", "sslmode=disable".to_owned(), Some("refused the user root")),
    ] {
        let url = format!("mysql://root@{host}:{port}/?{options}");
        let to = folder.path().join("out").display().to_string();
        let arguments = ["extract", &url, "--query", &query, "--to", &to];
        let (code, _, said) = run(stardrop(&arguments, &[])).await;
        match expected {
            None => assert_eq!(code, Some(0), "{options}\n{said}"),
            Some(words) => {
                assert_eq!(code, Some(3), "{options}\n{said}");
                assert!(said.contains(words), "{options}\n{said}");
            }
        }
    }
}
