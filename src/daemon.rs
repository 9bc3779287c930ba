//! The composition root: builds everything, wires it, owns the tasks and ends them in order.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::calls::{CallRules, Switchboard, end_interrupted_calls, erase_digits_in_time};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Sip, Web};
use crate::feed::Feed;
use crate::speech::whisper::WhisperModel;
use crate::speech::{SpeechModel, SpeechPool};
use crate::store::{Change, Store};
use crate::telephony::{Peer, Telephony, TelephonyConfig};
use crate::web::{ServerConfig, WebServer, WebState, router};

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
        let speech = &config.speech;
        let model: Option<Box<dyn SpeechModel>> = if speech.enabled {
            let threads = speech.threads_per_worker;
            Some(Box::new(WhisperModel::load(&speech.model, &speech.model_sha256, threads)?))
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
    telephony: Telephony,
    web: WebServer,
    switchboard: JoinHandle<()>,
    erasure: JoinHandle<()>,
    stop_calls: CancellationToken,
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
        let store = Arc::new(open_store(config, feed.clone())?);
        end_interrupted_calls(&store, clock.as_ref()).await.context("after an earlier run")?;

        let speech = match model {
            Some(model) => SpeechPool::start(model.as_ref(), config.speech.workers)?,
            None => SpeechPool::off(),
        };
        let (stop_calls, stop_the_rest) = (CancellationToken::new(), CancellationToken::new());
        let web_state = WebState {
            store: Arc::clone(&store),
            feed: feed.clone(),
            clock: Arc::clone(&clock),
            heartbeat: config.web.heartbeat,
            stop: stop_the_rest.clone(),
        };
        let web =
            WebServer::start(server_config(&config.web), router(web_state), stop_the_rest.clone())
                .await?;
        let (telephony, calls) =
            Telephony::start(telephony_config(config), stop_calls.clone()).await?;
        let switchboard = Switchboard {
            store: Arc::clone(&store),
            speech: Arc::new(speech),
            clock: Arc::clone(&clock),
            rules: CallRules {
                max_duration: config.calls.max_duration,
                code_valid_for: config.codes.valid_for,
            },
        };
        info!(sip = %telephony.address(), web = %web.address(), "ready");
        Ok(Self {
            telephony,
            web,
            switchboard: tokio::spawn(switchboard.run(calls, stop_calls.clone())),
            erasure: tokio::spawn(erase_digits_in_time(
                Arc::clone(&store),
                clock,
                stop_the_rest.clone(),
            )),
            store,
            feed,
            stop_calls,
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

    /// Ends everything in order: calls first, so that their outcome is still recorded and shown.
    pub async fn stop(self) {
        info!("stopping");
        self.stop_calls.cancel();
        self.telephony.stopped().await;
        // A panic of a task was already printed where it happened.
        let _ = self.switchboard.await;
        self.stop_the_rest.cancel();
        self.web.stopped().await;
        let _ = self.erasure.await;
    }
}

fn open_store(config: &Config, feed: Feed) -> anyhow::Result<Store> {
    let on_commit = move |change: &Change| feed.publish(&change.invitation, change.event);
    Ok(Store::open(&config.store.path, Box::new(on_commit))?)
}

fn server_config(web: &Web) -> ServerConfig {
    ServerConfig {
        listen: web.listen,
        tls: web.tls().map(|files| (files.certificate.to_owned(), files.key.to_owned())),
        max_connections: web.max_connections,
    }
}

fn telephony_config(config: &Config) -> TelephonyConfig {
    let Config { sip, rtp, .. } = config;
    TelephonyConfig {
        listen: sip.listen,
        advertised_address: sip.advertised_address(),
        max_calls: sip.max_calls,
        peers: peers(sip),
        rtp_address: rtp.address,
        rtp_ports: (rtp.first_port, rtp.last_port),
        media_timeout: rtp.media_timeout,
        reorder_window: rtp.reorder_window,
    }
}

fn peers(sip: &Sip) -> Vec<Peer> {
    let trunks = sip.trunks.iter();
    trunks
        .map(|trunk| Peer { name: trunk.name.clone(), networks: trunk.addresses.clone() })
        .collect()
}
