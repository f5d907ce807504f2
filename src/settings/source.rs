//! Source settings: where a database that is extracted from is, and how to log in, from its URL and a few variables.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::Settings;
use super::database::{DatabaseSettings, DbAuth, SslMode};
use super::secret::Secret;
use super::table::*;
use crate::error::{Error, ErrorKind, Result, Stage};

/// The variables that fill in what the URL of a source omits.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceVariables {
    mysql_pwd: Option<Secret>,
    pgpassword: Option<Secret>,
    pgsslmode: Option<String>,
    pgsslrootcert: Option<String>,
    user: Option<String>,
}

/// A server of MySQL and how to log in. `Debug` shows no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MysqlAddress {
    pub user: String,
    pub password: Option<Secret>,
    pub host: String,
    pub port: u16,
    pub database: Option<String>,
    pub ssl_mode: SslMode,
    /// The PEM file of trusted root certificates; `None` means those of the system.
    pub ssl_root_cert: Option<PathBuf>,
    /// Whether the password is an IAM token, which the server wants in clear text.
    pub sends_token: bool,
}

impl SourceVariables {
    pub(super) fn from_vars(var: impl Fn(&str) -> Option<String>) -> SourceVariables {
        SourceVariables {
            mysql_pwd: var(MYSQL_PWD).map(Secret::new),
            pgpassword: var(PGPASSWORD).map(Secret::new),
            pgsslmode: var(PGSSLMODE),
            pgsslrootcert: var(PGSSLROOTCERT),
            user: var(USER),
        }
    }
}

impl Settings {
    /// The Postgres server of a source's URL.
    ///
    /// # Errors
    /// [`ErrorKind::BadSetting`], without the URL, which may hold a password.
    pub(crate) fn postgres_source(&self, url: &str, auth: DbAuth) -> Result<DatabaseSettings> {
        let known = &self.source;
        let reveal = |secret: &Option<Secret>| secret.as_ref().map(|s| s.reveal().to_owned());
        let var = |name: &str| match name {
            DATABASE_URL => Some(url.to_owned()),
            STARDROP_DB_AUTH => (auth == DbAuth::Iam).then(|| "iam".to_owned()),
            PGPASSWORD => reveal(&known.pgpassword),
            PGSSLMODE => known.pgsslmode.clone(),
            PGSSLROOTCERT => known.pgsslrootcert.clone(),
            USER => known.user.clone(),
            _ => None,
        };
        match DatabaseSettings::from_vars(var) {
            Ok(Some(database)) => Ok(DatabaseSettings { auth, ..database }),
            Ok(None) => Err(malformed("postgres")),
            Err(mut error) => {
                error.message = error.message.replace(DATABASE_URL, "the source's URL");
                if auth == DbAuth::Iam {
                    let (setting, option) = ("where STARDROP_DB_AUTH is iam", "with an IAM token");
                    error.message = error.message.replace(setting, option);
                }
                Err(error)
            }
        }
    }

    /// The MySQL server of a source's URL: `mysql://user:password@host:port/database?sslmode=verify-full`, with the same
    /// modes as Postgres. Without one, the server is verified unless it is this machine.
    ///
    /// # Errors
    /// [`ErrorKind::BadSetting`], without the URL, which may hold a password.
    pub(crate) fn mysql_source(&self, url: &str) -> Result<MysqlAddress> {
        let address = parse_mysql(url).ok_or_else(|| malformed("mysql"))?;
        let password = address.password.clone().or_else(|| self.source.mysql_pwd.clone());
        Ok(MysqlAddress { password, ..address })
    }
}

fn malformed(scheme: &str) -> Error {
    Error::new(
        ErrorKind::BadSetting,
        Stage::Settings,
        format!(
            "the source's URL: expected {scheme}://user@host:port/database?sslmode=..., with the special characters of a \
             password percent-encoded and sslmode one of disable, prefer, require, verify-ca and verify-full"
        ),
    )
}

fn parse_mysql(url: &str) -> Option<MysqlAddress> {
    let rest = url.split_once("://")?.1;
    let (credentials, server) = rest.split_once('@')?;
    let (user, password) = match credentials.split_once(':') {
        Some((user, password)) => (user, Some(Secret::new(decoded(password)?))),
        None => (credentials, None),
    };
    let (server, options) = server.split_once('?').unwrap_or((server, ""));
    let (server, database) = server.split_once('/').unwrap_or((server, ""));
    let (host, port) = match server.strip_prefix('[') {
        // An address of IPv6.
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let is_plain = !host.is_empty() && !host.contains('@') && !database.contains(['@', '/']);
    let user = decoded(user).filter(|user| is_plain && !user.is_empty())?;
    let is_local = host == "localhost"
        || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    let mut found = MysqlAddress {
        user,
        password,
        host: host.to_owned(),
        port: port.map_or(Some(3306), |port| port.parse().ok().filter(|port| *port > 0))?,
        database: decoded(database).filter(|name| !name.is_empty()),
        ssl_mode: if is_local { SslMode::Prefer } else { SslMode::VerifyFull },
        ssl_root_cert: None,
        sends_token: false,
    };
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=')?;
        match name {
            "sslmode" => found.ssl_mode = decoded(value)?.parse().ok()?,
            "sslrootcert" => found.ssl_root_cert = Some(decoded(value)?.into()),
            _ => return None,
        }
    }
    Some(found)
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> MysqlAddress {
        parse_mysql(url).unwrap_or_else(|| panic!("{url}"))
    }

    #[test]
    fn a_url_of_mysql_is_read() {
        let found = parse("mysql://app:p%40ss%2F@db.example.com:3307/shop?sslmode=verify-ca");
        assert_eq!(
            (found.user.as_str(), found.host.as_str(), found.port),
            ("app", "db.example.com", 3307)
        );
        assert_eq!(found.password, Some(Secret::new("p@ss/".to_owned())));
        assert_eq!((found.database.as_deref(), found.ssl_mode), (Some("shop"), SslMode::VerifyCa));
        let found = parse("mariadb://app@[::1]/");
        assert_eq!((found.host.as_str(), found.port, found.database), ("::1", 3306, None));
    }

    #[test]
    fn a_server_elsewhere_is_verified_and_this_machine_is_not() {
        assert_eq!(parse("mysql://a@db/x").ssl_mode, SslMode::VerifyFull);
        assert_eq!(parse("mysql://a@localhost").ssl_mode, SslMode::Prefer);
        assert_eq!(parse("mysql://a@127.0.0.1/x").ssl_mode, SslMode::Prefer);
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_it() {
        for wrong in [
            "mysql://db/shop",
            "mysql://app:p@ss@db/shop",
            "mysql://app@db:port/shop",
            "mysql://app@db/shop?ssl=true",
            "mysql://app@db/shop?sslmode=maybe",
            "mysql://@db",
        ] {
            assert_eq!(parse_mysql(wrong), None, "{wrong}");
        }
        let settings = Settings::from_vars(|_| None).unwrap();
        let error = settings.mysql_source("mysql://app:secret@@db").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        let error = settings
            .postgres_source("postgres://app:secret@db:x/", DbAuth::Password)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("secret") && !error.contains("DATABASE_URL"), "{error}");
    }

    #[test]
    fn a_password_in_the_url_comes_before_the_one_of_the_environment() {
        let vars = |name: &str| {
            matches!(name, "MYSQL_PWD" | "PGPASSWORD").then(|| "from the environment".to_owned())
        };
        let settings = Settings::from_vars(vars).unwrap();
        let password = |url| settings.mysql_source(url).unwrap().password.unwrap();
        assert_eq!(password("mysql://a@db").reveal(), "from the environment");
        assert_eq!(password("mysql://a:b@db").reveal(), "b");
        let source = settings.postgres_source("postgres://a@db/x", DbAuth::Password).unwrap();
        assert_eq!(source.config.get_password(), Some("from the environment".as_bytes()));
    }
}
