//! What an operator asks a running daemon, on the same host: over a Unix socket that only the
//! daemon's user (and root) may open. One question a connection, in a line of JSON; an answer is a line
//! too, and what takes its time is told in several, until the connection ends.
//!
//! [`ControlSocket`] is the daemon's side, [`ask`] and [`follow`] are the other one. Knows nothing of how an answer is
//! shown.

mod server;
mod whatsapp;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

pub use crate::telephony::AudioTotals;
pub use server::{CannotListen, ControlSocket, Desk};
pub use whatsapp::{ListedSender, NumberToVerify, TestMessage, WhatsApp};

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What was said in a call.
    Trace {
        /// Our call id, or the SIP Call-ID.
        call: String,
        /// Whether phone numbers are wanted in full.
        numbers: bool,
    },
    /// What has come in so far.
    Totals,
    /// To verify a number of ours, and to tell how that goes on.
    VerifyNumber(NumberToVerify),
    /// What messages can be sent from.
    Senders,
    /// To send a message.
    SendTest(TestMessage),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Trace(CallTrace),
    Totals(AudioTotals),
    Senders(Vec<ListedSender>),
    /// Where something stands that goes on.
    Progress(String),
    /// It was done.
    Done(String),
    /// There is none, for this reason.
    Nothing(String),
}

/// What was said in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTrace {
    pub sip_call_id: String,
    /// `None` when it could not be read.
    pub caller: Option<String>,
    pub called: Option<String>,
    pub messages: Vec<TracedMessage>,
}

/// One message of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedMessage {
    /// Since the first one.
    pub after_us: u64,
    /// Whether we sent it; otherwise it came in.
    pub sent: bool,
    pub transport: String,
    pub remote: SocketAddr,
    /// A method, or a status with its reason.
    pub what: String,
    pub cseq: String,
}

/// Why a daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("cannot reach a daemon at {}: {source}. Does it run, and may this user ask it?", path.display())]
    Unreachable { path: PathBuf, source: std::io::Error },
    #[error("the daemon at {} does not answer: {source}", path.display())]
    NoAnswer { path: PathBuf, source: std::io::Error },
    /// It is of another version.
    #[error("the daemon at {} answered something else: {source}", path.display())]
    NotUnderstood { path: PathBuf, source: serde_json::Error },
}

/// Asks the daemon whose socket is at `path`.
///
/// # Errors
/// When no daemon answers there.
pub async fn ask(path: &Path, question: &Question) -> Result<Answer, AskError> {
    let mut last = None;
    follow(path, question, |answer| last = Some(answer)).await?;
    last.ok_or_else(|| {
        let source = std::io::ErrorKind::UnexpectedEof.into();
        AskError::NoAnswer { path: path.to_owned(), source }
    })
}

/// Asks the daemon whose socket is at `path`, and passes on what it tells until it has no more to tell.
///
/// # Errors
/// When no daemon answers there.
pub async fn follow(
    path: &Path,
    question: &Question,
    mut hear: impl FnMut(Answer),
) -> Result<(), AskError> {
    let unreachable = |source| AskError::Unreachable { path: path.to_owned(), source };
    let no_answer = |source| AskError::NoAnswer { path: path.to_owned(), source };
    let mut stream = UnixStream::connect(path).await.map_err(unreachable)?;
    let line = line_of(question).map_err(no_answer)?;
    stream.write_all(&line).await.map_err(no_answer)?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await.map_err(no_answer)? {
        let answer = serde_json::from_str(&line)
            .map_err(|source| AskError::NotUnderstood { path: path.to_owned(), source })?;
        hear(answer);
    }
    Ok(())
}

fn line_of(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// A line of at most `limit` bytes.
async fn read_line(stream: &mut UnixStream, limit: u64) -> std::io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(limit)).read_line(&mut line).await?;
    Ok(line)
}
