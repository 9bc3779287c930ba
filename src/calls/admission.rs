//! Which call is admitted.

use crate::domain::{InvitationId, Language, PhoneNumber, PhoneNumberId, ProjectId, Timestamp};
use crate::store::{Reader, StoreError};
use crate::telephony::{IncomingCall, StatusCode, Uri};

/// A call that somebody waits for.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) project: ProjectId,
    pub(super) number: PhoneNumberId,
    pub(super) invitation: InvitationId,
    /// What the client, and so probably the voice, speaks: the invitation says so, or else the
    /// country of the number. Without either the model hears it.
    pub(super) language: Option<Language>,
}

/// The number that was dialled: in the Request-URI, or where a trunk rewrote it, in one of the
/// headers that keep the original (RFC 3261 §8.1.1.1, RFC 7315 §4.2, RFC 5806).
pub(super) fn dialled_number(invite: &IncomingCall) -> Option<PhoneNumber> {
    std::iter::once(&invite.called)
        .chain(&invite.to)
        .chain(&invite.called_party)
        .chain(&invite.diverted_by)
        .find_map(number_of)
}

/// Who calls, when it is a number.
pub(super) fn calling_number(invite: &IncomingCall) -> Option<PhoneNumber> {
    invite.caller.as_ref().and_then(number_of)
}

fn number_of(uri: &Uri) -> Option<PhoneNumber> {
    uri.user()?.parse().ok()
}

/// Looks up what the number is for. A refusal says the truth: 404 for a number that is not ours,
/// 480 when nobody waits for a code on it.
pub(super) fn admit(
    reader: &Reader<'_>,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<Result<Admitted, StatusCode>, StoreError> {
    let Some(own) = reader.own_number(number)? else {
        return Ok(Err(StatusCode::NOT_FOUND));
    };
    let Some(open) = reader.open_invitation_for(&own.id, now)? else {
        return Ok(Err(StatusCode::TEMPORARILY_UNAVAILABLE));
    };
    Ok(Ok(Admitted {
        project: own.project,
        number: own.id,
        invitation: open.id,
        language: open.language.or_else(|| Language::of_number(number)),
    }))
}
