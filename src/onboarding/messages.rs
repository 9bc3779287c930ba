//! Test messages: whether a sender works is seen when somebody receives what it sends.

use std::sync::Arc;

use tracing::info;

use super::refusals::in_words_for_operators;
use super::token_of;
use crate::domain::{PhoneNumber, Redacted, SenderId};
use crate::meta::graph::{AccessToken, GraphClient, GraphError, MessageId, OutgoingText};
use crate::seal::Seal;
use crate::store::{Store, StoreError};

/// WhatsApp takes no longer text (Cloud API, text messages).
const LONGEST_TEXT: usize = 4_096;

/// Sends messages.
#[derive(Debug)]
pub struct Messages {
    graph: Arc<GraphClient>,
    seal: Arc<Seal>,
    store: Arc<Store>,
}

/// Why a message was not sent, in words for a partner or an operator.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    #[error("there is no sender {0}")]
    UnknownSender(SenderId),
    #[error("a text has 1 to {LONGEST_TEXT} characters, and this one has {0}")]
    Length(usize),
    /// The key of the database is another one than it was.
    #[error("the token of the sender cannot be opened: its client has to connect again")]
    Sealed,
    #[error("Meta did not answer. The message may have been sent: look before you send it again")]
    Unclear,
    #[error("{} ({_0})", in_words_for_operators(_0.reason()))]
    Meta(GraphError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Messages {
    pub fn new(graph: Arc<GraphClient>, seal: Arc<Seal>, store: Arc<Store>) -> Self {
        Self { graph, seal, store }
    }

    /// Sends a text from a sender. WhatsApp delivers it to whoever has written to the sender within a
    /// day, and tells later, by its webhook, whether it did.
    ///
    /// # Errors
    /// When it was not sent, or nobody knows whether it was.
    pub async fn send_text(
        &self,
        sender: &SenderId,
        to: &PhoneNumber,
        text: &str,
    ) -> Result<MessageId, NotSent> {
        self.send(sender, OutgoingText { to, body: text, reference: None }).await
    }

    /// The same, for a text that webhooks are to call by a name of ours.
    pub(super) async fn send(
        &self,
        sender: &SenderId,
        text: OutgoingText<'_>,
    ) -> Result<MessageId, NotSent> {
        let length = text.body.chars().count();
        if length == 0 || length > LONGEST_TEXT {
            return Err(NotSent::Length(length));
        }
        let id = sender.clone();
        let found = self.store.read(move |reader| reader.sender(&id)).await?;
        let found = found.ok_or_else(|| NotSent::UnknownSender(sender.clone()))?;
        let opened = self.seal.open(&token_of(sender.as_str()), &found.connected.token);
        let token = opened.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let token = AccessToken::new(token.ok_or(NotSent::Sealed)?);
        let number = found.connected.number.parse().map_err(|_| NotSent::Sealed)?;
        let sent = self.graph.send_text(&number, text, &token).await;
        let message = sent.map_err(|error| match error {
            GraphError::NoAnswer(_) => NotSent::Unclear,
            error => NotSent::Meta(error),
        })?;
        info!(%sender, to = %Redacted(text.to), "a message was sent");
        Ok(message)
    }
}
