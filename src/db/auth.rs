//! Authentication: gets user and password for a connection from the settings, AWS IAM or Secrets Manager.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use serde::Deserialize;
use tokio_postgres::config::{Config, Host};

use super::iam;
use crate::aws;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DatabaseSettings, DbAuth, Secret};

/// The content of the secrets that RDS manages.
#[derive(Deserialize)]
struct Held {
    username: String,
    password: String,
}

/// Sets user and password. Done again for each connection, since tokens expire and secrets rotate.
///
/// # Errors
/// [`ErrorKind::DatabaseDenied`] where there are no AWS credentials, or the secret cannot be read.
pub(super) async fn set_credentials(
    database: &DatabaseSettings,
    config: &mut Config,
) -> Result<()> {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.as_str(),
        _ => "",
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or_default();
    if database.auth == DbAuth::Iam && (host.is_empty() || user.is_empty()) {
        return Err(denied(
            "STARDROP_DB_AUTH = iam needs a host and a user: set PGHOST and PGUSER",
        ));
    }
    if let Some((user, password)) = credentials(&database.auth, host, port, user).await? {
        config.user(user).password(password.reveal());
    }
    Ok(())
}

/// The user and the password, or the token that takes its place, for a connection to `host:port`; `None` where the
/// settings have the password.
///
/// # Errors
/// [`ErrorKind::DatabaseDenied`] where there are no AWS credentials, or the secret cannot be read.
pub(crate) async fn credentials(
    auth: &DbAuth,
    host: &str,
    port: u16,
    user: &str,
) -> Result<Option<(String, Secret)>> {
    Ok(match auth {
        DbAuth::Password => None,
        DbAuth::Iam => Some((user.to_owned(), Secret::new(signed_token(host, port, user).await?))),
        DbAuth::Secret(id) => {
            let shared = aws::config(false).await;
            let client = aws_sdk_secretsmanager::Client::new(&shared);
            let held = read_secret(&client, id).await?;
            Some((held.username, Secret::new(held.password)))
        }
    })
}

async fn signed_token(host: &str, port: u16, user: &str) -> Result<String> {
    let shared = aws::config(false).await;
    let Some(region) = shared.region() else {
        return Err(denied("an IAM token needs a region: set AWS_REGION"));
    };
    let Some(provider) = shared.credentials_provider() else {
        return Err(denied("there are no AWS credentials"));
    };
    let credentials = provider
        .provide_credentials()
        .await
        .map_err(|error| denied("there are no AWS credentials").caused_by(error))?;
    iam::token(host, port, user, region.as_ref(), credentials, SystemTime::now())
        .map_err(|error| denied("the IAM token cannot be signed").caused_by(error))
}

async fn read_secret(client: &aws_sdk_secretsmanager::Client, id: &str) -> Result<Held> {
    let answer = client.get_secret_value().secret_id(id).send().await.map_err(|error| {
        let message = format!("the secret {id} cannot be read: {}", DisplayErrorContext(&error));
        denied(message)
    })?;
    let text = answer.secret_string().unwrap_or_default();
    // Without the cause, which would quote the secret.
    serde_json::from_str(text)
        .map_err(|_| denied(format!("the secret {id} is not JSON with `username` and `password`")))
}

fn denied(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::DatabaseDenied, Stage::Connect, message)
}
