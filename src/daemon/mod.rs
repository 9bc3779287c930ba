//! The composition root: builds everything, wires it, owns the tasks and ends them in order.

mod meta_side;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::field::display;
use tracing::{error, info, warn};

use crate::accounts::Accounts;
use crate::calls::{CallRules, Switchboard, end_interrupted_calls, erase_in_time};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Sip, Speech, Web};
use crate::control::{ControlSocket, Desk, WhatsApp};
use crate::feed::Feed;
use crate::meta::graph::GraphClient;
use crate::meta::sandbox::Sandbox;
use crate::onboarding::{
    Completions, Messages, Outgoing, Recovery, Verifications, expire_in_time, expire_overdue,
};
use crate::recordings::{RecordingLimits, Recordings};
use crate::seal::{KeyError, Seal, load_key, make_key};
use crate::speech::{self, Capacity, SpeechModel, SpeechPool};
use crate::store::{Change, Store};
use crate::telephony::{Shutdown, Telephony, TelephonyConfig, TlsConfig, TrunkPlan};
use crate::tls::{Certificate, authorities, client_config};
use crate::web::{ApiSetup, Route, ServerConfig, SignupSetup, WebServer, WebState, router};
use crate::webhooks::{Deliveries, DeliverySetup, Reach, Webhooks};

use meta_side::MetaSide;

/// A browser that brings the code of a sign-up at all has brought it by then: it lives for 30 seconds.
const CODE_WAITED_FOR: Duration = Duration::from_secs(45);

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
    /// `None` where no app of Meta's is configured.
    completions: Option<Arc<Completions>>,
    /// `None` where no app of Meta's is configured.
    pub whatsapp: Option<WhatsApp>,
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
    outgoing: Arc<Outgoing>,
    control: ControlSocket,
    certificates: Certificates,
    calls_in_progress: TaskTracker,
    phone: Shutdown,
    stop_the_rest: CancellationToken,
}

impl Daemon {
    /// Starts everything: what an earlier run left unfinished is ended before the first call is
    /// taken, and the phone answers only when the reader is loaded.
    ///
    /// # Errors
    /// When the database, the model or a port can not be had.
    pub async fn start(config: &Config, surroundings: Surroundings) -> anyhow::Result<Self> {
        let Surroundings { clock, model } = surroundings;
        let feed = Feed::default();
        let written = Arc::new(Notify::new());
        let store = Arc::new(open_store(config, feed.clone(), Arc::clone(&written))?);
        let seal = Arc::new(open_seal(config, &store).await?);
        let (phone, stop_the_rest) = (Shutdown::default(), CancellationToken::new());
        let MetaSide { graph, webhooks, app, system_token, sandbox } =
            MetaSide::start(&config.meta, Arc::clone(&clock), stop_the_rest.clone()).await?;
        let recordings = Arc::new(open_recordings(config)?);
        let keep_for = config.keep_recordings_for();
        end_interrupted_calls(&store, &recordings, clock.as_ref(), keep_for)
            .await
            .context("after an earlier run")?;
        expire_overdue(&store, clock.now()).await.context("after an earlier run")?;

        let speech = match model {
            Some(model) => {
                let Speech { threads, max_calls, .. } = config.speech;
                SpeechPool::start(model.as_ref(), Capacity { threads, max_calls })?
            }
            None => SpeechPool::off(),
        };
        let certificates = Certificates::load(config)?;
        let completions = graph.clone().map(|graph| {
            let (seal, store) = (Arc::clone(&seal), Arc::clone(&store));
            let stop = stop_the_rest.clone();
            let completions = Completions::new(graph, seal, store, Arc::clone(&clock), stop);
            let recovery = system_token.map(|token| Recovery { token, after: CODE_WAITED_FOR });
            Arc::new(match recovery {
                Some(recovery) => completions.recovering(recovery),
                None => completions,
            })
        });
        if let Some(completions) = &completions {
            completions.resume().await.context("after an earlier run")?;
        }
        let whatsapp = graph.clone().map(|graph| {
            let (seal, store) = (Arc::clone(&seal), Arc::clone(&store));
            whatsapp(graph, seal, store, Arc::clone(&clock), stop_the_rest.clone())
        });
        let outgoing = Arc::new(Outgoing::new(
            whatsapp.as_ref().map(|whatsapp| Arc::clone(&whatsapp.messages)),
            Arc::clone(&store),
            Arc::clone(&clock),
            stop_the_rest.clone(),
        ));
        outgoing.resume().await.context("after an earlier run")?;
        let reach = Arc::new(Reach::new(config.webhooks.allow_networks.clone()));
        let deliveries = Deliveries::new(DeliverySetup {
            store: Arc::clone(&store),
            seal: Arc::clone(&seal),
            clock: Arc::clone(&clock),
            reach: Arc::clone(&reach),
            tls: receivers_tls(&config.webhooks.authorities)?,
            written,
        });
        let web_state = WebState {
            api: Arc::new(ApiSetup::new(
                config.api.requests_per_minute,
                Arc::clone(&seal),
                Arc::clone(&outgoing),
                Webhooks::new(Arc::clone(&seal), reach),
            )),
            messages: whatsapp.as_ref().map(|whatsapp| Arc::clone(&whatsapp.messages)),
            verifications: whatsapp.as_ref().map(|whatsapp| Arc::clone(&whatsapp.verifications)),
            signup: app
                .zip(completions.clone())
                .and_then(|(app, completions)| SignupSetup::new(app, completions).map(Arc::new)),
            webhook: webhooks.map(Arc::new),
            public_url: config.web.public_url.as_str().into(),
            store: Arc::clone(&store),
            recordings: Arc::clone(&recordings),
            feed: feed.clone(),
            accounts: Arc::new(Accounts::new(
                Arc::clone(&store),
                Arc::clone(&seal),
                Arc::clone(&clock),
            )),
            trusted_proxies: config.web.trusted_proxies.as_slice().into(),
            clock: Arc::clone(&clock),
            heartbeat: config.web.heartbeat,
            stop: stop_the_rest.clone(),
        };
        let (site, routes) = router(web_state);
        let web = WebServer::start(
            server_config(&config.web, certificates.web.clone()),
            site,
            stop_the_rest.clone(),
        )
        .await?;
        let (telephony, calls) =
            Telephony::start(telephony_config(config, &certificates)?, phone.clone()).await?;
        if let Some(sandbox) = &sandbox {
            sandbox.call_over(telephony.address());
        }
        let switchboard = Switchboard {
            store: Arc::clone(&store),
            recordings: Arc::clone(&recordings),
            speech: Arc::new(speech),
            clock: Arc::clone(&clock),
            rules: CallRules {
                max_duration: config.calls.max_duration,
                code_valid_for: config.codes.valid_for,
                keep_recordings_for: keep_for,
            },
        };
        let calls_in_progress = TaskTracker::new();
        if let Some(whatsapp) = &whatsapp {
            whatsapp.verifications.resume().await.context("after an earlier run")?;
        }
        let desk = Desk {
            store: Arc::clone(&store),
            monitor: telephony.monitor(),
            whatsapp: whatsapp.clone(),
        };
        let control = ControlSocket::start(&config.control_socket(), desk, stop_the_rest.clone())?;
        let sip_tls = telephony.tls_address().map(display);
        info!(sip = %telephony.address(), sip_tls, web = %web.address(), "ready");
        Ok(Self {
            routes,
            telephony,
            web,
            control,
            switchboard: tokio::spawn(switchboard.run(
                calls,
                calls_in_progress.clone(),
                phone.stop.clone(),
            )),
            erasure: tokio::spawn(erase_in_time(
                Arc::clone(&store),
                recordings,
                Arc::clone(&clock),
                stop_the_rest.clone(),
            )),
            deliveries: tokio::spawn(deliveries.run(stop_the_rest.clone())),
            outgoing,
            expiry: tokio::spawn(expire_in_time(Arc::clone(&store), clock, stop_the_rest.clone())),
            store,
            feed,
            seal,
            graph,
            completions,
            whatsapp,
            sandbox,
            certificates,
            calls_in_progress,
            phone,
            stop_the_rest,
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
        for (of, certificate) in [("sip", &self.certificates.sip), ("web", &self.certificates.web)]
        {
            match certificate.as_ref().map(|certificate| certificate.reload()) {
                Some(Ok(())) => info!(of, "the TLS certificate was read again"),
                Some(Err(error)) => error!(of, %error, "the TLS certificate stays as it was"),
                None => {}
            }
        }
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
        if let Some(completions) = &self.completions {
            completions.stopped().await;
        }
        if let Some(whatsapp) = &self.whatsapp {
            whatsapp.verifications.stopped().await;
        }
        self.outgoing.stopped().await;
        let _ = self.deliveries.await;
        if let Some(sandbox) = self.sandbox {
            sandbox.stopped().await;
        }
        let _ = self.erasure.await;
        let _ = self.expiry.await;
        self.control.stopped().await;
    }
}

fn open_store(config: &Config, feed: Feed, written: Arc<Notify>) -> anyhow::Result<Store> {
    let on_commit = move |Change { project, of }: &Change| {
        if let Some((invitation, _)) = of {
            feed.publish(invitation);
        }
        feed.publish_project(project);
        written.notify_one();
    };
    Ok(Store::open(&config.store.path, Box::new(on_commit))?)
}

/// The key of the sealed secrets. A database that never had one gets one; one that has opens with no
/// other, since what was sealed with it would be lost.
async fn open_seal(config: &Config, store: &Store) -> anyhow::Result<Seal> {
    let (path, database) = (config.key_file(), config.store.path.display());
    let unusable = |what: String| ConfigError::unusable("secrets.key_file", what);
    let check_value = store.read(|reader| reader.seal_check()).await?;
    let seal = match (load_key(&path), &check_value) {
        (Ok(seal), _) => seal,
        // A credential is found elsewhere than it is written: that one is for systemd to hand over.
        (Err(KeyError::Missing(missing)), None) if missing == path => {
            info!(path = %path.display(), "a key for the secrets in the database was made");
            make_key(&path, rand::rng().random()).map_err(|error| unusable(error.to_string()))?
        }
        (Err(error), None) => return Err(unusable(error.to_string()).into()),
        (Err(error), Some(_)) => {
            let what = format!("{error}. {database} holds secrets that only its own key opens");
            return Err(unusable(what).into());
        }
    };
    match check_value {
        Some(check_value) if seal.made(&check_value) => {}
        Some(_) => {
            let what = format!("the key at {} is not the one of {database}", path.display());
            return Err(unusable(what).into());
        }
        None => {
            let check_value = seal.check_value(rand::rng().random());
            store.write(move |writer| writer.insert_seal_check(&check_value)).await?;
        }
    }
    Ok(seal)
}

/// How partners' receivers are asked. A host without authorities can do everything else, so it starts.
fn receivers_tls(path: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let roots = authorities(path).unwrap_or_else(|error| {
        warn!(%error, "webhooks.authorities: no receiver of a webhook is believed");
        RootCertStore::empty()
    });
    Ok(Arc::new(client_config(roots)?))
}

/// What is asked of Meta for an operator.
fn whatsapp(
    graph: Arc<GraphClient>,
    seal: Arc<Seal>,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> WhatsApp {
    let messages = Messages::new(Arc::clone(&graph), Arc::clone(&seal), Arc::clone(&store));
    let verifications = Verifications::new(graph, seal, store, clock, stop);
    WhatsApp { verifications: Arc::new(verifications), messages: Arc::new(messages) }
}

fn open_recordings(config: &Config) -> anyhow::Result<Recordings> {
    let limits = RecordingLimits {
        all: config.recordings.max_bytes(),
        longest_call: config.calls.max_duration,
    };
    Ok(Recordings::open(&config.recordings_directory(), &limits)?)
}

/// The certificates that are shown, where TLS is switched on.
#[derive(Debug)]
struct Certificates {
    sip: Option<Arc<Certificate>>,
    web: Option<Arc<Certificate>>,
}

impl Certificates {
    fn load(config: &Config) -> anyhow::Result<Self> {
        let sip = config.sip.tls().map(Certificate::load).transpose()?;
        let web = config.web.tls().map(Certificate::load).transpose()?;
        Ok(Self { sip, web })
    }
}

fn server_config(web: &Web, certificate: Option<Arc<Certificate>>) -> ServerConfig {
    ServerConfig { listen: web.listen, certificate, max_connections: web.max_connections }
}

fn telephony_config(
    config: &Config,
    certificates: &Certificates,
) -> anyhow::Result<TelephonyConfig> {
    let Config { sip, rtp, .. } = config;
    Ok(TelephonyConfig {
        listen: sip.listen,
        tls: tls_config(sip, certificates.sip.as_ref())?,
        advertise: sip.advertised_addresses(),
        max_calls: sip.max_calls,
        max_connections: sip.max_connections,
        max_connections_per_address: sip.max_connections_per_address,
        trunks: sip.trunks.iter().map(TrunkPlan::of).collect::<Result<_, _>>()?,
        rtp_address: rtp.address,
        rtp_ports: (rtp.first_port, rtp.last_port),
        rtp_port_rest: rtp.port_rest,
        media_timeout: rtp.media_timeout,
        reorder_window: rtp.reorder_window,
        comfort_silence: rtp.comfort_silence,
        trace_bytes: sip.trace_bytes(),
    })
}

fn tls_config(
    sip: &Sip,
    certificate: Option<&Arc<Certificate>>,
) -> anyhow::Result<Option<TlsConfig>> {
    let (Some(listen), Some(certificate)) = (sip.tls_listen, certificate) else { return Ok(None) };
    let client_authorities = sip.tls_client_authorities.as_deref().map(authorities).transpose()?;
    let certificate = Arc::clone(certificate);
    Ok(Some(TlsConfig { listen, certificate, client_authorities }))
}
