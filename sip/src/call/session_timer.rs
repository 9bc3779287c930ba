//! Session timers (RFC 4028): how long a session lives without a refresh, which end refreshes it,
//! and when. Sends nothing: `refresh` does.

use std::time::{Duration, Instant};

use crate::message::{
    HeaderName, Headers, Method, Refresher, Request, Response, SessionExpires, option_tag, seconds,
};

/// The shortest interval that is taken, in seconds, which is the shortest there may be (§4).
pub(crate) const MIN_SE: u32 = 90;

/// How much earlier than its end a session that nobody has refreshed is given up (§10).
const LONGEST_MARGIN: Duration = Duration::from_secs(32);

/// What an INVITE or an UPDATE wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerRequest {
    expires: Option<SessionExpires>,
    peer_supports: bool,
    /// How the peer can be refreshed, if it says so.
    method: Option<RefreshMethod>,
}

/// What was settled by a request and its 2xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    pub(super) seconds: u32,
    pub(super) refresher: End,
}

/// One of the two ends of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Us,
    Peer,
}

impl TimerRequest {
    pub(crate) fn of(request: &Request) -> Self {
        let allows = request.headers.first(&HeaderName::Allow).is_some();
        let method = if request.headers.has_token(&HeaderName::Allow, Method::Update.as_str()) {
            RefreshMethod::Update
        } else {
            RefreshMethod::Invite
        };
        Self {
            method: allows.then_some(method),
            expires: session_expires(&request.headers),
            peer_supports: request.headers.has_token(&HeaderName::Supported, option_tag::TIMER)
                || request.headers.has_token(&HeaderName::Require, option_tag::TIMER),
        }
    }

    /// Whether it gets 422. A caller without session timers, for whom a proxy has asked, would not
    /// know what that means (§9).
    pub(crate) fn is_too_small(&self) -> bool {
        self.peer_supports && self.expires.is_some_and(|expires| expires.seconds < MIN_SE)
    }

    /// What our 2xx says to it (§9, table 2): no timer if none is asked for; the caller refreshes
    /// unless it cannot, or wants us to.
    pub(super) fn agreement(&self) -> Option<Agreement> {
        let expires = self.expires?;
        let refresher = match expires.refresher {
            _ if !self.peer_supports => End::Us,
            Some(Refresher::Uas) => End::Us,
            Some(Refresher::Uac) | None => End::Peer,
        };
        Some(Agreement { seconds: expires.seconds.max(MIN_SE), refresher })
    }

    /// Writes the agreement into our 2xx.
    pub(super) fn answer(&self, response: Response) -> Response {
        let Some(Agreement { seconds, refresher }) = self.agreement() else {
            return response;
        };
        let refresher = Some(match refresher {
            End::Us => Refresher::Uas,
            End::Peer => Refresher::Uac,
        });
        let expires = SessionExpires { seconds, refresher };
        let response = response.with(HeaderName::SessionExpires, expires.to_bytes());
        if self.peer_supports {
            response.with(HeaderName::Require, option_tag::TIMER)
        } else {
            response
        }
    }
}

impl Agreement {
    /// What the 2xx to our refresh says (§7.2): without an interval there is no timer any more. One
    /// that is shorter than any may be counts as the shortest.
    pub(super) fn of_success(response: &Response) -> Option<Self> {
        let expires = session_expires(&response.headers)?;
        let refresher = match expires.refresher {
            Some(Refresher::Uas) => End::Peer,
            Some(Refresher::Uac) | None => End::Us,
        };
        Some(Self { seconds: expires.seconds.max(MIN_SE), refresher })
    }
}

fn session_expires(headers: &Headers) -> Option<SessionExpires> {
    headers.first(&HeaderName::SessionExpires).and_then(SessionExpires::parse)
}

/// The timer of a call, and the refresh that is out.
#[derive(Debug)]
pub(super) struct SessionTimer {
    running: Option<Running>,
    /// How ours go out: with UPDATE to a peer that takes it (RFC 4028 §7.4).
    method: RefreshMethod,
    /// A refresh of ours without a final response.
    pending: Option<RefreshMethod>,
}

/// How we refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshMethod {
    /// Without an offer.
    Update,
    /// With an offer, as an INVITE must.
    Invite,
}

#[derive(Debug)]
struct Running {
    seconds: u32,
    /// The shortest interval that everybody takes, as far as we know.
    min_se: u32,
    ends_at: Instant,
    /// `None` if the peer refreshes, and when ours came to nothing.
    refresh_at: Option<Instant>,
}

/// What a session timer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerFired {
    /// Nobody has refreshed the session.
    Expired,
    /// Refresh it, for so many seconds.
    Refresh {
        seconds: u32,
        min_se: u32,
    },
    Nothing,
}

impl SessionTimer {
    /// No timer, until an INVITE is answered.
    pub(super) fn off() -> Self {
        Self { running: None, method: RefreshMethod::Invite, pending: None }
    }

    /// A request of the peer, which begins or refreshes the session, gets 2xx.
    pub(super) fn answered(&mut self, request: &TimerRequest, now: Instant) {
        self.method = request.method.unwrap_or(self.method);
        self.restart(request.agreement(), now);
    }

    /// The session is refreshed.
    pub(super) fn restart(&mut self, agreement: Option<Agreement>, now: Instant) {
        self.running = agreement.map(|Agreement { seconds, refresher }| {
            let interval = Duration::from_secs(seconds.into());
            Running {
                seconds,
                min_se: MIN_SE,
                ends_at: now + interval - LONGEST_MARGIN.min(interval / 3),
                refresh_at: match refresher {
                    End::Us => Some(now + interval / 2),
                    End::Peer => None,
                },
            }
        });
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let running = self.running.as_ref()?;
        let refresh_at = running.refresh_at.filter(|_| self.pending.is_none());
        Some(refresh_at.map_or(running.ends_at, |at| at.min(running.ends_at)))
    }

    pub(super) fn fire(&self, now: Instant) -> TimerFired {
        match &self.running {
            Some(running) if now >= running.ends_at => TimerFired::Expired,
            Some(Running { seconds, min_se, refresh_at: Some(at), .. })
                if now >= *at && self.pending.is_none() =>
            {
                TimerFired::Refresh { seconds: *seconds, min_se: *min_se }
            }
            Some(_) | None => TimerFired::Nothing,
        }
    }

    /// A refresh goes out: how.
    pub(super) fn begin_refresh(&mut self) -> RefreshMethod {
        *self.pending.insert(self.method)
    }

    /// The peer does not take UPDATE after all.
    pub(super) fn avoid_update(&mut self) {
        self.method = RefreshMethod::Invite;
    }

    /// Its final response is here, or will not come any more: how it went out.
    pub(super) fn end_refresh(&mut self) -> Option<RefreshMethod> {
        self.pending.take()
    }

    /// Whether an offer of ours, which is in an INVITE only, has no answer yet.
    pub(super) fn is_reinviting(&self) -> bool {
        self.pending == Some(RefreshMethod::Invite)
    }

    /// Tries once more, after a while; not if the session is over by then.
    pub(super) fn try_again(&mut self, at: Instant) {
        if let Some(running) = &mut self.running {
            running.refresh_at = Some(at);
        }
    }

    /// Tries once more, in half the time that is left. Close to the end it is not worth it.
    pub(super) fn try_again_later(&mut self, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        let left = running.ends_at.saturating_duration_since(now);
        running.refresh_at = (left > SHORTEST_RETRY * 2).then(|| now + left / 2);
    }

    /// Our refresh got 422: somebody takes no interval shorter than this. Whether that is news.
    pub(super) fn lengthen(&mut self, refusal: &Response) -> bool {
        let least = refusal.headers.first(&HeaderName::MinSe).and_then(seconds);
        match (&mut self.running, least) {
            (Some(running), Some(least)) if running.seconds < least => {
                running.seconds = least;
                running.min_se = least;
                true
            }
            (Some(_) | None, _) => false,
        }
    }
}

/// A refresh that was refused is not repeated faster than this.
const SHORTEST_RETRY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn request(seconds: u32, refresher: Option<Refresher>, peer_supports: bool) -> TimerRequest {
        let expires = Some(SessionExpires { seconds, refresher });
        TimerRequest { expires, peer_supports, method: None }
    }

    #[test]
    fn the_caller_refreshes_unless_it_cannot_or_wants_us_to() {
        for (refresher, peer_supports, expected) in [
            (None, true, End::Peer),
            (Some(Refresher::Uac), true, End::Peer),
            (Some(Refresher::Uas), true, End::Us),
            (None, false, End::Us),
        ] {
            let agreement = request(1_800, refresher, peer_supports).agreement();
            assert_eq!(agreement, Some(Agreement { seconds: 1_800, refresher: expected }));
        }
        let without = TimerRequest { expires: None, peer_supports: true, method: None };
        assert_eq!(without.agreement(), None);
    }

    #[test]
    fn an_interval_is_too_small_only_for_a_caller_that_understands_it() {
        assert!(request(89, None, true).is_too_small());
        assert!(!request(90, None, true).is_too_small());
        assert!(!request(89, None, false).is_too_small());
        let least = Agreement { seconds: 90, refresher: End::Us };
        assert_eq!(request(89, None, false).agreement(), Some(least));
    }

    #[test]
    fn we_refresh_at_half_the_interval_and_give_up_before_its_end() {
        let now = crate::simulation::origin();
        let after = |seconds| Some(now + Duration::from_secs(seconds));
        let mut timer = SessionTimer::off();
        timer.restart(Some(Agreement { seconds: 90, refresher: End::Us }), now);
        assert_eq!(timer.deadline(), after(45));
        assert_eq!(timer.begin_refresh(), RefreshMethod::Invite);
        assert_eq!(timer.deadline(), after(60));
        timer.restart(Some(Agreement { seconds: 1_800, refresher: End::Peer }), now);
        assert_eq!(timer.deadline(), after(1_768));
        assert_eq!(timer.fire(now + Duration::from_secs(1_768)), TimerFired::Expired);
    }
}
