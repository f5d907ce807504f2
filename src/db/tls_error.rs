//! Distrust: what TLS stopped at in; what is wrong, and the setting that mends it, out.

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

/// The sentence for an error while connecting; `None` where TLS is not what it stopped at.
pub(super) fn sentence(error: &DriverError, database: &DatabaseSettings) -> Option<String> {
    if let Some(refusal) = error.as_db_error() {
        let unencrypted = refusal.code().code() == "28000"
            && refusal.message().contains("no encryption")
            && database.ssl_mode == SslMode::Disable;
        return unencrypted.then(|| {
            format!("the server takes no connection without TLS: set {PGSSLMODE} to verify-full")
        });
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
            "the server takes no TLS, and {PGSSLMODE} asks for it: set `ssl = on` at the server, or \
             {PGSSLMODE} to disable where nobody can listen in between"
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
        // The second: of an authority of the same name, which holds another key.
        UnknownIssuer | BadSignature => {
            let authorities = match &database.ssl_root_cert {
                Some(path) => format!("authority in {}", path.display()),
                None => "authority of this system's".to_owned(),
            };
            format!(
                "no {authorities} has signed the server's certificate: set {PGSSLROOTCERT} to the \
                 PEM file of the one that has (for RDS: global-bundle.pem)"
            )
        }
        Expired => expired(""),
        ExpiredContext { not_after, .. } => expired(&format!(" on {}", day(*not_after))),
        NotValidYet => not_yet("later"),
        NotValidYetContext { not_before, .. } => not_yet(&day(*not_before)),
        // The kinds of the verifier below are not told apart any further.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the server shows the certificate of an authority as its own: give it one that this \
             authority has signed (ssl_cert_file, at the server)"
                .to_owned()
        }
        _ => return None,
    })
}

fn other_host(host: &str, only: &str) -> String {
    format!(
        "the server's certificate is not for the host{host}{only}: name the host in {DATABASE_URL} or \
         {PGHOST} as the certificate does"
    )
}

fn expired(when: &str) -> String {
    format!("the server's certificate expired{when}: renew it (ssl_cert_file, at the server)")
}

fn not_yet(when: &str) -> String {
    format!(
        "the server's certificate is valid from {when} on: set the clocks right, or renew it \
         (ssl_cert_file, at the server)"
    )
}

/// `db.example.org` of `DnsName("db.example.org")`.
fn plain(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds)
        .map_or_else(|_| "a day that is none".to_owned(), |t| t.strftime("%Y-%m-%d").to_string())
}
