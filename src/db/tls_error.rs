//! TLS errors: says why the server's certificate or encryption was refused, and which setting fixes it.

use std::error::Error as _;
use std::io;

use jiff::Timestamp;
use rustls::CertificateError::{
    self, BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
    NotValidYet, NotValidYetContext, UnknownIssuer,
};
use rustls::pki_types::UnixTime;
use tokio_postgres::Error as DriverError;

use crate::settings::{DATABASE_URL, DatabaseSettings, PGHOST, PGSSLMODE, PGSSLROOTCERT, SslMode};

/// The message for an error while connecting; `None` where TLS is not the cause.
pub(super) fn message(error: &DriverError, database: &DatabaseSettings) -> Option<String> {
    if let Some(refusal) = error.as_db_error() {
        let unencrypted = refusal.code().code() == "28000"
            && refusal.message().contains("no encryption")
            && database.ssl_mode == SslMode::Disable;
        return unencrypted
            .then(|| format!("the server requires TLS: set {PGSSLMODE} to verify-full"));
    }
    let cause = error.source()?;
    if let Some(rustls::Error::InvalidCertificate(why)) = cause
        .downcast_ref::<io::Error>()
        .and_then(|io| io.get_ref())
        .and_then(|inner| inner.downcast_ref())
    {
        return certificate(why, database);
    }
    (cause.to_string() == "server does not support TLS").then(|| {
        format!(
            "the server does not support TLS, and {PGSSLMODE} requires it: set `ssl = on` on the server, \
             or {PGSSLMODE} to disable in a network that you trust"
        )
    })
}

fn certificate(why: &CertificateError, database: &DatabaseSettings) -> Option<String> {
    Some(match why {
        NotValidForName => other_host("", ""),
        NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| plain(name)).collect();
            other_host(
                &format!(" {}", expected.to_str()),
                &format!(", only for {}", names.join(", ")),
            )
        }
        // `BadSignature`: an authority of the same name with another key.
        UnknownIssuer | BadSignature => {
            let authorities = match &database.ssl_root_cert {
                Some(path) => format!("authority in {}", path.display()),
                None => "authority that this system trusts".to_owned(),
            };
            format!(
                "the server's certificate is not signed by an {authorities}: set {PGSSLROOTCERT} to \
                 the PEM file of the authority that signed it (for RDS: global-bundle.pem)"
            )
        }
        Expired => expired(""),
        ExpiredContext { not_after, .. } => expired(&format!(" on {}", day(*not_after))),
        NotValidYet => not_yet(" yet"),
        NotValidYetContext { not_before, .. } => not_yet(&format!(" before {}", day(*not_before))),
        // rustls keeps the verifier's other errors as text.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the server's certificate is that of an authority: install one that is signed by the \
             authority (ssl_cert_file on the server)"
                .to_owned()
        }
        _ => return None,
    })
}

fn other_host(host: &str, only: &str) -> String {
    format!(
        "the server's certificate is not valid for the host{host}{only}: write the host in \
         {DATABASE_URL} or {PGHOST} as in the certificate"
    )
}

fn expired(when: &str) -> String {
    format!("the server's certificate expired{when}: renew it (ssl_cert_file on the server)")
}

fn not_yet(when: &str) -> String {
    format!(
        "the server's certificate is not valid{when}: correct the clocks, or renew it \
         (ssl_cert_file on the server)"
    )
}

/// `db.example.org` of `DnsName("db.example.org")`.
fn plain(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds)
        .map_or_else(|_| "an invalid date".to_owned(), |t| t.strftime("%Y-%m-%d").to_string())
}
