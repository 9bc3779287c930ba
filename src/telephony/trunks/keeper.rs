//! The task of one trunk: knows its addresses, resolves them again in time, and names its registrar's
//! servers one after the other when they are asked for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sip::{RegistrationHandle, Server, Transport};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::News;
use crate::config::Host;
use crate::telephony::names::{Known, Lookup, resolve};

/// Keeps one trunk up to date.
pub(super) struct Keeper<L> {
    pub(super) trunk: String,
    /// Addresses that are always its own.
    pub(super) networks: Vec<IpNet>,
    pub(super) names: Vec<Name>,
    pub(super) registrar: Option<Registrar>,
    /// Where SIP arrives, which says what can be sent where.
    pub(super) listen: IpAddr,
    pub(super) lookup: Arc<L>,
    pub(super) rng: StdRng,
    pub(super) news: mpsc::Sender<News>,
}

/// A name, and what is known of it.
pub(super) struct Name {
    host: Host,
    transport: Transport,
    known: Known,
}

/// The registrar of a trunk: its first name.
pub(super) struct Registrar {
    pub(super) registration: RegistrationHandle,
    /// Requests for a server. The endpoint asks for one at a time.
    pub(super) wanted: mpsc::Receiver<Server>,
    pub(super) candidates: Candidates,
}

/// The servers that are left to be tried, best first.
#[derive(Debug, Default)]
pub(super) struct Candidates(std::vec::IntoIter<SocketAddr>);

impl Name {
    pub(super) fn new(host: Host, transport: Transport, now: std::time::Instant) -> Self {
        Self { host, transport, known: Known::nothing(now) }
    }
}

impl<L: Lookup> Keeper<L> {
    /// Waits on requests for a server and on the end of what was resolved, until `stop` is cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.keep() => {}
        }
    }

    async fn keep(&mut self) {
        loop {
            let look_at = self.names.iter().map(|name| name.known.look_at()).min();
            tokio::select! {
                () = until(look_at) => self.look_up().await,
                Some(server) = wanted(self.registrar.as_mut()) => self.name_server(server).await,
                else => return,
            }
        }
    }

    /// Resolves every name that is due, and tells the addresses if they have changed.
    async fn look_up(&mut self) {
        let mut is_changed = false;
        for name in &mut self.names {
            let now = Instant::now().into_std();
            if now < name.known.look_at() {
                continue;
            }
            let before = sorted(name.known.addresses());
            let answer = resolve(&*self.lookup, &name.host, name.transport, &mut self.rng).await;
            if let Err(error) = name.known.learn(Instant::now().into_std(), answer) {
                let kept = name.known.addresses().len();
                warn!(trunk = %self.trunk, %error, kept, "a name of a trunk can not be resolved");
            }
            is_changed |= sorted(name.known.addresses()) != before;
        }
        if is_changed {
            let trunk = self.trunk.clone();
            self.tell(News::Networks { trunk, networks: self.all_networks() }).await;
        }
    }

    fn all_networks(&self) -> Vec<IpNet> {
        let addresses = self.names.iter().flat_map(|name| name.known.addresses());
        let mut resolved: Vec<IpNet> =
            addresses.map(|address| IpNet::from(address.ip().to_canonical())).collect();
        resolved.sort();
        resolved.dedup();
        self.networks.iter().copied().chain(resolved).collect()
    }

    /// What is due is looked up before.
    async fn name_server(&mut self, server: Server) {
        self.look_up().await;
        let (Some(registrar), Some(name)) = (self.registrar.as_mut(), self.names.first()) else {
            return;
        };
        let address = match server {
            Server::First => {
                registrar.candidates = Candidates::of(name.known.addresses(), self.listen);
                registrar.candidates.0.next()
            }
            Server::Next => registrar.candidates.0.next(),
        };
        let registration = registrar.registration;
        self.tell(News::Server { registration, address }).await;
    }

    async fn tell(&self, news: News) {
        // The event loop is gone only when everything ends.
        let _ = self.news.send(news).await;
    }
}

impl Candidates {
    /// Those that a socket at `listen` can speak to, in the form that it needs.
    fn of(addresses: &[SocketAddr], listen: IpAddr) -> Self {
        let reachable = addresses.iter().filter_map(|address| match (listen, address.ip()) {
            (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => Some(*address),
            // A socket for both families writes IPv4 addresses like this (RFC 4291 §2.5.5.2).
            (IpAddr::V6(ours), IpAddr::V4(peer)) if ours.is_unspecified() => {
                Some(SocketAddr::new(peer.to_ipv6_mapped().into(), address.port()))
            }
            (IpAddr::V6(_), IpAddr::V4(_)) | (IpAddr::V4(_), IpAddr::V6(_)) => None,
        });
        Self(reachable.collect::<Vec<_>>().into_iter())
    }
}

/// The order of an answer changes with each lot that is drawn, which is no news.
fn sorted(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut sorted = addresses.to_vec();
    sorted.sort();
    sorted
}

async fn until(time: Option<std::time::Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

async fn wanted(registrar: Option<&mut Registrar>) -> Option<Server> {
    match registrar {
        Some(registrar) => registrar.wanted.recv().await,
        None => std::future::pending().await,
    }
}

/// Randomness for the lots of SRV records.
pub(super) fn fresh_rng() -> StdRng {
    StdRng::from_rng(&mut rand::rng())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::task::JoinHandle;

    use super::*;
    use crate::telephony::names::tests::Zone;

    struct Bench {
        news: mpsc::Receiver<News>,
        wanted: mpsc::Sender<Server>,
        stop: CancellationToken,
        task: JoinHandle<()>,
    }

    impl Bench {
        /// A keeper of a trunk that registers at example.com, in the family of `listen`.
        fn start(zone: Zone, listen: &str) -> Self {
            let (tell, news) = mpsc::channel(8);
            let (wanted, requests) = mpsc::channel(8);
            let registrar = Registrar {
                registration: RegistrationHandle(3),
                wanted: requests,
                candidates: Candidates::default(),
            };
            let host = "example.com:5060".parse().unwrap();
            let keeper = Keeper {
                trunk: "carrier".to_owned(),
                networks: vec!["198.51.100.0/24".parse().unwrap()],
                names: vec![Name::new(host, Transport::Udp, Instant::now().into_std())],
                registrar: Some(registrar),
                listen: listen.parse().unwrap(),
                lookup: Arc::new(zone),
                rng: fresh_rng(),
                news: tell,
            };
            let stop = CancellationToken::new();
            Self { news, wanted, task: tokio::spawn(keeper.run(stop.clone())), stop }
        }

        async fn server(&mut self, server: Server) -> Option<String> {
            self.wanted.send(server).await.unwrap();
            match self.news.recv().await.unwrap() {
                News::Server { registration: RegistrationHandle(3), address } => {
                    address.map(|address| address.to_string())
                }
                other => panic!("{other:?}"),
            }
        }

        async fn networks(&mut self) -> Vec<String> {
            match self.news.recv().await.unwrap() {
                News::Networks { trunk, networks } if trunk == "carrier" => {
                    networks.iter().map(ToString::to_string).collect()
                }
                other => panic!("{other:?}"),
            }
        }

        async fn end(self) {
            self.stop.cancel();
            self.task.await.unwrap();
        }
    }

    fn zone() -> Zone {
        Zone::default().host("example.com", 60, &["192.0.2.2", "2001:db8::1", "192.0.2.1"])
    }

    #[tokio::test]
    async fn servers_are_named_in_their_order_until_none_is_left_and_then_from_the_first() {
        let mut bench = Bench::start(zone(), "198.51.100.1");
        let expected = ["198.51.100.0/24", "192.0.2.1/32", "192.0.2.2/32", "2001:db8::1/128"];
        assert_eq!(bench.networks().await, expected);
        assert_eq!(bench.server(Server::First).await.as_deref(), Some("192.0.2.2:5060"));
        assert_eq!(bench.server(Server::Next).await.as_deref(), Some("192.0.2.1:5060"));
        assert_eq!(bench.server(Server::Next).await, None);
        assert_eq!(bench.server(Server::First).await.as_deref(), Some("192.0.2.2:5060"));
        bench.end().await;
    }

    #[tokio::test]
    async fn a_socket_for_both_families_gets_addresses_that_it_can_write() {
        let mut bench = Bench::start(zone(), "::");
        bench.networks().await;
        let mut servers = vec![bench.server(Server::First).await.unwrap()];
        while let Some(server) = bench.server(Server::Next).await {
            servers.push(server);
        }
        let expected = ["[::ffff:192.0.2.2]:5060", "[2001:db8::1]:5060", "[::ffff:192.0.2.1]:5060"];
        assert_eq!(servers, expected);
        bench.end().await;
    }

    #[tokio::test]
    async fn a_server_that_is_asked_for_at_once_is_looked_up_before_it_is_named() {
        for _ in 0..20 {
            let mut bench = Bench::start(zone(), "0.0.0.0");
            bench.wanted.send(Server::First).await.unwrap();
            assert_eq!(bench.networks().await.len(), 4);
            let registration = RegistrationHandle(3);
            let address = Some("192.0.2.2:5060".parse().unwrap());
            assert_eq!(bench.news.recv().await, Some(News::Server { registration, address }));
            bench.end().await;
        }
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_has_no_server() {
        let mut bench = Bench::start(Zone::default(), "0.0.0.0");
        assert_eq!(bench.server(Server::First).await, None);
        bench.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_resolved_again_when_its_time_is_over_and_told_only_when_it_changed() {
        let zone = zone().host("example.com", 60, &["192.0.2.9"]);
        let mut bench = Bench::start(zone, "0.0.0.0");
        bench.networks().await;
        let begin = Instant::now();
        assert_eq!(bench.networks().await, ["198.51.100.0/24", "192.0.2.9/32"]);
        assert!(begin.elapsed() >= Duration::from_secs(60), "{:?}", begin.elapsed());
        bench.end().await;
    }
}
