//! All callers of a load: when each begins, acknowledges, hangs up or sends again. Time, the
//! messages that came and those to send cross the border as values; there is no I/O here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::dialogue::{Dialog, Message, Party, Start};
use super::load::Load;

/// RFC 3261 §17.1.1.1: the estimate of a round trip, and where the doubling of it ends.
const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// Timers B and F: an answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(32);

/// A caller is silent for a moment before it hangs up. What is said then would reach nobody, and
/// count as lost.
const BEFORE_HANGING_UP: Duration = Duration::from_millis(40);

/// What a caller wants done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Send(Vec<u8>),
    /// Send audio of this call there, until then.
    Speak {
        call: u32,
        to: SocketAddr,
        until: Instant,
    },
    /// No more audio of this call.
    Hush {
        call: u32,
    },
}

/// Why a call was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CallFault {
    Refused(u16),
    NoAnswer,
    /// Answered without a Contact or without a usable session description.
    UselessAnswer,
    /// The daemon hung up.
    CutOff,
    ByeRefused(u16),
    NoAnswerToBye,
}

impl fmt::Display for CallFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(formatter, "refused with {status}"),
            Self::NoAnswer => formatter.write_str("not answered"),
            Self::UselessAnswer => formatter.write_str("answered with nothing of use"),
            Self::CutOff => formatter.write_str("ended by the daemon"),
            Self::ByeRefused(status) => write!(formatter, "BYE refused with {status}"),
            Self::NoAnswerToBye => formatter.write_str("BYE not answered"),
        }
    }
}

/// What was seen of all calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) begun: u32,
    /// From INVITE to 100, one of each call that got one before its answer.
    pub(super) until_trying: Vec<Duration>,
    /// From INVITE to 200, one of each answered call.
    pub(super) until_answer: Vec<Duration>,
    /// Answered, ended by us, and the end was confirmed.
    pub(super) completed: u32,
    pub(super) failures: BTreeMap<CallFault, u32>,
    pub(super) retransmissions: u32,
    /// The most that any call began after its moment: how well this side kept up.
    pub(super) latest_start: Duration,
}

/// The callers of one load.
pub(super) struct Callers {
    load: Load,
    party: Party,
    begins_at: Instant,
    next: u32,
    calls: HashMap<u32, Call>,
    due: BinaryHeap<Reverse<(Instant, u32)>>,
    wishes: VecDeque<Wish>,
    tally: Tally,
    is_reliable: bool,
}

enum Call {
    Inviting { sent_at: Instant, tried: bool, again: Again },
    Talking { dialog: Dialog, hang_up_at: Instant },
    Leaving { dialog: Dialog, again: Again },
}

/// When an unanswered request goes out once more, and when it is given up.
#[derive(Clone, Copy)]
struct Again {
    due: Instant,
    interval: Duration,
    give_up_at: Instant,
}

impl Callers {
    /// Callers who begin at `now`.
    pub(super) fn new(load: Load, party: Party, now: Instant) -> Self {
        let is_reliable = party.transport != "UDP";
        Self {
            load,
            party,
            begins_at: now,
            next: 0,
            calls: HashMap::new(),
            due: BinaryHeap::new(),
            wishes: VecDeque::new(),
            tally: Tally::default(),
            is_reliable,
        }
    }

    /// How many calls live.
    pub(super) fn live(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn next_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    /// When there is something to do without a message; `None` when all calls are over.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        // Moments of calls that are over stay in the heap until they pass.
        let due = self.due.peek().filter(|_| !self.calls.is_empty()).map(|Reverse((due, _))| *due);
        [due, self.next_beginning()].into_iter().flatten().min()
    }

    /// What was seen, when all is over.
    pub(super) fn into_tally(self) -> Tally {
        self.tally
    }

    /// Begins calls whose moment has come, hangs up, and sends again.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(moment) = self.next_beginning().filter(|moment| *moment <= now) {
            self.tally.latest_start = self.tally.latest_start.max(now - moment);
            self.begin(now);
        }
        while let Some(Reverse((due, id))) = self.due.peek().copied()
            && due <= now
        {
            self.due.pop();
            self.fire(now, id);
        }
    }

    /// Takes a message of the daemon.
    pub(super) fn handle(&mut self, now: Instant, bytes: &[u8]) {
        let Some(message) = Message::parse(bytes) else { return };
        match message.start {
            Start::Response(status) if message.method == "INVITE" => {
                self.invite_answered(now, status, &message);
            }
            Start::Response(status @ 200..) if message.method == "BYE" => {
                self.left(message.call, status);
            }
            Start::Response(_) | Start::Request("ACK") => {}
            Start::Request(method) => {
                self.wishes.push_back(Wish::Send(Party::ok(&message)));
                if method == "BYE" {
                    self.end_talking(message.call);
                }
            }
        }
    }

    fn next_beginning(&self) -> Option<Instant> {
        let is_left = self.next < self.load.calls();
        is_left.then(|| self.begins_at + self.load.begins_after(self.next))
    }

    fn begin(&mut self, now: Instant) {
        let id = self.next;
        self.next += 1;
        self.tally.begun += 1;
        let again = Again::after(now);
        self.calls.insert(id, Call::Inviting { sent_at: now, tried: false, again });
        self.wait(again, id);
        self.send_invite(id);
    }

    fn send_invite(&mut self, id: u32) {
        let invite = self.party.invite(id, self.load.number(id).as_str());
        self.wishes.push_back(Wish::Send(invite));
    }

    fn wait(&mut self, again: Again, id: u32) {
        let due = if self.is_reliable { again.give_up_at } else { again.due };
        self.due.push(Reverse((due, id)));
    }

    fn fire(&mut self, now: Instant, id: u32) {
        match self.calls.remove(&id) {
            Some(Call::Inviting { again, .. }) if now >= again.give_up_at => {
                self.fail(CallFault::NoAnswer);
            }
            Some(Call::Inviting { sent_at, tried, again }) if now >= again.due => {
                let again = again.once_more(now, Duration::MAX);
                self.calls.insert(id, Call::Inviting { sent_at, tried, again });
                // A 100 ends the retransmissions, and the waiting goes on (§17.1.1.2).
                if tried {
                    self.due.push(Reverse((again.give_up_at, id)));
                } else {
                    self.tally.retransmissions += 1;
                    self.wait(again, id);
                    self.send_invite(id);
                }
            }
            Some(Call::Talking { dialog, hang_up_at }) if now >= hang_up_at => {
                self.hang_up(now, id, dialog);
            }
            Some(Call::Leaving { again, .. }) if now >= again.give_up_at => {
                self.fail(CallFault::NoAnswerToBye);
            }
            Some(Call::Leaving { dialog, again }) if now >= again.due => {
                let again = again.once_more(now, T2);
                self.tally.retransmissions += 1;
                self.wishes.push_back(Wish::Send(self.party.bye(id, &dialog)));
                self.calls.insert(id, Call::Leaving { dialog, again });
                self.wait(again, id);
            }
            // The moment was one of an earlier state.
            Some(call) => {
                self.calls.insert(id, call);
            }
            None => {}
        }
    }

    fn invite_answered(&mut self, now: Instant, status: u16, message: &Message<'_>) {
        let id = message.call;
        match self.calls.remove(&id) {
            Some(Call::Inviting { sent_at, tried, again }) if status < 200 => {
                if !tried {
                    self.tally.until_trying.push(now - sent_at);
                }
                self.calls.insert(id, Call::Inviting { sent_at, tried: true, again });
            }
            Some(Call::Inviting { sent_at, .. }) if status < 300 => {
                self.tally.until_answer.push(now - sent_at);
                self.answered(now, message);
            }
            Some(Call::Inviting { .. }) => {
                let number = self.load.number(id);
                let ack = self.party.ack_of_refusal(id, number.as_str(), message);
                self.wishes.push_back(Wish::Send(ack));
                self.fail(CallFault::Refused(status));
            }
            // Our ACK was lost: it is sent for each 200 (§13.2.2.4).
            Some(call @ (Call::Talking { .. } | Call::Leaving { .. })) => {
                let (Call::Talking { dialog, .. } | Call::Leaving { dialog, .. }) = &call else {
                    return;
                };
                if status >= 200 {
                    self.tally.retransmissions += 1;
                    self.wishes.push_back(Wish::Send(self.party.ack(id, dialog)));
                }
                self.calls.insert(id, call);
            }
            None => {}
        }
    }

    fn answered(&mut self, now: Instant, message: &Message<'_>) {
        let id = message.call;
        let (Some(dialog), Some(audio)) = (message.dialog(), message.audio()) else {
            return self.fail(CallFault::UselessAnswer);
        };
        self.wishes.push_back(Wish::Send(self.party.ack(id, &dialog)));
        let held_for = self.load.held_for();
        if held_for.is_zero() {
            return self.hang_up(now, id, dialog);
        }
        let hang_up_at = now + held_for;
        let until = hang_up_at.checked_sub(BEFORE_HANGING_UP).unwrap_or(now);
        self.wishes.push_back(Wish::Speak { call: id, to: audio, until });
        self.calls.insert(id, Call::Talking { dialog, hang_up_at });
        self.due.push(Reverse((hang_up_at, id)));
    }

    fn hang_up(&mut self, now: Instant, id: u32, dialog: Dialog) {
        self.wishes.push_back(Wish::Hush { call: id });
        self.wishes.push_back(Wish::Send(self.party.bye(id, &dialog)));
        let again = Again::after(now);
        self.calls.insert(id, Call::Leaving { dialog, again });
        self.wait(again, id);
    }

    /// Our BYE has its final response.
    fn left(&mut self, id: u32, status: u16) {
        if let Some(Call::Leaving { .. }) = self.calls.get(&id) {
            self.calls.remove(&id);
            match status {
                200..300 => self.tally.completed += 1,
                _ => self.fail(CallFault::ByeRefused(status)),
            }
        }
    }

    fn end_talking(&mut self, id: u32) {
        if let Some(Call::Talking { .. }) = self.calls.get(&id) {
            self.calls.remove(&id);
            self.wishes.push_back(Wish::Hush { call: id });
            self.fail(CallFault::CutOff);
        }
    }

    fn fail(&mut self, fault: CallFault) {
        *self.tally.failures.entry(fault).or_default() += 1;
    }
}

impl Again {
    fn after(now: Instant) -> Self {
        Self { due: now + T1, interval: T1, give_up_at: now + PATIENCE }
    }

    fn once_more(self, now: Instant, ceiling: Duration) -> Self {
        let interval = (self.interval * 2).min(ceiling);
        Self { due: now + interval, interval, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::sip::dialogue::tests::{answer, party};

    struct Bench {
        callers: Callers,
        now: Instant,
    }

    impl Bench {
        /// Two calls, a second apart, held for as long as `concurrent` says.
        fn new(concurrent: u32) -> Self {
            let load = Load { calls_per_second: 1.0, concurrent, length: Duration::from_secs(2) };
            let now = Instant::now();
            Self { callers: Callers::new(load, party(), now), now }
        }

        fn pass(&mut self, millis: u64) -> Vec<String> {
            self.now += Duration::from_millis(millis);
            self.callers.advance(self.now);
            self.wishes()
        }

        fn receive(&mut self, message: &[u8]) -> Vec<String> {
            self.callers.handle(self.now, message);
            self.wishes()
        }

        /// What is wished for: of a message its first word.
        fn wishes(&mut self) -> Vec<String> {
            let mut wishes = Vec::new();
            while let Some(wish) = self.callers.next_wish() {
                wishes.push(match wish {
                    Wish::Send(bytes) => {
                        let text = String::from_utf8(bytes).unwrap();
                        text.split_whitespace().next().unwrap().to_owned()
                    }
                    Wish::Speak { call, to, until } => {
                        format!("speak {call} {to} {:?}", until - self.now)
                    }
                    Wish::Hush { call } => format!("hush {call}"),
                });
            }
            wishes
        }
    }

    fn nothing() -> Vec<String> {
        Vec::new()
    }

    #[test]
    fn a_call_without_length_is_ended_as_soon_as_it_is_answered() {
        let mut bench = Bench::new(0);
        assert_eq!(bench.pass(0), ["INVITE"]);
        bench.now += Duration::from_millis(2);
        assert_eq!(bench.receive(&answer(0, 100, "INVITE")), nothing());
        bench.now += Duration::from_millis(3);
        assert_eq!(bench.receive(&answer(0, 200, "INVITE")), ["ACK", "hush 0", "BYE"]);
        assert_eq!(bench.receive(&answer(0, 200, "BYE")), nothing());
        assert_eq!(bench.callers.live(), 0);
        let expected = Tally {
            begun: 1,
            until_trying: vec![Duration::from_millis(2)],
            until_answer: vec![Duration::from_millis(5)],
            completed: 1,
            ..Tally::default()
        };
        assert_eq!(bench.callers.into_tally(), expected);
    }

    #[test]
    fn a_call_that_is_held_speaks_until_it_is_ended() {
        let mut bench = Bench::new(3);
        bench.pass(0);
        let answered = bench.receive(&answer(0, 200, "INVITE"));
        assert_eq!(answered, ["ACK", "speak 0 127.0.0.1:20000 2.96s"]);
        assert_eq!(bench.pass(2_999), ["INVITE"], "the second call, which is late");
        assert_eq!(bench.pass(1), ["hush 0", "BYE"]);
        assert_eq!(bench.callers.tally.latest_start, Duration::from_millis(1_999));
    }

    #[test]
    fn what_is_not_answered_is_sent_again_until_patience_ends() {
        let mut bench = Bench::new(0);
        bench.callers.load.length = Duration::from_secs(1);
        bench.pass(0);
        assert_eq!(bench.pass(499), nothing());
        assert_eq!(bench.pass(1), ["INVITE"]);
        assert_eq!(bench.pass(999), nothing());
        assert_eq!(bench.pass(1), ["INVITE"]);
        // After a 100 the caller only waits.
        bench.receive(&answer(0, 100, "INVITE"));
        assert_eq!(bench.pass(10_000), nothing());
        assert_eq!(bench.pass(20_500), nothing());
        assert_eq!(bench.callers.wake_at(), None);
        assert_eq!(bench.callers.tally.failures, BTreeMap::from([(CallFault::NoAnswer, 1)]));
        assert_eq!(bench.callers.tally.retransmissions, 2);
    }

    #[test]
    fn a_refusal_is_acknowledged_and_counted() {
        let mut bench = Bench::new(0);
        bench.pass(0);
        assert_eq!(bench.receive(&answer(0, 486, "INVITE")), ["ACK"]);
        assert_eq!(bench.callers.tally.failures, BTreeMap::from([(CallFault::Refused(486), 1)]));
    }

    #[test]
    fn a_call_that_the_daemon_ends_has_failed() {
        let mut bench = Bench::new(3);
        bench.pass(0);
        bench.receive(&answer(0, 200, "INVITE"));
        let bye =
            "BYE sip:bench@x SIP/2.0\r\nTo: <sip:bench@x>\r\nCall-ID: 0-9\r\nCSeq: 1 BYE\r\n\r\n";
        assert_eq!(bench.receive(bye.as_bytes()), ["SIP/2.0", "hush 0"]);
        assert_eq!(bench.callers.tally.failures, BTreeMap::from([(CallFault::CutOff, 1)]));
    }
}
