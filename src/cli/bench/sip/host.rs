//! The daemon that is measured, with numbers of its own. It works as in production, but for reading and recording, which are off: they
//! take a processor and a disk of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use rustls::pki_types::CertificateDer;
use tokio::time::sleep;

use super::load::Load;
use crate::cli::bench::serving::Serving;
use crate::cli::bench::usage::Process;
use crate::clock::{Clock as _, SystemClock};
use crate::control::{Answer, AudioTotals, Question, ask};
use crate::domain::{InvitationId, InvitationToken, PhoneNumberId, ProjectId, Redirects};
use crate::store::{NewConnection, NewInvitation, NewPhoneNumber, NewProject, Store};

/// How often the daemon is asked for what it has counted.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The audio of a call is counted when all of it was taken from the socket.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);

/// Numbers that are written in one transaction.
const NUMBERS_A_WRITE: u32 = 1_000;

const INVITATION_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The running daemon.
#[derive(Debug)]
pub(super) struct Host {
    serving: Serving,
    pub(super) sip: SocketAddr,
    pub(super) sip_tls: SocketAddr,
    /// What it shows over TLS, for localhost.
    pub(super) certificate: CertificateDer<'static>,
    control: PathBuf,
}

impl Host {
    /// Starts a daemon for `load`, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(super) async fn start(load: &Load) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory for the daemon")?;
        let certificate = issue_certificate(directory.path())?;
        let store = Store::open(&directory.path().join("zavud.db"), Box::new(|_| {}))?;
        add_numbers(&store, load).await?;
        drop(store);

        let serving = Serving::start(directory, &configuration(load)).await?;
        let (sip, sip_tls) = (serving.address("sip")?, serving.address("sip_tls")?);
        let control = serving.directory().join("zavud.sock");
        Ok(Self { serving, sip, sip_tls, certificate, control })
    }

    pub(super) fn process(&self) -> Process {
        self.serving.process()
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
                    countries: None,
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
