//! Database settings: `DATABASE_URL` and the `PG*` variables in, whom to call and how to trust out.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Config, Host};

use super::table::*;
use super::{bad, unlike};
use crate::error::{Error, Result};

const SSL_MODES: &str = "disable, prefer, require, verify-ca or verify-full";
const URL_SHAPE: &str = "expected postgres://user:password@host:port/database, \
                         with the special characters of a password percent-encoded";

/// How far the connection is encrypted and the server verified: libpq's words and meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    /// Encrypted where the server offers it, without verifying.
    Prefer,
    /// Encrypted, without verifying, unless root certificates are named.
    Require,
    /// Encrypted; the certificate has to lead to a trusted root.
    VerifyCa,
    /// The same, and the certificate has to be that of the host.
    VerifyFull,
}

impl FromStr for SslMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "disable" => Ok(SslMode::Disable),
            "prefer" => Ok(SslMode::Prefer),
            "require" => Ok(SslMode::Require),
            "verify-ca" => Ok(SslMode::VerifyCa),
            "verify-full" => Ok(SslMode::VerifyFull),
            _ => Err(()),
        }
    }
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbAuth {
    /// With the password of the settings, if any.
    Password,
    /// With a token signed by the AWS credentials at hand, good for 15 minutes.
    Iam,
    /// With the user and password of this secret of AWS Secrets Manager, by name or ARN.
    Secret(String),
}

/// Whom to call, as whom, and how to trust the answer. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Hosts, ports, user, password and database. Its own SSL mode means nothing here.
    pub config: Config,
    pub auth: DbAuth,
    pub ssl_mode: SslMode,
    /// The PEM file of trusted roots; `None` means the system's.
    pub ssl_root_cert: Option<PathBuf>,
}

impl DatabaseSettings {
    /// As libpq does it: the URL counts, and the `PG*` variables fill in what it leaves out.
    pub(super) fn from_vars(
        var: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<DatabaseSettings>> {
        let url = var(DATABASE_URL);
        if url.is_none() && [PGHOST, PGPORT, PGUSER, PGDATABASE].iter().all(|v| var(v).is_none()) {
            return Ok(None);
        }
        let (mut config, url_mode, url_root) = match &url {
            Some(url) => parse_url(url)?,
            None => (Config::new(), None, None),
        };

        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            for host in var(PGHOST).unwrap_or_else(|| "localhost".to_owned()).split(',') {
                config.host(host);
            }
        }
        if let (true, Some(ports)) = (config.get_ports().is_empty(), var(PGPORT)) {
            for port in ports.split(',') {
                match port.parse() {
                    Ok(number) if number > 0 => config.port(number),
                    _ => return Err(unlike(PGPORT, port, "a port from 1 to 65535")),
                };
            }
        }
        let auth = match var(STARDROP_DB_AUTH).as_deref() {
            None | Some("password") => DbAuth::Password,
            Some("iam") => DbAuth::Iam,
            Some("secret") => DbAuth::Secret(var(STARDROP_DB_SECRET_ARN).ok_or_else(|| {
                bad(STARDROP_DB_SECRET_ARN, "not set, and STARDROP_DB_AUTH is secret")
            })?),
            Some(value) => return Err(unlike(STARDROP_DB_AUTH, value, "password, iam or secret")),
        };
        if config.get_user().is_none() && !matches!(auth, DbAuth::Secret(_)) {
            let user = var(PGUSER).or_else(|| var(USER));
            config.user(user.ok_or_else(|| bad(PGUSER, "not set, and no user in DATABASE_URL"))?);
        }
        if let (None, Some(password)) = (config.get_password(), var(PGPASSWORD)) {
            config.password(password);
        }
        if let (None, Some(database)) = (config.get_dbname(), var(PGDATABASE)) {
            config.dbname(database);
        }

        let ssl_mode = match (url_mode, var(PGSSLMODE)) {
            (Some(mode), _) => mode,
            (None, Some(text)) => text.parse().map_err(|()| unlike(PGSSLMODE, &text, SSL_MODES))?,
            (None, None) if is_local(&config) => SslMode::Prefer,
            (None, None) => SslMode::VerifyFull,
        };
        let ssl_root_cert = url_root
            .or_else(|| var(PGSSLROOTCERT))
            .filter(|path| path != "system")
            .map(PathBuf::from);
        if auth == DbAuth::Iam && matches!(ssl_mode, SslMode::Disable | SslMode::Prefer) {
            // The token would travel in the clear, and RDS takes none that does.
            return Err(bad(PGSSLMODE, "has to encrypt where STARDROP_DB_AUTH is iam"));
        }
        Ok(Some(DatabaseSettings { config, auth, ssl_mode, ssl_root_cert }))
    }

    /// The server for messages, as `host:port`.
    pub fn address(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let addrs = self.config.get_hostaddrs().iter().map(IpAddr::to_string);
        let names: Vec<String> =
            if self.config.get_hosts().is_empty() { addrs.collect() } else { hosts.collect() };
        let pairs = names.iter().enumerate().map(|(i, name)| {
            let port = ports.get(i).or_else(|| ports.first()).copied().unwrap_or(5432);
            if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") }
        });
        pairs.collect::<Vec<_>>().join(", ")
    }
}

/// Whether every host is this machine, so that nobody can listen in between.
fn is_local(config: &Config) -> bool {
    let local_host = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(local_host)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// Takes `sslmode` and `sslrootcert` out of the URL, which the driver does not know, and has it
/// read the rest. No message quotes the URL, for it holds a password.
fn parse_url(url: &str) -> Result<(Config, Option<SslMode>, Option<String>)> {
    let malformed = || bad(DATABASE_URL, URL_SHAPE);
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .ok_or_else(malformed)?;
    // The driver, too, ends the credentials at the first `@`: a `?` before it is of the password.
    let (credentials, place) = rest.split_once('@').map_or((None, rest), |(c, p)| (Some(c), p));
    let (place, query) = place.split_once('?').unwrap_or((place, ""));

    let (mut mode, mut root, mut kept) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(malformed)?;
        let decoded = percent_decode_str(value).decode_utf8().map_err(|_| malformed())?;
        match name {
            "sslmode" => mode = Some(decoded.parse().map_err(|()| bad_mode(&decoded))?),
            "sslrootcert" => root = Some(decoded.into_owned()),
            "sslcert" | "sslkey" | "sslcrl" | "gssencmode" | "service" | "passfile" => {
                return Err(bad(DATABASE_URL, format!("the option {name} is not supported")));
            }
            _ => kept.push(pair),
        }
    }
    let credentials = credentials.map(|text| format!("{text}@")).unwrap_or_default();
    let plain = format!("postgres://{credentials}{place}?{}", kept.join("&"));
    Ok((plain.parse().map_err(|_| malformed())?, mode, root))
}

fn bad_mode(found: &str) -> Error {
    unlike("DATABASE_URL: sslmode", found, SSL_MODES)
}
