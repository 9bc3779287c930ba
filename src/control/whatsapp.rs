//! What an operator asks of the numbers that are connected, or are to be.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::server::Line;
use super::{Answer, Desk};
use crate::domain::{PhoneNumber, SenderId, VerificationId};
use crate::onboarding::{
    Attempts, Messages, NamedNumber, NotApplicable, Verifications, progress_in_words,
};
use crate::store::StoreError;

/// Who does what is asked of Meta. `None` where no app of Meta's is configured.
#[derive(Debug, Clone)]
pub struct WhatsApp {
    pub verifications: Arc<Verifications>,
    pub messages: Arc<Messages>,
}

/// A sender, as an operator is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedSender {
    pub id: String,
    /// The name of its project.
    pub project: String,
    /// The name that WhatsApp shows.
    pub name: String,
    pub phone_number: String,
    /// Whether its project sends from it unless told otherwise.
    pub is_default: bool,
}

/// A number to be verified. What Meta calls it, and by whom it is asked, is needed for one that is no
/// sender yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberToVerify {
    pub number: String,
    pub meta_number: Option<String>,
    pub sender: Option<String>,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestMessage {
    pub sender: String,
    pub to: String,
    pub text: String,
}

const NOT_CONFIGURED: &str = "no app of Meta's is configured (meta.app_id), so Meta is never asked";

impl Desk {
    pub(super) async fn senders(&self) -> Answer {
        let read = self.store.read(|reader| reader.all_senders()).await;
        match read {
            Ok(senders) => Answer::Senders(
                senders
                    .into_iter()
                    .map(|(project, sender)| ListedSender {
                        id: sender.id.as_str().to_owned(),
                        project,
                        name: sender.connected.name,
                        phone_number: sender.connected.phone_number.to_string(),
                        is_default: sender.is_default,
                    })
                    .collect(),
            ),
            Err(error) => Answer::Nothing(error.to_string()),
        }
    }

    pub(super) async fn send(&self, message: TestMessage) -> Answer {
        let Some(whatsapp) = &self.whatsapp else {
            return Answer::Nothing(NOT_CONFIGURED.to_owned());
        };
        let to = match PhoneNumber::from_pasted(&message.to) {
            Ok(to) => to,
            Err(error) => return Answer::Nothing(error.to_string()),
        };
        let sender = SenderId::from_stored(message.sender);
        match whatsapp.messages.send_text(&sender, &to, &message.text).await {
            Ok(id) => Answer::Done(format!("Meta has taken the message: {}", id.0)),
            Err(error) => Answer::Nothing(error.to_string()),
        }
    }

    /// Begins a verification, or follows the one that is under way, and tells each change until its end.
    /// Whoever asked may go away: it goes on.
    pub(super) async fn verify(
        &self,
        asked: NumberToVerify,
        line: &mut Line,
    ) -> std::io::Result<()> {
        let Some(whatsapp) = &self.whatsapp else {
            return line.say(&Answer::Nothing(NOT_CONFIGURED.to_owned())).await;
        };
        let verifications = &whatsapp.verifications;
        let (number, named) = match read(&asked) {
            Ok(read) => read,
            Err(reason) => return line.say(&Answer::Nothing(reason)).await,
        };
        let id = match verifications.begin(number, named).await {
            Ok(Ok((id, attempts))) => {
                if let Some(warning) = warning(attempts) {
                    line.say(&Answer::Progress(warning)).await?;
                }
                id
            }
            Ok(Err(NotApplicable::UnderWay(id))) => {
                let words = "The number is being verified already; this is how that goes on.";
                line.say(&Answer::Progress(words.to_owned())).await?;
                id
            }
            Ok(Err(reason)) => return line.say(&Answer::Nothing(reason.to_string())).await,
            Err(error) => return line.say(&Answer::Nothing(error.to_string())).await,
        };
        match follow(verifications, &id, line).await? {
            Ok(last) => line.say(&last).await,
            Err(error) => line.say(&Answer::Nothing(error.to_string())).await,
        }
    }
}

/// Tells how a verification goes on, and returns what is to be told of its end.
async fn follow(
    verifications: &Verifications,
    id: &VerificationId,
    line: &mut Line,
) -> std::io::Result<Result<Answer, StoreError>> {
    let mut found = verifications.find(id).await;
    loop {
        let known = match found {
            Ok(Some(known)) => known,
            Ok(None) => return Ok(Ok(Answer::Nothing(format!("{id} has gone")))),
            Err(error) => return Ok(Err(error)),
        };
        let words = progress_in_words(&known).to_owned();
        if known.step.is_over() {
            let is_failed = known.failure.is_some();
            return Ok(Ok(if is_failed { Answer::Nothing(words) } else { Answer::Done(words) }));
        }
        line.say(&Answer::Progress(words)).await?;
        found = verifications.changed(&known).await;
    }
}

fn read(asked: &NumberToVerify) -> Result<(PhoneNumber, Option<NamedNumber>), String> {
    let number = PhoneNumber::from_pasted(&asked.number).map_err(|error| error.to_string())?;
    let named = match (&asked.meta_number, &asked.sender) {
        (Some(name), Some(sender)) => Some(NamedNumber {
            sender: SenderId::from_stored(sender.clone()),
            meta_number: name.parse().map_err(|_| format!("{name} is no id of Meta's"))?,
        }),
        (None, None) => None,
        _ => {
            return Err("Meta's id of a number needs a sender beside it, by whom to ask".to_owned());
        }
    };
    Ok((number, named))
}

/// Said before Meta is asked, when it will soon refuse.
fn warning(attempts: Attempts) -> Option<String> {
    match attempts {
        Attempts::Plenty | Attempts::NoneUntil(_) => None,
        Attempts::Few(left) => Some(format!(
            "Meta verifies this number only {left} times more for now, this one included."
        )),
    }
}
