//! Tests of the settings: variables and the settings or messages that they give.

use super::*;

fn settings(vars: &[(&str, &str)]) -> Result<Settings> {
    Settings::from_vars(|name| {
        vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn message(vars: &[(&str, &str)]) -> String {
    settings(vars).expect_err("should be refused").to_string()
}

fn database(vars: &[(&str, &str)]) -> DatabaseSettings {
    settings(vars).expect("good").database.expect("a database is set")
}

#[test]
fn nothing_set_gives_the_defaults() {
    let settings = settings(&[]).expect("good");
    assert!(settings.database.is_none());
    assert_eq!(settings.datasets_dir, PathBuf::from("datasets/"));
    assert_eq!((settings.batch_rows, settings.batch_bytes), (500_000, 64 << 20));
    assert_eq!((settings.max_row_bytes, settings.max_columns), (4 << 20, 1_000));
    assert_eq!(settings.lease_seconds, 900);
    assert_eq!((settings.log_level, settings.log_format), (LevelFilter::WARN, LogFormat::Text));
    assert_eq!(
        settings.database().expect_err("none").to_string(),
        "settings: no database is set: set DATABASE_URL, or PGHOST, PGUSER and PGDATABASE"
    );
}

#[test]
fn lambda_reads_its_datasets_from_opt_and_logs_json() {
    for name in [AWS_LAMBDA_RUNTIME_API, AWS_LAMBDA_FUNCTION_NAME] {
        let settings = settings(&[(name, "x")]).expect("good");
        assert_eq!(settings.datasets_dir, PathBuf::from("/opt/datasets"));
        assert_eq!((settings.log_level, settings.log_format), (LevelFilter::INFO, LogFormat::Json));
    }
}

#[test]
fn a_bad_value_names_the_variable_and_what_is_allowed() {
    assert_eq!(
        message(&[(STARDROP_BATCH_ROWS, "many")]),
        "settings: STARDROP_BATCH_ROWS: expected a whole number from 1 to 100000000, found \"many\""
    );
    assert_eq!(
        message(&[(STARDROP_MAX_COLUMNS, "1598")]),
        "settings: STARDROP_MAX_COLUMNS: expected a whole number from 1 to 1597, found \"1598\""
    );
    assert_eq!(
        message(&[(PGHOST, "h"), (PGUSER, "u"), (PGPORT, "0")]),
        "settings: PGPORT: expected a port from 1 to 65535, found \"0\""
    );
    assert_eq!(
        message(&[(AWS_ENDPOINT_URL, "localhost:9000")]),
        "settings: AWS_ENDPOINT_URL: expected a URL that starts with http:// or https://"
    );
    assert_eq!(
        message(&[(PGHOST, "h"), (STARDROP_DB_AUTH, "secret")]),
        "settings: STARDROP_DB_SECRET_ARN: must be set where STARDROP_DB_AUTH is secret"
    );
    assert!(message(&[(DATABASE_URL, "postgres://u@h/d?sslmode=verify")]).ends_with(
        "DATABASE_URL: sslmode: expected disable, prefer, require, verify-ca or verify-full"
    ));
}

#[test]
fn the_password_is_in_no_message_and_in_no_debug_output() {
    let url = "postgres://ann:s3cret@db.example:6543/sales";
    let shown = format!("{:?}", settings(&[(DATABASE_URL, url)]).expect("good"));
    assert!(shown.contains("db.example") && !shown.contains("s3cret"), "{shown}");
    let shown = format!("{:?}", database(&[(PGHOST, "h"), (PGUSER, "u"), (PGPASSWORD, "s3cret")]));
    assert!(!shown.contains("s3cret"), "{shown}");
    for url in [
        "mysql://ann:s3cret@h/d",
        "postgres://ann:s3cret@h:port/d",
        "postgres://ann:x@h/d?s3cret=1",
        "postgres://ann:x@h/d?s3cret",
        "postgres://ann:pa/s3cret?x=1@h/d?x=1",
        "postgres://ann:pa@s3cret@h/d",
        "postgres://ann:pa@s3cret:5432@h:5432/d?sslmode=disable",
        "postgres://ann:pa@x/s3cret@h/d",
        "postgres://ann:pa@x?sslmode=s3cret@h/d",
        "postgres://ann:pa@x?application_name=s3cret@h/d",
        "postgres://ann:pa@[s3cret@h/d",
        "postgres://ann@corp:s3cret@h/d",
        "postgres://ann:s3cret",
        "host=h password=s3cret",
    ] {
        let message = message(&[(DATABASE_URL, url)]);
        assert!(message.starts_with("settings: DATABASE_URL: expected postgres://"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
    for (variable, value) in [
        (DATABASE_URL, "postgres://ann:x@h/d?sslmode=s3cret"),
        (PGHOST, "postgres://ann:s3cret@h/d"),
        (PGHOST, "ann:s3cret@h"),
        (AWS_ENDPOINT_URL, "ann:s3cret@h:9000"),
        (STARDROP_QUEUE_URL, "sqs://ann:s3cret@h/1/q"),
    ] {
        let message = message(&[(PGUSER, "ann"), (variable, value)]);
        assert!(message.starts_with(&format!("settings: {variable}: ")), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[test]
fn the_variables_fill_in_what_the_url_omits() {
    let database = database(&[
        (DATABASE_URL, "postgresql://ann@db.example/sales?sslrootcert=%2Fetc%2Fca.pem"),
        (PGHOST, "other"),
        (PGUSER, "bob"),
        (PGPASSWORD, "s3cret"),
        (PGPORT, "6543"),
        (PGSSLMODE, "verify-ca"),
    ]);
    assert_eq!(database.address(), "db.example:5432", "the URL's port goes with its host");
    assert_eq!(database.config.get_user(), Some("ann"));
    assert_eq!(database.config.get_password(), Some(&b"s3cret"[..]));
    assert_eq!(database.config.get_dbname(), Some("sales"));
    assert_eq!(database.ssl_mode, SslMode::VerifyCa);
    assert_eq!(database.ssl_root_cert, Some(PathBuf::from("/etc/ca.pem")));
}

#[test]
fn a_url_without_a_host_takes_host_and_port_from_the_variables() {
    let vars = [(DATABASE_URL, "postgres://ann@/sales"), (PGHOST, "h,::1"), (PGPORT, "6543")];
    assert_eq!(database(&vars).address(), "h:6543, [::1]:6543");
}

#[test]
fn a_remote_host_is_verified_in_full_unless_a_setting_says_otherwise() {
    let mode = |vars: &[(&str, &str)]| database(vars).ssl_mode;
    let user = (PGUSER, "u");
    assert_eq!(mode(&[user, (PGHOST, "db.example")]), SslMode::VerifyFull);
    assert_eq!(mode(&[(DATABASE_URL, "postgres://u@10.0.0.1/d")]), SslMode::VerifyFull);
    assert_eq!(mode(&[user, (PGHOST, "localhost,db.example")]), SslMode::VerifyFull);
    assert_eq!(mode(&[user, (PGHOST, "localhost.evil.example")]), SslMode::VerifyFull);
    assert_eq!(mode(&[user, (PGHOST, "h"), (PGSSLMODE, "disable")]), SslMode::Disable);
    assert_eq!(mode(&[(DATABASE_URL, "postgres://u@h/d?sslmode=require")]), SslMode::Require);
    for local in ["localhost", "127.0.0.1", "::1", "/var/run/postgresql"] {
        assert_eq!(mode(&[user, (PGHOST, local)]), SslMode::Prefer, "{local}");
    }
}

#[test]
fn the_endpoint_of_s3_overrides_that_of_all_services() {
    let vars = [(AWS_ENDPOINT_URL, "http://a"), (AWS_ENDPOINT_URL_S3, "http://b")];
    assert_eq!(settings(&vars).expect("good").s3_endpoint.as_deref(), Some("http://b"));
    let settings = settings(&vars[..1]).expect("good");
    assert_eq!(settings.s3_endpoint.as_deref(), Some("http://a"));
}

#[test]
fn the_table_names_each_setting_once() {
    let mut names: Vec<_> = TABLE.iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len());
    assert!(TABLE.iter().all(|(.., meaning)| !meaning.is_empty()));
}
