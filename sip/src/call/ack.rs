//! The ACK to our 2xx: its retransmission stops, and a late answer is read (RFC 3261 §13.3.1.4, RFC
//! 3264 §5).

use super::{
    AfterAck, Answering, Call, CallEvent, CallHandle, Confirmed, Effect, EndReason, PendingMedia,
    Scene, State, Step, send_bye,
};
use crate::error::NegotiationError;
use crate::message::Request;
use crate::sdp::MediaPlan;

impl Call {
    /// An ACK in this call's dialog. One that is not awaited, such as a retransmitted one, does
    /// nothing.
    pub(crate) fn acknowledge(mut self, ack: &Request, scene: &mut Scene<'_>) -> Step {
        let answering = match self.state {
            State::Answering(answering) if answering.cseq == ack.essentials.cseq.number => {
                answering
            }
            state @ (State::Answering(_) | State::Ringing(_) | State::Confirmed(_)) => {
                self.state = state;
                return Step::Continues(self);
            }
        };
        let Answering { session, media, after_ack, .. } = answering;
        let (media, change) = match media.settle(ack.session()) {
            Ok(settled) => settled,
            Err(error) => {
                send_bye(&mut self.dialog, scene);
                return Step::Ended(match after_ack {
                    AfterAck::Stay => EndReason::NoUsableAnswer(error),
                    AfterAck::HangUp => EndReason::HungUp,
                });
            }
        };
        if let Some(change) = change {
            scene.effects.push(Effect::Event(change.into_event(self.handle, media.clone())));
        }
        scene.effects.push(Effect::Event(CallEvent::Confirmed { call: self.handle }));
        self.state = State::Confirmed(Confirmed { session, media });
        match after_ack {
            AfterAck::Stay => Step::Continues(self),
            AfterAck::HangUp => self.hang_up(scene),
        }
    }
}

/// Whether the ACK settled the media for the first time or anew.
enum Change {
    Established,
    Changed,
}

impl Change {
    fn into_event(self, call: CallHandle, media: MediaPlan) -> CallEvent {
        match self {
            Self::Established => CallEvent::Established { call, media },
            Self::Changed => CallEvent::MediaChanged { call, media },
        }
    }
}

impl PendingMedia {
    /// What is settled once the ACK with this body is here, and whether that is news. An unusable
    /// answer to a later INVITE changes nothing: it is no reason to lose a call that works.
    fn settle(self, body: &[u8]) -> Result<(MediaPlan, Option<Change>), NegotiationError> {
        let (offer, before) = match self {
            Self::Settled(media) => return Ok((media, None)),
            Self::Offered { offer, before } => (offer, before),
        };
        match (offer.settle(body), before) {
            (Ok(media), None) => Ok((media, Some(Change::Established))),
            (Ok(media), Some(before)) if media == before => Ok((media, None)),
            (Ok(media), Some(_)) => Ok((media, Some(Change::Changed))),
            (Err(_), Some(before)) => Ok((before, None)),
            (Err(error), None) => Err(error),
        }
    }
}
