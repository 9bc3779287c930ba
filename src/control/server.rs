//! The daemon's side of the control socket.

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Answer, CallTrace, Question, TracedMessage, line_of, read_line};
use crate::domain::{CallId, PhoneNumber, Redacted};
use crate::store::{Store, StoreError};
use crate::telephony::{Ladder, Monitor, Speaker, Uri};

/// A question is shorter: ids are, and a SIP Call-ID that is longer is nobody's.
const LONGEST_QUESTION: u64 = 4_096;

/// One question is asked and answered within this time. They are taken one after the other: who
/// asks is an operator.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait after the system refused to accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the control socket could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the control socket {}: {reason}", path.display())]
pub struct CannotListen {
    pub path: PathBuf,
    pub reason: String,
}

/// Who knows the answers.
#[derive(Debug)]
pub struct Desk {
    pub store: Arc<Store>,
    pub monitor: Monitor,
}

/// The open control socket. Its file goes when it is stopped.
#[derive(Debug)]
pub struct ControlSocket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl ControlSocket {
    /// Opens the socket at `path` and answers until `stop` is cancelled.
    ///
    /// # Errors
    /// When another daemon has it, or the directory is not there or may not be written.
    pub fn start(path: &Path, desk: Desk, stop: CancellationToken) -> Result<Self, CannotListen> {
        let cannot = |reason: String| CannotListen { path: path.to_owned(), reason };
        remove_what_a_crash_left(path).map_err(cannot)?;
        let listener = UnixListener::bind(path).map_err(|error| cannot(error.to_string()))?;
        // Between the two lines the umask decides, which the shipped unit sets to 0077.
        std::fs::set_permissions(path, Permissions::from_mode(0o600))
            .map_err(|error| cannot(error.to_string()))?;
        let task = tokio::spawn(desk.answer_all(listener, stop));
        Ok(Self { path: path.to_owned(), task })
    }

    /// Waits until nobody is answered any more, and takes the socket away.
    pub async fn stopped(self) {
        // A panic of the task was already printed where it happened.
        let _ = self.task.await;
        // Gone already, or the next start does it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn remove_what_a_crash_left(path: &Path) -> Result<(), String> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err("there is a file of another kind".to_owned());
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err("another daemon answers there".to_owned());
    }
    std::fs::remove_file(path).map_err(|error| error.to_string())
}

impl Desk {
    /// Waits on connections, one at a time.
    async fn answer_all(self, listener: UnixListener, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            match timeout(PATIENCE, self.serve(stream)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(%error, "a question on the control socket was cut off"),
                Err(_) => debug!("a question on the control socket took too long"),
            }
        }
    }

    async fn serve(&self, mut stream: UnixStream) -> std::io::Result<()> {
        let line = read_line(&mut stream, LONGEST_QUESTION).await?;
        let answer = match serde_json::from_str(&line) {
            Ok(question) => self.answer(question).await,
            Err(error) => Answer::Nothing(format!("that is no question: {error}")),
        };
        stream.write_all(&line_of(&answer)?).await
    }

    async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Totals => Answer::Totals(self.monitor.audio()),
            Question::Trace { call, numbers } => match self.trace(&call, numbers).await {
                Ok(Some(trace)) => Answer::Trace(trace),
                Ok(None) => Answer::Nothing(format!(
                    "nothing is known of the call {call}: only the newest messages are kept (see \
                     sip.trace_megabytes), and none of an address that belongs to no trunk"
                )),
                Err(error) => Answer::Nothing(error.to_string()),
            },
        }
    }

    async fn trace(&self, call: &str, numbers: bool) -> Result<Option<CallTrace>, StoreError> {
        let id = CallId::from_stored(call.to_owned());
        let recorded = self.store.read(move |reader| reader.sip_call_id(&id)).await?;
        let sip_call_id = recorded.unwrap_or_else(|| call.to_owned());
        let ladder = self.monitor.trace.of_call(&sip_call_id);
        Ok(ladder.map(|ladder| shown(sip_call_id, &ladder, numbers)))
    }
}

fn shown(sip_call_id: String, ladder: &Ladder, numbers: bool) -> CallTrace {
    let name = |uri: &Option<Uri>| uri.as_ref().map(|uri| party(uri, numbers));
    let messages = ladder.messages.iter().map(|rung| TracedMessage {
        after_us: u64::try_from(rung.after.as_micros()).unwrap_or(u64::MAX),
        sent: rung.speaker == Speaker::Ourselves,
        transport: rung.transport.to_string(),
        remote: rung.remote,
        what: rung.what.clone(),
        cseq: rung.cseq.clone(),
    });
    CallTrace {
        sip_call_id,
        caller: name(&ladder.caller),
        called: name(&ladder.called),
        messages: messages.collect(),
    }
}

/// Who it is. Without `numbers`, as much as a log may hold.
fn party(uri: &Uri, numbers: bool) -> String {
    let user = uri.user().unwrap_or_default();
    match user.parse::<PhoneNumber>() {
        _ if numbers => format!("{user}@{}", uri.host()),
        Ok(number) => format!("{}@{}", Redacted(number), uri.host()),
        // A name is as personal as a number.
        Err(_) => format!("***@{}", uri.host()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_a_call_is_shown_in_full_only_on_demand() {
        let uri = Uri::parse("sip:+15550100123@192.0.2.1").unwrap();
        assert_eq!(party(&uri, false), "+***23@192.0.2.1");
        assert_eq!(party(&uri, true), "+15550100123@192.0.2.1");
        assert_eq!(party(&Uri::parse("sip:alice@example.com").unwrap(), false), "***@example.com");
    }

    #[test]
    fn a_socket_that_a_crash_left_makes_room_and_nothing_else_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zavud.sock");
        assert_eq!(remove_what_a_crash_left(&path), Ok(()));
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert_eq!(remove_what_a_crash_left(&path), Err("another daemon answers there".to_owned()));
        drop(listener);
        assert_eq!(remove_what_a_crash_left(&path), Ok(()));
        std::fs::write(&path, "").unwrap();
        let refused = remove_what_a_crash_left(&path);
        assert_eq!(refused, Err("there is a file of another kind".to_owned()));
    }
}
