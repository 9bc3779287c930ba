//! The caller cancels: 487 to its INVITE, if that has no final response yet (RFC 3261 §9.2). The
//! 200 to the CANCEL is the endpoint's, since it does not depend on the call.

use super::{Call, EndReason, Scene, State, Step};
use crate::StatusCode;

impl Call {
    pub(crate) fn cancel(self, scene: &mut Scene<'_>) -> Step {
        match &self.state {
            State::Ringing(ringing) => {
                ringing.end(&self.dialog, StatusCode::REQUEST_TERMINATED, scene);
                Step::Ended(EndReason::Cancelled)
            }
            State::Answering(_) | State::Confirmed(_) => Step::Continues(self),
        }
    }
}
