//! `zavud serve`: the daemon.

use std::path::PathBuf;

use anyhow::Context as _;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, interval};

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
    // Before anybody can see that it is there: a signal that nobody listens for ends the process.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let surroundings = Surroundings::real(&config)?;
    let daemon = Daemon::start(&config, surroundings).await?;

    tell_service_manager(&[NotifyState::Ready]);
    signals.wait_for_end(|| daemon.reload_certificates()).await;
    tell_service_manager(&[NotifyState::Stopping]);

    tokio::select! {
        () = daemon.drain(config.sip.drain_limit) => {}
        () = signals.wait_for_end(|| ()) => {}
    }
    daemon.stop().await;
    Ok(())
}

/// What the operator and the service manager tell us.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// When the service manager's watchdog wants to be fed.
    feeding_time: Option<Interval>,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            // Twice as often as asked for, as sd_watchdog_enabled(3) advises.
            feeding_time: sd_notify::watchdog_enabled().map(|limit| interval(limit / 2)),
        })
    }

    /// Waits for SIGTERM or SIGINT. Meanwhile, SIGHUP reloads, and the watchdog is kept fed.
    async fn wait_for_end(&mut self, reload: impl Fn()) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(),
                () = async {
                    match &mut self.feeding_time {
                        Some(feeding_time) => { feeding_time.tick().await; }
                        None => std::future::pending().await,
                    }
                } => tell_service_manager(&[NotifyState::Watchdog]),
            }
        }
    }
}

/// Does nothing when no service manager listens.
fn tell_service_manager(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
