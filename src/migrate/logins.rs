//! Creates the logins that a deployment requests, and grants each its role.

use crate::db::Client;
use tokio_postgres::error::SqlState;

use super::session::{execute, refused};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::event::Migrate;

/// The roles that a login may have. The owner of the star does not log in.
const ROLES: [&str; 2] = ["stardrop_loader", "stardrop_reader"];

/// The role of RDS whose members sign in with a token of AWS IAM, and no longer with a password.
const BY_TOKEN: &str = "rds_iam";

/// Postgres cuts longer names.
const MAX_NAME_BYTES: usize = 63;

/// A login or role, as the server has it.
struct Found {
    exists: bool,
    /// Whether it has all rights or is the current user. IAM must not disable its password.
    is_privileged: bool,
    logs_in: bool,
}

/// Checks that the logins can be created, before anything is changed.
///
/// # Errors
///
/// [`ErrorKind::BadSetting`], naming the login and what is wrong with it.
pub(super) async fn check(client: &Client, wanted: &Migrate) -> Result<()> {
    let names = client.names();
    let allowed = ROLES.map(|role| names.apply(role));
    for (login, role) in &wanted.logins {
        if !allowed.iter().any(|allowed| allowed == role) {
            let roles = allowed.join(" or ");
            return Err(unfit(login, format!("role must be {roles}, not {role:?}")));
        }
        if login.is_empty() || login.len() > MAX_NAME_BYTES || login.contains('\0') {
            let message = format!("the name must have 1 to {MAX_NAME_BYTES} bytes");
            return Err(unfit(login, message));
        }
        if *login == names.apply("stardrop_owner") || allowed.iter().any(|role| role == login) {
            return Err(unfit(login, "this name belongs to a role of stardrop: choose another"));
        }
        if find(client, login).await?.is_privileged {
            return Err(unfit(
                login,
                "it has administrator rights or runs this migration, and could then sign in only with a token: choose another login",
            ));
        }
    }
    for (login, role) in &wanted.logins {
        for role in [role.as_str()].into_iter().chain(wanted.iam.then_some(BY_TOKEN)) {
            check_may_grant(client, login, role).await?;
        }
    }
    if wanted.iam && !wanted.logins.is_empty() && !find(client, BY_TOKEN).await?.exists {
        let message = format!(
            "the server has no role {BY_TOKEN}, so it does not support IAM authentication: \
             enable IAM authentication on the server, or remove `iam`"
        );
        return Err(Error::new(ErrorKind::BadSetting, Stage::Migrate, message));
    }
    Ok(())
}

/// Whether a role that exists can be granted to a login that is not its member yet.
const MAY_GRANT: &str = "
    select current_user::text,
           u.rolsuper
           or pg_has_role(current_user, r.oid, 'member with admin option')
           or u.rolcreaterole and current_setting('server_version_num')::integer < 160000
    from pg_roles r
    cross join pg_roles u
    where r.rolname = $1 and u.rolname = current_user";

/// From Postgres 16 on, the right to create roles is no right to grant those that somebody else created.
async fn check_may_grant(client: &Client, login: &str, role: &str) -> Result<()> {
    if is_member(client, login, role).await? {
        return Ok(());
    }
    let Some(row) = client.query_opt(MAY_GRANT, &[&role]).await.map_err(refused)? else {
        return Ok(());
    };
    let (migrator, may_grant): (String, bool) =
        (row.try_get(0).map_err(refused)?, row.try_get(1).map_err(refused)?);
    if may_grant {
        return Ok(());
    }
    let message = format!(
        "login {migrator:?} may not grant it role {role}: run as an administrator: \
         grant {role} to \"{migrator}\" with admin option"
    );
    Err(unfit(login, message))
}

fn unfit(login: &str, message: impl std::fmt::Display) -> Error {
    let message = format!("login {login:?}: {message}");
    Error::new(ErrorKind::BadSetting, Stage::Migrate, message)
}

/// Creates missing logins and grants missing roles. Returns what was changed, and notes. Each step
/// commits by itself: after a failure the next call continues.
///
/// # Errors
///
/// That of a statement that Postgres refuses.
pub(super) async fn create_missing(
    client: &Client,
    wanted: &Migrate,
) -> Result<(Vec<String>, Vec<String>)> {
    let (mut changes, mut notes) = (Vec::new(), Vec::new());
    for (login, role) in &wanted.logins {
        let found = find(client, login).await?;
        if !found.exists {
            if create(client, login).await? {
                changes.push(format!("add login {login}"));
            }
        } else if !found.logs_in {
            notes
                .push(format!("{login} exists but may not log in: run `alter role {login} login`"));
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

/// Creates a login. Returns false if it exists by now: another database of the server may be migrated at
/// the same time.
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
        return Ok(Found { exists: false, is_privileged: false, logs_in: false });
    };
    Ok(Found {
        exists: true,
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
