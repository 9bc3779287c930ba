//! Whether a number can be verified without a client, and why not.

use crate::domain::{
    InvitationId, PhoneNumber, PhoneNumberId, SenderId, Timestamp, VerificationId,
};
use crate::meta::graph::NumberId;
use crate::onboarding::{Attempts, attempts_left};
use crate::store::{OwnNumber, Reader, StoreError};

/// What a verification stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// Our row of the number.
    pub phone_number: PhoneNumberId,
    /// By whose token Meta is asked.
    pub sender: SenderId,
    /// Meta's name of the number.
    pub meta_number: String,
    /// How often Meta may still be asked, this time included.
    pub attempts: Attempts,
}

/// For a number that is no sender yet: what Meta calls it, and a sender of the same account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedNumber {
    pub sender: SenderId,
    pub meta_number: NumberId,
}

/// Why a number can not be verified by us, in words for a partner or an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApplicable {
    #[error("this is no active phone number of ours: a call to it would not come to us")]
    NotOurs,
    #[error(
        "no sender has this number, so that Meta cannot be asked about it. Connect it by an \
         invitation first; or name a sender of the same WhatsApp account, and Meta's id of the number"
    )]
    NoSender,
    #[error("there is no sender {0} in the project of this number")]
    UnknownSender(SenderId),
    #[error("the invitation {0} is open for this number: its client verifies it")]
    Invited(InvitationId),
    #[error("this number is being verified already ({0})")]
    UnderWay(VerificationId),
    #[error("Meta was asked ten times in 72 hours, and verifies this number no more until {0}")]
    UsedUp(Timestamp),
}

/// Whether `number` can be verified by us at `now`. A number that is no sender has to be named.
///
/// # Errors
/// When the store refuses. The inner error says why it can not be verified.
pub fn can_verify(
    reader: &Reader<'_>,
    number: &PhoneNumber,
    named: Option<&NamedNumber>,
    now: Timestamp,
) -> Result<Result<Ground, NotApplicable>, StoreError> {
    let Some(own) = reader.own_number(number)? else { return Ok(Err(NotApplicable::NotOurs)) };
    if let Some(under_way) = reader.verification_under_way(&own.id)? {
        return Ok(Err(NotApplicable::UnderWay(under_way.id)));
    }
    if let Some(open) = reader.open_invitation_for(&own.id, now)? {
        return Ok(Err(NotApplicable::Invited(open.id)));
    }
    let attempts = attempts_left(reader, &own.id, now)?;
    if let Attempts::NoneUntil(moment) = attempts {
        return Ok(Err(NotApplicable::UsedUp(moment)));
    }
    let asked_by = who_asks(reader, number, &own, named)?;
    Ok(asked_by.map(|(sender, meta_number)| Ground {
        phone_number: own.id,
        sender,
        meta_number,
        attempts,
    }))
}

fn who_asks(
    reader: &Reader<'_>,
    number: &PhoneNumber,
    own: &OwnNumber,
    named: Option<&NamedNumber>,
) -> Result<Result<(SenderId, String), NotApplicable>, StoreError> {
    let Some(named) = named else {
        let sender = reader.sender_with(&own.project, number)?;
        let sender = sender.map(|sender| (sender.id, sender.connected.number));
        return Ok(sender.ok_or(NotApplicable::NoSender));
    };
    let sender = reader.sender(&named.sender)?;
    Ok(match sender.filter(|sender| sender.project == own.project) {
        Some(sender) => Ok((sender.id, named.meta_number.as_str().to_owned())),
        None => Err(NotApplicable::UnknownSender(named.sender.clone())),
    })
}
