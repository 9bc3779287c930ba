//! RTP, RTCP and SRTP: whatever comes to the ports of a call, and packets that were protected,
//! altered, repeated and lost.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::rtp::{
    Event, Inbound, Input, Outbound, Output, Port, Receiver, ReceiverConfig, Session, SessionConfig,
};
use crate::simulation::{long_seed, origin};
use crate::{Codec, Direction, MasterKey, MediaPlan, Rtcp, SrtpKeys, SrtpSuite};

/// What comes to the ports of a call: each datagram is a byte with its size, a byte with the
/// milliseconds since the one before, a byte with the way it takes or what else happens, and its
/// bytes. A receiver alone counts each once; a session sends nothing before somebody is known, and
/// tells what is of note once.
pub fn rtp(bytes: &[u8]) {
    let begin = origin();
    let mut receiver = Receiver::new(ReceiverConfig::from(&plan(0)));
    let mut call = Call::new(begin, plan(0));
    let (mut now, mut datagrams, mut rest) = (begin, 0, bytes);
    while let [size, milliseconds, way, behind @ ..] = rest {
        let (datagram, behind) = behind.split_at(usize::from(*size).min(behind.len()));
        rest = behind;
        now += Duration::from_millis(u64::from(*milliseconds));
        receiver.handle(now, datagram);
        datagrams += 1;
        while receiver.poll_frame(now).is_some() {}
        call.pass_until(now);
        call.take(*way, datagram);
    }
    receiver.flush();
    while receiver.poll_frame(now).is_some() {}
    let seen = receiver.statistics();
    let of_streams = seen.received + seen.duplicates + seen.late;
    let counted = of_streams + seen.foreign_payload_type + seen.malformed + seen.stray;
    // One may still be considered: it is stray unless the next one follows it.
    assert!(counted == datagrams || counted + 1 == datagrams, "{datagrams} came: {seen:?}");
    call.end();
}

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SIGNALLING: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 99));
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));

/// One of a few plans.
fn plan(which: u8) -> MediaPlan {
    let port = if which & 4 == 0 { 4_000 } else { 5_000 };
    let separate = Rtcp::Separate(SocketAddr::new(PEER, port + 1));
    MediaPlan {
        remote: SocketAddr::new(PEER, port),
        rtcp: if which & 2 == 0 { separate } else { Rtcp::Muxed },
        codec: if which & 1 == 0 { Codec::Pcmu } else { Codec::G722 },
        payload_type: if which & 1 == 0 { 0 } else { 9 },
        telephone_event: Some(101),
        comfort_noise: Some(13),
        packet_time: None,
        direction: if which & 8 == 0 { Direction::SendRecv } else { Direction::RecvOnly },
        srtp: None,
    }
}

/// The media of one call, and what is known of it.
struct Call {
    session: Session,
    now: Instant,
    wake_at: Instant,
    /// Somebody may be sent to: the answer was acknowledged, or a packet was believed.
    may_send: bool,
    events: Vec<Event>,
}

/// More outputs than one input can cause: half a second of frames for each of the packets held.
const MOST_OUTPUTS: usize = 10_000;

impl Call {
    fn new(now: Instant, plan: MediaPlan) -> Self {
        let config = SessionConfig {
            plan,
            signalling: SIGNALLING,
            behind_nat: true,
            reorder_window: ReceiverConfig::REORDER_WINDOW,
            media_timeout: Duration::from_secs(10),
            comfort_silence: true,
            seed: long_seed(1),
        };
        let session = Session::new(config, now);
        Self { session, now, wake_at: now, may_send: false, events: Vec::new() }
    }

    /// Lets every timer fire at its own moment.
    fn pass_until(&mut self, end: Instant) {
        while self.wake_at <= end {
            let now = self.wake_at.max(self.now);
            self.handle(now, Input::Timeout { now });
        }
        self.now = end;
    }

    fn take(&mut self, way: u8, datagram: &[u8]) {
        let now = self.now;
        let port = if way & 1 == 0 { Port::Rtp } else { Port::Rtcp };
        let sources = [(PEER, 4_000), (PEER, 4_001), (SIGNALLING, 4_000), (STRANGER, 7_000)];
        let (host, source_port) = sources[usize::from(way >> 1 & 3)];
        match way >> 3 & 7 {
            6 => {
                self.may_send = true;
                self.handle(now, Input::Confirmed { now });
            }
            7 => self.handle(now, Input::Changed { now, plan: &plan(way & 7 | way >> 3 & 8) }),
            _ => self.receive(port, SocketAddr::new(host, source_port), datagram),
        }
    }

    fn receive(&mut self, port: Port, source: SocketAddr, datagram: &[u8]) {
        let (now, bytes) = (self.now, &mut datagram.to_vec());
        self.handle(now, Input::Datagram { now, port, source, bytes });
    }

    fn end(mut self) {
        self.pass_until(self.now + Duration::from_secs(11));
        let now = self.now;
        self.handle(now, Input::Ended { now });
    }

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.now = now;
        self.session.handle(input);
        self.may_send |= self.session.statistics().receiver.received > 0;
        for _ in 0..MOST_OUTPUTS {
            match self.session.poll_output() {
                Output::Frame(frame) => assert!(!frame.samples.is_empty()),
                Output::Transmit { destination, .. } => {
                    assert!(self.may_send, "{destination} is unknown");
                }
                Output::Event(event) => {
                    assert!(!self.events.contains(&event), "{event:?} again");
                    self.events.push(event);
                }
                Output::Timeout(at) => {
                    // A session that wants to be woken at once would never let time go on.
                    assert!(at > now, "{at:?} is past");
                    self.wake_at = at;
                    return;
                }
            }
        }
        panic!("more than {MOST_OUTPUTS} outputs");
    }
}

/// Encrypted audio and reports: the input is played as an [`encrypted_call`] and as
/// [`protected_packets`].
pub fn srtp(bytes: &[u8]) {
    encrypted_call(bytes);
    protected_packets(bytes);
}

/// The datagrams of an encrypted call: each is a byte with its size, a byte that tells the port,
/// whether it is protected with the peer's key first, and the milliseconds since the one before,
/// and its bytes.
fn encrypted_call(bytes: &[u8]) {
    let keys = SrtpKeys {
        suite: SrtpSuite::AesCm128HmacSha1Tag32,
        local: MasterKey::new([1; MasterKey::LENGTH]),
        remote: MasterKey::new([2; MasterKey::LENGTH]),
    };
    let mut peer = Outbound::new(keys.suite, &keys.remote);
    let plan = MediaPlan { srtp: Some(keys), ..plan(3) };
    let source = plan.remote;
    let mut call = Call::new(origin(), plan);
    let mut rest = bytes;
    while let [size, control, behind @ ..] = rest {
        let (datagram, behind) = behind.split_at(usize::from(*size).min(behind.len()));
        rest = behind;
        let mut datagram = datagram.to_vec();
        let port = if control & 0x80 == 0 { Port::Rtp } else { Port::Rtcp };
        match port {
            Port::Rtp if control & 0x40 != 0 => peer.protect(&mut datagram),
            Port::Rtcp if control & 0x40 != 0 => peer.protect_rtcp(&mut datagram),
            Port::Rtp | Port::Rtcp => {}
        }
        call.pass_until(call.now + Duration::from_millis(u64::from(control & 0x3f)));
        call.receive(port, source, &datagram);
    }
    call.end();
}

/// Packets on their way from one end to the other: three bytes for the suite and the first sequence
/// number, and then for each packet a byte that says what happens to it, a byte with its size, and
/// its bytes. What was protected is believed once, and as it was; what was altered is not, and
/// changes nothing. The first packet arrives: a count of cycles that nobody saw cannot be guessed
/// (RFC 3711 §3.3.1).
fn protected_packets(bytes: &[u8]) {
    let [suite, high, low, rest @ ..] = bytes else { return };
    let suite = match suite % 2 {
        0 => SrtpSuite::AesCm128HmacSha1Tag80,
        _ => SrtpSuite::AesCm128HmacSha1Tag32,
    };
    let key = MasterKey::new([7; MasterKey::LENGTH]);
    let mut way = Way {
        outbound: Outbound::new(suite, &key),
        inbound: Inbound::new(suite, &key),
        sequence: u16::from_be_bytes([*high, *low]),
        suite,
        has_arrived: false,
    };
    let mut rest = rest;
    while let [fate, size, behind @ ..] = rest {
        let (payload, behind) = behind.split_at(usize::from(*size).min(behind.len()));
        rest = behind;
        way.forge(payload);
        if fate & 1 == 0 {
            way.send_rtp(*fate, payload);
        } else {
            way.send_rtcp(*fate, payload);
        }
    }
}

struct Way {
    outbound: Outbound,
    inbound: Inbound,
    sequence: u16,
    suite: SrtpSuite,
    has_arrived: bool,
}

impl Way {
    /// Nobody without the key is believed. Tags of 32 bits can be guessed by who tries for hours.
    fn forge(&mut self, bytes: &[u8]) {
        let believed = self.inbound.unprotect(&mut bytes.to_vec()).is_ok();
        assert!(!believed || self.suite == SrtpSuite::AesCm128HmacSha1Tag32);
        assert!(self.inbound.unprotect_rtcp(&mut bytes.to_vec()).is_err());
    }

    fn send_rtp(&mut self, fate: u8, payload: &[u8]) {
        // Contributing sources and an extension as the fate has it.
        let mut plain = vec![0x80 | fate >> 3, 0];
        plain.extend(self.sequence.to_be_bytes());
        plain.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        plain.extend(payload);
        let mut packet = plain.clone();
        self.outbound.protect(&mut packet);
        // What is no RTP packet is not protected.
        if packet.len() == plain.len() {
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        if fate & 2 != 0 {
            assert!(self.inbound.unprotect(&mut altered(&packet)).is_err());
        }
        if fate & 4 == 0 || !self.has_arrived {
            self.has_arrived = true;
            assert_eq!(self.inbound.unprotect(&mut packet.clone()), Ok(plain.as_slice()));
            assert!(self.inbound.unprotect(&mut packet.clone()).is_err(), "a second time");
        }
    }

    fn send_rtcp(&mut self, fate: u8, payload: &[u8]) {
        let mut plain = vec![0x80, 201, 0, 1, 0, 0, 0, 1];
        plain.extend(payload);
        let mut packet = plain.clone();
        self.outbound.protect_rtcp(&mut packet);
        if fate & 2 != 0 {
            assert!(self.inbound.unprotect_rtcp(&mut altered(&packet)).is_err());
        }
        if fate & 4 == 0 {
            assert_eq!(self.inbound.unprotect_rtcp(&mut packet.clone()), Ok(plain.as_slice()));
            assert!(self.inbound.unprotect_rtcp(&mut packet.clone()).is_err(), "a second time");
        }
    }
}

/// One bit is another, at a place that the packet itself says.
fn altered(packet: &[u8]) -> Vec<u8> {
    let mut altered = packet.to_vec();
    let place = packet.iter().fold(0_usize, |place, byte| place + usize::from(*byte));
    let at = place % packet.len();
    altered[at] ^= 1 << (place % 8);
    altered
}
