//! Client transactions: INVITE (RFC 3261 §17.1.1, RFC 6026 §7.2) and the others (§17.1.2). Over a
//! connection timers A and E are off, D and K are zero.

use std::time::Instant;

use super::timers::{Backoff, TIMER_B, TIMER_D, TIMER_F, TIMER_K, TIMER_M};
use crate::{StatusCode, Transport};

/// The INVITE client transaction.
#[derive(Debug)]
pub(crate) struct ClientInvite {
    transport: Transport,
    state: InviteState,
}

#[derive(Debug)]
enum InviteState {
    Calling(Calling),
    Proceeding,
    Completed(Completed),
    Accepted(Accepted),
}

/// No response yet.
#[derive(Debug)]
struct Calling {
    request: Vec<u8>,
    /// `None` over a connection.
    timer_a: Option<Backoff>,
    timer_b: Instant,
}

/// Refused; the refusal, sent again, is acknowledged again.
#[derive(Debug)]
struct Completed {
    ack: Vec<u8>,
    timer_d: Instant,
}

/// Answered; the call acknowledges each 2xx.
#[derive(Debug)]
struct Accepted {
    timer_m: Instant,
}

/// What a timer of a client transaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFired<'a> {
    Retransmit(&'a [u8]),
    /// Timer B or F: nobody answered. The transaction is over.
    NoResponse,
    /// The transaction is over.
    Over,
    Nothing,
}

impl ClientInvite {
    /// Begins with the request that has been sent.
    pub(crate) fn new(now: Instant, transport: Transport, request: Vec<u8>) -> Self {
        let timer_a = (!transport.is_reliable()).then(|| Backoff::timer_a(now));
        let calling = Calling { request, timer_a, timer_b: now + TIMER_B };
        Self { transport, state: InviteState::Calling(calling) }
    }

    /// Whether a provisional response has come and no final one: when a CANCEL may be sent (§9.1).
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self.state, InviteState::Proceeding)
    }

    /// Whether no final response has come.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, InviteState::Calling(_) | InviteState::Proceeding)
    }

    pub(crate) fn provisional(&mut self) {
        if let InviteState::Calling(_) = self.state {
            self.state = InviteState::Proceeding;
        }
    }

    pub(crate) fn accepted(&mut self, now: Instant) {
        if self.is_pending() {
            self.state = InviteState::Accepted(Accepted { timer_m: now + TIMER_M });
        }
    }

    /// A final response that is no 2xx came, and `ack` has been sent.
    pub(crate) fn refused(&mut self, now: Instant, ack: Vec<u8>) {
        if self.is_pending() {
            let timer_d = if self.transport.is_reliable() { now } else { now + TIMER_D };
            self.state = InviteState::Completed(Completed { ack, timer_d });
        }
    }

    /// The ACK to send once more when a refusal comes again.
    pub(crate) fn ack_of_refusal(&self) -> Option<&[u8]> {
        match &self.state {
            InviteState::Completed(completed) => Some(&completed.ack),
            InviteState::Calling(_) | InviteState::Proceeding | InviteState::Accepted(_) => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            InviteState::Calling(calling) => {
                let timer_a = calling.timer_a.as_ref().map(Backoff::due);
                Some(timer_a.map_or(calling.timer_b, |due| due.min(calling.timer_b)))
            }
            InviteState::Proceeding => None,
            InviteState::Completed(completed) => Some(completed.timer_d),
            InviteState::Accepted(accepted) => Some(accepted.timer_m),
        }
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> ClientFired<'_> {
        let over = match &mut self.state {
            InviteState::Calling(calling) if now >= calling.timer_b => {
                return ClientFired::NoResponse;
            }
            InviteState::Calling(calling) => {
                return if calling.timer_a.as_mut().is_some_and(|timer_a| timer_a.fire(now)) {
                    ClientFired::Retransmit(&calling.request)
                } else {
                    ClientFired::Nothing
                };
            }
            InviteState::Proceeding => false,
            InviteState::Completed(completed) => now >= completed.timer_d,
            InviteState::Accepted(accepted) => now >= accepted.timer_m,
        };
        if over { ClientFired::Over } else { ClientFired::Nothing }
    }
}

/// The client transaction of any other request.
#[derive(Debug)]
pub(crate) struct ClientOther {
    transport: Transport,
    state: OtherState,
}

#[derive(Debug)]
enum OtherState {
    Trying {
        request: Vec<u8>,
        /// `None` over a connection.
        timer_e: Option<Backoff>,
        timer_f: Instant,
    },
    Completed {
        timer_k: Instant,
    },
}

impl ClientOther {
    /// Begins with the request that has been sent.
    pub(crate) fn new(now: Instant, transport: Transport, request: Vec<u8>) -> Self {
        Self {
            transport,
            state: OtherState::Trying {
                request,
                timer_e: (!transport.is_reliable()).then(|| Backoff::up_to_t2(now)),
                timer_f: now + TIMER_F,
            },
        }
    }

    /// Takes note of a response: whether it is the final one, for the first time.
    pub(crate) fn response(&mut self, now: Instant, status: StatusCode) -> bool {
        match &mut self.state {
            OtherState::Trying { timer_e, .. } if status.is_provisional() => {
                if let Some(timer_e) = timer_e {
                    timer_e.slow_down();
                }
                false
            }
            OtherState::Trying { .. } => {
                let timer_k = if self.transport.is_reliable() { now } else { now + TIMER_K };
                self.state = OtherState::Completed { timer_k };
                true
            }
            OtherState::Completed { .. } => false,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        match &self.state {
            OtherState::Trying { timer_e, timer_f, .. } => {
                timer_e.as_ref().map_or(*timer_f, |timer_e| timer_e.due().min(*timer_f))
            }
            OtherState::Completed { timer_k } => *timer_k,
        }
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> ClientFired<'_> {
        match &mut self.state {
            OtherState::Trying { timer_f, .. } if now >= *timer_f => ClientFired::NoResponse,
            OtherState::Trying { request, timer_e, .. } => {
                if timer_e.as_mut().is_some_and(|timer_e| timer_e.fire(now)) {
                    ClientFired::Retransmit(request)
                } else {
                    ClientFired::Nothing
                }
            }
            OtherState::Completed { timer_k } if now >= *timer_k => ClientFired::Over,
            OtherState::Completed { .. } => ClientFired::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::simulation::origin;

    fn milliseconds(from: Instant, to: Instant) -> u128 {
        to.duration_since(from).as_millis()
    }

    #[test]
    fn an_invite_is_repeated_with_doubling_intervals_until_timer_b() {
        let begin = origin();
        let mut invite = ClientInvite::new(begin, Transport::Udp, b"INVITE".to_vec());
        let mut times = Vec::new();
        loop {
            let now = invite.deadline().unwrap();
            match invite.timeout(now) {
                ClientFired::Retransmit(bytes) => {
                    assert_eq!(bytes, b"INVITE");
                    times.push(milliseconds(begin, now));
                }
                ClientFired::NoResponse => {
                    assert_eq!(milliseconds(begin, now), 32_000);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    }

    #[test]
    fn a_provisional_response_stops_the_repetition_of_an_invite() {
        let mut invite = ClientInvite::new(origin(), Transport::Udp, Vec::new());
        invite.provisional();
        assert_eq!((invite.is_proceeding(), invite.deadline()), (true, None));
    }

    #[test]
    fn a_refusal_is_acknowledged_again_until_timer_d() {
        let now = origin();
        let mut invite = ClientInvite::new(now, Transport::Udp, Vec::new());
        assert_eq!(invite.ack_of_refusal(), None);
        invite.refused(now, b"ACK".to_vec());
        assert_eq!(invite.ack_of_refusal(), Some(&b"ACK"[..]));
        assert_eq!(invite.timeout(now + Duration::from_millis(31_999)), ClientFired::Nothing);
        assert_eq!(invite.timeout(now + Duration::from_secs(32)), ClientFired::Over);
    }

    #[test]
    fn over_a_connection_nothing_is_repeated_and_nothing_is_waited_for() {
        let begin = origin();
        let mut invite = ClientInvite::new(begin, Transport::Tls, Vec::new());
        assert_eq!(invite.deadline(), Some(begin + TIMER_B));
        assert_eq!(invite.timeout(begin + TIMER_B), ClientFired::NoResponse);
        invite.refused(begin, Vec::new());
        assert_eq!(invite.timeout(begin), ClientFired::Over);
        let mut request = ClientOther::new(begin, Transport::Tcp, Vec::new());
        assert_eq!(request.deadline(), begin + TIMER_F);
        request.response(begin, StatusCode::OK);
        assert_eq!(request.timeout(begin), ClientFired::Over);
    }

    #[test]
    fn another_request_is_repeated_up_to_t2_slower_once_there_is_a_provisional_response() {
        let begin = origin();
        let mut request = ClientOther::new(begin, Transport::Udp, b"BYE".to_vec());
        let mut times = Vec::new();
        for _ in 0..3 {
            let now = request.deadline();
            assert_eq!(request.timeout(now), ClientFired::Retransmit(b"BYE"));
            times.push(milliseconds(begin, now));
        }
        request.response(request.deadline(), StatusCode::TRYING);
        let now = request.deadline();
        assert_eq!(request.timeout(now), ClientFired::Retransmit(b"BYE"));
        times.extend([milliseconds(begin, now), milliseconds(begin, request.deadline())]);
        assert_eq!(times, [500, 1_500, 3_500, 7_500, 11_500]);
        request.response(now, StatusCode::OK);
        assert_eq!(request.deadline(), now + Duration::from_secs(5));
        assert_eq!(request.timeout(request.deadline()), ClientFired::Over);
    }
}
