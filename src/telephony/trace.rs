//! The newest SIP messages, of all calls, for `zavud trace`: who said what when. Recording one is a
//! copy; messages are taken apart only when somebody asks. Bodies are not kept.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sip::{Flow, Transport, Uri};

/// What an entry takes beside its bytes, roughly.
const OVERHEAD: usize = size_of::<Recorded>() + 32;

/// The record of what was said. Bounded in memory: the oldest messages make room for the newest.
#[derive(Debug, Clone)]
pub struct Trace(Arc<Mutex<Ring>>);

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Peer,
    Ourselves,
}

/// What was said in one call, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// From, when it could be read.
    pub caller: Option<Uri>,
    /// To, when it could be read.
    pub called: Option<Uri>,
    pub messages: Vec<Rung>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Since the first message.
    pub after: Duration,
    pub speaker: Speaker,
    pub transport: Transport,
    pub remote: SocketAddr,
    /// The method, or the status and its reason.
    pub what: String,
    /// The number and the method of CSeq.
    pub cseq: String,
}

#[derive(Debug)]
struct Ring {
    entries: VecDeque<Recorded>,
    bytes: usize,
    limit: usize,
}

#[derive(Debug, Clone)]
struct Recorded {
    at: Instant,
    speaker: Speaker,
    transport: Transport,
    remote: SocketAddr,
    /// Shared, so that somebody who asks holds up nobody who records.
    head: Arc<[u8]>,
}

impl Trace {
    /// A record that takes `limit` bytes at most; none, when it is zero.
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Ring { entries: VecDeque::new(), bytes: 0, limit })))
    }

    /// Records the head of a message.
    pub(super) fn record(&self, now: Instant, speaker: Speaker, flow: Flow, head: &[u8]) {
        let cost = OVERHEAD + head.len();
        let mut ring = self.lock();
        if cost > ring.limit {
            return;
        }
        while ring.bytes + cost > ring.limit
            && let Some(oldest) = ring.entries.pop_front()
        {
            ring.bytes -= OVERHEAD + oldest.head.len();
        }
        ring.bytes += cost;
        ring.entries.push_back(Recorded {
            at: now,
            speaker,
            transport: flow.transport(),
            remote: flow.remote,
            head: head.into(),
        });
    }

    /// What is still known of a call; `None` when that is nothing.
    pub fn of_call(&self, sip_call_id: &str) -> Option<Ladder> {
        let entries: Vec<Recorded> = self.lock().entries.iter().cloned().collect();
        let mut ladder = Ladder { caller: None, called: None, messages: Vec::new() };
        let mut first = None;
        for entry in &entries {
            let Some(head) = Head::of(&entry.head).filter(|head| head.call_id == sip_call_id)
            else {
                continue;
            };
            if first.is_none() {
                (ladder.caller, ladder.called) = (address(head.from), address(head.to));
            }
            ladder.messages.push(Rung {
                after: entry.at - *first.get_or_insert(entry.at),
                speaker: entry.speaker,
                transport: entry.transport,
                remote: entry.remote,
                what: head.what.to_owned(),
                cseq: head.cseq.to_owned(),
            });
        }
        first.map(|_| ladder)
    }

    /// No code panics while it holds the lock, so a poisoned ring is still whole.
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines of a message that a ladder shows. Header fields folded over several lines, which
/// nobody sends any more (RFC 3261 §7.3.1), are cut at the first.
struct Head<'a> {
    what: &'a str,
    call_id: &'a str,
    cseq: &'a str,
    from: &'a str,
    to: &'a str,
}

impl<'a> Head<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        // A head with a byte that is no UTF-8 is shown up to it.
        let valid = bytes.utf8_chunks().next()?.valid();
        let mut lines = valid.lines();
        let start = lines.next()?;
        let what = match start.strip_prefix("SIP/2.0 ") {
            Some(status) => status,
            None => start.split(' ').next()?,
        };
        let mut head = Self { what, call_id: "", cseq: "", from: "", to: "" };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { continue };
            let is = |names: [&str; 2]| names.iter().any(|n| name.trim().eq_ignore_ascii_case(n));
            let field = if is(["Call-ID", "i"]) {
                &mut head.call_id
            } else if is(["CSeq", "CSeq"]) {
                &mut head.cseq
            } else if is(["From", "f"]) {
                &mut head.from
            } else if is(["To", "t"]) {
                &mut head.to
            } else {
                continue;
            };
            *field = value.trim();
        }
        Some(head)
    }
}

/// The URI in a From or To.
fn address(value: &str) -> Option<Uri> {
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => value.split(';').next()?,
    };
    Uri::parse(uri).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "192.0.2.10:5060";

    fn flow() -> Flow {
        Flow::udp(PEER.parse().unwrap())
    }

    fn message(start: &str, call_id: &str, cseq: &str) -> String {
        format!(
            "{start}\r\nVia: SIP/2.0/UDP {PEER};branch=z9hG4bK1\r\n\
             f: \"Meta\" <sip:+15550199@192.0.2.10>;tag=1\r\nTo: <sip:+15550100123@198.51.100.1>\r\n\
             i: {call_id}\r\nCSeq: {cseq}\r\n\r\n"
        )
    }

    #[test]
    fn a_ladder_holds_the_messages_of_one_call_in_order() {
        let trace = Trace::new(10_000);
        let begin = Instant::now();
        let say = |millis: u64, speaker, text: String| {
            let at = begin + Duration::from_millis(millis);
            trace.record(at, speaker, flow(), text.as_bytes());
        };
        say(0, Speaker::Peer, message("OPTIONS sip:x SIP/2.0", "other", "7 OPTIONS"));
        say(10, Speaker::Peer, message("INVITE sip:x SIP/2.0", "a@b", "1 INVITE"));
        say(11, Speaker::Ourselves, message("SIP/2.0 404 Not Found", "a@b", "1 INVITE"));

        let rung = |after, speaker, what: &str| Rung {
            after: Duration::from_millis(after),
            speaker,
            transport: Transport::Udp,
            remote: PEER.parse().unwrap(),
            what: what.to_owned(),
            cseq: "1 INVITE".to_owned(),
        };
        let expected = Ladder {
            caller: Some(Uri::parse("sip:+15550199@192.0.2.10").unwrap()),
            called: Some(Uri::parse("sip:+15550100123@198.51.100.1").unwrap()),
            messages: vec![
                rung(0, Speaker::Peer, "INVITE"),
                rung(1, Speaker::Ourselves, "404 Not Found"),
            ],
        };
        assert_eq!(trace.of_call("a@b"), Some(expected));
        assert_eq!(trace.of_call("nobody"), None);
    }

    #[test]
    fn the_oldest_messages_make_room_and_the_limit_holds() {
        let trace = Trace::new(2_000);
        for number in 0..100 {
            let text = message("BYE sip:x SIP/2.0", &format!("call-{number}"), "2 BYE");
            trace.record(Instant::now(), Speaker::Peer, flow(), text.as_bytes());
            let ring = trace.lock();
            let held: usize = ring.entries.iter().map(|e| OVERHEAD + e.head.len()).sum();
            assert_eq!(ring.bytes, held);
            assert!(held <= 2_000, "{held}");
        }
        assert_eq!(trace.of_call("call-80"), None);
        assert!(trace.of_call("call-99").is_some());
    }

    #[test]
    fn nothing_is_kept_where_that_is_switched_off() {
        let trace = Trace::new(0);
        let text = message("BYE sip:x SIP/2.0", "a", "2 BYE");
        trace.record(Instant::now(), Speaker::Peer, flow(), text.as_bytes());
        assert_eq!(trace.of_call("a"), None);
    }

    #[test]
    fn what_cannot_be_read_is_of_no_call() {
        for bytes in [&b""[..], b"\xff\xfe", b"\r\n\r\n", b"x", b"INVITE x SIP/2.0\r\n:\r\n"] {
            assert!(Head::of(bytes).is_none_or(|head| head.call_id.is_empty()), "{bytes:?}");
        }
    }
}
