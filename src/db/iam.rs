//! IAM: signs the token that RDS accepts as a password, from AWS credentials and a database user. Pure.
//!
//! A presigned request to `rds-db:connect`, without its scheme:
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html>

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest validity that RDS accepts. It matters at the login only.
const EXPIRES_IN: Duration = Duration::from_secs(900);

type SigningError = Box<dyn std::error::Error + Send + Sync>;

/// The token for a user at `host:port`, signed at `now`.
pub(super) fn token(
    host: &str,
    port: u16,
    user: &str,
    region: &str,
    credentials: Credentials,
    now: SystemTime,
) -> Result<String, SigningError> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES_IN);
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()?;
    let query = format!("{host}:{port}/?Action=connect&DBUser={}", encode(user));
    let url = format!("https://{query}");
    let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[]))?;
    let (signed, _) = sign(request, &parameters.into())?.into_parts();
    let signature =
        signed.params().iter().map(|(name, value)| format!("&{name}={}", encode(value)));
    Ok(query + &signature.collect::<String>())
}

/// Percent-encodes everything but letters, digits and `-._~`, as SigV4 requires.
fn encode(text: &str) -> String {
    const ENCODED: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::UNIX_EPOCH;

    use super::*;

    /// The token that botocore 1.43.11 makes by `generate_db_auth_token` at 2026-01-02T03:04:05Z.
    const PLAIN: &str = "db.example.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=stardrop_lambda&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=0b173d64adb607b151ec20c67221a39b4f95389d2abed74a9bf4ec02f5195926";
    const WITH_SESSION: &str = "db.example.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=stardrop_lambda&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=tok%2Fen%2B%3D%3D&X-Amz-Signature=f9dc443dea80c177b7e90e87f3a090085bdda7acd67ec86b276d806a4844034e";

    fn token_of(session: Option<&str>) -> String {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let session = session.map(str::to_owned);
        let credentials = Credentials::new("AKIDEXAMPLE", secret, session, None, "test");
        let now = UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let host = "db.example.eu-central-1.rds.amazonaws.com";
        token(host, 5432, "stardrop_lambda", "eu-central-1", credentials, now).expect("a token")
    }

    /// The host and path, and the parameters in any order.
    fn parts(token: &str) -> (&str, BTreeSet<&str>) {
        let (path, query) = token.split_once('?').expect("a query");
        (path, query.split('&').collect())
    }

    #[test]
    fn a_token_is_the_one_that_botocore_signs() {
        assert_eq!(parts(&token_of(None)), parts(PLAIN));
        assert_eq!(parts(&token_of(Some("tok/en+=="))), parts(WITH_SESSION));
    }
}
