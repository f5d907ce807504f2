//! AWS: loads the AWS SDK's configuration from its environment variables, profiles and roles, with our time limits.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{
    BehaviorVersion, SdkConfig, stalled_stream_protection::StalledStreamProtectionConfig,
};

/// The time limit for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time limit for waiting for data. S3 closes idle connections after about the same time; the load holds its claim
/// and perhaps a transaction meanwhile, so it is better to stop and continue at the checkpoint.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The configuration of all clients. `custom_endpoint` is for services other than AWS' own.
pub(crate) async fn config(custom_endpoint: bool) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts.read_timeout(IDLE_TIMEOUT).build())
        // It mistakes our waiting for the database for a stalled server. ObjectStream has its own time limit.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if custom_endpoint {
        // Such a service usually has no regions, and there is no instance metadata to ask for one.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else("us-east-1");
        loader = loader.region(region);
    }
    loader.load().await
}
