//! The application refuses, or hangs up before it has answered (RFC 3261 §13.3.1.3).

use super::{Call, Effect, EndReason, Reply, Ringing, Scene, State, Step};
use crate::StatusCode;
use crate::dialog::Dialog;

impl Call {
    pub(crate) fn refuse(self, status: StatusCode, scene: &mut Scene<'_>) -> Step {
        let status = if status.code() < 300 { StatusCode::TEMPORARILY_UNAVAILABLE } else { status };
        match &self.state {
            State::Ringing(ringing) => {
                ringing.end(&self.dialog, status, scene);
                Step::Ended(EndReason::Refused(status))
            }
            State::Answering(_) | State::Confirmed(_) => Step::Continues(self),
        }
    }
}

impl Ringing {
    /// Sends the final response that ends it.
    pub(super) fn end(&self, dialog: &Dialog, status: StatusCode, scene: &mut Scene<'_>) {
        let response = Box::new(self.invite.refusal(scene.local, status, dialog.local_tag()));
        scene
            .effects
            .push(Effect::Respond { reply: Reply::Invite(self.invite.transaction()), response });
    }
}
