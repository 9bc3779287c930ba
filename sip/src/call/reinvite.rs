//! A later INVITE in the dialog: hold, another address, a refresh (RFC 3261 §14.2, RFC 3264 §8).
//! Never ends the call.

use rand::RngExt;
use rand::rngs::StdRng;

use super::{
    Answering, Call, CallEvent, Confirmed, Effect, OwnSession, PendingInvite, PendingMedia, Reply,
    Scene, State, Step,
};
use crate::StatusCode;
use crate::message::{HeaderName, Request};
use crate::sdp::MediaPolicy;

impl Call {
    pub(crate) fn reinvite(
        mut self,
        request: &Request,
        invite: &PendingInvite,
        scene: &mut Scene<'_>,
    ) -> Step {
        let confirmed = match self.state {
            State::Confirmed(confirmed) => confirmed,
            // Another INVITE of the peer is still open (§14.2).
            state @ (State::Ringing(_) | State::Answering(_)) => {
                self.state = state;
                let seconds = retry_after(scene);
                let status = StatusCode::SERVER_INTERNAL_ERROR;
                self.refuse_invite(invite, status, Some(seconds), scene);
                return Step::Continues(self);
            }
        };
        let verdict = if self.timer.is_reinviting() {
            // One of ours is (§14.2).
            Err(StatusCode::REQUEST_PENDING)
        } else {
            renegotiate(&confirmed, request.session(), &self.policy, scene.rng)
                .ok_or(StatusCode::NOT_ACCEPTABLE_HERE)
        };
        let (session, pending) = match verdict {
            Ok(renegotiated) => renegotiated,
            Err(status) => {
                self.state = State::Confirmed(confirmed);
                self.refuse_invite(invite, status, None, scene);
                return Step::Continues(self);
            }
        };
        let changed = match &pending {
            PendingMedia::Settled(settled) if *settled != confirmed.media => Some(settled.clone()),
            PendingMedia::Settled(_) | PendingMedia::Offered { .. } => None,
        };
        self.dialog.refresh_target(&request.headers);
        self.timer.answered(invite.timer(), scene.now);
        self.state =
            State::Answering(Answering::begin(&self.dialog, invite, session, pending, scene));
        let event = changed.map(|media| CallEvent::MediaChanged { call: self.handle, media });
        scene.effects.extend(event.map(Effect::Event));
        Step::Continues(self)
    }

    fn refuse_invite(
        &self,
        invite: &PendingInvite,
        status: StatusCode,
        retry_after: Option<String>,
        scene: &mut Scene<'_>,
    ) {
        let mut response = invite.refusal(scene.local, status, self.dialog.local_tag());
        if let Some(seconds) = retry_after {
            response = response.with(HeaderName::RetryAfter, seconds);
        }
        scene.effects.push(Effect::Respond {
            reply: Reply::Invite(invite.transaction()),
            response: Box::new(response),
        });
    }
}

/// The Retry-After of a request that comes while another one is open (§14.2, RFC 3311 §5.2).
pub(super) fn retry_after(scene: &mut Scene<'_>) -> String {
    scene.rng.random_range(0..=10_u8).to_string()
}

/// What a later INVITE makes of the session; `None` if it has nothing in common with us.
fn renegotiate(
    confirmed: &Confirmed,
    offer: &[u8],
    policy: &MediaPolicy,
    rng: &mut StdRng,
) -> Option<(OwnSession, PendingMedia)> {
    let Confirmed { session, media } = confirmed;
    if offer.is_empty() {
        let (session, offer) = session.offering_again(policy, media);
        let pending = PendingMedia::Offered { offer: Box::new(offer), before: Some(media.clone()) };
        return Some((session, pending));
    }
    let (session, media) = session.answering_later(media, offer, policy, rng)?;
    Some((session, PendingMedia::Settled(media)))
}
