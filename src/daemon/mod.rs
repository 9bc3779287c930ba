//! The composition root: builds everything, wires it, owns the tasks and ends them in order.

mod certificates;
mod foundation;
mod meta_side;
mod meta_work;
mod phone;
mod web_side;

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::field::display;
use tracing::{info, warn};

use crate::calls::{CallRules, Switchboard, erase_in_time};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Speech};
use crate::control::{ControlSocket, Desk};
use crate::feed::Feed;
use crate::meta::graph::GraphClient;
use crate::meta::sandbox::Sandbox;
use crate::onboarding::expire_in_time;
use crate::seal::Seal;
use crate::speech::{self, Capacity, SpeechModel, SpeechPool};
use crate::store::Store;
use crate::telephony::{Shutdown, Telephony};
use crate::web::{Route, WebServer};

use certificates::Certificates;
use foundation::Foundation;
use meta_side::MetaSide;
use meta_work::MetaWork;
use phone::telephony_config;
use web_side::{FromMeta, WebSide};

/// What a test may put in place of the real thing.
#[derive(Debug)]
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    /// `None`: calls are not read.
    pub model: Option<Box<dyn SpeechModel>>,
}

impl Surroundings {
    /// The system's clock and the model that the configuration names.
    ///
    /// # Errors
    /// When the model can not be loaded.
    pub fn real(config: &Config) -> anyhow::Result<Self> {
        let model = if config.speech.enabled {
            Some(speech::load(&config.speech)?)
        } else {
            warn!("speech.enabled is false: calls are answered, and no code is read");
            None
        };
        Ok(Self { clock: Arc::new(SystemClock), model })
    }
}

/// The running daemon. Stop it with [`Daemon::stop`].
#[derive(Debug)]
pub struct Daemon {
    pub store: Arc<Store>,
    pub feed: Feed,
    pub seal: Arc<Seal>,
    /// `None` where no app of Meta's is configured.
    pub graph: Option<Arc<GraphClient>>,
    meta_work: MetaWork,
    /// What stands in for Meta, if something does.
    sandbox: Option<Sandbox>,
    /// Every page and every other answer that there is.
    pub routes: Vec<Route>,
    telephony: Telephony,
    web: WebServer,
    switchboard: JoinHandle<()>,
    erasure: JoinHandle<()>,
    expiry: JoinHandle<()>,
    deliveries: JoinHandle<()>,
    control: ControlSocket,
    certificates: Certificates,
    calls_in_progress: TaskTracker,
    phone: Shutdown,
    stop_the_rest: CancellationToken,
    /// Let go of when all else has ended.
    _lock: File,
}

impl Daemon {
    /// Starts everything: what an earlier run left unfinished is ended before the first call is
    /// taken, and the phone answers only when the reader is loaded.
    ///
    /// # Errors
    /// When the database, the model or a port can not be had.
    pub async fn start(config: &Config, surroundings: Surroundings) -> anyhow::Result<Self> {
        let Surroundings { clock, model } = surroundings;
        let (phone, stop_the_rest) = (Shutdown::default(), CancellationToken::new());
        let foundation = Foundation::open(config, Arc::clone(&clock)).await?;
        let MetaSide { graph, webhooks, app, system_token, sandbox } =
            MetaSide::start(&config.meta, Arc::clone(&clock), stop_the_rest.clone()).await?;
        let speech = start_reader(config, model)?;
        let certificates = Certificates::load(config)?;
        let meta_work =
            MetaWork::start(&foundation, graph.as_ref(), system_token, &stop_the_rest).await?;
        let web = WebSide::start(
            config,
            (&foundation, &meta_work),
            FromMeta { app, webhooks },
            certificates.web.clone(),
            &stop_the_rest,
        )
        .await?;
        let (telephony, calls) =
            Telephony::start(telephony_config(config, &certificates)?, phone.clone()).await?;
        if let Some(sandbox) = &sandbox {
            sandbox.call_over(telephony.address());
        }
        meta_work.resume_verifications().await?;
        let Foundation { lock, store, seal, recordings, feed, .. } = foundation;
        let switchboard = Switchboard {
            store: Arc::clone(&store),
            recordings: Arc::clone(&recordings),
            speech: Arc::new(speech),
            clock: Arc::clone(&clock),
            rules: CallRules {
                max_duration: config.calls.max_duration,
                code_valid_for: config.codes.valid_for,
                keep_recordings_for: config.keep_recordings_for(),
            },
        };
        let calls_in_progress = TaskTracker::new();
        let desk = Desk {
            store: Arc::clone(&store),
            monitor: telephony.monitor(),
            whatsapp: meta_work.whatsapp.clone(),
        };
        let control = ControlSocket::start(&config.control_socket(), desk, stop_the_rest.clone())?;
        let sip_tls = telephony.tls_address().map(display);
        info!(sip = %telephony.address(), sip_tls, web = %web.server.address(), "ready");
        let (erased, expired) = (Arc::clone(&store), Arc::clone(&store));
        let (stop, until) = (phone.stop.clone(), || stop_the_rest.clone());
        Ok(Self {
            switchboard: tokio::spawn(switchboard.run(calls, calls_in_progress.clone(), stop)),
            erasure: tokio::spawn(erase_in_time(erased, recordings, Arc::clone(&clock), until())),
            deliveries: tokio::spawn(web.deliveries.run(until())),
            expiry: tokio::spawn(expire_in_time(expired, clock, until())),
            routes: web.routes,
            web: web.server,
            telephony,
            control,
            store,
            feed,
            seal,
            graph,
            meta_work,
            sandbox,
            certificates,
            calls_in_progress,
            phone,
            stop_the_rest,
            _lock: lock,
        })
    }

    /// Where SIP arrives.
    pub fn sip_address(&self) -> SocketAddr {
        self.telephony.address()
    }

    /// Where pages are served.
    pub fn web_address(&self) -> SocketAddr {
        self.web.address()
    }

    /// What stands in for Meta, if something does.
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref()
    }

    /// Where encrypted SIP arrives.
    pub fn sip_tls_address(&self) -> Option<SocketAddr> {
        self.telephony.tls_address()
    }

    /// Reads the certificates again. One that can not be used is reported, and the one before stays.
    pub fn reload_certificates(&self) {
        self.certificates.reload();
    }

    /// Takes no new calls from now on, and waits until those that go on are over and wholly read; for
    /// no longer than `limit`.
    pub async fn drain(&self, limit: Duration) {
        self.phone.drain.cancel();
        self.calls_in_progress.close();
        info!(calls = self.calls_in_progress.len(), "no new calls are taken");
        if timeout(limit, self.calls_in_progress.wait()).await.is_err() {
            info!(calls = self.calls_in_progress.len(), "some calls go on for too long");
        }
    }

    /// Ends everything in order: calls first, so that their outcome is still recorded and shown.
    pub async fn stop(self) {
        info!("stopping");
        self.phone.stop.cancel();
        self.telephony.stopped().await;
        // A panic of a task was already printed where it happened.
        let _ = self.switchboard.await;
        self.stop_the_rest.cancel();
        self.web.stopped().await;
        self.meta_work.stopped().await;
        let _ = self.deliveries.await;
        if let Some(sandbox) = self.sandbox {
            sandbox.stopped().await;
        }
        let _ = self.erasure.await;
        let _ = self.expiry.await;
        self.control.stopped().await;
    }
}

fn start_reader(
    config: &Config,
    model: Option<Box<dyn SpeechModel>>,
) -> anyhow::Result<SpeechPool> {
    let Speech { threads, max_calls, .. } = config.speech;
    match model {
        Some(model) => Ok(SpeechPool::start(model.as_ref(), Capacity { threads, max_calls })?),
        None => Ok(SpeechPool::off()),
    }
}
