//! Authentication: gets user and password for a connection from the settings, AWS IAM or Secrets Manager.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use serde::Deserialize;
use tokio_postgres::config::{Config, Host};

use super::iam;
use crate::aws;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::settings::{DatabaseSettings, DbAuth};

/// The content of the secrets that RDS manages.
#[derive(Deserialize)]
struct Secret {
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
    match &database.auth {
        DbAuth::Password => Ok(()),
        DbAuth::Iam => {
            let token = signed_token(config).await?;
            config.password(token);
            Ok(())
        }
        DbAuth::Secret(id) => {
            let shared = aws::config(false).await;
            let client = aws_sdk_secretsmanager::Client::new(&shared);
            let secret = read_secret(&client, id).await?;
            config.user(secret.username).password(secret.password);
            Ok(())
        }
    }
}

async fn signed_token(config: &Config) -> Result<String> {
    let (Some(Host::Tcp(host)), Some(user)) = (config.get_hosts().first(), config.get_user())
    else {
        return Err(denied(
            "STARDROP_DB_AUTH = iam needs a host and a user: set PGHOST and PGUSER",
        ));
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let shared = aws::config(false).await;
    let Some(region) = shared.region() else {
        return Err(denied("STARDROP_DB_AUTH = iam needs a region: set AWS_REGION"));
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

async fn read_secret(client: &aws_sdk_secretsmanager::Client, id: &str) -> Result<Secret> {
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
