//! Registrations at a small registrar, in virtual time.

mod registrar;

use std::net::SocketAddr;

use rand::{RngExt, SeedableRng};

use super::*;
use crate::message::{self, HeaderName, Message, Request};
use crate::simulation::{Conditions, Parcel, Wire, long_seed, origin};
use crate::{Advertised, Channel, Credentials, Password, StatusCode, Uri};
use registrar::{Behaviour, Registrar};

const OURS: &str = "198.51.100.1:5060";
const CONTACT: &str = "sip:account@198.51.100.1:5060";
const FIRST: &str = "192.0.2.1:5060";
const SECOND: &str = "192.0.2.2:5060";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn udp(text: &str) -> Flow {
    Flow::udp(address(text))
}

fn tcp(connection: u64) -> Flow {
    Flow { remote: address(FIRST), channel: Channel::Tcp(ConnectionId(connection)) }
}

fn credentials(password: &str) -> Credentials {
    Credentials { user: "bob".to_owned(), password: Password::new(password) }
}

fn config() -> RegistrationConfig {
    RegistrationConfig {
        peer: "trunk".to_owned(),
        address_of_record: Uri::parse("sip:account@example.com").unwrap(),
        registrar: Uri::parse("sip:example.com").unwrap(),
        outbound_proxy: None,
        credentials: credentials("zanzibar"),
        realm: None,
        expires: Duration::from_secs(600),
        rewrite_contact: false,
        keep_alive: None,
    }
}

/// A registration, the registrar, and the time. What is sent arrives at once.
struct Bench {
    registration: Registration,
    registrar: Registrar,
    local: Local,
    rng: StdRng,
    now: Instant,
    /// What else came out since it was last looked at.
    happened: Vec<Happened>,
}

#[derive(Debug, PartialEq)]
enum Happened {
    Seeks(Server),
    Event(RegistrationEvent),
    /// Bytes that are no request.
    Sent(Flow, Vec<u8>),
}

fn registered(granted: u64) -> Happened {
    registered_at(udp(FIRST), CONTACT, granted)
}

fn registered_at(flow: Flow, contact: &str, granted: u64) -> Happened {
    Happened::Event(RegistrationEvent::Registered(Bound {
        flow,
        granted: Duration::from_secs(granted),
        contact: Uri::parse(contact).unwrap(),
        service_route: Vec::new(),
    }))
}

fn failed(failure: RegistrationFailure) -> Happened {
    Happened::Event(RegistrationEvent::Failed { failure, retry_in: None })
}

fn refused(code: u16) -> RegistrationFailure {
    RegistrationFailure::Refused(StatusCode::new(code).unwrap())
}

impl Bench {
    fn new(config: RegistrationConfig) -> Self {
        Self::with_seed(config, 1)
    }

    fn with_seed(config: RegistrationConfig, seed: u64) -> Self {
        let now = origin();
        let mut rng = StdRng::from_seed(long_seed(seed));
        let local =
            Local { advertised: Advertised::new(address(OURS)), server_name: "zavud".to_owned() };
        let mut stage = Stage { now, local: &local, rng: &mut rng, effects: Vec::new() };
        let registration = Registration::begin(config, &mut stage);
        assert!(matches!(stage.effects.as_slice(), [Effect::Seek(Server::First)]));
        let registrar = Registrar::new(StdRng::from_seed(rng.random()), now, address(OURS));
        Self { registration, registrar, local, rng, now, happened: Vec::new() }
    }

    /// One that has just registered.
    fn registered(config: RegistrationConfig) -> Self {
        let mut bench = Self::new(config);
        assert_eq!(bench.flow(Some(udp(FIRST))), [registered(600)]);
        bench
    }

    fn flow(&mut self, flow: Option<Flow>) -> Vec<Happened> {
        self.run(|registration, stage| registration.flow(flow, stage))
    }

    fn leave(&mut self) -> Vec<Happened> {
        self.run(Registration::leave)
    }

    fn disconnected(&mut self, connection: u64) -> Vec<Happened> {
        let connection = ConnectionId(connection);
        self.run(|registration, stage| registration.disconnected(connection, stage))
    }

    /// Lets the next timer fire: how long that took, and what happened.
    fn next(&mut self) -> (Duration, Vec<Happened>) {
        let deadline = self.registration.deadline().expect("something has to happen");
        let waited = deadline.saturating_duration_since(self.now);
        self.now = deadline;
        (waited, self.run(Registration::timeout))
    }

    /// Lets timers fire until something happens.
    fn until_something(&mut self) -> (Duration, Vec<Happened>) {
        let begin = self.now;
        loop {
            let (_, happened) = self.next();
            if !happened.is_empty() {
                return (self.now - begin, happened);
            }
        }
    }

    fn run(&mut self, verb: impl FnOnce(&mut Registration, &mut Stage<'_>)) -> Vec<Happened> {
        for (flow, bytes) in self.step(verb) {
            self.arrives(flow, bytes);
        }
        std::mem::take(&mut self.happened)
    }

    fn arrives(&mut self, flow: Flow, bytes: Vec<u8>) {
        if bytes.iter().all(|byte| b"\r\n".contains(byte)) {
            return self.happened.push(Happened::Sent(flow, bytes));
        }
        if let Some(response) = self.registrar.receive(self.now, &bytes) {
            for (flow, bytes) in self.response(&response) {
                self.arrives(flow, bytes);
            }
        }
    }

    fn response(&mut self, bytes: &[u8]) -> Vec<(Flow, Vec<u8>)> {
        let Ok(Message::Response(response)) = message::parse(bytes) else {
            panic!("no response: {}", bytes.escape_ascii())
        };
        if response.essentials.via.unique_branch() != self.registration.branch() {
            return Vec::new();
        }
        self.step(|registration, stage| registration.response(&response, stage))
    }

    /// Takes a step, notes what happened, and returns what is to be sent.
    fn step(
        &mut self,
        verb: impl FnOnce(&mut Registration, &mut Stage<'_>),
    ) -> Vec<(Flow, Vec<u8>)> {
        let (now, local, rng) = (self.now, &self.local, &mut self.rng);
        let mut stage = Stage { now, local, rng, effects: Vec::new() };
        verb(&mut self.registration, &mut stage);
        let mut sent = Vec::new();
        for effect in stage.effects {
            match effect {
                Effect::Transmit { flow, bytes } => sent.push((flow, bytes)),
                Effect::Seek(server) => self.happened.push(Happened::Seeks(server)),
                Effect::Event(event) => self.happened.push(Happened::Event(event)),
            }
        }
        sent
    }

    fn last_request(&self) -> &Request {
        self.registrar.requests.last().expect("a request")
    }

    fn headers(&self, name: &HeaderName) -> Vec<String> {
        let lines = self.last_request().headers.lines(name);
        lines.map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
    }
}

#[test]
fn a_register_says_who_we_are_where_and_for_how_long() {
    let proxy = Uri::parse("sip:proxy.example.com;lr").unwrap();
    let bench = Bench::registered(RegistrationConfig { outbound_proxy: Some(proxy), ..config() });
    let request = bench.last_request();
    assert_eq!(request.method.as_str(), "REGISTER");
    assert_eq!(request.uri.as_str(), "sip:example.com");
    assert_eq!(request.essentials.to.as_bytes(), b"<sip:account@example.com>");
    assert_eq!(request.essentials.from.uri(), request.essentials.to.uri());
    assert!(request.essentials.from.tag().is_some());
    for (name, value) in [
        (HeaderName::Contact, "<sip:account@198.51.100.1:5060>;expires=600"),
        (HeaderName::Expires, "600"),
        (HeaderName::Route, "<sip:proxy.example.com;lr>"),
        (HeaderName::Supported, "path"),
        (HeaderName::UserAgent, "zavud"),
    ] {
        assert_eq!(bench.headers(&name), [value]);
    }
    assert_eq!(bench.registrar.bound(bench.now), [CONTACT]);
}

#[test]
fn all_registers_share_a_call_id_and_count_on() {
    let mut bench = Bench::registered(config());
    for _ in 0..5 {
        assert_eq!(bench.until_something().1, [registered(600)]);
    }
    assert_eq!(bench.leave(), [Happened::Event(RegistrationEvent::Removed)]);
    let numbers: Vec<u32> =
        bench.registrar.requests.iter().map(|one| one.essentials.cseq.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    let first = &bench.registrar.requests[0].essentials;
    let same = |one: &Request| {
        (&one.essentials.call_id, &one.essentials.from) == (&first.call_id, &first.from)
    };
    assert!(bench.registrar.requests.iter().all(same));
}

#[test]
fn a_binding_is_renewed_after_half_to_four_fifths_of_what_was_granted() {
    let mut bench = Bench::new(config());
    bench.registrar.longest = Duration::from_secs(100);
    assert_eq!(bench.flow(Some(udp(FIRST))), [registered(100)]);
    let mut waits = Vec::new();
    for _ in 0..50 {
        let (waited, happened) = bench.next();
        assert_eq!(happened, [registered(100)]);
        waits.push(waited);
    }
    let allowed = Duration::from_secs(50)..=Duration::from_secs(80);
    assert!(waits.iter().all(|wait| allowed.contains(wait)), "{waits:?}");
    assert_ne!(waits[0], waits[1]);
}

#[test]
fn the_granted_time_is_read_wherever_a_registrar_writes_it() {
    let ours = Uri::parse("sip:account@198.51.100.1:5060;transport=tcp").unwrap();
    let asked = Duration::from_secs(600);
    for (contacts, expires, seconds) in [
        (&["<sip:account@198.51.100.1:5060>;expires=60"][..], Some("90"), 60),
        (&["<sip:x@a>;expires=7, <sip:account@198.51.100.1:5060>"], Some("90"), 90),
        (&["<sip:x@a>;expires=7", "<sip:y@a>;expires=8"], Some("90"), 90),
        (&["<sip:rewritten@192.0.2.9>;expires=70"], Some("90"), 70),
        (&["<sip:account@198.51.100.1:5060>;expires=abc"], None, 600),
        (&["<sip:account@198.51.100.1:5060>;expires=4294967295"], None, 86_400),
        (&["<sip:account@198.51.100.1:5060>;expires=99999999999"], Some("60"), 60),
        (&["<sip:account@198.51.100.1:5060>;expires=0"], Some("60"), 0),
        (&["\u{fffd}"], None, 600),
        (&[], Some("90"), 90),
        (&[], None, 600),
    ] {
        let request = Bench::registered(config()).last_request().clone();
        let response =
            message::Response::to(&request.essentials, address(OURS), StatusCode::OK, Some(b"t"));
        let response = contacts.iter().fold(response, |response, contact| {
            response.with(HeaderName::Contact, contact.as_bytes())
        });
        let response = match expires {
            Some(seconds) => response.with(HeaderName::Expires, seconds),
            None => response,
        };
        let granted = reading::granted(&response, &ours, asked);
        assert_eq!(granted, Duration::from_secs(seconds), "{contacts:?} {expires:?}");
    }
}

#[test]
fn a_423_is_answered_once_with_the_time_the_registrar_wants() {
    let mut bench = Bench::new(config());
    bench.registrar.shortest = Duration::from_secs(1_800);
    bench.registrar.longest = Duration::from_secs(1_800);
    assert_eq!(bench.flow(Some(udp(FIRST))), [registered(1_800)]);
    assert_eq!(bench.registrar.requests.len(), 2);
    // It knows from then on.
    assert_eq!(bench.next().1, [registered(1_800)]);
    assert_eq!(bench.registrar.requests.len(), 3);
    // One that always wants more is not followed.
    bench.registrar.shortest = Duration::from_secs(2_000);
    bench.registrar.longest = Duration::from_secs(1_000);
    let (_, happened) = bench.next();
    let [Happened::Event(RegistrationEvent::Failed { failure, retry_in: Some(_) })] =
        happened.as_slice()
    else {
        panic!("{happened:?}")
    };
    assert_eq!(*failure, refused(423));
    assert_eq!(bench.registrar.requests.len(), 5);
}

#[test]
fn a_challenge_is_answered_and_the_next_refresh_is_not_challenged_again() {
    let mut bench = Bench::new(config());
    bench.registrar.users = vec![credentials("zanzibar")];
    bench.registrar.longest = Duration::from_secs(60);
    assert_eq!(bench.flow(Some(udp(FIRST))), [registered(60)]);
    assert_eq!(bench.registrar.requests.len(), 2);
    assert!(bench.headers(&HeaderName::Authorization)[0].contains("nc=00000001"));
    assert_eq!(bench.next().1, [registered(60)]);
    assert_eq!(bench.registrar.requests.len(), 3);
    assert!(bench.headers(&HeaderName::Authorization)[0].contains("nc=00000002"));
    // A nonce of the test's registrar lives for a minute: the next one is stale.
    assert_eq!(bench.next().1, [registered(60)]);
    assert_eq!(bench.registrar.requests.len(), 5);
    assert!(bench.headers(&HeaderName::Authorization)[0].contains("nc=00000001"));
}

#[test]
fn wrong_credentials_and_refusals_that_stay_are_tried_again_slowly() {
    let slow = Duration::from_secs(600)..=Duration::from_secs(1_200);
    let mut wrong_password = Bench::new(config());
    wrong_password.registrar.users = vec![credentials("another")];
    let mut benches = vec![(wrong_password, 401, 2)];
    for code in [403, 404, 302, 420, 600] {
        let mut bench = Bench::new(config());
        bench.registrar.behaviour = Behaviour::Refuses(code, None);
        benches.push((bench, code, 1));
    }
    for (mut bench, code, requests) in benches {
        let happened = bench.flow(Some(udp(FIRST)));
        let [Happened::Event(RegistrationEvent::Failed { failure, retry_in: Some(wait) })] =
            happened.as_slice()
        else {
            panic!("{happened:?}")
        };
        assert_eq!(*failure, refused(code));
        assert_eq!(bench.registrar.requests.len(), requests, "{code}");
        assert!(slow.contains(wait), "{wait:?}");
        assert_eq!(bench.next(), (*wait, vec![Happened::Seeks(Server::First)]));
    }
}

#[test]
fn a_server_that_is_silent_or_in_trouble_is_passed_over() {
    let mut bench = Bench::new(config());
    bench.registrar.behaviour = Behaviour::Silent;
    assert_eq!(bench.flow(Some(udp(FIRST))), []);
    let no_response = [failed(RegistrationFailure::NoResponse), Happened::Seeks(Server::Next)];
    assert_eq!(bench.until_something(), (Duration::from_secs(32), no_response.into()));
    assert_eq!(bench.registrar.requests.len(), 11);
    for code in [408, 500, 503, 504] {
        bench.registrar.behaviour = Behaviour::Refuses(code, None);
        assert_eq!(
            bench.flow(Some(udp(FIRST))),
            [failed(refused(code)), Happened::Seeks(Server::Next)]
        );
    }
    bench.registrar.behaviour = Behaviour::Proper;
    assert_eq!(bench.flow(Some(udp(SECOND))), [registered_at(udp(SECOND), CONTACT, 600)]);
}

/// How long the next attempt waits when no server is left.
fn wait_without_servers(bench: &mut Bench) -> Duration {
    let happened = bench.flow(None);
    let [Happened::Event(RegistrationEvent::Failed { failure, retry_in: Some(wait) })] =
        happened.as_slice()
    else {
        panic!("{happened:?}")
    };
    assert_eq!(*failure, RegistrationFailure::NoServer);
    let (waited, happened) = bench.next();
    assert_eq!((waited, happened), (*wait, vec![Happened::Seeks(Server::First)]));
    waited
}

#[test]
fn without_a_server_the_wait_doubles_and_a_binding_that_lasts_resets_it() {
    let mut bench = Bench::new(config());
    for longest in [30, 60, 120, 240] {
        let wait = wait_without_servers(&mut bench).as_secs_f64();
        assert!((f64::from(longest) / 2.0..=f64::from(longest)).contains(&wait), "{wait}");
    }
    assert_eq!(bench.flow(Some(udp(FIRST))), [registered(600)]);
    assert_eq!(bench.next().1, [registered(600)]);
    bench.registrar.behaviour = Behaviour::Refuses(503, None);
    assert_eq!(bench.next().1, [failed(refused(503)), Happened::Seeks(Server::Next)]);
    assert!(wait_without_servers(&mut bench) <= Duration::from_secs(30));
}

#[test]
fn retry_after_of_a_503_is_kept_when_no_other_server_is_left() {
    for (value, seconds) in [("300 (busy);duration=9", 300), ("99999", 3_600)] {
        let mut bench = Bench::new(config());
        bench.registrar.behaviour = Behaviour::Refuses(503, Some(value));
        assert_eq!(
            bench.flow(Some(udp(FIRST))),
            [failed(refused(503)), Happened::Seeks(Server::Next)]
        );
        assert_eq!(wait_without_servers(&mut bench), Duration::from_secs(seconds), "{value}");
    }
}

#[test]
fn behind_a_nat_the_contact_becomes_what_the_registrar_sees_and_the_old_one_goes() {
    let mut bench = Bench::new(RegistrationConfig { rewrite_contact: true, ..config() });
    bench.registrar.seen_from = address("203.0.113.5:40000");
    let seen = "sip:account@203.0.113.5:40000";
    assert_eq!(bench.flow(Some(udp(FIRST))), [registered_at(udp(FIRST), seen, 600)]);
    assert_eq!(bench.registrar.bound(bench.now), [seen]);
    assert_eq!(bench.registrar.requests.len(), 2);
    // The NAT gives us another port: the next refresh finds out.
    bench.registrar.seen_from = address("203.0.113.5:40001");
    let seen = "sip:account@203.0.113.5:40001";
    assert_eq!(bench.next().1, [registered_at(udp(FIRST), seen, 600)]);
    assert_eq!(bench.registrar.bound(bench.now), [seen]);
    assert_eq!(bench.leave(), [Happened::Event(RegistrationEvent::Removed)]);
    assert_eq!(bench.registrar.bound(bench.now), [""; 0]);
}

#[test]
fn a_challenge_already_tells_the_contact_behind_a_nat() {
    let mut bench = Bench::new(RegistrationConfig { rewrite_contact: true, ..config() });
    bench.registrar.users = vec![credentials("zanzibar")];
    bench.registrar.seen_from = address("203.0.113.5:40000");
    let seen = "sip:account@203.0.113.5:40000";
    assert_eq!(bench.flow(Some(udp(FIRST))), [registered_at(udp(FIRST), seen, 600)]);
    assert_eq!(bench.registrar.requests.len(), 2);
}

#[test]
fn a_nat_is_kept_open_with_line_ends_between_two_refreshes() {
    let keep_alive = Some(Duration::from_secs(100));
    let mut bench = Bench::registered(RegistrationConfig { keep_alive, ..config() });
    let line_ends = || Happened::Sent(udp(FIRST), b"\r\n\r\n".to_vec());
    let (waited, happened): (Vec<_>, Vec<_>) = (0..3).map(|_| bench.next()).unzip();
    assert_eq!(waited, [Duration::from_secs(100); 3]);
    assert_eq!(happened, [[line_ends()], [line_ends()], [line_ends()]]);
}

#[test]
fn a_connection_that_stood_for_long_is_opened_again_at_once_and_a_young_one_later() {
    let mut bench = Bench::new(config());
    let contact = "sip:account@198.51.100.1:5060;transport=tcp";
    assert_eq!(bench.flow(Some(tcp(1))), [registered_at(tcp(1), contact, 600)]);
    assert_eq!(bench.disconnected(7), []);
    bench.now += Duration::from_secs(120);
    assert_eq!(
        bench.disconnected(1),
        [failed(RegistrationFailure::Disconnected), Happened::Seeks(Server::First)]
    );
    assert_eq!(bench.flow(Some(tcp(2))), [registered_at(tcp(2), contact, 600)]);
    bench.now += Duration::from_secs(1);
    let happened = bench.disconnected(2);
    let [Happened::Event(RegistrationEvent::Failed { failure, retry_in: Some(wait) })] =
        happened.as_slice()
    else {
        panic!("{happened:?}")
    };
    assert_eq!(*failure, RegistrationFailure::Disconnected);
    assert_eq!(bench.next(), (*wait, vec![Happened::Seeks(Server::First)]));
}

#[test]
fn a_connection_that_breaks_while_the_response_is_awaited_leads_to_the_next_server() {
    let mut bench = Bench::new(config());
    bench.registrar.behaviour = Behaviour::Silent;
    assert_eq!(bench.flow(Some(tcp(1))), []);
    assert_eq!(
        bench.disconnected(1),
        [failed(RegistrationFailure::Disconnected), Happened::Seeks(Server::Next)]
    );
}

#[test]
fn leaving_takes_the_binding_away_and_says_when_it_is_gone() {
    let removed = Happened::Event(RegistrationEvent::Removed);
    let mut bench = Bench::registered(config());
    bench.registrar.users = vec![credentials("zanzibar")];
    assert_eq!(bench.leave(), [removed]);
    assert_eq!(bench.headers(&HeaderName::Expires), ["0"]);
    assert_eq!(bench.headers(&HeaderName::Contact), [format!("<{CONTACT}>;expires=0")]);
    assert_eq!(bench.registrar.bound(bench.now), [""; 0]);
    assert_eq!((bench.registration.is_over(), bench.registration.deadline()), (true, None));
    assert_eq!(bench.leave(), []);
}

#[test]
fn leaving_ends_in_every_state() {
    let removed = || Happened::Event(RegistrationEvent::Removed);
    // No server is known yet.
    assert_eq!(Bench::new(config()).leave(), [removed()]);
    // It waits.
    let mut bench = Bench::new(config());
    bench.flow(None);
    assert_eq!(bench.leave(), [removed()]);
    // A request is out, which may bind something yet.
    let mut bench = Bench::new(config());
    bench.registrar.behaviour = Behaviour::Silent;
    bench.flow(Some(udp(FIRST)));
    assert_eq!(bench.leave(), []);
    bench.registrar.behaviour = Behaviour::Proper;
    assert_eq!(bench.until_something().1, [removed()]);
    assert_eq!(bench.registrar.bound(bench.now), [""; 0]);
    // Nobody answers any more.
    let mut bench = Bench::registered(config());
    bench.registrar.behaviour = Behaviour::Silent;
    assert_eq!(bench.leave(), []);
    let (waited, happened) = bench.until_something();
    assert_eq!(waited, Duration::from_secs(32));
    assert_eq!(happened, [failed(RegistrationFailure::NoResponse), removed()]);
    assert!(bench.registration.is_over());
}

#[test]
fn a_service_route_is_handed_on() {
    let mut bench = Bench::new(config());
    bench.registrar.behaviour = Behaviour::Silent;
    bench.flow(Some(udp(FIRST)));
    let request = bench.last_request().clone();
    let response = message::Response::to(&request.essentials, address(OURS), StatusCode::OK, None)
        .with(HeaderName::ServiceRoute, "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>");
    bench.response(&response.to_bytes());
    let [Happened::Event(RegistrationEvent::Registered(bound))] = bench.happened.as_slice() else {
        panic!("{:?}", bench.happened)
    };
    let routes: Vec<&str> = bound.service_route.iter().map(Uri::as_str).collect();
    assert_eq!(routes, ["sip:p1.example.com;lr", "sip:p2.example.com;lr"]);
}

/// Two hours of a bad network. What is bound stays bound, and nothing stays behind.
#[test]
fn a_binding_outlives_a_network_that_loses_a_third_and_is_gone_afterwards() {
    for seed in 0..100 {
        let keep_alive = Some(Duration::from_secs(30));
        let config = RegistrationConfig { keep_alive, rewrite_contact: true, ..config() };
        let mut bench = Bench::with_seed(config, seed);
        bench.registrar.users = vec![credentials("zanzibar")];
        bench.registrar.longest = Duration::from_secs(300);
        bench.registrar.seen_from = address("203.0.113.5:40000");
        let mut wire = Wire::new(
            seed,
            Conditions {
                loss: 0.33,
                duplication: 0.1,
                shortest_delay: Duration::from_millis(5),
                longest_delay: Duration::from_millis(400),
            },
        );
        let begin = bench.now;
        let sent = bench.step(|registration, stage| registration.flow(Some(udp(FIRST)), stage));
        post(&mut wire, bench.now, sent);
        let mut left = false;
        while !bench.registration.is_over() {
            let next = wire.next_arrival().into_iter().chain(bench.registration.deadline()).min();
            bench.now = next.expect("it goes on until it is over").max(bench.now);
            pass_on(&mut bench, &mut wire);
            // Eleven losses in a row happen. There is only this one server.
            if let State::Seeking = bench.registration.state {
                let sent = bench.step(|one, stage| one.flow(Some(udp(FIRST)), stage));
                post(&mut wire, bench.now, sent);
            }
            let is_registered = matches!(bench.registration.state, State::Registered(_));
            let bound = bench.registrar.bound(bench.now);
            assert!(!is_registered || bound == ["sip:account@203.0.113.5:40000"], "seed {seed}");
            if !left && bench.now >= begin + Duration::from_secs(7_200) {
                left = true;
                let sent = bench.step(Registration::leave);
                post(&mut wire, bench.now, sent);
            }
        }
        assert_eq!(bench.registrar.bound(bench.now), [""; 0], "seed {seed}");
        let removed = Happened::Event(RegistrationEvent::Removed);
        assert_eq!(bench.happened.last(), Some(&removed), "seed {seed}");
    }
}

fn post(wire: &mut Wire, now: Instant, sent: Vec<(Flow, Vec<u8>)>) {
    for (flow, bytes) in sent {
        wire.send(now, Parcel { source: address(OURS), destination: flow.remote, bytes });
    }
}

/// Delivers what has arrived, and lets timers fire.
fn pass_on(bench: &mut Bench, wire: &mut Wire) {
    while let Some(Parcel { destination, bytes, .. }) = wire.receive(bench.now) {
        if destination == address(OURS) {
            let sent = bench.response(&bytes);
            post(wire, bench.now, sent);
        } else if let Some(bytes) = bench.registrar.receive(bench.now, &bytes) {
            let (source, destination) = (destination, address(OURS));
            wire.send(bench.now, Parcel { source, destination, bytes });
        }
    }
    if bench.registration.deadline().is_some_and(|deadline| bench.now >= deadline) {
        let sent = bench.step(Registration::timeout);
        post(wire, bench.now, sent);
    }
}
