//! Logins by a password from Secrets Manager, and by an IAM token, as on AWS.

use serde_json::json;

use crate::support::TestDatabase;
use crate::support::cloud::{Cloud, LOADER, run};
use crate::support::secrets::{secret, secrets};

/// The tests' server asks for no password on its socket.
const UNUSED: &str = "not asked for on a socket";

#[tokio::test]
async fn user_and_password_come_out_of_a_secret() {
    let db = TestDatabase::migrated().await;
    let cloud = Cloud::new(&db).await;
    let no_user = cloud.url.replacen(&format!("{LOADER}@"), "", 1);
    let load = async |secret: String| {
        let (address, asked) = secrets(secret).await;
        let object = cloud.put("sales/a.csv", crate::load::exactly_once::sales(3)).await;
        let command = cloud.stardrop(
            &["load", &object.to_string()],
            &[
                ("DATABASE_URL", &no_user),
                ("STARDROP_DB_AUTH", "secret"),
                ("STARDROP_DB_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:1:secret:db"),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &address),
            ],
        );
        let ended = run(command).await;
        (ended, asked.lock().unwrap().clone())
    };

    let ((code, out, err), asked) = load(secret(LOADER, UNUSED)).await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(asked[0].contains("secretsmanager.GetSecretValue"), "{asked:?}");
    assert_eq!(db.text("select count(*) from star.fact_sales").await, "3");

    let ((code, _, err), _) = load(secret("nobody_of_that_name", UNUSED)).await;
    assert_eq!(code, Some(3), "{err}");
    let held = json!({ "SecretString": "top secret, and no JSON" }).to_string();
    let ((code, _, err), _) = load(held).await;
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("is not JSON with `username` and `password`"), "{err}");
    assert!(!err.contains("top secret"), "{err}");
}

#[tokio::test]
async fn a_token_is_never_sent_in_the_clear_and_needs_a_region() {
    let vars = [
        ("PGHOST", "db.example.invalid"),
        ("PGUSER", "stardrop_lambda"),
        ("STARDROP_DB_AUTH", "iam"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let run = async |more: &[(&str, &str)]| {
        let vars = [&vars[..], more].concat();
        let command = crate::support::cloud::stardrop(&["status"], &vars);
        run(command).await
    };
    let (code, _, err) = run(&[("PGSSLMODE", "prefer")]).await;
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("PGSSLMODE: must be require"), "{err}");
    let (code, _, err) = run(&[("PGSSLMODE", "require")]).await;
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("set AWS_REGION"), "{err}");
}
