//! Executes steps on stored invitations. A step is a status, an audit row and an event, and nobody
//! sees one of them without the others: they are written in the caller's transaction.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::domain::{
    Actor, CodeStage, FailureReason, InvitationId, InvitationStatus, OriginPurpose, PhoneNumberId,
    ProjectId, RedirectUrl, SiteOrigin, Submission, Timestamp, VerificationId,
};
use crate::store::{
    EventKind, InvitationState, NewEvent, NewInvitation, RecordedStep, StoreError, Writer,
};

use super::Step;
use super::news::{StatusNews, tell_of_status};

/// Why a step was not taken. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such invitation")]
    Unknown,
    #[error("an invitation that is {status} cannot be {participle}")]
    Illegal { status: InvitationStatus, participle: &'static str },
    #[error("a link can be used for 1 to 30 days")]
    Lifetime,
    #[error("the number serves the invitation {0} already")]
    NumberTaken(InvitationId),
    #[error("the number is not an active one of this project")]
    NumberNotUsable,
    #[error("the number is being verified right now ({0}), and a call to it would be for that")]
    NumberBeingVerified(VerificationId),
    #[error("the number is of none of the countries that are allowed")]
    CountryNotAllowed,
    #[error("clients of this project may not be sent to {0}; `zavud project set` allows an origin")]
    RedirectNotAllowed(SiteOrigin),
    #[error("the sign-up was begun too often: again from {0} on")]
    TooOften(Timestamp),
}

/// How long a link can be used, at least and at most.
const LIFETIMES: RangeInclusive<Duration> = DAY..=Duration::from_secs(30 * DAY.as_secs());

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes an invitation, which is pending at once. Where it names no language it has that of its project.
///
/// # Errors
/// When the store refuses. The inner error says why it may not be made.
pub fn invite(
    writer: &Writer<'_>,
    invitation: &NewInvitation,
    by: Actor,
) -> Result<Result<(), Refusal>, StoreError> {
    let at = invitation.created_at;
    if !LIFETIMES.contains(&invitation.expires_at.since(at)) {
        return Ok(Err(Refusal::Lifetime));
    }
    let allowed = writer.origins(&invitation.project, OriginPurpose::Redirect)?;
    let mut led_to = invitation.redirects.urls().map(RedirectUrl::origin);
    if let Some(origin) = led_to.find(|origin| !allowed.contains(origin)) {
        return Ok(Err(Refusal::RedirectNotAllowed(origin)));
    }
    if let Some(number) = invitation.connection.number() {
        if let Err(refusal) = can_wait_on(writer, number, &invitation.project, at)? {
            return Ok(Err(refusal));
        }
        let ours = writer.phone_number(number)?;
        if invitation.countries.as_ref().is_some_and(|countries| !countries.admit(&ours)) {
            return Ok(Err(Refusal::CountryNotAllowed));
        }
    }
    let spoken = invitation.language.or(writer.language_of_project(&invitation.project)?);
    writer.insert_invitation(&NewInvitation { language: spoken, ..invitation.clone() })?;
    let pending = InvitationStatus::Pending;
    let made = RecordedStep { at, actor: by, from: None, to: pending, failure: None };
    writer.record_step(&invitation.id, &made)?;
    writer.append_event(&NewEvent {
        project: invitation.project.clone(),
        invitation: invitation.id.clone(),
        call: None,
        kind: EventKind::InvitationCreated,
        at,
        stage: None,
    })?;
    Ok(Ok(()))
}

/// An invitation that a form made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    Now(InvitationId),
    /// The form was sent once before.
    Before(InvitationId),
}

/// Makes an invitation, unless the form that asks for it has made one: however often it is sent, there
/// is one.
///
/// # Errors
/// When the store refuses. The inner error says why it may not be made.
pub fn invite_once(
    writer: &Writer<'_>,
    invitation: &NewInvitation,
    submission: &Submission,
    by: Actor,
) -> Result<Result<Invited, Refusal>, StoreError> {
    if let Some(made) = writer.invitation_of_submission(&invitation.project, submission)? {
        return Ok(Ok(Invited::Before(made)));
    }
    if let Err(refusal) = invite(writer, invitation, by)? {
        return Ok(Err(refusal));
    }
    writer.set_submission(&invitation.id, submission)?;
    Ok(Ok(Invited::Now(invitation.id.clone())))
}

/// Records that the client opened the link of an invitation, for the first time.
///
/// # Errors
/// When the store refuses.
pub fn record_opening(
    writer: &Writer<'_>,
    project: &ProjectId,
    invitation: &InvitationId,
    at: Timestamp,
) -> Result<(), StoreError> {
    if writer.mark_viewed(invitation, at)? {
        writer.append_event(&NewEvent {
            project: project.clone(),
            invitation: invitation.clone(),
            call: None,
            kind: EventKind::InvitationOpened,
            at,
            stage: None,
        })?;
    }
    Ok(())
}

/// Whether a step may be taken at `now`. Nothing changes.
///
/// # Errors
/// When the store refuses.
pub(super) fn may_take_step(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    step: &Step,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let state = writer.invitation_state(invitation)?;
    Ok(state.is_some_and(|state| step.from(state.status.at(state.expires_at, now)).is_some()))
}

/// Takes a step, and returns where the invitation stands then. If its time has run out it expires
/// first, so that a step finds it as it is and not as it was last looked at.
///
/// # Errors
/// When the store refuses. The inner error says why the step may not be taken.
pub fn take_step(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    step: &Step,
    by: Actor,
    now: Timestamp,
) -> Result<Result<InvitationStatus, Refusal>, StoreError> {
    expire_if_overdue(writer, invitation, now)?;
    let Some(state) = writer.invitation_state(invitation)? else {
        return Ok(Err(Refusal::Unknown));
    };
    let Some(to) = step.from(state.status) else {
        let (status, participle) = (state.status, step.participle());
        return Ok(Err(Refusal::Illegal { status, participle }));
    };
    if to == state.status {
        return Ok(Ok(to));
    }
    if let Step::Resend(link) = step {
        if !LIFETIMES.contains(&link.expires_at.since(now)) {
            return Ok(Err(Refusal::Lifetime));
        }
        if let Some(number) = &state.phone_number
            && let Err(refusal) = can_wait_on(writer, number, &state.project, now)?
        {
            return Ok(Err(refusal));
        }
        writer.replace_link(invitation, link)?;
    }
    let failure = match step {
        Step::Fail(reason) => Some(*reason),
        Step::Begin | Step::Complete | Step::Cancel | Step::Resend(_) => None,
    };
    change(writer, invitation, &state, &Change { to, failure, by, at: now })?;
    Ok(Ok(to))
}

/// Expires an open invitation whose time has run out. It does so at that very moment, which is when
/// the step is said to have happened, however late it is recorded.
pub(super) fn expire_if_overdue(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(state) = writer.invitation_state(invitation)? else { return Ok(()) };
    let to = state.status.at(state.expires_at, now);
    if to != state.status {
        let at = state.expires_at;
        change(writer, invitation, &state, &Change { to, failure: None, by: Actor::Daemon, at })?;
    }
    Ok(())
}

/// Makes sure that a call to the number would be for an invitation of the project that has it from now on.
fn can_wait_on(
    writer: &Writer<'_>,
    number: &PhoneNumberId,
    project: &ProjectId,
    now: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    if !writer.is_active_number(number, project)? {
        return Ok(Err(Refusal::NumberNotUsable));
    }
    if let Err(taken) = free_number(writer, number, now)? {
        return Ok(Err(taken));
    }
    Ok(match writer.verification_under_way(number)? {
        Some(under_way) => Err(Refusal::NumberBeingVerified(under_way.id)),
        None => Ok(()),
    })
}

/// Makes sure that no open invitation has the number; one that has is named.
pub(super) fn free_number(
    writer: &Writer<'_>,
    number: &PhoneNumberId,
    now: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    let Some(holder) = writer.holder_of(number)? else { return Ok(Ok(())) };
    expire_if_overdue(writer, &holder, now)?;
    Ok(match writer.holder_of(number)? {
        Some(holder) => Err(Refusal::NumberTaken(holder)),
        None => Ok(()),
    })
}

/// A step that is legal.
struct Change {
    to: InvitationStatus,
    failure: Option<FailureReason>,
    by: Actor,
    at: Timestamp,
}

fn change(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    state: &InvitationState,
    change: &Change,
) -> Result<(), StoreError> {
    let &Change { to, failure, by: actor, at } = change;
    writer.move_invitation(invitation, to, failure, at)?;
    writer.record_step(
        invitation,
        &RecordedStep { at, actor, from: Some(state.status), to, failure },
    )?;
    let (kind, stage) = match to {
        // What was shown to whoever had the link before is of no concern to whoever has the new one.
        InvitationStatus::Pending => (EventKind::InvitationResent, Some(CodeStage::Waiting)),
        InvitationStatus::InProgress => (EventKind::SignupBegun, None),
        InvitationStatus::Completed => (EventKind::SignupCompleted, None),
        InvitationStatus::Failed => (EventKind::SignupFailed, None),
        InvitationStatus::Expired => (EventKind::InvitationExpired, None),
        InvitationStatus::Cancelled => (EventKind::InvitationCancelled, None),
    };
    if !to.is_open() || to == InvitationStatus::Pending {
        writer.erase_digits_of(invitation)?;
    }
    writer.append_event(&NewEvent {
        project: state.project.clone(),
        invitation: invitation.clone(),
        call: None,
        kind,
        at,
        stage: stage.map(Into::into),
    })?;
    let news = StatusNews { from: state.status, to, failure, at };
    tell_of_status(writer, &state.project, invitation, &news)
}
