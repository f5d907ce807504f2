//! Connects to S3, or to another server with its API.

use aws_sdk_s3::Client;

use crate::aws;

/// An S3 client, and its URL in messages if it is not that of AWS.
#[derive(Clone)]
pub(super) struct S3Endpoint {
    pub client: Client,
    pub url: Option<String>,
}

/// A client of the S3 at `url`, or else of AWS, with the variables, profiles and roles of the AWS SDK.
pub(super) async fn client(url: Option<&str>) -> Client {
    let shared = aws::config(url.is_some()).await;
    let mut config = aws_sdk_s3::config::Builder::from(&shared);
    if let Some(url) = url {
        // Buckets as host names need a wildcard in the DNS, which only AWS is sure to have.
        config = config.endpoint_url(url).force_path_style(true);
    }
    Client::from_conf(config.build())
}
