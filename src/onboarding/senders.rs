//! The rules of senders: a project that has any has one default, and one that was removed is no more to
//! be had than by connecting it again.

use crate::domain::{ProjectId, SenderId, Timestamp};
use crate::store::{Sender, StoreError, Writer};

/// Why nothing was done with a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SenderRefusal {
    #[error("the project has no such sender")]
    Unknown,
    #[error("Meta is being asked to verify a number by the token of this sender")]
    UnderWay,
}

/// Makes a sender the default of its project. Returns the sender that was the default until now.
///
/// # Errors
/// When the store refuses. The inner error says why it was not made.
pub fn make_default_sender(
    writer: &Writer<'_>,
    project: &ProjectId,
    sender: &SenderId,
) -> Result<Result<Option<Sender>, SenderRefusal>, StoreError> {
    if sender_of(writer, project, sender)?.is_none() {
        return Ok(Err(SenderRefusal::Unknown));
    }
    let before = writer.senders(project)?.into_iter().find(|other| other.is_default);
    writer.set_default_sender(project, sender)?;
    Ok(Ok(before))
}

/// Removes a sender: its token and its PIN are erased here. At Meta the number stays as it is. The oldest
/// of the others becomes the default where this one was it. Returns the sender as it was.
///
/// # Errors
/// When the store refuses. The inner error says why it was not removed.
pub fn remove_sender(
    writer: &Writer<'_>,
    project: &ProjectId,
    sender: &SenderId,
    now: Timestamp,
) -> Result<Result<Sender, SenderRefusal>, StoreError> {
    let Some(removed) = sender_of(writer, project, sender)? else {
        return Ok(Err(SenderRefusal::Unknown));
    };
    if writer.is_sender_asking(sender)? {
        return Ok(Err(SenderRefusal::UnderWay));
    }
    writer.retire_sender(sender, now)?;
    if removed.is_default
        && let Some(oldest) = writer.senders(project)?.first()
    {
        writer.set_default_sender(project, &oldest.id)?;
    }
    Ok(Ok(removed))
}

fn sender_of(
    writer: &Writer<'_>,
    project: &ProjectId,
    sender: &SenderId,
) -> Result<Option<Sender>, StoreError> {
    let found = writer.sender(sender)?;
    Ok(found.filter(|sender| sender.project == *project))
}
