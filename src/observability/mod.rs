//! Logging: one line a fact, for people or for machines; and not too many of those that strangers cause.

mod flood;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{ConfigError, Log, LogFormat};

pub use flood::{Flood, FloodLimits};

/// whisper.cpp tells its life's story at level info, and takes a network with two decoder layers for a
/// distilled one, of which it warns at each window; only what goes wrong is of interest.
const QUIET_LIBRARIES: &str = "whisper_rs=error";

/// Begins to log to standard error as the configuration says. Call it once.
///
/// # Errors
/// When the filter can not be understood.
pub fn start_logging(log: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::builder()
        .parse(format!("{QUIET_LIBRARIES},{}", log.filter))
        .map_err(|error| ConfigError::unusable("log.filter", error.to_string()))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only when logging was started before, which then goes on.
    let _ = match log.format {
        LogFormat::Text => subscriber.finish().try_init(),
        LogFormat::Json => subscriber.json().finish().try_init(),
    };
    Ok(())
}
