//! The timers of a call: the 2xx once more, the ACK that never comes, the application that never
//! decides. Those of its session are in `refresh`.

use super::{AfterAck, Call, Effect, EndReason, Scene, State, Step, send_bye};
use crate::StatusCode;

impl Call {
    pub(crate) fn timeout(mut self, scene: &mut Scene<'_>) -> Step {
        match &mut self.state {
            State::Ringing(ringing) if scene.now >= ringing.give_up => {
                self.refuse(StatusCode::TEMPORARILY_UNAVAILABLE, scene)
            }
            State::Answering(answering) if scene.now >= answering.ack_limit => {
                // RFC 3261 §13.3.1.4: the dialog is confirmed, the session is not, so it is ended
                // with BYE.
                let reason = match answering.after_ack {
                    AfterAck::Stay => EndReason::NoAck {
                        contact: scene.local.advertised.address_for(&answering.flow),
                    },
                    AfterAck::HangUp => EndReason::HungUp,
                };
                send_bye(&mut self.dialog, scene);
                Step::Ended(reason)
            }
            State::Answering(answering) => {
                if answering.retransmission.fire(scene.now) {
                    let (flow, bytes) = (answering.flow, answering.response.clone());
                    scene.effects.push(Effect::Transmit { flow, bytes });
                }
                Step::Continues(self)
            }
            State::Ringing(_) => Step::Continues(self),
            State::Confirmed(_) => self.session_timeout(scene),
        }
    }
}
