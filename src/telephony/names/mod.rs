//! Names of SIP servers to their addresses, in the order they are to be tried (RFC 3263 §4): SRV by
//! priority and weight, then A and AAAA. Asks a [`Lookup`], so that what is decided here is tested
//! without a network; [`system`] is the real one.

pub(super) mod system;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rand::{Rng, RngExt};
use sip::Transport;

use crate::config::{Host, HostName};

/// Addresses of one server name that are used. Beyond them the answer is a mistake, or an attack.
const MOST_ADDRESSES: usize = 16;

/// An answer is used for as long as its TTL says, but not shorter and not longer than this.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);
const LONGEST_LIFE: Duration = Duration::from_secs(3_600);

/// Where names are looked up.
pub(super) trait Lookup: Send + Sync + 'static {
    /// SRV records of a whole name, such as `_sip._udp.example.com.`.
    fn srv(&self, name: &str) -> impl Future<Output = Result<Found<Srv>, LookupError>> + Send;

    /// A and AAAA records of a host.
    fn addresses(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Found<IpAddr>, LookupError>> + Send;
}

/// Records, and how long they are good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) records: Vec<T>,
    pub(super) valid_for: Duration,
}

/// A record of RFC 2782.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Srv {
    pub(super) priority: u16,
    pub(super) weight: u16,
    pub(super) port: u16,
    /// Empty when the service is decidedly not there.
    pub(super) target: String,
}

/// Why a name has no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LookupError {
    /// So says whoever is responsible for it.
    #[error("there is no such name")]
    NotThere,
    /// Nobody could say.
    #[error("{0}")]
    Failed(String),
}

/// Why a server has no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    #[error("{host} does not resolve: {reason}")]
    Addresses { host: String, reason: LookupError },
    /// RFC 3263 §4.2 leaves no way round this: A records might be of a server for something else.
    #[error(
        "{service} does not resolve: {reason}; with a port behind the host it is not asked for"
    )]
    Service { service: String, reason: LookupError },
    #[error("{host} offers no SIP over {transport}, so say its SRV records")]
    NotOffered { host: String, transport: Transport },
}

/// Finds the addresses of a server, best first. Of records of the same priority the one that is tried
/// first is chosen by weight and chance.
pub(super) async fn resolve(
    lookup: &impl Lookup,
    host: &Host,
    transport: Transport,
    rng: &mut (impl Rng + Send),
) -> Result<Found<SocketAddr>, Unresolved> {
    let default_port = match transport {
        Transport::Udp | Transport::Tcp => 5_060,
        Transport::Tls => 5_061,
    };
    let name = match &host.name {
        HostName::Address(address) => {
            let address = SocketAddr::new(*address, host.port.unwrap_or(default_port));
            return Ok(Found { records: vec![address], valid_for: LONGEST_LIFE });
        }
        HostName::Domain(name) => name,
    };
    if let Some(port) = host.port {
        return addresses(lookup, name, port).await;
    }
    let service = match transport {
        Transport::Udp => format!("_sip._udp.{name}."),
        Transport::Tcp => format!("_sip._tcp.{name}."),
        Transport::Tls => format!("_sips._tcp.{name}."),
    };
    match lookup.srv(&service).await {
        Ok(Found { records, .. }) if records.iter().any(|srv| srv.target.is_empty()) => {
            Err(Unresolved::NotOffered { host: name.clone(), transport })
        }
        Ok(Found { records, valid_for }) if !records.is_empty() => {
            let services = Found { records: in_order(records, rng), valid_for };
            addresses_of_services(lookup, services).await
        }
        Ok(_) | Err(LookupError::NotThere) => addresses(lookup, name, default_port).await,
        Err(reason) => Err(Unresolved::Service { service, reason }),
    }
}

/// The addresses of all targets, in their order. A target that does not resolve is passed over, as
/// long as another one does.
async fn addresses_of_services(
    lookup: &impl Lookup,
    services: Found<Srv>,
) -> Result<Found<SocketAddr>, Unresolved> {
    let mut all = Found { records: Vec::new(), valid_for: services.valid_for };
    let mut problem = None;
    for Srv { port, target, .. } in services.records {
        match addresses(lookup, &target, port).await {
            Ok(found) => {
                all.valid_for = all.valid_for.min(found.valid_for);
                for address in found.records {
                    if !all.records.contains(&address) {
                        all.records.push(address);
                    }
                }
            }
            Err(error) => problem = Some(error),
        }
        if all.records.len() >= MOST_ADDRESSES {
            break;
        }
    }
    all.records.truncate(MOST_ADDRESSES);
    match problem {
        Some(problem) if all.records.is_empty() => Err(problem),
        Some(_) | None => Ok(all),
    }
}

async fn addresses(
    lookup: &impl Lookup,
    host: &str,
    port: u16,
) -> Result<Found<SocketAddr>, Unresolved> {
    let unresolved = |reason| Unresolved::Addresses { host: host.to_owned(), reason };
    let Found { records, valid_for } = lookup.addresses(host).await.map_err(unresolved)?;
    if records.is_empty() {
        return Err(unresolved(LookupError::NotThere));
    }
    let records = records.into_iter().take(MOST_ADDRESSES);
    Ok(Found { records: records.map(|ip| SocketAddr::new(ip, port)).collect(), valid_for })
}

/// The order of RFC 2782: by priority, and within one by lot, in which a weight is the number of
/// tickets.
fn in_order(mut left: Vec<Srv>, rng: &mut impl Rng) -> Vec<Srv> {
    // Those without weight first, so that they win only when the lot is the very lowest.
    left.sort_by_key(|srv| (srv.priority, srv.weight != 0));
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let priority = first.priority;
        let rivals = left.iter().take_while(|srv| srv.priority == priority);
        let tickets: u32 = rivals.clone().map(|srv| u32::from(srv.weight)).sum();
        let lot = rng.random_range(0..=tickets);
        let mut running = 0;
        let winner = rivals.enumerate().find(|(_, srv)| {
            running += u32::from(srv.weight);
            running >= lot
        });
        let position = winner.map_or(0, |(position, _)| position);
        ordered.push(left.remove(position));
    }
    ordered
}

/// What is known of a name, and until when. A lookup that fails does not make it forgotten: a name
/// server in trouble must not take a trunk down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    addresses: Vec<SocketAddr>,
    look_at: Instant,
}

impl Known {
    /// Nothing yet; to be looked up now.
    pub(super) fn nothing(now: Instant) -> Self {
        Self { addresses: Vec::new(), look_at: now }
    }

    /// The last good answer.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// When it is to be looked up again.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// Takes in the answer of a lookup; the error comes back, to be told.
    pub(super) fn learn(
        &mut self,
        now: Instant,
        answer: Result<Found<SocketAddr>, Unresolved>,
    ) -> Result<(), Unresolved> {
        self.look_at = now + SHORTEST_LIFE;
        let found = answer?;
        self.look_at = now + found.valid_for.clamp(SHORTEST_LIFE, LONGEST_LIFE);
        self.addresses = found.records;
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// A name server of the test's own; a name that is not in it is not there.
    #[derive(Debug, Default)]
    pub(in crate::telephony) struct Zone {
        services: HashMap<String, Result<Found<Srv>, LookupError>>,
        /// One answer after the other; the last one stays.
        hosts: HashMap<String, Vec<Found<IpAddr>>>,
        asked: Mutex<HashMap<String, usize>>,
    }

    impl Lookup for Zone {
        async fn srv(&self, name: &str) -> Result<Found<Srv>, LookupError> {
            self.services.get(name).cloned().unwrap_or(Err(LookupError::NotThere))
        }

        async fn addresses(&self, name: &str) -> Result<Found<IpAddr>, LookupError> {
            let answers = self.hosts.get(name).ok_or(LookupError::NotThere)?;
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry(name.to_owned()).or_default();
            let answer = &answers[(*times).min(answers.len() - 1)];
            *times += 1;
            Ok(answer.clone())
        }
    }

    impl Zone {
        /// An answer for a host; a second one is given from the second time on.
        pub(in crate::telephony) fn host(
            mut self,
            name: &str,
            seconds: u64,
            addresses: &[&str],
        ) -> Self {
            let records = addresses.iter().map(|address| address.parse().unwrap()).collect();
            let found = Found { records, valid_for: Duration::from_secs(seconds) };
            self.hosts.entry(name.to_owned()).or_default().push(found);
            self
        }

        fn service(mut self, name: &str, seconds: u64, records: &[(u16, u16, u16, &str)]) -> Self {
            let records = records
                .iter()
                .map(|(priority, weight, port, target)| srv(*priority, *weight, *port, target));
            let found =
                Found { records: records.collect(), valid_for: Duration::from_secs(seconds) };
            self.services.insert(name.to_owned(), Ok(found));
            self
        }

        async fn find(
            &self,
            host: &str,
            transport: Transport,
        ) -> Result<(Vec<String>, u64), Unresolved> {
            let mut rng = StdRng::seed_from_u64(1);
            let found = resolve(self, &host.parse().unwrap(), transport, &mut rng).await?;
            let addresses = found.records.iter().map(ToString::to_string).collect();
            Ok((addresses, found.valid_for.as_secs()))
        }
    }

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
        Srv { priority, weight, port, target: target.to_owned() }
    }

    fn found(addresses: &[&str], seconds: u64) -> Result<(Vec<String>, u64), Unresolved> {
        Ok((addresses.iter().map(|one| (*one).to_owned()).collect(), seconds))
    }

    #[tokio::test]
    async fn an_address_is_not_looked_up_and_a_port_saves_the_question_for_srv() {
        let zone = Zone::default()
            .service("_sip._udp.example.com.", 60, &[(1, 1, 5070, "a.example.com")])
            .host("example.com", 60, &["192.0.2.1", "2001:db8::1"]);
        assert_eq!(zone.find("192.0.2.9", Transport::Udp).await, found(&["192.0.2.9:5060"], 3_600));
        assert_eq!(zone.find("[::1]", Transport::Tls).await, found(&["[::1]:5061"], 3_600));
        assert_eq!(
            zone.find("example.com:5080", Transport::Udp).await,
            found(&["192.0.2.1:5080", "[2001:db8::1]:5080"], 60)
        );
    }

    #[tokio::test]
    async fn srv_records_of_the_transport_come_by_priority_with_the_shortest_ttl() {
        let services = [(20, 0, 5080, "b.example.com"), (10, 0, 5070, "a.example.com")];
        let zone = Zone::default()
            .service("_sip._udp.example.com.", 300, &services)
            .service("_sips._tcp.example.com.", 300, &[(1, 1, 5081, "b.example.com")])
            .host("a.example.com", 200, &["192.0.2.1", "192.0.2.2"])
            .host("b.example.com", 100, &["192.0.2.3"])
            .host("example.com", 400, &["192.0.2.4"]);
        assert_eq!(
            zone.find("example.com", Transport::Udp).await,
            found(&["192.0.2.1:5070", "192.0.2.2:5070", "192.0.2.3:5080"], 100)
        );
        assert_eq!(zone.find("example.com", Transport::Tls).await, found(&["192.0.2.3:5081"], 100));
        // No records for TCP: the name itself.
        assert_eq!(zone.find("example.com", Transport::Tcp).await, found(&["192.0.2.4:5060"], 400));
    }

    #[tokio::test]
    async fn a_target_that_does_not_resolve_is_passed_over_unless_it_is_the_last() {
        let services = [(1, 0, 5070, "gone.example.com"), (2, 0, 5080, "b.example.com")];
        let zone = Zone::default().service("_sip._udp.example.com.", 300, &services);
        let gone = Unresolved::Addresses {
            host: "b.example.com".to_owned(),
            reason: LookupError::NotThere,
        };
        assert_eq!(zone.find("example.com", Transport::Udp).await, Err(gone));
        let zone = zone.host("b.example.com", 100, &["192.0.2.3"]);
        assert_eq!(zone.find("example.com", Transport::Udp).await, found(&["192.0.2.3:5080"], 100));
    }

    #[tokio::test]
    async fn a_service_that_is_not_offered_or_can_not_be_asked_for_is_no_service() {
        let mut zone = Zone::default()
            .service("_sip._udp.example.com.", 300, &[(0, 0, 0, "")])
            .host("example.com", 60, &["192.0.2.1"]);
        let failed = LookupError::Failed("timeout".to_owned());
        zone.services.insert("_sip._tcp.example.com.".to_owned(), Err(failed.clone()));
        let host = "example.com".to_owned();
        let transport = Transport::Udp;
        assert_eq!(
            zone.find("example.com", transport).await,
            Err(Unresolved::NotOffered { host, transport })
        );
        let service = "_sip._tcp.example.com.".to_owned();
        assert_eq!(
            zone.find("example.com", Transport::Tcp).await,
            Err(Unresolved::Service { service, reason: failed })
        );
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut() {
        let many: Vec<String> = (0..100).map(|last| format!("192.0.2.{last}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let services: Vec<_> = (0..100).map(|port| (port, 0, 1 + port, "example.com")).collect();
        let zone = Zone::default().service("_sip._udp.example.com.", 60, &services).host(
            "example.com",
            60,
            &many,
        );
        for host in ["example.com", "example.com:5060"] {
            let (addresses, _) = zone.find(host, Transport::Udp).await.unwrap();
            assert_eq!(addresses.len(), MOST_ADDRESSES, "{host}");
        }
    }

    #[test]
    fn weight_is_the_share_of_first_places_and_priority_comes_before_it() {
        let mut rng = StdRng::seed_from_u64(7);
        let records =
            [srv(2, 100, 4, "d"), srv(1, 0, 1, "a"), srv(1, 30, 2, "b"), srv(1, 70, 3, "c")];
        let mut first: HashMap<u16, u32> = HashMap::new();
        for _ in 0..10_000 {
            let ordered = in_order(records.to_vec(), &mut rng);
            assert_eq!((ordered.len(), ordered[3].port), (4, 4));
            *first.entry(ordered[0].port).or_default() += 1;
        }
        let share = |port: u16| first.get(&port).copied().unwrap_or_default();
        assert!((50..=200).contains(&share(1)), "{first:?}");
        assert!((2_800..=3_200).contains(&share(2)), "{first:?}");
        assert!((6_700..=7_100).contains(&share(3)), "{first:?}");
    }

    #[test]
    fn a_name_is_looked_up_again_when_its_ttl_ends_within_bounds() {
        let now = Instant::now();
        let mut known = Known::nothing(now);
        assert_eq!((known.look_at(), known.addresses()), (now, &[][..]));
        for (seconds, expected) in [(0, 30), (300, 300), (1_000_000, 3_600)] {
            let found = Found { records: Vec::new(), valid_for: Duration::from_secs(seconds) };
            known.learn(now, Ok(found)).unwrap();
            assert_eq!(known.look_at(), now + Duration::from_secs(expected));
        }
    }

    #[test]
    fn a_failed_lookup_keeps_the_last_good_answer_and_is_tried_again_soon() {
        let now = Instant::now();
        let mut known = Known::nothing(now);
        let addresses: Vec<SocketAddr> = vec!["192.0.2.1:5060".parse().unwrap()];
        let answer = Found { records: addresses.clone(), valid_for: Duration::from_secs(3_000) };
        known.learn(now, Ok(answer)).unwrap();
        let failed = Unresolved::Addresses { host: "a".to_owned(), reason: LookupError::NotThere };
        assert_eq!(known.learn(now, Err(failed.clone())), Err(failed));
        assert_eq!(known.addresses(), addresses);
        assert_eq!(known.look_at(), now + Duration::from_secs(30));
    }
}
