//! What is recorded of a verification, in the caller's transaction. Two write to it: whoever asks Meta,
//! and the call that comes in meanwhile. So each says from which step it comes, and is passed over when
//! the other was faster.

use rand::RngExt as _;

use super::ground::{Ground, NamedNumber, NotApplicable, can_verify};
use super::plan::{PATIENCE, language_of};
use crate::domain::{
    CallId, Language, PhoneNumber, PhoneNumberId, SpokenCode, Timestamp, VerificationFailure,
    VerificationId, VerificationStep,
};
use crate::onboarding::{Attempts, attempts_left, record_attempt};
use crate::store::{NewCode, NewVerification, Reader, StoreError, Verification, Writer};

/// Begins a verification, if the number can be verified.
pub(super) fn begin(
    writer: &Writer<'_>,
    number: &PhoneNumber,
    named: Option<&NamedNumber>,
    now: Timestamp,
) -> Result<Result<(VerificationId, Attempts), NotApplicable>, StoreError> {
    let ground = match can_verify(writer, number, named, now)? {
        Ok(ground) => ground,
        Err(reason) => return Ok(Err(reason)),
    };
    let Ground { phone_number, sender, meta_number, attempts } = ground;
    let id = VerificationId::new(now, rand::rng().random());
    writer.insert_verification(&NewVerification {
        id: id.clone(),
        phone_number,
        sender,
        number: meta_number,
        begun_at: now,
    })?;
    Ok(Ok((id, attempts)))
}

/// Takes a verification from one step to the next. Returns whether it was there.
pub(super) fn advance(
    writer: &Writer<'_>,
    id: &VerificationId,
    (from, to): (VerificationStep, VerificationStep),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let is_there = is_at(writer, id, from)?;
    if is_there {
        writer.move_verification(id, to, now)?;
    }
    Ok(is_there)
}

/// Records that Meta is about to be asked for a call, and counts it. Returns whether it may be.
pub(super) fn request(
    writer: &Writer<'_>,
    found: &Verification,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !is_at(writer, &found.id, VerificationStep::Begun)? {
        return Ok(false);
    }
    if let Attempts::NoneUntil(_) = attempts_left(writer, &found.phone_number, now)? {
        writer.fail_verification(&found.id, VerificationFailure::UsedUp, now)?;
        return Ok(false);
    }
    record_attempt(writer, &found.phone_number, now)?;
    writer.let_verification_wait(&found.id, now + PATIENCE)?;
    writer.move_verification(&found.id, VerificationStep::Requesting, now)?;
    Ok(true)
}

/// Ends a verification that failed in the step `from`.
pub(super) fn fail(
    writer: &Writer<'_>,
    id: &VerificationId,
    from: VerificationStep,
    failure: VerificationFailure,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_at(writer, id, from)? {
        writer.fail_verification(id, failure, now)?;
    }
    Ok(())
}

/// Takes the code out of the store to hand it in: from now on nobody else can. `None` when there is none
/// to hand in; then that is recorded.
pub(super) fn take_code(
    writer: &Writer<'_>,
    id: &VerificationId,
    now: Timestamp,
) -> Result<Option<SpokenCode>, StoreError> {
    if !is_at(writer, id, VerificationStep::Heard)? {
        return Ok(None);
    }
    let code = writer.take_verification_code(id)?;
    match &code {
        Some(_) => writer.move_verification(id, VerificationStep::Submitting, now)?,
        None => writer.fail_verification(id, VerificationFailure::Interrupted, now)?,
    }
    Ok(code)
}

fn is_at(
    reader: &Reader<'_>,
    id: &VerificationId,
    step: VerificationStep,
) -> Result<bool, StoreError> {
    Ok(reader.verification(id)?.is_some_and(|found| found.step == step))
}

/// A verification that waits for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedCall {
    pub verification: VerificationId,
    /// In which Meta was asked to speak.
    pub language: Option<Language>,
}

/// The verification that a call to `number` is for, if one waits for it.
///
/// # Errors
/// When the store refuses.
pub fn awaited_call(
    reader: &Reader<'_>,
    phone_number: &PhoneNumberId,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<Option<AwaitedCall>, StoreError> {
    let under_way = reader.verification_under_way(phone_number)?;
    let waiting = under_way.filter(|found| {
        found.step.awaits_a_call() && found.waits_until.is_some_and(|until| now < until)
    });
    let language = language_of(number);
    Ok(waiting.map(|found| AwaitedCall { verification: found.id, language }))
}

/// Records the code that was read in a call, once the call is over and nothing can take it back. Meta
/// counts wrong codes, so one that was only shown is not handed in.
///
/// # Errors
/// When the store refuses.
pub fn record_heard_code(
    writer: &Writer<'_>,
    id: &VerificationId,
    heard: HeardCode,
) -> Result<(), StoreError> {
    let HeardCode { call, code, read_at, valid_until } = heard;
    let found = writer.verification(id)?;
    if !found.is_some_and(|found| found.step.awaits_a_call()) {
        return Ok(());
    }
    writer.insert_code(&NewCode { call, code, read_at, valid_until })?;
    writer.move_verification(id, VerificationStep::Heard, read_at)
}

/// A code, and the call in which it was read.
#[derive(Debug, Clone)]
pub struct HeardCode {
    pub call: CallId,
    pub code: SpokenCode,
    pub read_at: Timestamp,
    pub valid_until: Timestamp,
}
