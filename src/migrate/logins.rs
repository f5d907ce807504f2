//! Logins: names and the roles that they are to have in; logins of the database that have them out.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::{execute, refused};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::Migrate;

/// The roles that a login may be given. Who owns everything does not log in.
const ROLES: &[&str] = &["stardrop_loader", "stardrop_reader"];

/// Whoever has it signs in with a token of AWS IAM, and with a password no more. RDS brings it.
const BY_TOKEN: &str = "rds_iam";

/// What Postgres keeps of a name.
const LONGEST_NAME: usize = 63;

/// What is known of a login.
struct Found {
    is_there: bool,
    /// Of those that have all rights, and of us, no mistake may take the password away.
    is_privileged: bool,
    logs_in: bool,
}

/// Whether the logins can be made, so that nothing is changed where they cannot.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`], naming the login and what is wrong with it.
pub(super) async fn check(client: &Client, wanted: &Migrate) -> Result<()> {
    for (login, role) in &wanted.logins {
        if !ROLES.contains(&role.as_str()) {
            let roles = ROLES.join(" or ");
            return Err(unfit(login, format!("expected {roles} as its role, found {role:?}")));
        }
        if login.is_empty() || login.len() > LONGEST_NAME || login.contains('\0') {
            let message = format!("a name has 1 to {LONGEST_NAME} bytes");
            return Err(unfit(login, message));
        }
        if login == "stardrop_owner" || ROLES.contains(&login.as_str()) {
            return Err(unfit(login, "that is a role, and no login"));
        }
        if find(client, login).await?.is_privileged {
            return Err(unfit(
                login,
                "it migrates or may do everything, and would sign in by token only: name another",
            ));
        }
    }
    if wanted.iam && !wanted.logins.is_empty() && !find(client, BY_TOKEN).await?.is_there {
        let message = format!(
            "the server has no role {BY_TOKEN}, so nobody can sign in to it with a token of IAM: \
             turn IAM authentication on, or leave `iam` out"
        );
        return Err(Error::new(ErrorKind::BadSetting, Stage::Migrate, message));
    }
    Ok(())
}

fn unfit(login: &str, message: impl std::fmt::Display) -> Error {
    let message = format!("login {login:?}: {message}");
    Error::new(ErrorKind::BadSetting, Stage::Migrate, message)
}

/// Makes the logins that are missing and gives each what it lacks; what was done, and what is to
/// be known. Each step stands for itself: after a failure the next call goes on.
///
/// # Errors
///
/// What the database says.
pub(super) async fn make(client: &Client, wanted: &Migrate) -> Result<(Vec<String>, Vec<String>)> {
    let (mut changes, mut notes) = (Vec::new(), Vec::new());
    for (login, role) in &wanted.logins {
        let found = find(client, login).await?;
        if !found.is_there {
            if create(client, login).await? {
                changes.push(format!("add login {login}"));
            }
        } else if !found.logs_in {
            notes.push(format!("login {login} is there and may not log in"));
        }
        let by_token = wanted.iam.then_some(BY_TOKEN);
        for role in [role.as_str()].into_iter().chain(by_token) {
            if !is_member(client, login, role).await? {
                let grant = "select format('grant %I to %I', $1::text, $2::text)";
                execute(client, &statement(client, grant, &[&role, &login]).await?).await?;
                changes.push(format!("grant {role} to {login}"));
            }
        }
    }
    Ok((changes, notes))
}

/// Whether it was made: a migration of another database of the server may come first.
async fn create(client: &Client, login: &str) -> Result<bool> {
    let create = "select format('create role %I login', $1::text)";
    let create = statement(client, create, &[&login]).await?;
    match client.batch_execute(&create).await {
        Ok(()) => Ok(true),
        Err(error)
            if [SqlState::DUPLICATE_OBJECT, SqlState::UNIQUE_VIOLATION]
                .iter()
                .any(|state| error.code() == Some(state)) =>
        {
            Ok(false)
        }
        Err(error) => Err(refused(error)),
    }
}

async fn statement(
    client: &Client,
    format: &str,
    names: &[&(dyn tokio_postgres::types::ToSql + Sync)],
) -> Result<String> {
    client.query_one(format, names).await.and_then(|row| row.try_get(0)).map_err(refused)
}

async fn find(client: &Client, login: &str) -> Result<Found> {
    let row = client
        .query_opt(
            "select r.rolsuper or r.rolcreaterole or r.rolname in (current_user, session_user),
                    r.rolcanlogin
             from pg_roles r
             where r.rolname = $1",
            &[&login],
        )
        .await
        .map_err(refused)?;
    let Some(row) = row else {
        return Ok(Found { is_there: false, is_privileged: false, logs_in: false });
    };
    Ok(Found {
        is_there: true,
        is_privileged: row.try_get(0).map_err(refused)?,
        logs_in: row.try_get(1).map_err(refused)?,
    })
}

async fn is_member(client: &Client, login: &str, role: &str) -> Result<bool> {
    let found = client
        .query_opt(
            "select from pg_auth_members m
             where m.roleid = (select r.oid from pg_roles r where r.rolname = $1)
               and m.member = (select r.oid from pg_roles r where r.rolname = $2)",
            &[&role, &login],
        )
        .await;
    found.map(|row| row.is_some()).map_err(refused)
}
