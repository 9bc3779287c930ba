//! The daemon's side of the control socket.

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::{Answer, CallTrace, Question, TracedMessage, WhatsApp, line_of, read_line};
use crate::domain::{CallId, PhoneNumber, Redacted};
use crate::store::{Store, StoreError};
use crate::telephony::{Ladder, Monitor, Speaker, Uri};

/// A question is shorter: the longest has the text of a message in it.
const LONGEST_QUESTION: u64 = 64 * 1024;

/// A question is asked, and a line of its answer taken, within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Questions that are answered at once; one more waits in the system's queue. Who asks is an operator, and
/// most answers take a moment.
const AT_ONCE: usize = 8;

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
    pub whatsapp: Option<WhatsApp>,
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
        let task = tokio::spawn(Arc::new(desk).answer_all(listener, stop));
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

/// Whoever asked, at the other end.
pub(super) struct Line(UnixStream);

impl Line {
    /// Says one line of an answer.
    pub(super) async fn say(&mut self, answer: &Answer) -> std::io::Result<()> {
        let line = line_of(answer)?;
        timeout(PATIENCE, self.0.write_all(&line)).await?
    }
}

impl Desk {
    /// Waits on connections, and gives each a task. All have ended when this returns.
    async fn answer_all(self: Arc<Self>, listener: UnixListener, stop: CancellationToken) {
        let (room, tasks) = (Arc::new(Semaphore::new(AT_ONCE)), TaskTracker::new());
        loop {
            let next = async {
                // Nobody closes it.
                let place = Arc::clone(&room).acquire_owned().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
                () = stop.cancelled() => break,
            };
            let Ok((stream, _)) = accepted else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let (desk, stop) = (Arc::clone(&self), stop.clone());
            tasks.spawn(async move {
                let _place = place;
                tokio::select! {
                    served = desk.serve(Line(stream)) => {
                        if let Err(error) = served {
                            debug!(%error, "a question on the control socket was cut off");
                        }
                    }
                    () = stop.cancelled() => {}
                }
            });
        }
        tasks.close();
        tasks.wait().await;
    }

    async fn serve(&self, mut line: Line) -> std::io::Result<()> {
        let asked = timeout(PATIENCE, read_line(&mut line.0, LONGEST_QUESTION)).await??;
        let answer = match serde_json::from_str(&asked) {
            Ok(Question::VerifyNumber(number)) => return self.verify(number, &mut line).await,
            Ok(Question::Totals) => Answer::Totals(self.monitor.audio()),
            Ok(Question::Trace { call, numbers }) => self.traced(&call, numbers).await,
            Ok(Question::Senders) => self.senders().await,
            Ok(Question::SendTest(message)) => self.send(message).await,
            Err(error) => Answer::Nothing(format!("that is no question: {error}")),
        };
        line.say(&answer).await
    }

    async fn traced(&self, call: &str, numbers: bool) -> Answer {
        match self.trace(call, numbers).await {
            Ok(Some(trace)) => Answer::Trace(trace),
            Ok(None) => Answer::Nothing(format!(
                "nothing is known of the call {call}: only the newest messages are kept (see \
                 sip.trace_megabytes), and none of an address that belongs to no trunk"
            )),
            Err(error) => Answer::Nothing(error.to_string()),
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
