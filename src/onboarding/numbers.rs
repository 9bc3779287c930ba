//! The rules of the phone numbers that calls come in on: whose one may be, and when it may rest.

use rand::RngExt as _;

use super::Refusal;
use super::invitations::free_number;
use crate::domain::{
    InvitationId, NumberStatus, PhoneNumber, PhoneNumberId, ProjectId, ShownName, Timestamp,
    VerificationId,
};
use crate::store::{NewPhoneNumber, StoreError, Writer};

/// Why nothing was done with a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberRefusal {
    #[error("the project has no such number")]
    Unknown,
    #[error("the project has this number already")]
    AlreadyYours(PhoneNumberId),
    /// Whose it is, is nobody else's concern.
    #[error("the number cannot be added")]
    Taken,
    #[error("the invitation {0} is open for this number")]
    Invited(InvitationId),
    #[error("this number is being verified ({0})")]
    UnderWay(VerificationId),
}

/// Gives a project a number, which is active at once.
///
/// # Errors
/// When the store refuses. The inner error says why it may not be added.
pub fn add_number(
    writer: &Writer<'_>,
    project: &ProjectId,
    number: PhoneNumber,
    name: Option<&ShownName>,
    now: Timestamp,
) -> Result<Result<PhoneNumberId, NumberRefusal>, StoreError> {
    if let Some(owner) = writer.owner_of_number(&number)? {
        let is_ours = owner.project == *project;
        let refusal =
            if is_ours { NumberRefusal::AlreadyYours(owner.id) } else { NumberRefusal::Taken };
        return Ok(Err(refusal));
    }
    let id = PhoneNumberId::new(now, rand::rng().random());
    let new = NewPhoneNumber { id: id.clone(), project: project.clone(), number, created_at: now };
    writer.insert_phone_number(&new)?;
    writer.name_number(&id, name, now)?;
    Ok(Ok(id))
}

/// Lets a number rest: it takes no invitation, and its calls are refused. Not while somebody waits for a
/// call on it. Returns whether it was in use until now.
///
/// # Errors
/// When the store refuses. The inner error says who waits.
pub fn suspend_number(
    writer: &Writer<'_>,
    project: &ProjectId,
    number: &PhoneNumberId,
    now: Timestamp,
) -> Result<Result<bool, NumberRefusal>, StoreError> {
    let Some(found) = writer.number_of(project, number, now)? else {
        return Ok(Err(NumberRefusal::Unknown));
    };
    if found.status == NumberStatus::Suspended {
        return Ok(Ok(false));
    }
    if let Err(Refusal::NumberTaken(holder)) = free_number(writer, number, now)? {
        return Ok(Err(NumberRefusal::Invited(holder)));
    }
    if let Some(under_way) = writer.verification_under_way(number)? {
        return Ok(Err(NumberRefusal::UnderWay(under_way.id)));
    }
    writer.set_number_status(number, NumberStatus::Suspended, now)?;
    Ok(Ok(true))
}

/// Takes a number that rests into use again. Returns whether it rested until now.
///
/// # Errors
/// When the store refuses. The inner error says that there is no such number.
pub fn resume_number(
    writer: &Writer<'_>,
    project: &ProjectId,
    number: &PhoneNumberId,
    now: Timestamp,
) -> Result<Result<bool, NumberRefusal>, StoreError> {
    let Some(found) = writer.number_of(project, number, now)? else {
        return Ok(Err(NumberRefusal::Unknown));
    };
    if found.status == NumberStatus::Active {
        return Ok(Ok(false));
    }
    writer.set_number_status(number, NumberStatus::Active, now)?;
    Ok(Ok(true))
}
