//! `zavud serve`: the daemon.

use std::path::PathBuf;

use anyhow::Context as _;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;

use super::Failure;
use crate::config::Config;
use crate::daemon::{Daemon, Surroundings};
use crate::observability::start_logging;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Configuration [default: ./config.toml, or else the shipped one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::load_or_shipped(arguments.config.as_deref())?;
    start_logging(&config.log)?;
    let surroundings = Surroundings::real(&config)?;
    let daemon = Daemon::start(&config, surroundings).await?;

    tell_service_manager(&[NotifyState::Ready]);
    stop_signal().await.context("cannot listen for signals")?;
    tell_service_manager(&[NotifyState::Stopping]);

    daemon.stop().await;
    Ok(())
}

/// Waits for SIGTERM or SIGINT, and keeps the service manager's watchdog fed meanwhile.
async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Twice as often as asked for, as sd_watchdog_enabled(3) advises.
    let mut feeding_time = sd_notify::watchdog_enabled().map(|limit| interval(limit / 2));
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            () = async {
                match &mut feeding_time {
                    Some(feeding_time) => { feeding_time.tick().await; }
                    None => std::future::pending().await,
                }
            } => tell_service_manager(&[NotifyState::Watchdog]),
        }
    }
}

/// Does nothing when no service manager listens.
fn tell_service_manager(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
