//! The application answers: 200 with the answer, or with an offer if the INVITE made none (RFC 3261
//! §13.3.1.4).

use rand::RngExt;

use super::{
    AnswerPlan, Answering, Call, CallEvent, Effect, OwnSession, PendingMedia, Scene, State, Step,
};
use crate::sdp::{Offer, Origin};

impl Call {
    pub(crate) fn accept(mut self, plan: AnswerPlan, scene: &mut Scene<'_>) -> Step {
        let ringing = match self.state {
            State::Ringing(ringing) => ringing,
            state @ (State::Answering(_) | State::Confirmed(_)) => {
                self.state = state;
                return Step::Continues(self);
            }
        };
        // Some peers read the session id of o= into a signed number.
        let session = scene.rng.random::<u64>() >> 2;
        let origin = Origin {
            address: scene.local.advertised.address_for(&ringing.invite.flow()),
            session,
            version: 1,
        };
        let media_address = plan.media_address;
        let (session, media) = match &ringing.offer {
            Some(offer) => (
                OwnSession::answer_to(offer, origin, media_address),
                PendingMedia::Settled(offer.plan().clone()),
            ),
            None => {
                let offer = Offer::first(origin, media_address, &self.policy, scene.rng);
                let session = OwnSession::offering(&offer, origin, media_address);
                (session, PendingMedia::Offered { offer: Box::new(offer), before: None })
            }
        };
        let established = match &media {
            PendingMedia::Settled(media) => {
                Some(CallEvent::Established { call: self.handle, media: media.clone() })
            }
            PendingMedia::Offered { .. } => None,
        };
        let invite = ringing.invite;
        self.timer.answered(invite.timer(), scene.now);
        self.state =
            State::Answering(Answering::begin(&self.dialog, &invite, session, media, scene));
        scene.effects.extend(established.map(Effect::Event));
        Step::Continues(self)
    }
}
