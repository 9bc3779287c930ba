//! A daemon that is measured: a second process of this program, with a directory and a configuration of
//! its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use super::usage::Process;

/// How often a daemon that starts is asked whether it is ready.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The running daemon. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Serving {
    process: Child,
    /// What it said when it was ready.
    told: Value,
    /// Where it keeps its state, for as long as this lives.
    directory: TempDir,
}

impl Serving {
    /// Starts a daemon with this configuration, which logs JSON, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(super) async fn start(directory: TempDir, configuration: &str) -> anyhow::Result<Self> {
        let config = directory.path().join("config.toml");
        std::fs::write(&config, configuration).context("cannot write a configuration")?;
        let log = directory.path().join("log");
        let program = std::env::current_exe().context("where is this program?")?;
        let mut process = Command::new(program)
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(std::fs::File::create(&log)?)
            .spawn()
            .context("cannot start the daemon")?;
        match ready(&mut process, &log).await {
            Ok(told) => Ok(Self { process, told, directory }),
            Err(error) => {
                // Gone already, or of no use.
                let _ = process.kill();
                let _ = process.wait();
                Err(error)
            }
        }
    }

    /// Where it serves what it calls so.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn address(&self, name: &str) -> anyhow::Result<SocketAddr> {
        let text = self.told[name].as_str().unwrap_or_default();
        text.parse().with_context(|| format!("{name} is no address: {}", self.told))
    }

    pub(super) fn process(&self) -> Process {
        Process(self.process.id())
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Serving {
    /// As a power cut would: nothing of it is kept.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits for the line that says "ready", and tells what else stands in it.
async fn ready(process: &mut Child, log: &Path) -> anyhow::Result<Value> {
    loop {
        for line in BufReader::new(std::fs::File::open(log)?).lines() {
            // The last line may still be in the making.
            let Ok(mut entry) = serde_json::from_str::<Value>(&line?) else { continue };
            if entry["fields"]["message"] == "ready" {
                return Ok(entry["fields"].take());
            }
        }
        if process.try_wait()?.is_some() {
            bail!("the daemon ended: {}", std::fs::read_to_string(log)?.trim());
        }
        sleep(ASK_AGAIN).await;
    }
}
