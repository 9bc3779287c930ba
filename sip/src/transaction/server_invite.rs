//! The INVITE server transaction (RFC 3261 §17.2.1, RFC 6026 §7.1). Over a connection timers G and I
//! are off. A 2xx is retransmitted by the call, not here.

use std::time::Instant;

use super::Fired;
use super::timers::{Backoff, TIMER_H, TIMER_I, TIMER_L};
use crate::{StatusCode, Transport};

#[derive(Debug)]
pub(crate) struct ServerInvite {
    transport: Transport,
    state: State,
}

#[derive(Debug)]
enum State {
    Proceeding(Proceeding),
    Completed(Completed),
    Confirmed(Confirmed),
    Accepted(Accepted),
}

/// The last provisional response is out.
#[derive(Debug)]
struct Proceeding {
    provisional: Vec<u8>,
}

/// A final response that is no 2xx waits for its ACK.
#[derive(Debug)]
struct Completed {
    response: Vec<u8>,
    /// `None` over a connection.
    timer_g: Option<Backoff>,
    timer_h: Instant,
}

/// The ACK is here; more of it are absorbed.
#[derive(Debug)]
struct Confirmed {
    timer_i: Instant,
}

/// A 2xx went out; the INVITE, sent again, is absorbed.
#[derive(Debug)]
struct Accepted {
    timer_l: Instant,
}

impl ServerInvite {
    /// Begins with the 100 that has been sent.
    pub(crate) fn new(transport: Transport, provisional: Vec<u8>) -> Self {
        Self { transport, state: State::Proceeding(Proceeding { provisional }) }
    }

    /// Whether a final response is still owed.
    pub(crate) fn is_pending(&self) -> bool {
        match self.state {
            State::Proceeding(_) => true,
            State::Completed(_) | State::Confirmed(_) | State::Accepted(_) => false,
        }
    }

    /// A final response goes out. Only the first one counts: returns whether it may be sent.
    pub(crate) fn respond(&mut self, now: Instant, status: StatusCode, response: &[u8]) -> bool {
        if !self.is_pending() {
            return false;
        }
        self.state = if status.is_success() {
            State::Accepted(Accepted { timer_l: now + TIMER_L })
        } else {
            State::Completed(Completed {
                response: response.to_vec(),
                timer_g: (!self.transport.is_reliable()).then(|| Backoff::up_to_t2(now)),
                timer_h: now + TIMER_H,
            })
        };
        true
    }

    /// The INVITE came again: what to send once more.
    pub(crate) fn retransmitted(&self) -> Option<&[u8]> {
        match &self.state {
            State::Proceeding(proceeding) => Some(&proceeding.provisional),
            State::Completed(completed) => Some(&completed.response),
            State::Confirmed(_) | State::Accepted(_) => None,
        }
    }

    /// An ACK came that matches: whether it was this transaction's. The ACK to a 2xx is the
    /// dialog's.
    pub(crate) fn acknowledged(&mut self, now: Instant) -> bool {
        match self.state {
            State::Completed(_) => {
                let timer_i = if self.transport.is_reliable() { now } else { now + TIMER_I };
                self.state = State::Confirmed(Confirmed { timer_i });
                true
            }
            State::Confirmed(_) => true,
            State::Proceeding(_) | State::Accepted(_) => false,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Proceeding(_) => None,
            State::Completed(completed) => {
                let timer_g = completed.timer_g.as_ref().map(Backoff::due);
                Some(timer_g.map_or(completed.timer_h, |due| due.min(completed.timer_h)))
            }
            State::Confirmed(confirmed) => Some(confirmed.timer_i),
            State::Accepted(accepted) => Some(accepted.timer_l),
        }
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> Fired<'_> {
        let over = match &mut self.state {
            State::Proceeding(_) => false,
            State::Completed(completed) if now >= completed.timer_h => true,
            State::Completed(completed) => {
                return if completed.timer_g.as_mut().is_some_and(|timer_g| timer_g.fire(now)) {
                    Fired::Retransmit(&completed.response)
                } else {
                    Fired::Nothing
                };
            }
            State::Confirmed(confirmed) => now >= confirmed.timer_i,
            State::Accepted(accepted) => now >= accepted.timer_l,
        };
        if over { Fired::Over } else { Fired::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::origin;

    #[test]
    fn only_the_first_final_response_counts() {
        let now = origin();
        let mut refused = ServerInvite::new(Transport::Udp, b"100".to_vec());
        assert_eq!(refused.retransmitted(), Some(&b"100"[..]));
        assert!(refused.respond(now, StatusCode::BUSY_HERE, b"486"));
        assert!(!refused.respond(now, StatusCode::OK, b"200"));
        assert_eq!(refused.retransmitted(), Some(&b"486"[..]));
        let mut accepted = ServerInvite::new(Transport::Udp, b"100".to_vec());
        assert!(accepted.respond(now, StatusCode::OK, b"200"));
        assert!(!accepted.respond(now, StatusCode::BUSY_HERE, b"486"));
        assert_eq!(accepted.retransmitted(), None);
    }

    #[test]
    fn an_ack_belongs_to_the_transaction_of_a_refusal_only() {
        let now = origin();
        let mut invite = ServerInvite::new(Transport::Udp, Vec::new());
        assert!(!invite.acknowledged(now));
        invite.respond(now, StatusCode::BUSY_HERE, b"486");
        assert!(invite.acknowledged(now) && invite.acknowledged(now));
        assert_eq!(invite.deadline(), Some(now + TIMER_I));
        assert_eq!(invite.timeout(now + TIMER_I), Fired::Over);
        let mut accepted = ServerInvite::new(Transport::Udp, Vec::new());
        accepted.respond(now, StatusCode::OK, b"200");
        assert!(!accepted.acknowledged(now));
        assert_eq!(accepted.timeout(now + TIMER_L), Fired::Over);
    }

    #[test]
    fn over_a_connection_a_refusal_is_sent_once_and_its_ack_ends_the_transaction() {
        let now = origin();
        let mut invite = ServerInvite::new(Transport::Tcp, Vec::new());
        invite.respond(now, StatusCode::BUSY_HERE, b"486");
        assert_eq!(invite.deadline(), Some(now + TIMER_H));
        assert_eq!(invite.timeout(now + TIMER_I), Fired::Nothing);
        assert!(invite.acknowledged(now));
        assert_eq!(invite.deadline(), Some(now));
        assert_eq!(invite.timeout(now), Fired::Over);
    }
}
