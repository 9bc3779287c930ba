//! From what Meta's window left to a sender: the requests to Meta, each recorded before the next.
//!
//! [`plan`] is the order of the requests, [`choice`] which number is meant, [`failure`] what to tell
//! the client; all pure. [`attempts`] writes to the store, [`executor`] asks Meta. Here is who starts
//! an executor and ends it. What a crash or the end of the daemon leaves behind goes on at the next
//! start. Knows no page.

mod attempts;
mod choice;
mod executor;
mod failure;
mod plan;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::clock::Clock;
use crate::domain::{InvitationId, SignupFailure, SignupId};
use crate::meta::graph::{AuthorizationCode, GraphClient, NumberId, WabaId};
use crate::onboarding::arrival::Arrival;
use crate::seal::Seal;
use crate::store::{Learned, Signup, Store, StoreError};

pub use attempts::{begin_signup, pin_of, token_of};
pub use failure::reason_of;

use executor::Executor;

/// What the browser says that Meta's window was left with. Nobody vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// A code, and what the window's message named.
    Code { code: AuthorizationCode, account: Option<WabaId>, number: Option<NumberId> },
    /// No code.
    Nothing(SignupFailure),
}

/// Completes sign-ups.
#[derive(Debug)]
pub struct Completions {
    executor: Arc<Executor>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Completions {
    /// Ready to complete sign-ups, until `stop` is cancelled.
    pub fn new(
        graph: Arc<GraphClient>,
        seal: Arc<Seal>,
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Self {
        let executor = Arc::new(Executor { graph, seal, store, clock });
        Self { executor, tasks: TaskTracker::new(), stop }
    }

    /// Takes up what Meta's window left. A code is exchanged before this returns, since it lives for
    /// 30 seconds; the rest is done after it. The second word on an attempt changes nothing.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn finish(
        &self,
        invitation: InvitationId,
        id: SignupId,
        returned: Returned,
    ) -> Result<(), StoreError> {
        let executor = Arc::clone(&self.executor);
        let work = async move {
            match returned {
                Returned::Code { code, account, number } => {
                    let named = Learned {
                        account: account.map(String::from),
                        number: number.map(String::from),
                        ..Learned::default()
                    };
                    executor.exchange(invitation, id, named, code).await
                }
                Returned::Nothing(failure) => {
                    executor.fail(invitation, id, failure).await.map(|()| None)
                }
            }
        };
        // In a task of its own: a browser that goes away takes nothing back.
        let exchanged = self.tasks.spawn(work).await.unwrap_or(Err(StoreError::Closed))?;
        if let Some(signup) = exchanged {
            self.go_on(signup, Arrival::Fresh);
        }
        Ok(())
    }

    /// Goes on with what an earlier run left unfinished.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn resume(&self) -> Result<(), StoreError> {
        let unfinished = self.executor.store.read(|reader| reader.unfinished_signups()).await?;
        for signup in unfinished {
            info!(signup = %signup.id, step = signup.step.as_str(), "sign-up goes on");
            self.go_on(signup, Arrival::AfterACrash);
        }
        Ok(())
    }

    /// Waits until nothing is being done any more. Call it when `stop` was cancelled; without that it
    /// waits until each sign-up is over.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// A task for each sign-up. It waits on Meta and the store, and can be dropped at any moment:
    /// what it was about to do is recorded.
    fn go_on(&self, signup: Signup, arrival: Arrival) {
        let (executor, stop) = (Arc::clone(&self.executor), self.stop.clone());
        self.tasks.spawn(async move {
            let id = signup.id.clone();
            let done = tokio::select! {
                done = executor.run(signup, arrival) => done,
                () = stop.cancelled() => Ok(()),
            };
            if let Err(error) = done {
                error!(signup = %id, %error, "a sign-up broke off; it goes on at the next start");
            }
        });
    }
}
