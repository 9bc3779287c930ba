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
            // Another INVITE is still open (§14.2).
            state @ (State::Ringing(_) | State::Answering(_)) => {
                let retry_after = scene.rng.random_range(0..=10_u8).to_string();
                self.state = state;
                self.refuse_invite(
                    invite,
                    StatusCode::SERVER_INTERNAL_ERROR,
                    Some(retry_after),
                    scene,
                );
                return Step::Continues(self);
            }
        };
        let Confirmed { session, media } = confirmed;
        let (session, pending) = match renegotiate(session, &media, &request.body) {
            Renegotiated::Session(session, pending) => (session, pending),
            Renegotiated::Refused(session) => {
                self.state = State::Confirmed(Confirmed { session, media });
                self.refuse_invite(invite, StatusCode::NOT_ACCEPTABLE_HERE, None, scene);
                return Step::Continues(self);
            }
        };
        let changed = match &pending {
            PendingMedia::Settled(settled) if *settled != media => Some(settled.clone()),
            PendingMedia::Settled(_) | PendingMedia::Offered { .. } => None,
        };
        self.dialog.refresh_target(request);
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
            reply: Reply::Invite(invite.transaction),
            response: Box::new(response),
        });
    }
}

/// What a later INVITE makes of the session.
enum Renegotiated {
    Session(OwnSession, PendingMedia),
    /// As it was.
    Refused(OwnSession),
}

fn renegotiate(session: OwnSession, media: &MediaPlan, offer: &[u8]) -> Renegotiated {
    if offer.is_empty() {
        // No offer: we make one, which is what we said last (RFC 3261 §14.2, a full offer is not
        // needed to go on).
        let pending = PendingMedia::Offered { before: Some(media.clone()) };
        return Renegotiated::Session(session, pending);
    }
    let negotiation = sdp::parse(offer)
        .ok()
        .and_then(|offer| Negotiation::of_offer(offer, Some(media.codec)).ok());
    match negotiation {
        Some(negotiation) => {
            let pending = PendingMedia::Settled(negotiation.plan().clone());
            Renegotiated::Session(session.answering(&negotiation), pending)
        }
        None => Renegotiated::Refused(session),
    }
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
