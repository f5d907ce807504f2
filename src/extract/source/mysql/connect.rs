//! Connects to MySQL with the TLS mode of its URL, and prepares the session.

use std::time::Duration;

use mysql_async::{Conn, DriverError, Error as MysqlError, Opts, OptsBuilder, SslOpts};

use super::super::extract_error;
use super::error::connect_error;
use crate::db;
use crate::error::{ErrorKind, Result};
use crate::extract::job::Login;
use crate::settings::{DbAuth, MysqlAddress, SslMode};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Statements at the start of a session. Names and texts are sent in UTF-8; the server waits an hour for a slow bucket;
/// zero dates and all else can be read whatever the mode of the server is.
const SESSION: [&str; 4] = [
    "set names utf8mb4",
    "set session net_write_timeout = 3600",
    "set session sql_mode = ''",
    "set session time_zone = '+00:00'",
];

/// Sets user and password, unless the URL or the environment has them.
pub(super) async fn log_in(address: &mut MysqlAddress, login: &Login) -> Result<()> {
    let auth = login.auth();
    if auth == DbAuth::Iam && matches!(address.ssl_mode, SslMode::Disable | SslMode::Prefer) {
        // The token would be sent unencrypted, which RDS refuses.
        let message = "an IAM token needs an encrypted connection: set sslmode in the source's URL to require, \
                       verify-ca or verify-full";
        return Err(extract_error(ErrorKind::BadSetting, message));
    }
    address.sends_token = auth == DbAuth::Iam;
    let found = db::credentials(&auth, &address.host, address.port, &address.user).await?;
    if let Some((user, password)) = found {
        address.user = user;
        address.password = Some(password);
    }
    Ok(())
}

/// Opens a session.
pub(super) async fn open(address: &MysqlAddress) -> Result<Conn> {
    let connected = async {
        match Conn::new(options(address, true)?).await {
            // As in Postgres, `prefer` encrypts where the server can.
            Err(MysqlError::Driver(DriverError::NoClientSslFlagFromServer))
                if address.ssl_mode == SslMode::Prefer =>
            {
                Conn::new(options(address, false)?).await
            }
            connected => connected,
        }
        .map_err(|error| connect_error(error, address))
    };
    tokio::time::timeout(CONNECT_TIMEOUT, connected).await.unwrap_or_else(|_| {
        let (host, port) = (&address.host, address.port);
        let seconds = CONNECT_TIMEOUT.as_secs();
        let message = format!("cannot connect to MySQL at {host}:{port} within {seconds} s");
        Err(extract_error(ErrorKind::NoSource, message))
    })
}

fn options(address: &MysqlAddress, may_encrypt: bool) -> Result<Opts> {
    let ssl = match address.ssl_mode {
        SslMode::Disable => None,
        SslMode::Prefer | SslMode::Require if address.ssl_root_cert.is_none() => {
            Some(SslOpts::default().with_danger_accept_invalid_certs(true))
        }
        SslMode::VerifyCa | SslMode::Prefer | SslMode::Require => {
            Some(roots(address)?.with_danger_skip_domain_validation(true))
        }
        SslMode::VerifyFull => Some(roots(address)?),
    };
    Ok(OptsBuilder::default()
        .ip_or_hostname(&address.host)
        .tcp_port(address.port)
        .user(Some(&address.user))
        .pass(address.password.as_ref().map(|password| password.reveal()))
        .db_name(address.database.clone())
        .ssl_opts(ssl.filter(|_| may_encrypt))
        .prefer_socket(false)
        .tcp_keepalive(Some(KEEPALIVE))
        // RDS takes the token as a password in clear text, within TLS.
        .enable_cleartext_plugin(address.sends_token)
        .init(SESSION.map(str::to_owned).to_vec())
        .into())
}

/// The root certificates to trust: those of the file, or those of the system.
fn roots(address: &MysqlAddress) -> Result<SslOpts> {
    let options = SslOpts::default().with_disable_built_in_roots(true);
    if let Some(path) = &address.ssl_root_cert {
        return Ok(options.with_root_certs(vec![path.clone().into()]));
    }
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err(extract_error(
            ErrorKind::BadSetting,
            "this system has no root certificates: name a PEM file with sslrootcert in the source's URL",
        ));
    }
    Ok(options.with_root_certs(found.into_iter().map(|found| found.to_vec().into()).collect()))
}
