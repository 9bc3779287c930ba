//! A later INVITE in the dialog: hold, another address, a refresh (RFC 3261 §14.2, RFC 3264 §8).
//! Never ends the call.

use rand::RngExt;

use super::{
    Answering, Call, CallEvent, Confirmed, Effect, OwnSession, PendingInvite, PendingMedia, Reply,
    Scene, State, Step,
};
use crate::StatusCode;
use crate::message::{HeaderName, Request};
use crate::sdp::{self, MediaPlan, Negotiation};

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
            renegotiate(&confirmed, &request.body).ok_or(StatusCode::NOT_ACCEPTABLE_HERE)
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
fn renegotiate(confirmed: &Confirmed, offer: &[u8]) -> Option<(OwnSession, PendingMedia)> {
    let Confirmed { session, media } = confirmed;
    if offer.is_empty() {
        // No offer: we make one, which is what we said last (RFC 3261 §14.2, a full offer is not
        // needed to go on).
        return Some((session.clone(), PendingMedia::Offered { before: Some(media.clone()) }));
    }
    let (session, media) = answer_later_offer(session, media, offer)?;
    Some((session, PendingMedia::Settled(media)))
}

/// What an offer makes of a session that stands; `None` if it has nothing in common with us.
pub(super) fn answer_later_offer(
    session: &OwnSession,
    media: &MediaPlan,
    offer: &[u8],
) -> Option<(OwnSession, MediaPlan)> {
    let offer = sdp::parse(offer).ok()?;
    let negotiation = Negotiation::of_offer(offer, Some(media.codec)).ok()?;
    Some((session.clone().answering(&negotiation), negotiation.plan().clone()))
}

impl OwnSession {
    /// The description that answers this offer. Its version grows only if it says something new
    /// (RFC 3264 §8).
    fn answering(mut self, offer: &Negotiation) -> Self {
        if offer.answer(self.origin, self.media_address) != self.description {
            self.origin.version += 1;
            self.description = offer.answer(self.origin, self.media_address);
        }
        self
    }
}
