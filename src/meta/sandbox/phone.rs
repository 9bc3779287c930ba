//! The phone by which the stand-in speaks a code: calls the daemon, and nobody else.

use std::net::SocketAddr;
use std::sync::OnceLock;

use sip::{MediaPolicy, Uri};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::domain::{Language, PhoneNumber, Redacted, SpokenCode};
use crate::telephony::caller::{OutgoingCall, Over, place_call};
use crate::voices::Voice;

/// Calls at once: the dialog can be asked again and again.
const MOST_CALLS: usize = 16;

/// Who calls. Meta's calls come from abroad.
const CALLER: &str = "+442071838750";

/// Why nobody is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no call can be placed")]
pub(super) struct NoCall;

#[derive(Debug, Default)]
pub(super) struct Phone {
    sip: OnceLock<SocketAddr>,
    language: OnceLock<Language>,
    calls: TaskTracker,
    stop: CancellationToken,
}

impl Phone {
    /// Says where calls go.
    pub(super) fn connect(&self, sip: SocketAddr) {
        // A daemon has one address for as long as it runs.
        let _ = self.sip.set(sip);
    }

    /// Speaks this language from now on, whatever the client's is.
    pub(super) fn speak_only(&self, language: Language) {
        // It is chosen once, where somebody wants to hear it.
        let _ = self.language.set(language);
    }

    /// Calls `number` and speaks the code, twice; in English where there is no voice for the
    /// language. How the call goes on is logged.
    pub(super) fn speak(
        &self,
        number: &PhoneNumber,
        code: &SpokenCode,
        language: Language,
    ) -> Result<(), NoCall> {
        let sip = *self.sip.get().ok_or(NoCall)?;
        if self.calls.len() >= MOST_CALLS || self.stop.is_cancelled() {
            return Err(NoCall);
        }
        let language = self.language.get().copied().unwrap_or(language);
        let call = call(sip, number, code, language).ok_or(NoCall)?;
        let (stop, number) = (self.stop.clone(), number.clone());
        self.calls.spawn(async move {
            let placed = tokio::select! {
                placed = place_call(call, |_| {}) => placed,
                () = stop.cancelled() => return,
            };
            match placed {
                Ok(()) => info!(number = %Redacted(&number), "the sandbox has spoken a code"),
                Err(error) => {
                    warn!(number = %Redacted(&number), %error, "the sandbox could not speak a code");
                }
            }
        });
        Ok(())
    }

    /// Ends all calls.
    pub(super) async fn hang_up(&self) {
        self.stop.cancel();
        self.calls.close();
        self.calls.wait().await;
    }
}

fn call(
    sip: SocketAddr,
    number: &PhoneNumber,
    code: &SpokenCode,
    language: Language,
) -> Option<OutgoingCall> {
    let english = || Voice::of("en".parse().ok()?);
    let spoken = Voice::of(language).or_else(english)?.speak(code).ok()?;
    Some(OutgoingCall {
        target: Uri::parse(&format!("sip:{number}@{sip}")).ok()?,
        remote: sip,
        over: Over::Udp,
        caller: Uri::parse(&format!("sip:{CALLER}@{sip}")).ok()?,
        samples: spoken.samples,
        media: MediaPolicy::default(),
    })
}
