//! The trunks that have to be kept up to date: those with host names, and those that register. Each
//! has a task of its own ([`keeper`]); what the tasks find out, the event loop tells the endpoint.
//! Here: which registration a connection is opened for, and what is said of registrations in the log.

mod keeper;
mod plan;

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use ipnet::IpNet;
use sip::{
    Bound, ConnectionId, Peer, RegistrationConfig, RegistrationEvent, RegistrationHandle, Server,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::names::Lookup;
use keeper::{Candidates, Keeper, Name, Registrar, fresh_rng};
use plan::RegistrationPlan;

pub(super) use plan::Way;

pub use plan::{TrunkPlan, TrunkProblem, UnusableTrunk};

/// News that may wait for the event loop. Beyond, the tasks wait.
const NEWS_QUEUE: usize = 64;

/// Requests that may wait for the task of a trunk. There is one at a time, and one more when a
/// connection fails.
const WANTED_QUEUE: usize = 4;

/// What the task of a trunk found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// All addresses that a trunk calls from.
    Networks { trunk: String, networks: Vec<IpNet> },
    /// The server of a registrar that was asked for; `None` if there is no other.
    Server { registration: RegistrationHandle, address: Option<SocketAddr> },
}

/// The tasks, and what has to be known of their trunks.
pub(super) struct Trunks {
    registrations: Vec<Kept>,
    /// Connections that are being opened, and for whom.
    connecting: HashMap<ConnectionId, RegistrationHandle>,
    news: mpsc::Receiver<News>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// A trunk that registers.
struct Kept {
    trunk: String,
    way: Way,
    wanted: mpsc::Sender<Server>,
    is_registered: bool,
}

/// How to get to a server.
pub(super) struct NextStep {
    pub(super) trunk: String,
    pub(super) way: Way,
}

/// Who may call.
pub(super) fn peers(plans: &[TrunkPlan]) -> Vec<Peer> {
    plans.iter().map(|plan| plan.peer.clone()).collect()
}

/// Those whose audio may come from anywhere.
pub(super) fn behind_nat(plans: &[TrunkPlan]) -> HashSet<String> {
    let peers = plans.iter().map(|plan| &plan.peer).filter(|peer| peer.media.behind_nat);
    peers.map(|peer| peer.name.clone()).collect()
}

/// What the endpoint must know of the registrations, in the order of their handles.
pub(super) fn registrations(plans: &[TrunkPlan]) -> Vec<RegistrationConfig> {
    let registrations = plans.iter().filter_map(|plan| plan.registration.as_ref());
    registrations.map(|registration| registration.config.clone()).collect()
}

impl Trunks {
    /// Starts a task for each trunk that needs one. `listen` is where SIP arrives.
    pub(super) fn start<L: Lookup>(plans: Vec<TrunkPlan>, lookup: &Arc<L>, listen: IpAddr) -> Self {
        let (tell, news) = mpsc::channel(NEWS_QUEUE);
        let mut trunks = Self {
            registrations: Vec::new(),
            connecting: HashMap::new(),
            news,
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
        };
        for plan in plans.into_iter().filter(|plan| !plan.is_static()) {
            let now = Instant::now();
            let TrunkPlan { peer, hosts, transport, registration, .. } = plan;
            let mut names: Vec<Name> =
                hosts.into_iter().map(|host| Name::new(host, transport, now)).collect();
            let registrar = registration.map(|registration| {
                let server = registration.server.clone();
                names.insert(0, Name::new(server, transport, now));
                trunks.keep(&peer.name, registration)
            });
            let keeper = Keeper {
                trunk: peer.name,
                networks: peer.networks,
                names,
                registrar,
                listen,
                lookup: Arc::clone(lookup),
                rng: fresh_rng(),
                news: tell.clone(),
            };
            trunks.tasks.spawn(keeper.run(trunks.stop.clone()));
        }
        trunks
    }

    fn keep(&mut self, trunk: &str, plan: RegistrationPlan) -> Registrar {
        let (wanted, requests) = mpsc::channel(WANTED_QUEUE);
        let registration = RegistrationHandle(self.registrations.len());
        let (trunk, way) = (trunk.to_owned(), plan.way);
        self.registrations.push(Kept { trunk, way, wanted, is_registered: false });
        Registrar { registration, wanted: requests, candidates: Candidates::default() }
    }

    /// Waits for the next news. Never ends when no trunk has to be kept up to date. Dropping the
    /// future loses nothing.
    pub(super) async fn next(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// The endpoint wants the way to a server; [`News::Server`] follows.
    pub(super) fn want(&mut self, registration: RegistrationHandle, server: Server) {
        let Some(kept) = self.registrations.get(registration.0) else { return };
        if kept.wanted.try_send(server).is_err() {
            warn!(trunk = %kept.trunk, "the task of a trunk does not answer");
        }
    }

    /// How the servers of a registrar are spoken to.
    pub(super) fn next_step(&self, registration: RegistrationHandle) -> Option<NextStep> {
        let kept = self.registrations.get(registration.0)?;
        Some(NextStep { trunk: kept.trunk.clone(), way: kept.way.clone() })
    }

    /// A connection is being opened for a registration.
    pub(super) fn connecting(&mut self, connection: ConnectionId, of: RegistrationHandle) {
        self.connecting.insert(connection, of);
    }

    /// A connection stands: whose registration waits for it.
    pub(super) fn connected(&mut self, connection: ConnectionId) -> Option<RegistrationHandle> {
        self.connecting.remove(&connection)
    }

    /// A connection is gone. If a registration waited for it, the next server is asked for.
    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        if let Some(registration) = self.connecting.remove(&connection) {
            self.want(registration, Server::Next);
        }
    }

    /// Says how a registration goes: what changes, at a level that is seen.
    pub(super) fn report(&mut self, registration: RegistrationHandle, event: &RegistrationEvent) {
        let Some(kept) = self.registrations.get_mut(registration.0) else { return };
        let trunk = &kept.trunk;
        match event {
            RegistrationEvent::Registered(Bound { flow, granted, .. }) => {
                let (server, granted) = (flow.remote, granted.as_secs());
                if kept.is_registered {
                    debug!(%trunk, %server, granted, "the registration was renewed");
                } else {
                    info!(%trunk, %server, transport = %flow.transport(), granted, "registered");
                }
                kept.is_registered = true;
            }
            RegistrationEvent::Failed { failure, retry_in } => {
                let retry_in = retry_in.map(|wait| wait.as_secs());
                warn!(%trunk, retry_in, "a registration failed: {failure}");
                kept.is_registered = false;
            }
            RegistrationEvent::Removed => {
                info!(%trunk, "no longer registered");
                kept.is_registered = false;
            }
        }
    }

    /// Ends the tasks.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
