//! What may be done with a sender by whom its project lets: nobody else's is touched, and none whose token
//! is in use is removed.

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

/// Makes a sender the default of its project, in place of the one before. Returns the sender as it was.
///
/// # Errors
/// When the store refuses. The inner error says why it was not made.
pub fn make_default_sender(
    writer: &Writer<'_>,
    project: &ProjectId,
    sender: &SenderId,
    now: Timestamp,
) -> Result<Result<NamedSender, SenderRefusal>, StoreError> {
    let Some(found) = writer.named_sender(project, sender)? else {
        return Ok(Err(SenderRefusal::Unknown));
    };
    writer.make_default_sender(project, sender, now)?;
    Ok(Ok(found))
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
) -> Result<Result<NamedSender, SenderRefusal>, StoreError> {
    let Some(found) = writer.named_sender(project, sender)? else {
        return Ok(Err(SenderRefusal::Unknown));
    };
    if writer.is_sender_asking(sender)? {
        return Ok(Err(SenderRefusal::UnderWay));
    }
    writer.remove_sender(project, sender, now)?;
    Ok(Ok(found))
}
