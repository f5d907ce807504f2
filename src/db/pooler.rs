//! Pooler: refuses a connection pooler that gives each transaction another session of the server. The ledger's locks and the
//! loader's temporary tables belong to a session, so such a pooler would break loads now and then.

use std::net::IpAddr;

use tokio_postgres::Client;
use tokio_postgres::config::{Config, Host};
use tokio_postgres::error::SqlState;

use super::database_error;
use super::server::{Server, backend_pid, unsupported};
use super::server_error::SHARED_SESSION;
use crate::error::{Error, Result, Stage};

/// Refuses AWS' RDS Proxy by the name of its endpoint: it shares sessions, and has no other mode.
///
/// # Errors
///
/// [`ErrorKind::UnsupportedDatabase`](crate::error::ErrorKind::UnsupportedDatabase).
pub(super) fn check_host(config: &Config) -> Result<()> {
    let is_proxy = |host: &Host| match host {
        Host::Tcp(name) => is_rds_proxy(name),
        #[cfg(unix)]
        Host::Unix(_) => false,
    };
    if config.get_hosts().iter().any(is_proxy) {
        return Err(unsupported(
            "RDS Proxy shares its sessions, and the ledger's locks need one of their own: \
             use the endpoint of the instance or the cluster",
        ));
    }
    Ok(())
}

/// Whether this is a name such as `shop.proxy-abc123.eu-west-1.rds.amazonaws.com`.
fn is_rds_proxy(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.contains(".rds.amazonaws.com") && host.split('.').any(|part| part.starts_with("proxy-"))
}

/// Whether something may stand between this session and the server: the server listens elsewhere than where the
/// session connected to. Port forwarding looks the same, so this alone does not tell.
pub(super) async fn is_possible(server: &Server, config: &Config) -> bool {
    let ports = config.get_ports();
    let is_port = |index: usize| {
        ports.get(index).or_else(|| ports.first()).copied().unwrap_or(5432) == server.port
    };
    let address = server.address.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
    let hosts = config.get_hosts().iter().enumerate();
    for (_, host) in hosts.filter(|(index, _)| is_port(*index)) {
        match (host, address) {
            #[cfg(unix)]
            (Host::Unix(_), None) => return false,
            (Host::Tcp(name), Some(address)) => {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await;
                if found.is_ok_and(|mut found| found.any(|found| found.ip() == address)) {
                    return false;
                }
            }
            _ => {}
        }
    }
    // Addresses without host names are compared by the port alone.
    !config.get_hosts().is_empty() || !(0..config.get_hostaddrs().len()).any(is_port)
}

/// Finds out whether two sessions share a server process, while both are open.
///
/// # Errors
///
/// [`ErrorKind::UnsupportedDatabase`](crate::error::ErrorKind::UnsupportedDatabase) if they do, or an error of a
/// connection.
pub(super) async fn check_is_own_session(first: &Client, second: &Client) -> Result<()> {
    let before = backend_pid(first).await?;
    // While its transaction is open, the second session has a server process to itself: that of the first, if
    // the pooler has taken it back. A pooler in statement mode refuses the transaction.
    second.batch_execute("begin").await.map_err(refused)?;
    if backend_pid(second).await? == before || backend_pid(first).await? != before {
        return Err(refusal());
    }
    second.batch_execute("rollback").await.map_err(refused)?;
    if backend_pid(first).await? != before {
        return Err(refusal());
    }
    Ok(())
}

/// What PgBouncer in statement mode answers to `begin` has the SQLSTATE of a protocol violation. Any other error, such as
/// that of a server that shuts down, says nothing about a pooler.
fn refused(error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(&SqlState::PROTOCOL_VIOLATION) => refusal(),
        _ => database_error(error, Stage::Connect),
    }
}

/// The error for a pooler in transaction or statement mode.
pub(super) fn refusal() -> Error {
    unsupported(SHARED_SESSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_of_a_proxy_is_told_from_that_of_a_database() {
        for proxy in [
            "shop.proxy-abc123.eu-west-1.rds.amazonaws.com",
            "Ro.endpoint.Proxy-abc123.cn-north-1.rds.amazonaws.com.cn.",
        ] {
            assert!(is_rds_proxy(proxy), "{proxy}");
        }
        for database in [
            "shop.abc123.eu-west-1.rds.amazonaws.com",
            "shop.cluster-abc123.eu-west-1.rds.amazonaws.com",
            "proxy-abc.example.org",
            "localhost",
        ] {
            assert!(!is_rds_proxy(database), "{database}");
        }
    }

    #[tokio::test]
    async fn a_server_at_another_port_or_address_may_be_behind_a_pooler() {
        let possible = async |url: &str, port: u16, address: Option<&str>| {
            let server = Server { port, address: address.map(str::to_owned), ..Server::default() };
            is_possible(&server, &url.parse().expect("valid")).await
        };
        let local = "postgres://u@127.0.0.1:6432/d";
        assert!(!possible(local, 6432, Some("127.0.0.1")).await);
        assert!(possible(local, 5432, Some("127.0.0.1")).await);
        assert!(possible(local, 6432, Some("10.0.0.1")).await);
        assert!(possible(local, 6432, None).await, "from the pooler by a socket");
        let socket = "postgres://u@%2Frun%2Fpostgresql/d?port=5432";
        assert!(!possible(socket, 5432, None).await);
        assert!(possible(socket, 5433, None).await);
    }
}
