//! Calls that are held, updated, refreshed, cancelled, and ended by both ends at once, over bad
//! networks and breaking connections: what must hold whatever happens. A failure names its seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::Direction;
use crate::call_out::{Change, SessionTimer};
use crate::message::{Request, Response};

/// When everybody has hung up, or tried to.
const QUIET: Duration = Duration::from_secs(200);
/// What a call may leave behind lives no longer than 64*T1, and a BYE as long again.
const AFTER_QUIET: Duration = Duration::from_secs(66);
/// A phone waits this long for the answer to an INVITE that got 100.
const PHONES_REST: Duration = Duration::from_secs(200);

/// A desk, three phones and the wire between them, after everything is over.
struct Storm {
    seed: u64,
    desk: Desk,
    phones: Vec<Phone>,
    wire: Wire,
    now: Instant,
}

fn storm(seed: u64, transport: Transport) -> Storm {
    let now = origin();
    let mut rng = StdRng::from_seed(long_seed(seed));
    let mut desk = Desk::new(now, desk_plan(any_policy(&mut rng), seed));
    let mut phones: Vec<Phone> = (1..=3)
        .map(|number| Phone::new(now, any_phone(number, seed, transport, &mut rng)))
        .collect();
    let conditions = StreamConditions {
        longest_delay: Duration::from_millis(rng.random_range(0..80)),
        largest_piece: rng.random_range(1..400),
        breaks: f64::from(rng.random_range(0..8_u8)) / 100.0,
    };
    let mut wire = Wire::new(seed, bad(seed)).with_streams(seed, conditions);
    let quiet = now + QUIET;
    drive(&mut desk, &mut phones, &mut wire, now, quiet);
    // Where every BYE of the phone was lost, the call still stands; the application ends it.
    for (_, event) in desk.events().to_vec() {
        if let CallEvent::Incoming { call, .. } = event {
            let command = crate::CallCommand::HangUp;
            desk.endpoint().handle(crate::Input::Command { now: quiet, call, command });
        }
    }
    let now = quiet + AFTER_QUIET;
    drive(&mut desk, &mut phones, &mut wire, quiet, now);
    Storm { seed, desk, phones, wire, now }
}

fn any_policy(rng: &mut StdRng) -> Policy {
    let after = Duration::from_millis(rng.random_range(0..1_500));
    match rng.random_range(0..4_u8) {
        0 | 1 => Policy::Answer { after },
        // Phones hang up after whole seconds as well, so that both ends do so at once.
        2 => Policy::AnswerAndHangUp {
            after: Duration::from_millis(500),
            lasting: Duration::from_millis(500 + 1_000 * rng.random_range(0..4)),
        },
        _ => Policy::Refuse { after, status: StatusCode::NOT_FOUND },
    }
}

fn any_phone(number: u8, seed: u64, transport: Transport, rng: &mut StdRng) -> PhonePlan {
    let seconds = match rng.random_range(0..4_u8) {
        0 => 1,
        1 => rng.random_range(0..4),
        2 => rng.random_range(0..12),
        _ => rng.random_range(60..150),
    };
    let timer = match rng.random_range(0..3_u8) {
        0 => SessionTimer::Off,
        1 => SessionTimer::WeRefresh { seconds: 90 },
        _ => SessionTimer::CalleeRefreshes { seconds: 90 },
    };
    let mut after = Duration::ZERO;
    let changes = (0..rng.random_range(0..6)).map(|_| {
        after += Duration::from_millis(rng.random_range(1..3_000));
        let direction =
            [Direction::SendOnly, Direction::SendRecv, Direction::Inactive][rng.random_range(0..3)];
        let change = match rng.random_range(0..3_u8) {
            0 => Change::Reinvite(direction),
            1 => Change::Update(direction),
            _ => Change::Refresh,
        };
        PlannedChange { after, change, timer }
    });
    PhonePlan {
        changes: changes.collect(),
        audio: Vec::new(),
        takes_update: rng.random(),
        transport,
        ..phone_plan(number, Ending::After(Duration::from_secs(seconds)), seed)
    }
}

impl Storm {
    fn every_call_has_ended_once_and_nothing_is_left(&mut self) {
        let seed = self.seed;
        let mut ends: BTreeMap<CallHandle, usize> = BTreeMap::new();
        for (_, event) in self.desk.events() {
            match event {
                CallEvent::Incoming { call, .. } => {
                    assert_eq!(ends.insert(*call, 0), None, "seed {seed}");
                }
                CallEvent::Ended { call, .. } => {
                    *ends.get_mut(call).expect("an Incoming first") += 1;
                }
                CallEvent::Established { call, .. }
                | CallEvent::Confirmed { call }
                | CallEvent::MediaChanged { call, .. } => assert_eq!(ends[call], 0, "seed {seed}"),
            }
        }
        assert!(ends.values().all(|count| *count == 1), "seed {seed}: {ends:?}");
        let left = (self.desk.endpoint().call_count(), self.desk.endpoint().transaction_count());
        assert_eq!(left, (0, 0), "seed {seed}");
        // Eight calls at most: eight transactions each and 64 more.
        assert!(self.desk.most_transactions() <= 128, "seed {seed}");
    }

    fn every_phone_knows_once_how_its_call_ended(&mut self) {
        let seed = self.seed;
        let until = self.now + PHONES_REST;
        drive(&mut self.desk, &mut self.phones, &mut self.wire, self.now, until);
        for phone in &self.phones {
            assert!(phone.is_over(), "seed {seed}: {phone:?}");
            let is_last = |event: &&CallOutEvent| {
                matches!(event, CallOutEvent::Refused(_) | CallOutEvent::Ended(_))
            };
            let ends = phone.events().iter().filter(is_last).count();
            assert_eq!(ends, 1, "seed {seed}: {:?}", phone.events());
        }
    }

    fn every_request_has_one_final_response(&mut self) {
        let mut finals: BTreeMap<(Vec<u8>, String), BTreeSet<Vec<u8>>> = BTreeMap::new();
        for bytes in self.messages() {
            if let Some(response) = response(&bytes)
                && !response.status.is_provisional()
            {
                let branch = response.essentials.via.unique_branch().unwrap().to_vec();
                let method = response.essentials.cseq.method.as_str().to_owned();
                finals.entry((branch, method)).or_default().insert(bytes);
            }
        }
        // Retransmissions are the same to the byte, so they count once.
        let seed = self.seed;
        for (request, responses) in &finals {
            let texts = responses.iter().map(|bytes| bytes.escape_ascii().to_string());
            assert_eq!(
                responses.len(),
                1,
                "seed {seed}: {request:?}: {:?}",
                texts.collect::<Vec<_>>()
            );
        }
    }

    /// Everything that was sent and is no RTP.
    fn messages(&mut self) -> Vec<Vec<u8>> {
        let datagrams = self.wire.sent().iter().map(|(_, parcel)| parcel.bytes.clone());
        let mut messages: Vec<Vec<u8>> = datagrams.collect();
        messages.extend(self.wire.streams().sent().iter().cloned());
        messages
    }

    /// Of the answers of the desk. Returns how many had to be repeated.
    fn no_answer_is_repeated_once_its_ack_is_there(&self) -> usize {
        let of_desk: SocketAddr = DESK.parse().unwrap();
        let mut acknowledged_at = BTreeMap::new();
        for (at, parcel) in self.wire.delivered() {
            if parcel.destination == of_desk
                && let Some(ack) = request(&parcel.bytes).filter(|ack| ack.method == Method::Ack)
            {
                let invite = (ack.essentials.call_id, ack.essentials.cseq.number);
                acknowledged_at.entry(invite).or_insert(*at);
            }
        }
        let mut answers: BTreeMap<(Vec<u8>, u32), usize> = BTreeMap::new();
        for (at, parcel) in self.wire.sent() {
            let Some(answer) = response(&parcel.bytes).filter(|answer| {
                parcel.source == of_desk
                    && answer.status.is_success()
                    && answer.essentials.cseq.method == Method::Invite
            }) else {
                continue;
            };
            let invite = (answer.essentials.call_id, answer.essentials.cseq.number);
            let acknowledged = acknowledged_at.get(&invite);
            assert!(acknowledged.is_none_or(|ack| at <= ack), "seed {}", self.seed);
            *answers.entry(invite).or_default() += 1;
        }
        answers.values().filter(|count| **count > 1).count()
    }
}

fn request(bytes: &[u8]) -> Option<Request> {
    match message::parse(bytes) {
        Ok(Message::Request(request)) => Some(request),
        Ok(_) | Err(_) => None,
    }
}

fn response(bytes: &[u8]) -> Option<Response> {
    match message::parse(bytes) {
        Ok(Message::Response(response)) => Some(response),
        Ok(_) | Err(_) => None,
    }
}

/// What happened over many seeds, to be sure that it did.
#[derive(Debug, Default)]
struct Tally {
    repeated_answers: usize,
    media_changes: usize,
    cancelled: usize,
    expired: usize,
    refreshes_by_update: usize,
    refreshes_by_invite: usize,
    crossed_byes: usize,
}

impl Tally {
    fn count(&mut self, storm: &mut Storm) {
        for (_, event) in storm.desk.events() {
            match event {
                CallEvent::MediaChanged { .. } => self.media_changes += 1,
                CallEvent::Ended { reason: EndReason::Cancelled, .. } => self.cancelled += 1,
                CallEvent::Ended { reason: EndReason::SessionExpired, .. } => self.expired += 1,
                CallEvent::Incoming { .. }
                | CallEvent::Established { .. }
                | CallEvent::Confirmed { .. }
                | CallEvent::Ended { .. } => {}
            }
        }
        for bytes in storm.messages() {
            // Ours alone ask for that with the desk as Contact.
            let is_of_desk = bytes.windows(28).any(|part| part == b"Contact: <sip:198.51.100.1:5");
            match request(&bytes).map(|request| request.method) {
                Some(Method::Update) if is_of_desk => self.refreshes_by_update += 1,
                Some(Method::Invite) if is_of_desk => self.refreshes_by_invite += 1,
                _ => {}
            }
            self.crossed_byes += usize::from(response(&bytes).is_some_and(|response| {
                response.status == StatusCode::NO_SUCH_CALL
                    && response.essentials.cseq.method == Method::Bye
            }));
        }
    }

    fn assert_that_everything_happened(&self) {
        let Self {
            repeated_answers: _,
            media_changes,
            cancelled,
            expired,
            refreshes_by_update,
            refreshes_by_invite,
            crossed_byes,
        } = self;
        let counts = [
            media_changes,
            cancelled,
            expired,
            refreshes_by_update,
            refreshes_by_invite,
            crossed_byes,
        ];
        assert!(counts.iter().all(|count| **count > 0), "{self:?}");
    }
}

fn every_invariant_holds(seeds: std::ops::Range<u64>, transport: Transport) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let mut storm = storm(seed, transport);
        storm.every_call_has_ended_once_and_nothing_is_left();
        storm.every_request_has_one_final_response();
        tally.repeated_answers += storm.no_answer_is_repeated_once_its_ack_is_there();
        tally.count(&mut storm);
        storm.every_phone_knows_once_how_its_call_ended();
    }
    tally.assert_that_everything_happened();
    tally
}

// A thousand seeds, in parts that run beside each other.

#[test]
fn over_any_wire_every_invariant_holds_part_1() {
    assert!(every_invariant_holds(0..500, Transport::Udp).repeated_answers > 50);
}

#[test]
fn over_any_wire_every_invariant_holds_part_2() {
    assert!(every_invariant_holds(500..1_000, Transport::Udp).repeated_answers > 50);
}

#[test]
fn over_breaking_connections_every_invariant_holds_part_1() {
    every_invariant_holds(0..500, Transport::Tcp);
}

#[test]
fn over_breaking_connections_every_invariant_holds_part_2() {
    every_invariant_holds(500..1_000, Transport::Tcp);
}
