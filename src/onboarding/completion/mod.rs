//! From what Meta's window left to a sender: the requests to Meta, each recorded before the next.
//!
//! [`plan`] is the order of the requests, [`choice`] which number is meant, [`failure`] what to tell
//! the client; all pure. [`attempts`] writes to the store, [`executor`] asks Meta, [`simulation`] pretends
//! that it did. Here is who starts
//! an executor and ends it. What a crash or the end of the daemon leaves behind goes on at the next
//! start. Knows no page.

mod attempts;
mod choice;
mod executor;
mod failure;
mod plan;
mod simulation;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::domain::{InvitationId, SignupFailure, SignupId};
use crate::meta::graph::{AccessToken, AuthorizationCode, GraphClient, NumberId, WabaId};
use crate::onboarding::arrival::Arrival;
use crate::seal::Seal;
use crate::store::{Learned, Signup, Store, StoreError};

pub use attempts::{begin_signup, pin_of, token_of};
pub use failure::reason_of;
pub use simulation::{SimulatedEnd, simulate_signup};

use executor::Executor;

/// What the browser says that Meta's window was left with. Nobody vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// A code, and what the window's message named.
    Code { code: AuthorizationCode, account: Option<WabaId>, number: Option<NumberId> },
    /// No code.
    Nothing(SignupFailure),
}

/// How sign-ups are completed whose browser brought no code.
#[derive(Debug)]
pub struct Recovery {
    /// That of a system user of ours, who may manage what is shared with the app.
    pub token: AccessToken,
    /// How long after Meta's webhook a browser may still bring a code.
    pub after: Duration,
}

/// What was shared for longer is no news when the daemon starts.
const SHARED_OF_LATE: Duration = Duration::from_secs(60 * 60);

/// Completes sign-ups.
#[derive(Debug)]
pub struct Completions {
    executor: Arc<Executor>,
    /// `None`: without a code nothing is completed.
    recovery: Option<Arc<Recovery>>,
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
        Self { executor, recovery: None, tasks: TaskTracker::new(), stop }
    }

    /// The same, able to complete sign-ups without a code.
    #[must_use]
    pub fn recovering(self, recovery: Recovery) -> Self {
        Self { recovery: Some(Arc::new(recovery)), ..self }
    }

    /// Meta says by its webhook that an account was shared with our app. If a number of ours is in it, and
    /// the browser brings no code in time, its sign-up is completed without.
    pub fn account_shared(&self, account: WabaId) {
        let Some(recovery) = self.recovery.clone() else { return };
        let (executor, stop) = (Arc::clone(&self.executor), self.stop.clone());
        // Waits on the browser, on Meta and the store. Can be dropped at any moment: what was shared of late
        // is looked at again at the next start.
        self.tasks.spawn(async move {
            let take_up = async {
                tokio::time::sleep(recovery.after).await;
                for signup in executor.take_up_shared(&account, &recovery.token).await? {
                    info!(signup = %signup.id, "a sign-up is completed without a code");
                    executor.run(signup, Arrival::Fresh).await?;
                }
                Ok::<(), StoreError>(())
            };
            tokio::select! {
                done = take_up => if let Err(error) = done {
                    error!(%account, %error, "the sign-up of a shared account broke off");
                },
                () = stop.cancelled() => {}
            }
        });
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
        let since = self.executor.clock.now() - SHARED_OF_LATE;
        let shared = self.executor.store.read(move |reader| reader.shared_accounts_since(since));
        for account in shared.await? {
            match account.parse() {
                Ok(account) => self.account_shared(account),
                Err(error) => warn!(account, %error, "the name of an account is not Meta's"),
            }
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
