//! Aws: what the AWS SDK's own variables, profiles and roles say in; its configuration out.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{
    BehaviorVersion, SdkConfig, stalled_stream_protection::StalledStreamProtectionConfig,
};

/// A host that does not take a connection by then will not take one soon.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// S3 closes connections that idle for about as long, and a load holds its claim and perhaps a
/// transaction meanwhile: better to break off and go on at the checkpoint.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The configuration that all clients share. `stand_in` tells that they will talk to something
/// other than AWS.
pub async fn config(stand_in: bool) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts.read_timeout(IDLE_TIMEOUT).build())
        // It takes a database that makes us wait for a server that does. ObjectStream has its own.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if stand_in {
        // Whatever stands in for AWS seldom has regions, and no instance metadata to ask for one.
        let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else("us-east-1");
        loader = loader.region(region);
    }
    loader.load().await
}
