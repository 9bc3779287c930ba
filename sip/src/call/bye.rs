//! Hanging up: the caller's BYE and ours (RFC 3261 §15).

use super::{AfterAck, Call, Effect, EndReason, Reply, Scene, State, Step, send_bye};
use crate::StatusCode;
use crate::message::Request;
use crate::transaction::table::Opening;

impl Call {
    /// The caller's BYE gets a 200 in every state; an INVITE still open gets a 487 (§15.1.2).
    pub(crate) fn bye(self, request: &Request, opening: Opening, scene: &mut Scene<'_>) -> Step {
        let response =
            scene.local.response(&request.essentials, opening.flow, StatusCode::OK, None);
        scene.effects.push(Effect::Respond {
            reply: Reply::Other(Box::new(opening)),
            response: Box::new(response),
        });
        match &self.state {
            State::Ringing(ringing) => {
                ringing.end(&self.dialog, StatusCode::REQUEST_TERMINATED, scene);
            }
            State::Answering(_) | State::Confirmed(_) => {}
        }
        Step::Ended(EndReason::CallerHungUp)
    }

    /// Our own. It waits for the ACK, which it must not overtake (§15).
    pub(crate) fn hang_up(mut self, scene: &mut Scene<'_>) -> Step {
        match &mut self.state {
            State::Ringing(ringing) => {
                ringing.end(&self.dialog, StatusCode::TEMPORARILY_UNAVAILABLE, scene);
                Step::Ended(EndReason::HungUp)
            }
            State::Answering(answering) => {
                answering.after_ack = AfterAck::HangUp;
                Step::Continues(self)
            }
            State::Confirmed(_) => {
                send_bye(&mut self.dialog, scene);
                Step::Ended(EndReason::HungUp)
            }
        }
    }
}
