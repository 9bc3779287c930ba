//! What is recorded of an attempt, in the caller's transaction: with it moves the invitation, and
//! pages are woken.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;

use super::failure;
use crate::domain::{
    Actor, InvitationId, PhoneNumber, Sealed, SenderId, SignupFailure, SignupId, SignupStep,
    Timestamp,
};
use crate::meta::graph::{AccessToken, Pin};
use crate::onboarding::invitations::may_take_step;
use crate::onboarding::{Refusal, Step, take_step};
use crate::seal::Seal;
use crate::store::{
    Connected, EventKind, Learned, NewEvent, NewSender, Signup, StoreError, Writer,
};

/// Attempts of an invitation that may be begun in [`BEGINNINGS_COUNT_FOR`]: many more than a client needs
/// who has trouble. Each is a row, and anybody with the link can begin one.
const MOST_BEGINNINGS: usize = 20;
const BEGINNINGS_COUNT_FOR: Duration = Duration::from_secs(60 * 60);

/// Begins an attempt: the client is in Meta's window from now on.
///
/// # Errors
/// When the store refuses. The inner error says why it may not be begun.
pub fn begin_signup(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    id: &SignupId,
    now: Timestamp,
) -> Result<Result<(), Refusal>, StoreError> {
    let begun = writer.signups_begun(invitation, now - BEGINNINGS_COUNT_FOR)?;
    if let Some(earliest) = begun.len().checked_sub(MOST_BEGINNINGS) {
        return Ok(Err(Refusal::TooOften(begun[earliest] + BEGINNINGS_COUNT_FOR)));
    }
    if let Err(refusal) = take_step(writer, invitation, &Step::Begin, Actor::Client, now)? {
        return Ok(Err(refusal));
    }
    writer.insert_signup(id, invitation, now)?;
    wake(writer, invitation, EventKind::SignupOpened, now)?;
    Ok(Ok(()))
}

/// Takes an attempt up when Meta's window was left with a code, and returns it. `None` when there is
/// nothing to take up: it is over or taken up already, another one of the invitation is, or the
/// invitation is closed.
pub(super) fn take_up(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    id: &SignupId,
    named: &Learned,
    now: Timestamp,
) -> Result<Option<Signup>, StoreError> {
    let is_waited_for =
        writer.signup(id, invitation)?.is_some_and(|signup| signup.step == SignupStep::Begun);
    if !is_waited_for || writer.is_signup_finishing(invitation)? {
        return Ok(None);
    }
    // After the failure of a later attempt, in another tab, the invitation has failed.
    if take_step(writer, invitation, &Step::Begin, Actor::Client, now)?.is_err() {
        return Ok(None);
    }
    writer.move_signup(id, SignupStep::Exchanging, named, now)?;
    wake(writer, invitation, EventKind::SignupFinishing, now)?;
    writer.signup(id, invitation)
}

/// Takes up the sign-up of the invitation that `number`, one of ours, is pre-assigned to, without what its
/// browser should have brought, and returns the attempt. `None` when there is no such invitation that
/// is open, or an attempt of it is being finished.
pub(super) fn take_up_without_code(
    writer: &Writer<'_>,
    number: &PhoneNumber,
    (account, name): (String, String),
    (seal, token): (&Seal, &AccessToken),
    now: Timestamp,
) -> Result<Option<Signup>, StoreError> {
    let Some(own) = writer.own_number(number)? else { return Ok(None) };
    let Some(open) = writer.open_invitation_for(&own.id, now)? else { return Ok(None) };
    let invitation = open.id;
    if writer.is_signup_finishing(&invitation)?
        || take_step(writer, &invitation, &Step::Begin, Actor::Daemon, now)?.is_err()
    {
        return Ok(None);
    }
    let id = SignupId::new(now, rand::rng().random());
    writer.insert_signup(&id, &invitation, now)?;
    let learned = Learned {
        account: Some(account),
        number: Some(name),
        token: Some(sealed(seal, &token_of(id.as_str()), token.expose())),
        pin: None,
    };
    writer.move_signup(&id, SignupStep::Exchanged, &learned, now)?;
    wake(writer, &invitation, EventKind::SignupFinishing, now)?;
    writer.signup(&id, &invitation)
}

/// Records that an attempt came to a step, and returns it as it is then.
pub(super) fn advance(
    writer: &Writer<'_>,
    signup: &Signup,
    step: SignupStep,
    learned: &Learned,
    now: Timestamp,
) -> Result<Signup, StoreError> {
    writer.move_signup(&signup.id, step, learned, now)?;
    let moved = writer.signup(&signup.id, &signup.invitation)?;
    moved.ok_or_else(|| StoreError::Unexpected(format!("{} has gone", signup.id)))
}

/// Ends an attempt that failed, if it is not over. The invitation fails with it, unless another
/// attempt goes on, or the invitation has a new link since.
pub(super) fn fail(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    id: &SignupId,
    failure: SignupFailure,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(signup) = writer.signup(id, invitation)? else { return Ok(()) };
    if matches!(signup.step, SignupStep::Done | SignupStep::Failed) {
        return Ok(());
    }
    writer.end_signup(id, Some(failure), now)?;
    let goes_on = writer.is_signup_overtaken(id)? || writer.is_signup_finishing(invitation)?;
    if !goes_on && writer.is_signup_of_link(id)? {
        let step = Step::Fail(failure::reason_of(failure));
        // One that was closed meanwhile stays as it is.
        let _ = take_step(writer, invitation, &step, Actor::Client, now)?;
    }
    wake(writer, invitation, EventKind::SignupEnded, now)
}

/// What a sender is made of, in the clear.
pub(super) struct Connection {
    pub(super) name: String,
    pub(super) phone_number: PhoneNumber,
    pub(super) account: String,
    pub(super) number: String,
    pub(super) token: AccessToken,
    pub(super) pin: Option<Pin>,
}

/// Makes the sender and completes the invitation; or ends the attempt, if the invitation was closed.
pub(super) fn complete(
    writer: &Writer<'_>,
    signup: &Signup,
    connection: &Connection,
    seal: &Arc<Seal>,
    now: Timestamp,
) -> Result<Result<SenderId, SignupFailure>, StoreError> {
    let invitation = &signup.invitation;
    let may_complete = writer.is_signup_of_link(&signup.id)?
        && may_take_step(writer, invitation, &Step::Complete, now)?;
    let Some(state) = writer.invitation_state(invitation)?.filter(|_| may_complete) else {
        let closed = SignupFailure::InvitationClosed;
        fail(writer, invitation, &signup.id, closed, now)?;
        return Ok(Err(closed));
    };
    let Connection { name, phone_number, account, number, token, pin } = connection;
    let known = writer.sender_of_number(&state.project, number, phone_number)?;
    let sender = known.unwrap_or_else(|| SenderId::new(now, rand::rng().random()));
    writer.put_sender(&NewSender {
        id: sender.clone(),
        project: state.project,
        invitation: invitation.clone(),
        created_at: now,
        connected: Connected {
            name: name.clone(),
            phone_number: phone_number.clone(),
            account: account.clone(),
            number: number.clone(),
            token: sealed(seal, &token_of(sender.as_str()), token.expose()),
            pin: pin.as_ref().map(|pin| sealed(seal, &pin_of(sender.as_str()), pin.expose())),
        },
    })?;
    writer.set_sender(invitation, &sender)?;
    // After the sender is there: whoever is told that it is completed is told of the sender as well.
    if take_step(writer, invitation, &Step::Complete, Actor::Client, now)?.is_err() {
        return Err(StoreError::Unexpected(format!("{invitation} was closed in a transaction")));
    }
    writer.end_signup(&signup.id, None, now)?;
    Ok(Ok(sender))
}

/// Whose a sealed token is: that of an attempt, or of a sender.
pub fn token_of(id: &str) -> String {
    format!("{id}.token")
}

/// Whose a sealed PIN is: that of an attempt, or of a sender.
pub fn pin_of(id: &str) -> String {
    format!("{id}.pin")
}

pub(super) fn sealed(seal: &Seal, owner: &str, secret: &str) -> Sealed {
    seal.seal(owner, secret.as_bytes(), rand::rng().random())
}

/// Tells open pages that something has changed.
fn wake(
    writer: &Writer<'_>,
    invitation: &InvitationId,
    kind: EventKind,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(state) = writer.invitation_state(invitation)? else { return Ok(()) };
    let invitation = invitation.clone();
    let project = state.project;
    writer.append_event(&NewEvent { project, invitation, call: None, kind, at, stage: None })?;
    Ok(())
}
