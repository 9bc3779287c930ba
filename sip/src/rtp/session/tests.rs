//! Sessions in virtual time: with a peer that sends, over wires good and bad, and with strangers.

use rtcp_types::{Compound, Packet};
use rtp_rs::RtpReader;

use super::*;
use crate::rtp::PcmFrame;
use crate::rtp::receiver::ReceiverStatistics;
use crate::simulation::{Conditions, Parcel, Wire, long_seed, origin};
use crate::{Codec, MasterKey, SrtpSuite};

const PEER: &str = "192.0.2.1:4000";
const PEER_REPORTS: &str = "192.0.2.1:4001";
const SIGNALLING: &str = "192.0.2.99";
const STRANGER: &str = "203.0.113.5:7000";
const MEDIA_TIMEOUT: Duration = Duration::from_secs(20);

/// A session, the time, and everything that came out.
struct Bench {
    session: Session,
    now: Instant,
    wake_at: Instant,
    frames: Vec<PcmFrame>,
    sent: Vec<Sent>,
    events: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    at: Instant,
    port: Port,
    destination: SocketAddr,
    bytes: Vec<u8>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn plan() -> MediaPlan {
    MediaPlan {
        remote: address(PEER),
        rtcp: Rtcp::Separate(address(PEER_REPORTS)),
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        comfort_noise: None,
        packet_time: None,
        direction: Direction::SendRecv,
        srtp: None,
    }
}

fn keys(suite: SrtpSuite) -> SrtpKeys {
    SrtpKeys { suite, local: MasterKey::new([1; 30]), remote: MasterKey::new([2; 30]) }
}

/// The same keys, seen from the peer.
fn crossed(keys: &SrtpKeys) -> SrtpKeys {
    SrtpKeys { suite: keys.suite, local: keys.remote.clone(), remote: keys.local.clone() }
}

/// What the peer sends in a call of this plan.
fn peer(plan: &MediaPlan, seed: u64) -> Sender {
    let srtp = plan.srtp.as_ref().map(crossed);
    Sender::new(&SenderConfig { srtp, ..SenderConfig::new(plan, long_seed(seed)) })
}

/// One frame of a sound in which no two frames are the same.
fn said(frame: usize, samples: usize) -> Vec<i16> {
    let value = |place: usize| i16::try_from((frame * samples + place) % 3_001).unwrap() * 7;
    (0..samples).map(value).collect()
}

impl Bench {
    fn new(plan: &MediaPlan) -> Self {
        Self::with(plan, |_| {})
    }

    fn with(plan: &MediaPlan, adjust: impl FnOnce(&mut SessionConfig)) -> Self {
        let mut config = SessionConfig {
            plan: plan.clone(),
            signalling: SIGNALLING.parse().unwrap(),
            behind_nat: false,
            reorder_window: Duration::from_millis(100),
            media_timeout: MEDIA_TIMEOUT,
            comfort_silence: true,
            seed: long_seed(99),
        };
        adjust(&mut config);
        let now = origin();
        let session = Session::new(config, now);
        let mut bench =
            Self { session, now, wake_at: now, frames: vec![], sent: vec![], events: vec![] };
        bench.drain();
        bench
    }

    fn drain(&mut self) {
        loop {
            match self.session.poll_output() {
                Output::Frame(frame) => self.frames.push(frame),
                Output::Transmit { port, destination, bytes } => {
                    self.sent.push(Sent { at: self.now, port, destination, bytes: bytes.to_vec() });
                }
                Output::Event(event) => self.events.push(event),
                Output::Timeout(wake_at) => {
                    assert!(wake_at > self.now, "it would not sleep");
                    self.wake_at = wake_at;
                    return;
                }
            }
        }
    }

    fn receive_on(&mut self, port: Port, source: &str, bytes: &[u8]) {
        let (now, source) = (self.now, address(source));
        let bytes = &mut bytes.to_vec();
        self.session.handle(Input::Datagram { now, port, source, bytes });
        self.drain();
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.receive_on(Port::Rtp, PEER, bytes);
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.wake_at <= until {
            self.now = self.wake_at;
            self.session.handle(Input::Timeout { now: self.now });
            self.drain();
        }
        self.now = until;
    }

    fn pass_ms(&mut self, milliseconds: u64) {
        self.pass(Duration::from_millis(milliseconds));
    }

    fn confirm(&mut self) {
        self.session.handle(Input::Confirmed { now: self.now });
        self.drain();
    }

    fn change(&mut self, plan: &MediaPlan) {
        self.session.handle(Input::Changed { now: self.now, plan });
        self.drain();
    }

    fn end(&mut self) {
        self.session.handle(Input::Ended { now: self.now });
        self.drain();
    }

    /// What went out on a port.
    fn sent_on(&self, port: Port) -> Vec<&Sent> {
        self.sent.iter().filter(|sent| sent.port == port).collect()
    }
}

#[test]
fn each_codec_is_heard_to_the_last_frame_with_srtp_and_without() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        for srtp in [
            None,
            Some(keys(SrtpSuite::AesCm128HmacSha1Tag80)),
            Some(keys(SrtpSuite::AesCm128HmacSha1Tag32)),
        ] {
            let plan = MediaPlan { codec, payload_type: 9, srtp, ..plan() };
            let mut bench = Bench::new(&plan);
            let mut peer = peer(&plan, 1);
            let samples = codec.sample_rate() as usize / 50;
            for frame in 0..100 {
                bench.receive(&peer.packet(&said(frame, samples)));
                bench.pass_ms(20);
            }
            bench.end();
            assert_eq!(bench.frames.len(), 100, "{codec:?}");
            assert!(bench.frames.iter().all(|frame| {
                !frame.gap
                    && frame.sample_rate == codec.sample_rate()
                    && frame.samples.len() == samples
            }));
            let statistics = bench.session.statistics();
            let expected = ReceiverStatistics { received: 100, ..Default::default() };
            assert_eq!((statistics.receiver, statistics.jitter), (expected, Duration::ZERO));
            assert!(statistics.opinion_score().unwrap() > 4.3);
        }
    }
}

/// What comes out of G.711 when this goes in.
fn companded(samples: &[i16]) -> Vec<i16> {
    use audio_codec_algorithms::{decode_ulaw, encode_ulaw};
    samples.iter().map(|sample| decode_ulaw(encode_ulaw(*sample))).collect()
}

#[test]
fn over_any_wire_what_is_heard_is_what_was_said_with_gaps_where_it_was_lost() {
    let mut moved_packets = 0;
    for seed in 0..60 {
        let conditions = Conditions {
            loss: 0.01 * (seed % 10) as f64,
            duplication: 0.05,
            shortest_delay: Duration::from_millis(20),
            longest_delay: Duration::from_millis(20 + seed % 7 * 12),
        };
        let srtp = (seed % 2 == 0).then(|| keys(SrtpSuite::AesCm128HmacSha1Tag32));
        let plan = MediaPlan { srtp, ..plan() };
        let mut bench = Bench::new(&plan);
        let mut peer = peer(&plan, seed);
        let mut wire = Wire::new(seed, conditions);
        let begin = bench.now;
        for frame in 0..300_u32 {
            let bytes = peer.packet(&said(frame as usize, 160));
            let (source, destination) = (address(PEER), address("198.51.100.1:20000"));
            wire.send(begin + FRAME * frame, Parcel { source, destination, bytes });
        }
        while let Some(arrival) = wire.next_arrival() {
            bench.pass(arrival.saturating_duration_since(bench.now));
            let parcel = wire.receive(bench.now).unwrap();
            bench.receive(&parcel.bytes);
        }
        bench.end();
        let seen = bench.session.statistics();
        let ReceiverStatistics { received, lost, late, duplicates, .. } = seen.receiver;
        let delivered = wire.delivered().len() as u64;
        assert_eq!(
            received + late + duplicates + seen.refused_by_srtp,
            delivered,
            "seed {seed}: {seen:?}"
        );
        // Before the first and behind the last one nothing tells that they were sent.
        assert!((290..=300).contains(&(received + lost)), "seed {seed}: {seen:?}");
        let first = &bench.frames[0].samples;
        let begin = (0..300).position(|frame| companded(&said(frame, 160)) == *first).unwrap();
        for (place, frame) in bench.frames.iter().enumerate() {
            let is_right = if frame.gap {
                frame.samples.iter().all(|sample| *sample == 0)
            } else {
                frame.samples == companded(&said(begin + place, 160))
            };
            assert!(is_right, "seed {seed}, frame {place}");
        }
        moved_packets += duplicates + seen.refused_by_srtp;
    }
    assert!(moved_packets > 500, "only {moved_packets} packets came twice");
}

#[test]
fn nothing_is_sent_before_the_answer_is_acknowledged_or_a_packet_came() {
    let mut silent = Bench::new(&plan());
    silent.pass_ms(15_000);
    assert_eq!(silent.sent, []);
    silent.confirm();
    silent.pass_ms(10_000);
    assert!(silent.sent_on(Port::Rtp).iter().all(|sent| sent.destination == address(PEER)));
    assert!(
        silent.sent_on(Port::Rtcp).iter().all(|sent| sent.destination == address(PEER_REPORTS))
    );
    assert_eq!(silent.sent_on(Port::Rtp).len(), 500);
    assert!((1..=5).contains(&silent.sent_on(Port::Rtcp).len()));

    // A packet from the host of the signalling: that is where ours go.
    let mut heard = Bench::new(&plan());
    heard.receive_on(Port::Rtp, "192.0.2.99:6000", &peer(&plan(), 1).packet(&[0; 160]));
    heard.pass_ms(8_000);
    assert_eq!(heard.sent_on(Port::Rtp)[0].destination, address("192.0.2.99:6000"));
    assert_eq!(heard.sent_on(Port::Rtcp)[0].destination, address("192.0.2.99:6001"));
}

#[test]
fn silence_goes_back_as_one_stream_and_pauses_while_the_caller_does_not_listen() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let plan = MediaPlan { codec, ..plan() };
        let mut bench = Bench::new(&plan);
        bench.confirm();
        bench.pass_ms(2_000);
        let on_hold = MediaPlan { direction: Direction::RecvOnly, ..plan.clone() };
        bench.change(&on_hold);
        let before_hold = bench.sent_on(Port::Rtp).len();
        bench.pass_ms(10_000);
        assert_eq!(bench.sent_on(Port::Rtp).len(), before_hold);
        bench.change(&plan);
        bench.pass_ms(1_000);

        let mut decoder = Receiver::new(receiver_config(&plan, Duration::ZERO));
        let mut timestamps = Vec::new();
        for (place, sent) in bench.sent_on(Port::Rtp).into_iter().enumerate() {
            let rtp = RtpReader::new(&sent.bytes).unwrap();
            assert_eq!(rtp.mark(), place == 0 || place == before_hold, "packet {place}");
            timestamps.push((rtp.timestamp(), u16::from(rtp.sequence_number())));
            decoder.handle(sent.at, &sent.bytes);
        }
        for pair in timestamps.windows(2) {
            assert_eq!(pair[1].1, pair[0].1.wrapping_add(1));
        }
        // Time went on in the stream while nothing was sent.
        let hold = timestamps[before_hold].0.wrapping_sub(timestamps[before_hold - 1].0);
        assert!((79_000..=81_000).contains(&hold), "{hold}");
        while let Some(frame) = decoder.poll_frame(bench.now) {
            assert!(frame.samples.iter().all(|sample| sample.abs() <= 8), "{codec:?}");
        }
        assert!((149..=151).contains(&timestamps.len()), "{}", timestamps.len());
    }
}

#[test]
fn a_call_wakes_once_for_what_comes_and_what_goes() {
    let plan = plan();
    let mut bench = Bench::new(&plan);
    bench.confirm();
    let mut peer = peer(&plan, 1);
    bench.pass_ms(7);
    let mut woken = 0;
    for _ in 0..500 {
        bench.receive(&peer.packet(&[0; 160]));
        let next = bench.now + FRAME;
        while bench.wake_at < next {
            woken += 1;
            bench.pass(bench.wake_at - bench.now);
        }
        bench.pass(next - bench.now);
    }
    assert!((499..=501).contains(&bench.sent_on(Port::Rtp).len()));
    assert!(woken <= 8, "{woken} times, and not for reports alone");
}

#[test]
fn no_comfort_silence_means_reports_only() {
    let mut bench = Bench::with(&plan(), |config| config.comfort_silence = false);
    bench.confirm();
    bench.pass_ms(15_000);
    assert_eq!(bench.sent_on(Port::Rtp), [] as [&Sent; 0]);
    let report = &bench.sent_on(Port::Rtcp)[0].bytes;
    let packets: Vec<Packet> = Compound::parse(report).unwrap().map(Result::unwrap).collect();
    assert!(matches!(packets[..], [Packet::Rr(_), Packet::Sdes(_)]), "{packets:?}");
}

#[test]
fn reports_tell_what_was_lost_and_the_last_one_says_goodbye() {
    let plan = MediaPlan { rtcp: Rtcp::Muxed, ..plan() };
    let mut bench = Bench::new(&plan);
    bench.confirm();
    let mut peer = peer(&plan, 1);
    for frame in 0..500 {
        let packet = peer.packet(&[0; 160]);
        if frame % 10 != 5 {
            bench.receive(&packet);
        }
        bench.pass_ms(20);
    }
    bench.end();
    assert!(bench.sent_on(Port::Rtcp).is_empty());
    let reports: Vec<&Sent> = bench.sent.iter().filter(|sent| is_rtcp(&sent.bytes)).collect();
    assert!((3..=7).contains(&reports.len()), "{}", reports.len());
    let last = &reports.last().unwrap().bytes;
    let packets: Vec<Packet> = Compound::parse(last).unwrap().map(Result::unwrap).collect();
    let [Packet::Sr(report), Packet::Sdes(names), Packet::Bye(bye)] = packets.as_slice() else {
        panic!("{packets:?}")
    };
    let block = report.report_blocks().next().unwrap();
    assert_eq!((block.ssrc(), block.cumulative_lost()), (peer.ssrc(), 50));
    // A tenth.
    assert!((20..=32).contains(&block.fraction_lost()), "{}", block.fraction_lost());
    assert_eq!(report.packet_count(), bench.session.statistics().sent);
    let chunk = names.chunks().next().unwrap();
    assert_eq!((chunk.ssrc(), bye.ssrcs().next()), (report.ssrc(), Some(report.ssrc())));
    // Nothing follows.
    let sent = bench.sent.len();
    bench.pass_ms(60_000);
    bench.receive(&peer.packet(&[0; 160]));
    assert_eq!(bench.sent.len(), sent);
}

/// A peer with a session of its own: what one sends the other receives, 40 ms later.
#[test]
fn two_sessions_measure_their_round_trip_under_srtp() {
    let ours = MediaPlan { srtp: Some(keys(SrtpSuite::AesCm128HmacSha1Tag80)), ..plan() };
    let mut near = Bench::new(&ours);
    let theirs = MediaPlan {
        remote: address("192.0.2.9:6000"),
        rtcp: Rtcp::Separate(address("192.0.2.9:6001")),
        srtp: ours.srtp.as_ref().map(crossed),
        ..plan()
    };
    let mut far = Bench::with(&theirs, |config| config.seed = long_seed(98));
    near.confirm();
    far.confirm();
    let delay = Duration::from_millis(40);
    let (mut from_near, mut from_far) = (0, 0);
    for _ in 0..3_000 {
        let near_sources = ["192.0.2.9:6000", "192.0.2.9:6001"];
        deliver(&near.sent, &mut far, &mut from_near, near_sources, delay);
        deliver(&far.sent, &mut near, &mut from_far, [PEER, PEER_REPORTS], delay);
        near.pass_ms(10);
        far.pass_ms(10);
    }
    for bench in [&near, &far] {
        let statistics = bench.session.statistics();
        let round_trip = statistics.round_trip.expect("reports went both ways");
        assert!((75..=105).contains(&round_trip.as_millis()), "{round_trip:?}");
        assert!(statistics.reports >= 4 && statistics.refused_by_srtp == 0, "{statistics:?}");
        assert_eq!(statistics.receiver.lost, 0);
        assert_eq!(bench.events, []);
    }
    far.end();
    far.pass_ms(1);
    near.now = near.now.max(far.now);
    let goodbye = far.sent.last().unwrap().clone();
    near.receive_on(Port::Rtcp, PEER_REPORTS, &goodbye.bytes);
    assert_eq!(near.events, [Event::PeerLeft]);
}

fn deliver(
    sent: &[Sent],
    receiver: &mut Bench,
    taken: &mut usize,
    [rtp, rtcp]: [&str; 2],
    delay: Duration,
) {
    while let Some(parcel) = sent.get(*taken)
        && parcel.at + delay <= receiver.now
    {
        *taken += 1;
        let source = if parcel.port == Port::Rtp { rtp } else { rtcp };
        receiver.receive_on(parcel.port, source, &parcel.bytes);
    }
}

#[test]
fn the_call_times_out_once_without_audio_but_not_while_it_is_held() {
    let mut bench = Bench::new(&plan());
    bench.receive(&peer(&plan(), 1).packet(&[0; 160]));
    bench.pass(MEDIA_TIMEOUT - Duration::from_millis(1));
    assert_eq!(bench.events, []);
    bench.change(&MediaPlan { direction: Direction::RecvOnly, ..plan() });
    bench.pass(MEDIA_TIMEOUT * 5);
    assert_eq!(bench.events, []);
    bench.change(&plan());
    bench.pass(MEDIA_TIMEOUT - Duration::from_millis(1));
    assert_eq!(bench.events, []);
    bench.pass(MEDIA_TIMEOUT * 2);
    assert_eq!(bench.events, [Event::TimedOut]);
}

#[test]
fn what_is_not_audio_of_the_call_does_not_keep_it_alive() {
    let mut bench = Bench::new(&plan());
    let mut stranger = peer(&plan(), 7);
    for _ in 0..1_100 {
        bench.receive_on(Port::Rtp, STRANGER, &stranger.packet(&[0; 160]));
        bench.receive(b"no RTP at all");
        bench.pass_ms(20);
    }
    assert_eq!(bench.events, [Event::TimedOut]);
}

#[test]
fn silence_on_the_wire_is_silence_in_the_audio_and_is_not_made_up_for_twice() {
    let plan = plan();
    let mut bench = Bench::new(&plan);
    let mut peer = peer(&plan, 1);
    bench.receive(&peer.packet(&said(1, 160)));
    bench.pass_ms(3_000);
    // The last 400 ms may still come.
    assert_eq!(bench.frames.len(), 1 + 131);
    assert!(bench.frames[1..].iter().all(|frame| frame.gap));
    // The sender left out 3 s of silence, and counted on.
    peer.skip(149);
    bench.receive(&peer.packet(&said(2, 160)));
    let heard = bench.frames.len();
    assert!((149..=153).contains(&heard), "{heard}");
    assert_eq!(bench.frames[heard - 1].samples, companded(&said(2, 160)));
}

#[test]
fn a_flood_from_strangers_and_random_bytes_change_nothing() {
    for srtp in [None, Some(keys(SrtpSuite::AesCm128HmacSha1Tag32))] {
        let plan = MediaPlan { srtp, ..plan() };
        let mut bench = Bench::new(&plan);
        let (mut peer, mut stranger) = (peer(&plan, 1), peer(&plan, 2));
        let mut rng = StdRng::from_seed(long_seed(3));
        for frame in 0..200 {
            bench.receive(&peer.packet(&said(frame, 160)));
            for _ in 0..20 {
                let mut bytes = stranger.packet(&[0; 160]);
                bytes.truncate(rng.random_range(0..=bytes.len()));
                if let Some(byte) = bytes.get_mut(rng.random_range(0..180)) {
                    *byte = rng.random();
                }
                let port = if rng.random() { Port::Rtp } else { Port::Rtcp };
                bench.receive_on(port, STRANGER, &bytes);
            }
            bench.pass_ms(20);
        }
        assert_eq!(bench.frames.len(), 200);
        assert!(bench.sent.iter().all(|sent| sent.destination.ip() == address(PEER).ip()));
        let statistics = bench.session.statistics();
        assert_eq!((statistics.strangers, statistics.receiver.received), (4_000, 200));
        assert_eq!(statistics.receiver.lost, 0);
    }
}

#[test]
fn random_bytes_from_the_peer_itself_never_panic_or_grow() {
    for seed in 0..30 {
        let srtp = (seed % 2 == 0).then(|| keys(SrtpSuite::AesCm128HmacSha1Tag80));
        let plan = MediaPlan { srtp, rtcp: Rtcp::Muxed, ..plan() };
        let mut bench = Bench::with(&plan, |config| config.behind_nat = seed % 3 == 0);
        let mut sender = peer(&plan, seed);
        let mut rng = StdRng::from_seed(long_seed(seed));
        for _ in 0..300 {
            let mut bytes = sender.packet(&[0; 160]);
            if rng.random_bool(0.3) {
                bytes = bench.sent.last().map_or_else(Vec::new, |sent| sent.bytes.clone());
            }
            for _ in 0..rng.random_range(0..3) {
                let length = bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(rng.random_range(0..length)) {
                    *byte = rng.random();
                }
            }
            let source = [PEER, PEER_REPORTS, STRANGER][rng.random_range(0..3)];
            let port = if rng.random() { Port::Rtp } else { Port::Rtcp };
            bench.receive_on(port, source, &bytes);
            bench.pass_ms(rng.random_range(0..60));
            bench.frames.clear();
        }
        bench.end();
        assert!(bench.frames.len() <= 500, "seed {seed}");
    }
}

#[test]
fn another_ssrc_in_the_middle_of_a_call_is_followed_with_srtp_and_without() {
    for srtp in [None, Some(keys(SrtpSuite::AesCm128HmacSha1Tag80))] {
        let plan = MediaPlan { srtp, ..plan() };
        let mut bench = Bench::new(&plan);
        for seed in [1, 2, 3] {
            let mut peer = peer(&plan, seed);
            for frame in 0..50 {
                bench.receive(&peer.packet(&said(frame, 160)));
                bench.pass_ms(20);
            }
        }
        let statistics = bench.session.statistics();
        assert_eq!((statistics.receiver.received, statistics.receiver.restarts), (150, 2));
        assert_eq!(bench.frames.iter().filter(|frame| !frame.gap).count(), 150);
    }
}

#[test]
fn a_new_key_of_the_peer_counts_from_the_change_of_the_plan() {
    let before = MediaPlan { srtp: Some(keys(SrtpSuite::AesCm128HmacSha1Tag80)), ..plan() };
    let new_keys =
        SrtpKeys { remote: MasterKey::new([3; 30]), ..keys(SrtpSuite::AesCm128HmacSha1Tag80) };
    let after = MediaPlan { srtp: Some(new_keys), ..plan() };
    let mut bench = Bench::new(&before);
    bench.receive(&peer(&before, 1).packet(&[0; 160]));
    let mut later = peer(&after, 2);
    bench.receive(&later.packet(&[0; 160]));
    bench.change(&after);
    for _ in 0..3 {
        bench.receive(&later.packet(&[0; 160]));
    }
    let statistics = bench.session.statistics();
    assert_eq!((statistics.receiver.received, statistics.refused_by_srtp), (4, 1));
}

#[test]
fn a_codec_that_changes_in_the_middle_goes_on_at_its_own_rate() {
    let narrow = plan();
    let wide = MediaPlan { codec: Codec::G722, payload_type: 9, ..plan() };
    let mut bench = Bench::new(&narrow);
    let mut peer = peer(&narrow, 1);
    bench.receive(&peer.packet(&said(0, 160)));
    bench.change(&wide);
    peer.change(&wide);
    bench.receive(&peer.packet(&said(0, 320)));
    let rates: Vec<u32> = bench.frames.iter().map(|frame| frame.sample_rate).collect();
    assert_eq!(rates, [8_000, 16_000]);
}

#[test]
fn events_and_noise_are_swallowed() {
    let plan = MediaPlan { comfort_noise: Some(98), ..plan() };
    let mut bench = Bench::new(&plan);
    let mut sender = peer(&plan, 1);
    bench.receive(&sender.packet(&said(0, 160)));
    for payload_type in [101, 98, 13] {
        let mut packet = sender.packet(&said(1, 160));
        packet[1] = payload_type;
        packet.truncate(16);
        bench.receive(&packet);
    }
    bench.receive(&sender.packet(&said(4, 160)));
    let silent = bench.frames.iter().filter(|frame| frame.samples == [0; 160]).count();
    assert_eq!((bench.frames.len(), silent), (5, 3));
    let statistics = bench.session.statistics().receiver;
    assert_eq!(statistics, ReceiverStatistics { received: 5, ..Default::default() });
}

#[test]
fn a_closed_call_hears_nothing_more() {
    let plan = plan();
    let mut bench = Bench::new(&plan);
    let mut peer = peer(&plan, 1);
    bench.receive(&peer.packet(&said(0, 160)));
    bench.end();
    let before = bench.session.statistics();
    for _ in 0..100 {
        bench.receive(&peer.packet(&said(1, 160)));
        bench.receive_on(Port::Rtcp, PEER_REPORTS, b"\x80\xc9\0\x01\0\0\0\x01");
        bench.pass_ms(20);
    }
    assert_eq!(bench.session.statistics(), before);
    assert_eq!(bench.frames.len(), 1);
}
