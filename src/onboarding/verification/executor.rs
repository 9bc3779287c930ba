//! Does what the plan says: asks Meta, and records the step before the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::plan::{Action, locale_of, next};
use super::records;
use crate::clock::Clock;
use crate::domain::{
    MetaReason, PhoneNumber, Redacted, VerificationFailure, VerificationId, VerificationStep,
};
use crate::meta::graph::{AccessToken, CodeMethod, GraphClient, GraphError, NumberId};
use crate::onboarding::arrival::Arrival;
use crate::onboarding::token_of;
use crate::seal::Seal;
use crate::store::{Store, StoreError, Verification};

/// What `code_verification_status` says of a number that is verified.
const VERIFIED: &str = "VERIFIED";

/// How often the store is asked whether a call has brought something. A wall clock may be set, so it is
/// asked again rather than slept until the end.
const CHECK: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Executor {
    pub(super) graph: Arc<GraphClient>,
    pub(super) seal: Arc<Seal>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Meta(#[from] GraphError),
    #[error("{}", .0.as_str())]
    Verification(VerificationFailure),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Executor {
    /// Goes on with a verification until it is over.
    pub(super) async fn run(
        &self,
        id: VerificationId,
        mut arrival: Arrival,
    ) -> Result<(), StoreError> {
        while let Some(found) = self.find(&id).await? {
            let done = match next(found.step, arrival) {
                Action::Rest => return Ok(()),
                Action::Look => self.look(&found).await,
                Action::Request => self.request(&found).await,
                Action::Listen => self.listen(&found).await,
                Action::Submit => self.submit(&found).await,
                Action::LookUp => self.look_up(&found).await,
            };
            arrival = Arrival::Fresh;
            match done {
                Ok(()) => {}
                Err(Broken::Store(error)) => return Err(error),
                Err(broken) => {
                    let step = found.step.as_str();
                    warn!(verification = %id, step, error = %broken, "a verification failed");
                    self.fail(&found, failure(&broken)).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits until something about a verification is not as it is `known`, and tells how it is then.
    /// `None` when it has gone.
    pub(super) async fn changed(
        &self,
        known: &Verification,
    ) -> Result<Option<Verification>, StoreError> {
        loop {
            match self.find(&known.id).await? {
                Some(found) if found == *known => sleep(CHECK).await,
                found => return Ok(found),
            }
        }
    }

    pub(super) async fn find(
        &self,
        id: &VerificationId,
    ) -> Result<Option<Verification>, StoreError> {
        let id = id.clone();
        self.store.read(move |reader| reader.verification(&id)).await
    }

    /// Asks which number it is, and whether it is verified already. If not, Meta is to call it.
    async fn look(&self, found: &Verification) -> Result<(), Broken> {
        let number = self.number(found).await?;
        let token = self.token(found).await?;
        let profile = self.graph.number_profile(&meta_number(found)?, &token).await;
        let profile = profile.map_err(|error| match error.reason() {
            // What the token may not see does not exist for Graph.
            MetaReason::InvalidRequest => Broken::Verification(VerificationFailure::OtherNumber),
            _ => error.into(),
        })?;
        if profile.display_phone_number.parse().as_ref() != Ok(&number) {
            return Err(Broken::Verification(VerificationFailure::OtherNumber));
        }
        if profile.code_verification_status.as_deref() == Some(VERIFIED) {
            return self.advance(found, VerificationStep::Verified).await;
        }
        let (of, now) = (found.clone(), self.clock.now());
        self.store.write(move |writer| records::request(writer, &of, now)).await?;
        Ok(())
    }

    async fn request(&self, found: &Verification) -> Result<(), Broken> {
        let number = self.number(found).await?;
        let token = self.token(found).await?;
        let asked = self
            .graph
            .request_code(&meta_number(found)?, CodeMethod::Voice, locale_of(&number), &token)
            .await;
        match asked {
            Ok(()) => info!(number = %Redacted(&number), "Meta calls a number to verify it"),
            // It may have come to it. Then it calls, and if not, that is said in the end.
            Err(GraphError::NoAnswer(reason)) => {
                warn!(number = %Redacted(&number), reason, "Meta may be calling a number");
            }
            Err(error) => return Err(error.into()),
        }
        self.advance(found, VerificationStep::Waiting).await
    }

    /// Waits until a call has brought a code, or for long enough. A call that goes on is heard out.
    async fn listen(&self, found: &Verification) -> Result<(), Broken> {
        loop {
            let Some(latest) = self.find(&found.id).await? else { return Ok(()) };
            if latest.step != found.step {
                return Ok(());
            }
            let is_late = latest.waits_until.is_none_or(|until| until <= self.clock.now());
            if is_late && !latest.calls.is_one_going_on {
                let has_rung = latest.calls.count > 0;
                let failure = if has_rung {
                    VerificationFailure::NoCode
                } else {
                    VerificationFailure::NoCall
                };
                return Err(Broken::Verification(failure));
            }
            sleep(CHECK).await;
        }
    }

    /// Hands the code in: the only one who has it, and once.
    async fn submit(&self, found: &Verification) -> Result<(), Broken> {
        let token = self.token(found).await?;
        let (id, now) = (found.id.clone(), self.clock.now());
        let taken = self.store.write(move |writer| records::take_code(writer, &id, now)).await?;
        let Some(code) = taken else { return Ok(()) };
        let submitting = Verification { step: VerificationStep::Submitting, ..found.clone() };
        let told = self.graph.verify_code(&meta_number(found)?, &code, &token).await;
        match told {
            Ok(()) => {
                info!(verification = %found.id, "a number is verified");
                self.advance(&submitting, VerificationStep::Verified).await
            }
            // It may have come to it: Meta knows.
            Err(GraphError::NoAnswer(_) | GraphError::NotUnderstood { .. }) => Ok(()),
            Err(error) => {
                warn!(verification = %found.id, %error, "a code was not accepted");
                Ok(self.fail(&submitting, VerificationFailure::Meta(error.reason())).await?)
            }
        }
    }

    /// Asks whether a code that was perhaps handed in has verified the number.
    async fn look_up(&self, found: &Verification) -> Result<(), Broken> {
        let token = self.token(found).await?;
        let profile = self.graph.number_profile(&meta_number(found)?, &token).await?;
        if profile.code_verification_status.as_deref() != Some(VERIFIED) {
            return Err(Broken::Verification(VerificationFailure::Interrupted));
        }
        self.advance(found, VerificationStep::Verified).await
    }

    async fn advance(&self, found: &Verification, to: VerificationStep) -> Result<(), Broken> {
        let (id, steps, now) = (found.id.clone(), (found.step, to), self.clock.now());
        self.store.write(move |writer| records::advance(writer, &id, steps, now)).await?;
        Ok(())
    }

    async fn fail(
        &self,
        found: &Verification,
        failure: VerificationFailure,
    ) -> Result<(), StoreError> {
        let (id, from, now) = (found.id.clone(), found.step, self.clock.now());
        self.store.write(move |writer| records::fail(writer, &id, from, failure, now)).await
    }

    async fn number(&self, found: &Verification) -> Result<PhoneNumber, Broken> {
        let id = found.phone_number.clone();
        Ok(self.store.read(move |reader| reader.phone_number(&id)).await?)
    }

    async fn token(&self, found: &Verification) -> Result<AccessToken, Broken> {
        let id = found.sender.clone();
        let sender = self.store.read(move |reader| reader.sender(&id)).await?;
        let token = sender.and_then(|sender| {
            let owner = token_of(sender.id.as_str());
            let opened = self.seal.open(&owner, &sender.connected.token).ok()?;
            String::from_utf8(opened).ok()
        });
        token.map(AccessToken::new).ok_or(Broken::Verification(VerificationFailure::Internal))
    }
}

/// Meta's name of the number: kept only if it was one.
fn meta_number(found: &Verification) -> Result<NumberId, Broken> {
    let name = found.number.parse();
    name.map_err(|_| Broken::Verification(VerificationFailure::Internal))
}

fn failure(broken: &Broken) -> VerificationFailure {
    match broken {
        Broken::Meta(error) => VerificationFailure::Meta(error.reason()),
        Broken::Verification(failure) => *failure,
        Broken::Store(_) => VerificationFailure::Internal,
    }
}
