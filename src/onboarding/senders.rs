//! The rules of senders: a project that has any has one default, and one that was removed is no more to
//! be had than by connecting it again.

use crate::domain::{ProjectId, SenderId, Timestamp};
use crate::store::{NamedSender, StoreError, Writer};

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
    now: Timestamp,
) -> Result<Result<Option<NamedSender>, SenderRefusal>, StoreError> {
    if writer.named_sender(project, sender)?.is_none() {
        return Ok(Err(SenderRefusal::Unknown));
    }
    let before = writer.default_sender(project)?;
    writer.set_default_sender(project, sender, now)?;
    Ok(Ok(before))
}

/// Removes a sender: its token, its PIN and its webhook are erased here. At Meta the number stays as it is. The oldest
/// of the others becomes the default where this one was it. Returns the sender as it was.
///
/// # Errors
/// When the store refuses. The inner error says why it was not removed.
pub fn remove_sender(
    writer: &Writer<'_>,
    project: &ProjectId,
    sender: &SenderId,
    now: Timestamp,
) -> Result<Result<NamedSender, SenderRefusal>, StoreError> {
    let Some(removed) = writer.named_sender(project, sender)? else {
        return Ok(Err(SenderRefusal::Unknown));
    };
    if writer.is_sender_asking(sender)? {
        return Ok(Err(SenderRefusal::UnderWay));
    }
    writer.remove_webhook_of(sender)?;
    writer.retire_sender(sender, now)?;
    if removed.is_default
        && let Some(oldest) = writer.oldest_sender(project)?
    {
        writer.set_default_sender(project, &oldest, now)?;
    }
    Ok(Ok(removed))
}
