//! An endpoint with a trunk that registers. What a registration does by itself is tested with it;
//! here is what it has to do with everything else.

use super::*;
use crate::message::Response;
use crate::{
    Bound, Credentials, Password, RegistrationEvent, RegistrationFailure, RegistrationHandle,
    Server, Uri,
};

const REGISTRAR: &str = "203.0.113.7:5060";
const REGISTRATION: RegistrationHandle = RegistrationHandle(0);

/// A trunk that registers, after one with the addresses of the other tests. The flow is wanted.
fn bench() -> Bench {
    let registration = RegistrationConfig {
        peer: "carrier".to_owned(),
        address_of_record: Uri::parse("sip:account@example.com").unwrap(),
        registrar: Uri::parse("sip:example.com").unwrap(),
        outbound_proxy: None,
        credentials: Credentials { user: "account".to_owned(), password: Password::new("x") },
        realm: None,
        expires: Duration::from_secs(3_600),
        rewrite_contact: false,
        keep_alive: None,
    };
    let networks = vec!["192.0.2.0/24".parse().unwrap()];
    let peers = vec![Peer::new("trunk", networks), Peer::new("carrier", Vec::new())];
    let mut bench = Bench::with(10, peers, vec![registration]);
    let wanted = Output::FlowWanted { registration: REGISTRATION, server: Server::First };
    assert_eq!(bench.drain(), [wanted]);
    bench
}

impl Bench {
    fn registrar_flow(&mut self, flow: Option<Flow>) -> Vec<Output> {
        let (now, registration) = (self.now, REGISTRATION);
        self.endpoint.handle(Input::RegistrarFlow { now, registration, flow });
        self.drain()
    }

    /// The registrar says this to the REGISTER in these outputs, over the same flow.
    fn registrar_says(&mut self, outputs: &[Output], status: StatusCode) -> Vec<Output> {
        let [Output::Transmit(Transmit { flow, bytes })] = outputs else { panic!("{outputs:?}") };
        let Ok(Message::Request(register)) = message::parse(bytes) else { panic!("{outputs:?}") };
        assert_eq!(register.method.as_str(), "REGISTER");
        let bytes = Response::to(&register.essentials, address(CONTACT), status, None).to_bytes();
        let now = self.now;
        self.endpoint.handle(match flow.connection() {
            Some(connection) => Input::Stream { now, connection, bytes: &bytes },
            None => Input::Datagram { now, source: flow.remote, bytes: &bytes },
        });
        self.drain()
    }

    fn connected(&mut self, flow: Flow) {
        let (now, proven) = (self.now, Some("carrier"));
        self.endpoint.handle(Input::Connected { now, flow, proven });
        assert_eq!(self.drain(), []);
    }
}

fn event(event: RegistrationEvent) -> Output {
    Output::Registration { registration: REGISTRATION, event }
}

fn registered(flow: Flow, contact: &str) -> Output {
    event(RegistrationEvent::Registered(Bound {
        flow,
        granted: Duration::from_secs(3_600),
        contact: Uri::parse(contact).unwrap(),
        service_route: Vec::new(),
    }))
}

fn tls(connection: u64) -> Flow {
    Flow { remote: address(REGISTRAR), channel: Channel::Tls(ConnectionId(connection)) }
}

const TLS_CONTACT: &str = "sip:account@198.51.100.1:5061;transport=tls";

#[test]
fn a_registrar_is_a_stranger_until_we_speak_to_it_and_its_calls_are_the_trunks() {
    let mut bench = bench();
    let source = Flow::udp(address(REGISTRAR));
    let dropped = Output::Dropped(Dropped { source, reason: DropReason::UnknownSource });
    let invite = invite("a", OFFER);
    assert_eq!(bench.receive_from(REGISTRAR, invite.as_bytes()), [dropped]);

    let register = bench.registrar_flow(Some(source));
    let contact = "sip:account@198.51.100.1:5060";
    assert_eq!(bench.registrar_says(&register, StatusCode::OK), [registered(source, contact)]);
    let outputs = bench.receive_from(REGISTRAR, invite.as_bytes());
    let [Output::Transmit(_), Output::Event(CallEvent::Incoming { invite, .. })] =
        outputs.as_slice()
    else {
        panic!("{outputs:?}")
    };
    assert_eq!((&*invite.peer, invite.source), ("carrier", source));
    // Its neighbour is still a stranger.
    let source = Flow::udp(address("203.0.113.8:5060"));
    let dropped = Output::Dropped(Dropped { source, reason: DropReason::UnknownSource });
    assert_eq!(bench.receive_from("203.0.113.8:5060", b"x"), [dropped]);
}

#[test]
fn a_register_is_sent_again_by_its_transaction_and_a_response_to_an_older_one_is_stray() {
    let mut bench = bench();
    let source = Flow::udp(address(REGISTRAR));
    let register = bench.registrar_flow(Some(source));
    let again: Vec<(u128, Vec<Output>)> =
        bench.pass(2).into_iter().map(|(at, output)| (at, vec![output])).collect();
    assert_eq!(again, [(500, register.clone()), (1_500, register.clone())]);
    bench.registrar_says(&register, StatusCode::OK);
    let stray = Output::Dropped(Dropped { source, reason: DropReason::StrayResponse });
    assert_eq!(bench.registrar_says(&register, StatusCode::OK), [stray]);
}

#[test]
fn addresses_that_were_resolved_again_replace_those_of_before() {
    let mut bench = bench();
    let networks = vec!["203.0.113.8/32".parse().unwrap()];
    bench.endpoint.set_peer_networks("carrier", networks);
    bench.endpoint.set_peer_networks("nobody", Vec::new());
    let options = request("OPTIONS", "a", "b", 1, "", "");
    let outputs = bench.receive_from("203.0.113.8:5060", options.as_bytes());
    assert!(matches!(outputs.as_slice(), [Output::Transmit(_)]), "{outputs:?}");
    bench.endpoint.set_peer_networks("carrier", Vec::new());
    let outputs = bench.receive_from("203.0.113.8:5060", options.as_bytes());
    assert!(matches!(outputs.as_slice(), [Output::Dropped(_)]), "{outputs:?}");
}

#[test]
fn a_registration_over_a_connection_goes_with_it() {
    let mut bench = bench();
    bench.connected(tls(1));
    let register = bench.registrar_flow(Some(tls(1)));
    let registered = registered(tls(1), TLS_CONTACT);
    assert_eq!(bench.registrar_says(&register, StatusCode::OK), [registered]);
    // A call comes over the same connection, as that trunk's.
    let (now, connection) = (bench.now, ConnectionId(1));
    let text = invite("a", OFFER);
    bench.endpoint.handle(Input::Stream { now, connection, bytes: text.as_bytes() });
    let outputs = bench.drain();
    let [_, Output::Event(CallEvent::Incoming { invite, .. })] = outputs.as_slice() else {
        panic!("{outputs:?}")
    };
    assert_eq!((&*invite.peer, invite.source), ("carrier", tls(1)));

    bench.now += Duration::from_secs(300);
    let now = bench.now;
    bench.endpoint.handle(Input::Disconnected { now, connection });
    let failed =
        RegistrationEvent::Failed { failure: RegistrationFailure::Disconnected, retry_in: None };
    let wanted = Output::FlowWanted { registration: REGISTRATION, server: Server::First };
    let outputs: Vec<Output> = bench
        .drain()
        .into_iter()
        .filter(|output| !matches!(output, Output::Event(_) | Output::Transmit(_)))
        .collect();
    assert_eq!(outputs, [event(failed), wanted]);
}

#[test]
fn a_connection_that_broke_before_it_was_given_is_passed_over() {
    let mut bench = bench();
    bench.connected(tls(1));
    let (now, connection) = (bench.now, ConnectionId(1));
    bench.endpoint.handle(Input::Disconnected { now, connection });
    let failed =
        RegistrationEvent::Failed { failure: RegistrationFailure::Disconnected, retry_in: None };
    let wanted = Output::FlowWanted { registration: REGISTRATION, server: Server::Next };
    assert_eq!(bench.registrar_flow(Some(tls(1))), [event(failed), wanted]);
}

#[test]
fn a_registrar_that_says_nothing_for_long_keeps_its_connection() {
    let mut bench = bench();
    bench.connected(tls(1));
    let register = bench.registrar_flow(Some(tls(1)));
    bench.registrar_says(&register, StatusCode::OK);
    let happened = bench.pass(1_700);
    assert_eq!(happened, []);
}

#[test]
fn a_call_goes_on_after_its_registration_was_removed() {
    let mut bench = bench();
    let register = bench.registrar_flow(Some(Flow::udp(address(REGISTRAR))));
    bench.registrar_says(&register, StatusCode::OK);
    bench.receive_from(REGISTRAR, invite("a", OFFER).as_bytes());
    let now = bench.now;
    bench.endpoint.handle(Input::Unregister { now });
    let removal = bench.drain();
    bench.registrar_says(&removal, StatusCode::OK);
    let cancel = request("CANCEL", "a", "invite-a", 1, "", "");
    let outputs = bench.receive_from(REGISTRAR, cancel.as_bytes());
    let ended = outputs.iter().any(|output| {
        matches!(output, Output::Event(CallEvent::Ended { reason: EndReason::Cancelled, .. }))
    });
    assert!(ended, "{outputs:?}");
}

#[test]
fn unregistering_ends_with_removed_and_nothing_left() {
    let mut bench = bench();
    assert_eq!(bench.endpoint.registrations_left(), 1);
    let register = bench.registrar_flow(Some(Flow::udp(address(REGISTRAR))));
    bench.registrar_says(&register, StatusCode::OK);
    let now = bench.now;
    bench.endpoint.handle(Input::Unregister { now });
    let removal = bench.drain();
    assert_eq!(bench.endpoint.registrations_left(), 1);
    assert_eq!(bench.registrar_says(&removal, StatusCode::OK), [event(RegistrationEvent::Removed)]);
    assert_eq!(bench.endpoint.registrations_left(), 0);
    bench.assert_nothing_is_left();
}
