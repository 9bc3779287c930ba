//! The end of a sign-up in a test of a project, where nothing reaches Meta: partners see what their programs
//! are told, without a client.

use std::sync::Arc;

use rand::RngExt as _;

use super::attempts::{Connection, begin_signup, complete, fail};
use crate::domain::{
    Country, FailureReason, InvitationId, MetaReason, PhoneNumber, ProjectId, SignupFailure,
    SignupId, Timestamp,
};
use crate::meta::graph::AccessToken;
use crate::onboarding::Refusal;
use crate::seal::Seal;
use crate::store::{InvitationRecord, StoreError, Writer};

/// What is to become of the sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulatedEnd {
    Completed,
    Failed(FailureReason),
}

/// Begins a sign-up and ends it, by the same rules as one of a client.
///
/// # Errors
/// When the project is no test, or the store refuses. The inner error says why it may not be begun.
pub fn simulate_signup(
    writer: &Writer<'_>,
    (project, invitation): (&ProjectId, &InvitationId),
    end: SimulatedEnd,
    seal: &Arc<Seal>,
    now: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    if !writer.is_test_project(project)? {
        return Err(StoreError::Unexpected(format!("{project} is no test")));
    }
    let Some(record) = writer.invitation_record(project, invitation, now)? else {
        return Ok(Err(Refusal::Unknown));
    };
    let id = SignupId::new(now, rand::rng().random());
    if let Err(refusal) = begin_signup(writer, invitation, &id, now)? {
        return Ok(Err(refusal));
    }
    match end {
        SimulatedEnd::Failed(reason) => {
            fail(writer, invitation, &id, failure_of(reason), now)?;
        }
        SimulatedEnd::Completed => {
            let signup = writer.signup(&id, invitation)?;
            let gone = || StoreError::Unexpected(format!("{id} has gone"));
            let allowed = record.countries.clone();
            let connected = connection(record);
            if allowed.is_some_and(|countries| !countries.admit(&connected.phone_number)) {
                fail(writer, invitation, &id, SignupFailure::CountryNotAllowed, now)?;
                return Ok(Ok(()));
            }
            // That it is open was found when it was begun.
            let _ = complete(writer, &signup.ok_or_else(gone)?, &connected, seal, now)?;
        }
    }
    Ok(Ok(()))
}

/// A failure that means this for the invitation.
const fn failure_of(reason: FailureReason) -> SignupFailure {
    match reason {
        FailureReason::Cancelled => SignupFailure::Cancelled,
        FailureReason::Abandoned => SignupFailure::CodeMissed,
        FailureReason::NotAuthorized => SignupFailure::Meta(MetaReason::PermissionMissing),
        FailureReason::Internal => SignupFailure::Internal,
    }
}

/// What nobody has connected.
fn connection(record: InvitationRecord) -> Connection {
    let known = record.client_phone.and_then(|number| number.parse().ok());
    let allowed = record.countries.as_ref().and_then(|countries| countries.iter().next());
    let phone_number: PhoneNumber =
        known.or_else(|| allowed.and_then(Country::example)).unwrap_or_else(|| {
            // In North America 555 is nobody's.
            let number = format!("+1555{:07}", rand::rng().random_range(2_000_000..10_000_000));
            number.parse().expect("a plus sign and eleven digits")
        });
    // As with Meta, whose number is connected again is the same one.
    let name = phone_number.as_str().trim_start_matches('+').to_owned();
    Connection {
        name: record.client_name.unwrap_or_else(|| phone_number.to_string()),
        phone_number,
        account: name.clone(),
        number: name,
        token: AccessToken::new("test".to_owned()),
        pin: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onboarding::reason_of;

    #[test]
    fn an_invitation_fails_for_the_reason_that_was_asked_for() {
        for reason in FailureReason::ALL {
            assert_eq!(reason_of(failure_of(reason)), reason);
        }
    }
}
