//! What is to be done next in an attempt: Meta's order ("Embedded Signup", onboarding customers), as
//! a table. Pure.

use crate::domain::{ConnectionType, SignupFailure, SignupStep};
use crate::meta::graph::SyncType;
use crate::onboarding::arrival::Arrival;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing: it is the client's turn, or all is over.
    Rest,
    /// To end it, since it can not go on.
    GiveUp(SignupFailure),
    /// To find the account and the number, and that the token may manage them.
    Locate,
    Subscribe,
    /// To choose the PIN, and to keep it before Meta is told.
    ChoosePin,
    Register,
    /// To register, unless Meta says that it was done: nobody knows whether we came to it.
    RegisterUnlessDone,
    /// To note that this step begins.
    Note(SignupStep),
    Sync(SyncType),
    /// To make the sender.
    Finish,
}

/// What follows on `step`.
pub(super) const fn next(step: SignupStep, connection: ConnectionType, arrival: Arrival) -> Action {
    use SignupStep as At;
    match (step, arrival) {
        (At::Begun | At::Done | At::Failed, _) => Action::Rest,
        // The code is kept nowhere: it works once, and was perhaps used up.
        (At::Exchanging, _) => Action::GiveUp(SignupFailure::Interrupted),
        (At::Exchanged, _) => Action::Locate,
        (At::Located, _) => Action::Subscribe,
        (At::Subscribed, _) => match connection {
            // The app keeps the number, and its PIN.
            ConnectionType::Coexistence => Action::Note(At::SyncingContacts),
            ConnectionType::ClientNumber | ConnectionType::Preassigned => Action::ChoosePin,
        },
        (At::Registering, Arrival::Fresh) => Action::Register,
        (At::Registering, Arrival::AfterACrash) => Action::RegisterUnlessDone,
        (At::SyncingContacts, Arrival::Fresh) => Action::Sync(SyncType::Contacts),
        (At::SyncingHistory, Arrival::Fresh) => Action::Sync(SyncType::History),
        // Each may be asked for once: rather never than twice.
        (At::SyncingContacts, Arrival::AfterACrash) => Action::Note(At::SyncingHistory),
        (At::SyncingHistory, Arrival::AfterACrash) => Action::Note(At::Synced),
        (At::Registered | At::Synced, _) => Action::Finish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes through all steps, crashing before the first action at `crash`.
    fn actions(connection: ConnectionType, crash: Option<SignupStep>) -> Vec<Action> {
        let mut step = SignupStep::Exchanged;
        let mut crash = crash;
        let mut actions = Vec::new();
        loop {
            let arrival = if crash == Some(step) { Arrival::AfterACrash } else { Arrival::Fresh };
            crash = crash.filter(|_| arrival == Arrival::Fresh);
            let action = next(step, connection, arrival);
            actions.push(action);
            step = match action {
                Action::Locate => SignupStep::Located,
                Action::Subscribe => SignupStep::Subscribed,
                Action::ChoosePin => SignupStep::Registering,
                Action::Register | Action::RegisterUnlessDone => SignupStep::Registered,
                Action::Note(step) => step,
                Action::Sync(SyncType::Contacts) => SignupStep::SyncingHistory,
                Action::Sync(SyncType::History) => SignupStep::Synced,
                Action::Finish | Action::Rest | Action::GiveUp(_) => return actions,
            };
        }
    }

    #[test]
    fn a_number_is_registered_and_an_app_is_synchronised_in_the_order_of_meta() {
        use Action::{ChoosePin, Finish, Locate, Note, Register, Subscribe, Sync};
        for connection in [ConnectionType::ClientNumber, ConnectionType::Preassigned] {
            let expected = [Locate, Subscribe, ChoosePin, Register, Finish];
            assert_eq!(actions(connection, None), expected);
        }
        let app = [
            Locate,
            Subscribe,
            Note(SignupStep::SyncingContacts),
            Sync(SyncType::Contacts),
            Sync(SyncType::History),
            Finish,
        ];
        assert_eq!(actions(ConnectionType::Coexistence, None), app);
    }

    #[test]
    fn what_may_happen_once_is_not_done_again_after_a_crash() {
        for crash in SignupStep::ALL {
            for connection in ConnectionType::ALL {
                let done = actions(connection, Some(crash));
                let count = |wanted: Action| done.iter().filter(|done| **done == wanted).count();
                let crashed_in = |step| usize::from(crash == step);
                if connection == ConnectionType::Coexistence {
                    let syncs = count(Action::Sync(SyncType::Contacts));
                    assert_eq!(syncs, 1 - crashed_in(SignupStep::SyncingContacts), "{crash:?}");
                    let syncs = count(Action::Sync(SyncType::History));
                    assert_eq!(syncs, 1 - crashed_in(SignupStep::SyncingHistory), "{crash:?}");
                } else {
                    let blindly = count(Action::Register);
                    assert_eq!(blindly, 1 - crashed_in(SignupStep::Registering), "{crash:?}");
                }
                assert_eq!(done.last(), Some(&Action::Finish), "{crash:?}");
            }
        }
    }

    #[test]
    fn a_code_that_a_crash_came_between_is_given_up() {
        for connection in ConnectionType::ALL {
            let next = next(SignupStep::Exchanging, connection, Arrival::AfterACrash);
            assert_eq!(next, Action::GiveUp(SignupFailure::Interrupted));
        }
    }
}
