//! The daemon that is measured: a second process of this program, with a directory, a configuration
//! and numbers of its own. It works as in production, but for reading and recording, which are off: they
//! take a processor and a disk of their own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::time::sleep;

use super::load::Load;
use crate::cli::bench::usage::Process;
use crate::clock::{Clock as _, SystemClock};
use crate::control::{Answer, AudioTotals, Question, ask};
use crate::domain::{InvitationId, InvitationToken, PhoneNumberId, ProjectId, Redirects};
use crate::store::{NewConnection, NewInvitation, NewPhoneNumber, NewProject, Store};

/// How often a daemon that starts is asked whether it is ready.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The audio of a call is counted when all of it was taken from the socket.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);

/// Numbers that are written in one transaction.
const NUMBERS_A_WRITE: u32 = 1_000;

const INVITATION_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The running daemon. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Host {
    process: Child,
    pub(super) sip: SocketAddr,
    pub(super) sip_tls: SocketAddr,
    /// What it shows over TLS, for localhost.
    pub(super) certificate: CertificateDer<'static>,
    control: PathBuf,
    /// Where it keeps its state, for as long as this lives.
    _directory: TempDir,
}

impl Host {
    /// Starts a daemon for `load`, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(super) async fn start(load: &Load) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory for the daemon")?;
        let config = directory.path().join("config.toml");
        std::fs::write(&config, configuration(load)).context("cannot write a configuration")?;
        let certificate = issue_certificate(directory.path())?;
        let store = Store::open(&directory.path().join("zavud.db"), Box::new(|_| {}))?;
        add_numbers(&store, load).await?;
        drop(store);

        let log = directory.path().join("log");
        let program = std::env::current_exe().context("where is this program?")?;
        let mut process = Command::new(program)
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(std::fs::File::create(&log)?)
            .spawn()
            .context("cannot start the daemon")?;
        match ready(&mut process, &log).await {
            Ok((sip, sip_tls)) => {
                let control = directory.path().join("zavud.sock");
                Ok(Self { process, sip, sip_tls, certificate, control, _directory: directory })
            }
            Err(error) => {
                // Gone already, or of no use.
                let _ = process.kill();
                let _ = process.wait();
                Err(error)
            }
        }
    }

    pub(super) fn process(&self) -> Process {
        Process(self.process.id())
    }

    /// The audio of `calls`, as the daemon says itself: it counts a call a moment after its end.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) async fn audio_of(&self, calls: u32) -> anyhow::Result<AudioTotals> {
        let give_up_at = Instant::now() + COUNTED_WITHIN;
        loop {
            let totals = match ask(&self.control, &Question::Totals).await? {
                Answer::Totals(totals) => totals,
                other => bail!("unexpected: {other:?}"),
            };
            if totals.calls >= u64::from(calls) || Instant::now() > give_up_at {
                return Ok(totals);
            }
            sleep(ASK_AGAIN).await;
        }
    }
}

impl Drop for Host {
    /// As a power cut would: nothing of it is kept.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A certificate of its own for the daemon, in files that its configuration names.
fn issue_certificate(directory: &Path) -> anyhow::Result<CertificateDer<'static>> {
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(directory.join("certificate.pem"), issued.cert.pem())?;
    std::fs::write(directory.join("key.pem"), issued.signing_key.serialize_pem())?;
    Ok(issued.cert.der().clone())
}

/// What differs from the shipped configuration.
fn configuration(load: &Load) -> String {
    let max_calls = load.max_calls();
    // No audio for all of a call is no reason to end it, when none is sent.
    let media_timeout = load.held_for().as_secs() + 60;
    format!(
        "[sip]\nlisten = \"127.0.0.1:0\"\nmax_calls = {max_calls}\n\
         tls_listen = \"127.0.0.1:0\"\ntls_certificate = \"certificate.pem\"\n\
         tls_key = \"key.pem\"\n\
         [rtp]\nfirst_port = 10000\nlast_port = 32767\nmedia_timeout = \"{media_timeout}s\"\n\
         [calls]\nmax_duration = \"{media_timeout}s\"\n\
         [recordings]\nmax_megabytes = 0\n[speech]\nenabled = false\n[web]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n"
    )
}

/// A number for each call that may live at a time, with an invitation in progress.
async fn add_numbers(store: &Store, load: &Load) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let project = NewProject {
        id: ProjectId::new(now, rand::rng().random()),
        name: "Load".to_owned(),
        created_at: now,
    };
    let project_id = project.id.clone();
    store.write(move |writer| writer.insert_project(&project)).await?;
    for first in (0..load.numbers()).step_by(NUMBERS_A_WRITE as usize) {
        let last = load.numbers().min(first + NUMBERS_A_WRITE);
        let entries: Vec<_> = (first..last)
            .map(|index| {
                let mut random = rand::rng();
                let number = NewPhoneNumber {
                    id: PhoneNumberId::new(now, random.random()),
                    project: project_id.clone(),
                    number: load.number(index),
                    created_at: now,
                };
                let invitation = NewInvitation {
                    id: InvitationId::new(now, random.random()),
                    project: project_id.clone(),
                    token: InvitationToken::new(random.random()),
                    client_name: None,
                    client_email: None,
                    language: None,
                    connection: NewConnection::Preassigned(number.id.clone()),
                    redirects: Redirects::default(),
                    created_at: now,
                    expires_at: now + INVITATION_LIFETIME,
                };
                (number, invitation)
            })
            .collect();
        let write = store.write(move |writer| {
            entries.iter().try_for_each(|(number, invitation)| {
                writer.insert_phone_number(number)?;
                writer.insert_invitation(invitation)
            })
        });
        write.await?;
    }
    Ok(())
}

/// Waits for the line that says "ready", and tells the addresses in it.
async fn ready(process: &mut Child, log: &Path) -> anyhow::Result<(SocketAddr, SocketAddr)> {
    loop {
        for line in BufReader::new(std::fs::File::open(log)?).lines() {
            let line = line?;
            // The last line may still be in the making.
            let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            if entry["fields"]["message"] == "ready" {
                let address = |name: &str| {
                    let text = entry["fields"][name].as_str().unwrap_or_default();
                    text.parse().with_context(|| format!("{name} is no address: {line}"))
                };
                return Ok((address("sip")?, address("sip_tls")?));
            }
        }
        if process.try_wait()?.is_some() {
            bail!("the daemon ended: {}", std::fs::read_to_string(log)?.trim());
        }
        sleep(ASK_AGAIN).await;
    }
}
