//! Database settings: reads `DATABASE_URL` and the `PG*` variables: server, login and TLS mode.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Config, Host};

use super::table::*;
use super::{bad, invalid};
use crate::error::{Error, Result};

const SSL_MODES: &str = "disable, prefer, require, verify-ca or verify-full";
const URL_SHAPE: &str = "expected postgres://user:password@host:port/database, \
                         with the special characters of a password percent-encoded";

/// Whether the connection is encrypted and the server verified: libpq's `sslmode`, with the same meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// Not encrypted.
    Disable,
    /// Encrypted where the server offers it, without verifying.
    Prefer,
    /// Encrypted, without verifying, unless a file of root certificates is set.
    Require,
    /// Encrypted; the certificate must be signed by a trusted authority.
    VerifyCa,
    /// Encrypted; the certificate must be signed by a trusted authority and be valid for the host.
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

/// How to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DbAuth {
    /// With the password from the settings, if any.
    Password,
    /// With a token signed with the AWS credentials of the process, valid for 15 minutes.
    Iam,
    /// With user and password from this secret in AWS Secrets Manager, a name or ARN.
    Secret(String),
}

/// The server, the login and the TLS mode. `Debug` shows no password.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseSettings {
    /// Hosts, ports, user, password and database. Its SSL mode is not used.
    pub(crate) config: Config,
    pub(crate) auth: DbAuth,
    pub(crate) ssl_mode: SslMode,
    /// The PEM file of trusted root certificates; `None` means those of the system.
    pub(crate) ssl_root_cert: Option<PathBuf>,
}

impl DatabaseSettings {
    /// As libpq does: the `PG*` variables fill in what the URL omits. `None` where nothing is set.
    ///
    /// # Errors
    /// [`BadSetting`](crate::error::ErrorKind::BadSetting), with the variable and its allowed values.
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
            let hosts = var(PGHOST).unwrap_or_else(|| "localhost".to_owned());
            if hosts.contains(['@', '?']) || hosts.contains("://") {
                return Err(bad(PGHOST, "expected a host, not a URL: set the URL in DATABASE_URL"));
            }
            for host in hosts.split(',') {
                config.host(host);
            }
        }
        if let (true, Some(ports)) = (config.get_ports().is_empty(), var(PGPORT)) {
            for port in ports.split(',') {
                match port.parse() {
                    Ok(number) if number > 0 => config.port(number),
                    _ => return Err(invalid(PGPORT, port, "a port from 1 to 65535")),
                };
            }
        }
        let auth = match var(STARDROP_DB_AUTH).as_deref() {
            None | Some("password") => DbAuth::Password,
            Some("iam") => DbAuth::Iam,
            Some("secret") => DbAuth::Secret(var(STARDROP_DB_SECRET_ARN).ok_or_else(|| {
                bad(STARDROP_DB_SECRET_ARN, "must be set where STARDROP_DB_AUTH is secret")
            })?),
            Some(value) => return Err(invalid(STARDROP_DB_AUTH, value, "password, iam or secret")),
        };
        if config.get_user().is_none() && !matches!(auth, DbAuth::Secret(_)) {
            let user = var(PGUSER).or_else(|| var(USER));
            config.user(
                user.ok_or_else(|| bad(PGUSER, "must be set where DATABASE_URL has no user"))?,
            );
        }
        if let (None, Some(password)) = (config.get_password(), var(PGPASSWORD)) {
            config.password(password);
        }
        if let (None, Some(database)) = (config.get_dbname(), var(PGDATABASE)) {
            config.dbname(database);
        }

        let ssl_mode = match (url_mode, var(PGSSLMODE)) {
            (Some(mode), _) => mode,
            (None, Some(text)) => {
                text.parse().map_err(|()| invalid(PGSSLMODE, &text, SSL_MODES))?
            }
            (None, None) if is_local(&config) => SslMode::Prefer,
            (None, None) => SslMode::VerifyFull,
        };
        let ssl_root_cert = url_root
            .or_else(|| var(PGSSLROOTCERT))
            .filter(|path| path != "system")
            .map(PathBuf::from);
        if auth == DbAuth::Iam && matches!(ssl_mode, SslMode::Disable | SslMode::Prefer) {
            // The token would be sent unencrypted, which RDS refuses.
            return Err(bad(
                PGSSLMODE,
                "must be require, verify-ca or verify-full where STARDROP_DB_AUTH is iam",
            ));
        }
        Ok(Some(DatabaseSettings { config, auth, ssl_mode, ssl_root_cert }))
    }

    /// The server as `host:port`, for messages.
    pub(crate) fn address(&self) -> String {
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

/// Whether every host is this machine, so that nobody can intercept the connection.
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

/// Parses a URL by the driver, and `sslmode` and `sslrootcert`, which the driver does not know, here. No message
/// quotes the URL, since it may hold a password.
fn parse_url(url: &str) -> Result<(Config, Option<SslMode>, Option<String>)> {
    let malformed = || bad(DATABASE_URL, URL_SHAPE);
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .ok_or_else(malformed)?;
    // The credentials end at the first `@`, as for the driver: a `?` before it is part of the password. A second one
    // means that the password has one too, and the rest of the password would be taken for the host.
    let (credentials, server) = rest.split_once('@').map_or((None, rest), |(c, s)| (Some(c), s));
    if server.contains('@') {
        return Err(malformed());
    }
    let (server, query) = server.split_once('?').unwrap_or((server, ""));

    let (mut mode, mut root, mut others) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(malformed)?;
        let decoded = percent_decode_str(value).decode_utf8().map_err(|_| malformed())?;
        match name {
            "sslmode" => mode = Some(decoded.parse().map_err(|()| bad_mode())?),
            "sslrootcert" => root = Some(decoded.into_owned()),
            "sslcert" | "sslkey" | "sslcrl" | "gssencmode" | "service" | "passfile" => {
                return Err(bad(DATABASE_URL, format!("the option {name} is not supported")));
            }
            _ => others.push(pair),
        }
    }
    let credentials = credentials.map(|text| format!("{text}@")).unwrap_or_default();
    let plain = format!("postgres://{credentials}{server}?{}", others.join("&"));
    Ok((plain.parse().map_err(|_| malformed())?, mode, root))
}

fn bad_mode() -> Error {
    bad(DATABASE_URL, format!("sslmode: expected {SSL_MODES}"))
}
