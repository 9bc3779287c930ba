//! Verifications of our own: for a number of ours that is in a WhatsApp account already, Meta is asked to
//! call it, the call comes to us, and the code that was read in it is handed in. Nobody copies anything.
//!
//! [`ground`] says whether that applies to a number, [`plan`] what follows on what, [`words`] what to tell
//! of it. [`records`] writes to the store, also what a call brings; [`executor`] asks Meta. Here is who
//! starts an executor and ends it. What a crash leaves behind goes on at the next start. Knows no phone.

mod executor;
mod ground;
mod plan;
mod records;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use super::Attempts;
use super::arrival::Arrival;
use crate::clock::Clock;
use crate::domain::{PhoneNumber, VerificationId};
use crate::meta::graph::GraphClient;
use crate::seal::Seal;
use crate::store::{Store, StoreError, Verification};

pub use ground::{Ground, NamedNumber, NotApplicable, can_verify};
pub use records::{AwaitedCall, HeardCode, awaited_call, record_heard_code};
pub use words::progress_in_words;

use executor::Executor;

/// How long the store is left alone that has refused something: nobody is invited to the number meanwhile.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Verifies numbers.
#[derive(Debug)]
pub struct Verifications {
    executor: Arc<Executor>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Verifications {
    /// Ready to verify numbers, until `stop` is cancelled.
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

    /// Begins to verify a number. Returns what to follow it by, and how often Meta may be asked, this
    /// time included.
    ///
    /// # Errors
    /// When the store refuses. The inner error says why the number can not be verified.
    pub async fn begin(
        &self,
        number: PhoneNumber,
        named: Option<NamedNumber>,
    ) -> Result<Result<(VerificationId, Attempts), NotApplicable>, StoreError> {
        let now = self.executor.clock.now();
        let begin = self
            .executor
            .store
            .write(move |writer| records::begin(writer, &number, named.as_ref(), now));
        let begun = begin.await?;
        if let Ok((id, _)) = &begun {
            info!(verification = %id, "a number is to be verified");
            self.go_on(id.clone(), Arrival::Fresh);
        }
        Ok(begun)
    }

    /// Goes on with what an earlier run left unfinished.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn resume(&self) -> Result<(), StoreError> {
        let unfinished =
            self.executor.store.read(|reader| reader.unfinished_verifications()).await?;
        for found in unfinished {
            info!(verification = %found.id, step = found.step.as_str(), "verification goes on");
            self.go_on(found.id, Arrival::AfterACrash);
        }
        Ok(())
    }

    /// How a verification stands.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn find(&self, id: &VerificationId) -> Result<Option<Verification>, StoreError> {
        self.executor.find(id).await
    }

    /// Waits until something about a verification is not as it is `known`, and tells how it is then.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn changed(&self, known: &Verification) -> Result<Option<Verification>, StoreError> {
        self.executor.changed(known).await
    }

    /// Waits until nothing is being done any more. Call it when `stop` was cancelled; without that it
    /// waits until each verification is over.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// A task for each verification. It waits on Meta, the store and time, and can be dropped at any
    /// moment: what it was about to do is recorded.
    fn go_on(&self, id: VerificationId, arrival: Arrival) {
        let (executor, stop) = (Arc::clone(&self.executor), self.stop.clone());
        self.tasks.spawn(async move {
            let mut arrival = arrival;
            let to_its_end = async {
                while let Err(error) = executor.run(id.clone(), arrival).await {
                    error!(verification = %id, %error, "a verification broke off; it goes on in a moment");
                    sleep(AGAIN_AFTER).await;
                    arrival = Arrival::AfterACrash;
                }
            };
            tokio::select! {
                () = to_its_end => {}
                () = stop.cancelled() => {}
            }
        });
    }
}
