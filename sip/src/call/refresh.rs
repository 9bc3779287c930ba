//! Our refresh of a session (RFC 4028 §7.4, §10): UPDATE if the peer takes it, or else an INVITE
//! that offers what is in force already; and what comes of it.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

use super::session_timer::{Agreement, RefreshMethod, TimerFired};
use super::{Call, CallEvent, Effect, EndReason, Scene, State, Step, new_branch, send_bye};
use crate::StatusCode;
use crate::message::{
    HeaderName, Method, Refresher, Response, SessionExpires, option_tag, seconds,
};
use crate::sdp::{self, MediaPlan, MediaPolicy, Negotiation};

/// What came of a request of ours inside the dialog.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RefreshOutcome<'a> {
    /// Its final response.
    Response(&'a Response),
    /// There was none in time.
    NoResponse,
}

impl Call {
    /// The session timer of a confirmed call.
    pub(super) fn session_timeout(mut self, scene: &mut Scene<'_>) -> Step {
        match self.timer.fire(scene.now) {
            TimerFired::Expired => self.expire(scene),
            TimerFired::Refresh { seconds, min_se } => {
                self.refresh(seconds, min_se, scene);
                Step::Continues(self)
            }
            TimerFired::Nothing => Step::Continues(self),
        }
    }

    fn expire(mut self, scene: &mut Scene<'_>) -> Step {
        send_bye(&mut self.dialog, scene);
        Step::Ended(EndReason::SessionExpired)
    }

    fn refresh(&mut self, seconds: u32, min_se: u32, scene: &mut Scene<'_>) {
        let State::Confirmed(confirmed) = &self.state else {
            return;
        };
        let refresh = self.timer.begin_refresh();
        let method = match refresh {
            RefreshMethod::Update => Method::Update,
            RefreshMethod::Invite => Method::Invite,
        };
        let branch = new_branch(scene.rng);
        let (flow, request) = self.dialog.request(method, &scene.local.advertised, &branch);
        // We are the UAC of this request, and want to stay the one who refreshes.
        let expires = SessionExpires { seconds, refresher: Some(Refresher::Uac) };
        let request = request
            .with(HeaderName::Contact, scene.local.contact_value(&flow, self.dialog.security()))
            .with(HeaderName::Allow, Method::ALLOWED)
            .with(HeaderName::Supported, option_tag::TIMER)
            .with(HeaderName::SessionExpires, expires.to_bytes())
            .with(HeaderName::MinSe, min_se.to_string());
        let request = match refresh {
            RefreshMethod::Update => request,
            RefreshMethod::Invite => request.with_session(confirmed.session.description().to_vec()),
        };
        scene.effects.push(Effect::Request { flow, request: Box::new(request) });
    }

    /// Our refresh has its final response, or will have none.
    pub(crate) fn refresh_ended(
        mut self,
        outcome: RefreshOutcome<'_>,
        scene: &mut Scene<'_>,
    ) -> Step {
        let refresh = self.timer.end_refresh();
        match outcome {
            RefreshOutcome::Response(response) if response.status.is_success() => {
                self.refreshed(response, scene);
                Step::Continues(self)
            }
            RefreshOutcome::Response(response) => self.refresh_refused(refresh, response, scene),
            RefreshOutcome::NoResponse => self.expire(scene),
        }
    }

    fn refreshed(&mut self, response: &Response, scene: &mut Scene<'_>) {
        self.dialog.refresh_target(&response.headers);
        self.timer.restart(Agreement::of_success(response), scene.now);
        if response.essentials.cseq.method != Method::Invite {
            return;
        }
        self.acknowledge_success(response, scene);
        let State::Confirmed(confirmed) = &mut self.state else {
            return;
        };
        let answer = response.session();
        if let Some(media) = changed(&confirmed.media, answer, &self.policy, scene.rng) {
            confirmed.media = media.clone();
            let event = CallEvent::MediaChanged { call: self.handle, media };
            scene.effects.push(Effect::Event(event));
        }
    }

    /// The ACK to the 2xx has a branch of its own (RFC 3261 §13.2.2.4).
    fn acknowledge_success(&self, response: &Response, scene: &mut Scene<'_>) {
        let branch = new_branch(scene.rng);
        let cseq = response.essentials.cseq.number;
        let (_, ack) = self.dialog.ack(cseq, &scene.local.advertised, &branch);
        let branch = response.essentials.via.unique_branch().unwrap_or_default().to_vec();
        scene.effects.push(Effect::Acknowledge { branch, ack: Box::new(ack) });
    }

    /// Only a peer that has lost the call ends it (RFC 4028 §10). After any other refusal the
    /// session lasts as long as was agreed, and there is time to try again.
    fn refresh_refused(
        mut self,
        refresh: Option<RefreshMethod>,
        refusal: &Response,
        scene: &mut Scene<'_>,
    ) -> Step {
        let now = scene.now;
        match (refusal.status, refresh) {
            (StatusCode::NO_SUCH_CALL | StatusCode::REQUEST_TIMEOUT, _) => {
                return self.expire(scene);
            }
            (StatusCode::SESSION_INTERVAL_TOO_SMALL, _) if self.timer.lengthen(refusal) => {
                self.timer.try_again(now);
            }
            // Its own offer is under way. Who did not choose the Call-ID waits up to 2 seconds, in
            // steps of 10 ms (RFC 3261 §14.1).
            (StatusCode::REQUEST_PENDING, _) => {
                let steps = scene.rng.random_range(0..=200);
                self.timer.try_again(now + Duration::from_millis(10 * steps));
            }
            (
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED,
                Some(RefreshMethod::Update),
            ) => {
                self.timer.avoid_update();
                self.timer.try_again(now);
            }
            _ => match refusal.headers.first(&HeaderName::RetryAfter).and_then(seconds) {
                Some(seconds) => {
                    self.timer.try_again(now + Duration::from_secs(seconds.max(1).into()));
                }
                None => self.timer.try_again_later(now),
            },
        }
        Step::Continues(self)
    }
}

/// What the answer to an offer of what is in force already changes. An answer says where the peer
/// wants what from now on, as an offer does, so it is read like one. One that is of no use is no
/// reason to lose a call that works.
fn changed(
    media: &MediaPlan,
    answer: &[u8],
    policy: &MediaPolicy,
    rng: &mut StdRng,
) -> Option<MediaPlan> {
    let answer = sdp::parse(answer).ok()?;
    let negotiation = Negotiation::of_offer(&answer, policy, Some(media), rng).ok()?;
    let local_key = |plan: &MediaPlan| plan.srtp.as_ref().map(|keys| keys.local.clone());
    // A key of ours that we did not offer would be known to nobody.
    let fits = |plan: &MediaPlan| plan != media && local_key(plan) == local_key(media);
    Some(negotiation.plan().clone()).filter(fits)
}
