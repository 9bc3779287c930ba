//! Which call is admitted.

use crate::domain::{CallPurpose, Language, PhoneNumber, PhoneNumberId, ProjectId, Timestamp};
use crate::onboarding::awaited_call;
use crate::store::{Reader, Store, StoreError};
use crate::telephony::{IncomingCall, StatusCode, Uri};

/// A call that somebody waits for.
#[derive(Debug, Clone)]
pub(super) struct Admitted {
    pub(super) project: ProjectId,
    pub(super) number: PhoneNumberId,
    pub(super) purpose: CallPurpose,
    /// What the voice probably speaks: what we asked Meta for, or what the client speaks, as the
    /// invitation says, or else the country of the number. Without any the model hears it.
    pub(super) language: Option<Language>,
}

/// The number that was dialled: the first one of ours in the Request-URI, or where a trunk rewrote it,
/// in one of the headers that keep the original (RFC 3261 §8.1.1.1, RFC 7315 §4.2, RFC 5806). A trunk that
/// registers is often called by its account, which looks like a number. Where none is ours, the first.
pub(super) async fn dialled_number(
    store: &Store,
    invite: &IncomingCall,
) -> Result<Option<PhoneNumber>, StoreError> {
    let mut named: Vec<PhoneNumber> = std::iter::once(&invite.called)
        .chain(&invite.to)
        .chain(&invite.called_party)
        .chain(&invite.diverted_by)
        .filter_map(number_of)
        .collect();
    named.dedup();
    if named.len() < 2 {
        return Ok(named.pop());
    }
    store
        .read(move |reader| {
            for number in &named {
                if reader.own_number(number)?.is_some() {
                    return Ok(Some(number.clone()));
                }
            }
            Ok(named.into_iter().next())
        })
        .await
}

/// Who calls, when it is a number.
pub(super) fn calling_number(invite: &IncomingCall) -> Option<PhoneNumber> {
    invite.caller.as_ref().and_then(number_of)
}

fn number_of(uri: &Uri) -> Option<PhoneNumber> {
    uri.user()?.parse().ok()
}

/// Looks up what the number is for. A refusal says the truth: 404 for a number that is not ours,
/// 480 when nobody waits for a code on it. A number waits for the call of an invitation or for that of a
/// verification of our own, never for both: `onboarding` lets neither begin while there is the other.
pub(super) fn admit(
    reader: &Reader<'_>,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<Result<Admitted, StatusCode>, StoreError> {
    let Some(own) = reader.own_number(number)? else {
        return Ok(Err(StatusCode::NOT_FOUND));
    };
    if let Some(awaited) = awaited_call(reader, &own.id, number, now)? {
        return Ok(Ok(Admitted {
            project: own.project,
            number: own.id,
            purpose: CallPurpose::Verification(awaited.verification),
            language: awaited.language,
        }));
    }
    let Some(open) = reader.open_invitation_for(&own.id, now)? else {
        return Ok(Err(StatusCode::TEMPORARILY_UNAVAILABLE));
    };
    Ok(Ok(Admitted {
        project: own.project,
        number: own.id,
        purpose: CallPurpose::Invitation(open.id),
        language: open.language.or_else(|| Language::of_number(number)),
    }))
}
