//! Messages of partners, from the moment that one is asked for until Meta tells what became of it.
//!
//! A message is kept before Meta is asked, and how far it came before the next step: after a crash one that
//! Meta was not asked for is sent, and one whose answer is not known is said to have failed, rather than
//! being sent twice.

use std::sync::Arc;

use rand::RngExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::messages::{Messages, NotSent};
use super::news::tell_of_message;
use crate::clock::Clock;
use crate::domain::{MessageId, MessageStatus, PhoneNumber, Timestamp};
use crate::meta::graph::OutgoingText;
use crate::meta::webhook::SentStatus;
use crate::store::{Message, MessageNews, NewMessage, Store, StoreError, Writer};

/// Why a message failed, where Meta has no number for it.
const UNCLEAR: &str = "delivery_unknown";
const NOT_SENT: &str = "not_sent";

/// Sends what partners ask for.
#[derive(Debug)]
pub struct Outgoing {
    /// `None` where no app of Meta's is configured: then only tests of projects send, to nobody.
    messages: Option<Arc<Messages>>,
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Outgoing {
    /// Ready to send, until `stop` is cancelled.
    pub fn new(
        messages: Option<Arc<Messages>>,
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Self {
        Self { messages, store, clock, tasks: TaskTracker::new(), stop }
    }

    /// Whether anything can be sent to anybody.
    pub fn is_set_up(&self) -> bool {
        self.messages.is_some()
    }

    /// Sends a message that was kept as queued. A task of its own, which waits on Meta and the store, and is
    /// not interrupted while Meta is asked.
    pub fn send(self: &Arc<Self>, message: Message) {
        let this = Arc::clone(self);
        self.tasks.spawn(async move {
            if this.stop.is_cancelled() {
                return;
            }
            let id = message.id.clone();
            if let Err(error) = this.send_now(message).await {
                error!(message = %id, %error, "a message could not be followed");
            }
        });
    }

    /// Goes on with what an earlier run left unfinished.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn resume(self: &Arc<Self>) -> Result<(), StoreError> {
        let unsent = self.store.read(|reader| reader.unsent_messages()).await?;
        for message in unsent {
            if message.status == MessageStatus::Queued {
                self.send(message);
            } else {
                let news = MessageNews { error_code: Some(UNCLEAR.into()), provider_id: None };
                self.note(&message, MessageStatus::Failed, news).await?;
            }
        }
        Ok(())
    }

    /// Waits until nothing is being sent any more.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    async fn send_now(&self, message: Message) -> Result<(), StoreError> {
        let project = message.project.clone();
        let is_test = self.store.read(move |reader| reader.is_test_project(&project)).await?;
        self.note(&message, MessageStatus::Sending, MessageNews::default()).await?;
        if is_test {
            self.note(&message, MessageStatus::Sent, MessageNews::default()).await?;
            return self.note(&message, MessageStatus::Delivered, MessageNews::default()).await;
        }
        let sent = match &self.messages {
            Some(messages) => {
                let text = OutgoingText {
                    to: &message.other_end,
                    body: &message.text,
                    reference: Some(message.id.as_str()),
                };
                messages.send(&message.sender, text).await
            }
            None => Err(NotSent::UnknownSender(message.sender.clone())),
        };
        match sent {
            Ok(id) => {
                let news = MessageNews { provider_id: Some(id.0), error_code: None };
                self.note(&message, MessageStatus::Sent, news).await
            }
            Err(error) => {
                warn!(message = %message.id, %error, "a message was not sent");
                let news = MessageNews { provider_id: None, error_code: Some(code_of(&error)) };
                self.note(&message, MessageStatus::Failed, news).await
            }
        }
    }

    async fn note(
        &self,
        message: &Message,
        to: MessageStatus,
        news: MessageNews,
    ) -> Result<(), StoreError> {
        let (project, id, now) = (message.project.clone(), message.id.clone(), self.clock.now());
        let write = self.store.write(move |writer| {
            // Meta may have told already how far it came.
            let Some(current) = writer.message(&project, &id)? else { return Ok(()) };
            let is_known = current.provider_id.is_some();
            if is_known && news.error_code.as_deref() == Some(UNCLEAR) {
                return Ok(());
            }
            advance(writer, &current, to, &news, now)
        });
        write.await
    }
}

/// The name by which programs know why a message was not sent.
fn code_of(error: &NotSent) -> String {
    match error {
        NotSent::Unclear => UNCLEAR.to_owned(),
        NotSent::Meta(error) => error.reason().as_str().to_owned(),
        NotSent::UnknownSender(_) | NotSent::Length(_) | NotSent::Sealed | NotSent::Store(_) => {
            NOT_SENT.to_owned()
        }
    }
}

/// What the code of a failed message means.
pub fn message_failure_in_words(code: &str) -> String {
    match code {
        UNCLEAR => "Meta did not answer. The message may have been sent.".to_owned(),
        NOT_SENT => "The sender is not connected to WhatsApp any more.".to_owned(),
        code => match code.parse() {
            Ok(reason) => super::refusals::in_words_for_operators(reason).to_owned(),
            Err(_) => format!("Meta says {code}."),
        },
    }
}

/// Notes what Meta tells of a message. What is known already, or was overtaken, changes nothing.
///
/// # Errors
/// When the store refuses.
pub fn report_message(
    writer: &Writer<'_>,
    report: &SentStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    let SentStatus { message: provider_id, status, error_code, .. } = report;
    let known = match writer.message_called(provider_id)? {
        Some(message) => Some(message),
        None => unnamed(writer, report)?,
    };
    let Some(message) = known else { return Ok(()) };
    let news =
        MessageNews { provider_id: Some(provider_id.clone()), error_code: error_code.clone() };
    advance(writer, &message, *status, &news, now)
}

/// The message that Meta tells of by the name that we gave it, since we do not know Meta's: its webhook was
/// faster than its answer, or the answer was lost. What is sent from a number other programs may send from
/// as well, so the name has to be that of a message of this very number.
fn unnamed(writer: &Writer<'_>, report: &SentStatus) -> Result<Option<Message>, StoreError> {
    let Some(id) = report.reference.as_deref().and_then(MessageId::parse) else { return Ok(None) };
    let Some((project, sender)) = writer.sender_called(&report.number)? else { return Ok(None) };
    let named = writer.message(&project, &id)?;
    Ok(named.filter(|message| message.sender == sender && message.provider_id.is_none()))
}

/// Keeps a message that came in for one of our senders. One that Meta tells of once more is no news.
///
/// # Errors
/// When the store refuses.
pub fn receive_message(
    writer: &Writer<'_>,
    number: &str,
    (from, provider_id, text): (&PhoneNumber, &str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((project, sender)) = writer.sender_called(number)? else { return Ok(()) };
    let id = MessageId::new(now, rand::rng().random());
    let is_news = writer.insert_message(&NewMessage {
        id: id.clone(),
        project: project.clone(),
        sender,
        is_inbound: true,
        other_end: from.clone(),
        text: text.to_owned(),
        metadata: None,
        status: MessageStatus::Received,
        provider_id: Some(provider_id.to_owned()),
        created_at: now,
    })?;
    match writer.message(&project, &id)?.filter(|_| is_news) {
        Some(message) => tell_of_message(writer, &message),
        None => Ok(()),
    }
}

fn advance(
    writer: &Writer<'_>,
    message: &Message,
    to: MessageStatus,
    news: &MessageNews,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Of one that was given up because nobody knew, Meta may know after all.
    let is_unclear = message.error_code.as_deref() == Some(UNCLEAR);
    let from = if is_unclear { MessageStatus::Sending } else { message.status };
    if !from.may_become(to) {
        return Ok(());
    }
    writer.move_message(&message.id, to, news, now)?;
    info!(message = %message.id, status = to.as_str(), "a message went on");
    match writer.message(&message.project, &message.id)? {
        Some(message) => tell_of_message(writer, &message),
        None => Ok(()),
    }
}

/// Keeps a message that is to be sent.
///
/// # Errors
/// When there is no such sender, or the store refuses.
pub fn queue_message(writer: &Writer<'_>, message: &NewMessage) -> Result<Message, StoreError> {
    writer.insert_message(message)?;
    let kept = writer.message(&message.project, &message.id)?;
    let kept = kept.ok_or_else(|| StoreError::Unexpected(format!("{} has gone", message.id)))?;
    tell_of_message(writer, &kept)?;
    Ok(kept)
}
