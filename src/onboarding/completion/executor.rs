//! Does what the plan says: asks Meta, and records the step before the next.

use std::sync::Arc;

use rand::RngExt as _;
use tracing::{info, warn};

use super::attempts::{self, Connection, pin_of, sealed, token_of};
use super::choice::{Candidate, choose};
use super::failure;
use super::plan::{Action, next};
use crate::clock::Clock;
use crate::domain::{
    ConnectionType, Countries, InvitationId, InvitationStatus, MetaReason, PhoneNumber,
    SignupFailure, SignupId, SignupStep,
};
use crate::meta::graph::{
    AccessToken, AuthorizationCode, GraphClient, GraphError, NumberId, Pin, SyncType, WabaId,
};
use crate::onboarding::arrival::Arrival;
use crate::seal::Seal;
use crate::store::{Learned, Signup, Store, StoreError};

/// What `platform_type` says of a number that is registered.
const REGISTERED: &str = "CLOUD_API";

#[derive(Debug)]
pub(super) struct Executor {
    pub(super) graph: Arc<GraphClient>,
    pub(super) seal: Arc<Seal>,
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
}

/// How the invitation of an attempt is to connect.
struct Wanted {
    connection: ConnectionType,
    preassigned: Option<PhoneNumber>,
    countries: Option<Countries>,
    status: InvitationStatus,
    /// The attempt is one of a link before.
    is_link_replaced: bool,
}

impl Wanted {
    /// Whether an attempt that came to `step` goes on. What Meta has done is not thrown away because
    /// time ran out meanwhile; who was withdrawn is not connected.
    fn allows(&self, step: SignupStep, arrival: Arrival) -> bool {
        match self.status {
            _ if self.is_link_replaced => false,
            InvitationStatus::Pending | InvitationStatus::InProgress | InvitationStatus::Failed => {
                true
            }
            InvitationStatus::Expired => is_connected(step, arrival),
            InvitationStatus::Completed | InvitationStatus::Cancelled => false,
        }
    }
}

/// What became of an action.
enum Progress {
    /// It came to this step, and this was learned.
    To(SignupStep, Learned),
    /// It is over, and recorded as such.
    Over,
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Meta(#[from] GraphError),
    #[error("{}", .0.as_str())]
    Attempt(SignupFailure),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Executor {
    /// Takes an attempt up, and exchanges its code for a token. `None` when there is nothing more to
    /// do: it was taken up before, or has failed.
    pub(super) async fn exchange(
        &self,
        invitation: InvitationId,
        id: SignupId,
        named: Learned,
        code: AuthorizationCode,
    ) -> Result<Option<Signup>, StoreError> {
        let now = self.clock.now();
        let taken_up = self
            .store
            .write(move |writer| attempts::take_up(writer, &invitation, &id, &named, now));
        let Some(signup) = taken_up.await? else { return Ok(None) };
        match self.graph.exchange_code(&code).await {
            Ok(token) => {
                let owner = token_of(signup.id.as_str());
                let token = Some(sealed(&self.seal, &owner, token.expose()));
                let learned = Learned { token, ..Learned::default() };
                self.advance(signup, SignupStep::Exchanged, learned).await.map(Some)
            }
            Err(error) => {
                warn!(signup = %signup.id, %error, "a code was not exchanged");
                let failure = failure::of_exchange(error.reason());
                self.fail(signup.invitation, signup.id, failure).await?;
                Ok(None)
            }
        }
    }

    /// Takes up the sign-ups in which numbers of ours came into this account. Which those are Meta says:
    /// `token` is that of our own system user, so nothing that a browser said may lead it.
    pub(super) async fn take_up_shared(
        &self,
        account: &WabaId,
        token: &AccessToken,
    ) -> Result<Vec<Signup>, StoreError> {
        let numbers = match self.graph.numbers_of(account, token).await {
            Ok(numbers) => numbers,
            Err(error) => {
                warn!(%account, %error, "the numbers of a shared account are not known");
                return Ok(Vec::new());
            }
        };
        let (account, token) = (String::from(account.clone()), token.clone());
        let (seal, now) = (Arc::clone(&self.seal), self.clock.now());
        let take_up = self.store.write(move |writer| {
            let mut signups = Vec::new();
            for profile in numbers {
                let Ok(number) = profile.display_phone_number.parse() else { continue };
                let place = (account.clone(), String::from(profile.id));
                let with = (seal.as_ref(), &token);
                signups.extend(attempts::take_up_without_code(writer, &number, place, with, now)?);
            }
            Ok(signups)
        });
        take_up.await
    }

    /// Goes on with an attempt until it is over.
    pub(super) async fn run(
        &self,
        mut signup: Signup,
        mut arrival: Arrival,
    ) -> Result<(), StoreError> {
        loop {
            match self.take_action(&signup, arrival).await {
                Ok(Progress::To(step, learned)) => {
                    signup = self.advance(signup, step, learned).await?;
                    arrival = Arrival::Fresh;
                }
                Ok(Progress::Over) => return Ok(()),
                Err(Broken::Store(error)) => return Err(error),
                Err(broken) => {
                    let step = signup.step.as_str();
                    warn!(signup = %signup.id, step, error = %broken, "a sign-up failed");
                    return self.fail(signup.invitation, signup.id, reason(&broken)).await;
                }
            }
        }
    }

    /// Ends an attempt that failed.
    pub(super) async fn fail(
        &self,
        invitation: InvitationId,
        id: SignupId,
        failure: SignupFailure,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let fail =
            self.store.write(move |writer| attempts::fail(writer, &invitation, &id, failure, now));
        fail.await
    }

    async fn advance(
        &self,
        signup: Signup,
        step: SignupStep,
        learned: Learned,
    ) -> Result<Signup, StoreError> {
        let now = self.clock.now();
        let advance =
            self.store.write(move |writer| attempts::advance(writer, &signup, step, &learned, now));
        advance.await
    }

    async fn take_action(&self, signup: &Signup, arrival: Arrival) -> Result<Progress, Broken> {
        let wanted = self.wanted(signup).await?;
        if !wanted.allows(signup.step, arrival) {
            return Err(Broken::Attempt(SignupFailure::InvitationClosed));
        }
        let nothing = Learned::default();
        match next(signup.step, wanted.connection, arrival) {
            Action::Rest => Ok(Progress::Over),
            Action::GiveUp(failure) => Err(Broken::Attempt(failure)),
            Action::Locate => self.locate(signup, &wanted).await,
            Action::Subscribe => {
                self.graph.subscribe_app(&account(signup)?, &self.token(signup)?).await?;
                Ok(Progress::To(SignupStep::Subscribed, nothing))
            }
            Action::ChoosePin => self.choose_pin(signup).await,
            Action::Register => self.register(signup).await,
            Action::RegisterUnlessDone => {
                if self.is_registered(signup).await? {
                    return Ok(Progress::To(SignupStep::Registered, nothing));
                }
                if !wanted.status.is_open() {
                    return Err(Broken::Attempt(SignupFailure::InvitationClosed));
                }
                self.register(signup).await
            }
            Action::Note(step) => Ok(Progress::To(step, nothing)),
            Action::Sync(what) => self.sync(signup, what).await,
            Action::Finish => self.complete(signup).await,
        }
    }

    async fn wanted(&self, signup: &Signup) -> Result<Wanted, Broken> {
        let (signup, now) = (signup.clone(), self.clock.now());
        let read = self.store.read(move |reader| {
            let invitation = &signup.invitation;
            let Some(state) = reader.invitation_state(invitation)? else {
                return Err(StoreError::Unexpected(format!("{invitation} has gone")));
            };
            let number = state.phone_number.as_ref();
            Ok(Wanted {
                connection: state.connection,
                preassigned: number.map(|number| reader.phone_number(number)).transpose()?,
                countries: state.countries,
                status: state.status.at(state.expires_at, now),
                is_link_replaced: !reader.is_signup_of_link(&signup.id)?,
            })
        });
        Ok(read.await?)
    }

    /// Finds the account and the number, and makes sure that the token may manage them.
    async fn locate(&self, signup: &Signup, wanted: &Wanted) -> Result<Progress, Broken> {
        let token = self.token(signup)?;
        let accounts = match &signup.account {
            Some(_) => vec![account(signup)?],
            None => self.graph.accounts_of(&token).await?,
        };
        let mut candidates = Vec::new();
        for account in accounts {
            let numbers = self.graph.numbers_of(&account, &token).await.map_err(not_listed)?;
            let of_account = |profile| Candidate { account: account.clone(), profile };
            candidates.extend(numbers.into_iter().map(of_account));
        }
        let named = signup.number.as_ref().map(|_| number(signup)).transpose()?;
        let (ours, countries) = (wanted.preassigned.as_ref(), wanted.countries.as_ref());
        let chosen = choose(candidates, named.as_ref(), ours, countries);
        let chosen = chosen.map_err(Broken::Attempt)?;
        let learned = Learned {
            account: Some(chosen.account.into()),
            number: Some(chosen.profile.id.into()),
            ..Learned::default()
        };
        Ok(Progress::To(SignupStep::Located, learned))
    }

    /// A number that we registered before keeps its PIN: Meta takes no other one.
    async fn choose_pin(&self, signup: &Signup) -> Result<Progress, Broken> {
        let name = number(signup)?;
        let known = self.store.read(move |reader| reader.pin_of_number(name.as_str())).await?;
        let pin = match known {
            Some((earlier, sealed)) => self.open(&pin_of(earlier.as_str()), &sealed)?,
            None => format!("{:06}", rand::rng().random_range(0..1_000_000)),
        };
        let pin = Some(sealed(&self.seal, &pin_of(signup.id.as_str()), &pin));
        let learned = Learned { pin, ..Learned::default() };
        Ok(Progress::To(SignupStep::Registering, learned))
    }

    async fn register(&self, signup: &Signup) -> Result<Progress, Broken> {
        let pin = self.pin(signup)?.ok_or(Broken::Attempt(SignupFailure::Internal))?;
        let registered = self.graph.register(&number(signup)?, &pin, &self.token(signup)?).await;
        match registered {
            Ok(()) => {}
            // It may have come to it: Meta knows.
            Err(GraphError::NoAnswer(_)) if self.is_registered(signup).await? => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Progress::To(SignupStep::Registered, Learned::default()))
    }

    async fn is_registered(&self, signup: &Signup) -> Result<bool, Broken> {
        let profile = self.graph.number_profile(&number(signup)?, &self.token(signup)?).await?;
        Ok(profile.platform_type.as_deref() == Some(REGISTERED))
    }

    /// Asks for what the WhatsApp Business App holds. The number is connected without it as well: a
    /// client who declines, and a request that fails, change nothing of that.
    async fn sync(&self, signup: &Signup, what: SyncType) -> Result<Progress, Broken> {
        let token = self.token(signup)?;
        if let Err(error) = self.graph.sync_app_data(&number(signup)?, what, &token).await {
            warn!(signup = %signup.id, ?what, %error, "the app's data is not shared");
        }
        let step = match what {
            SyncType::Contacts => SignupStep::SyncingHistory,
            SyncType::History => SignupStep::Synced,
        };
        Ok(Progress::To(step, Learned::default()))
    }

    async fn complete(&self, signup: &Signup) -> Result<Progress, Broken> {
        let (number, token) = (number(signup)?, self.token(signup)?);
        let profile = self.graph.number_profile(&number, &token).await?;
        let phone_number = profile.display_phone_number.parse();
        let phone_number: PhoneNumber =
            phone_number.map_err(|_| Broken::Attempt(SignupFailure::Meta(MetaReason::Unknown)))?;
        let connection = Connection {
            name: profile.verified_name.unwrap_or_else(|| phone_number.to_string()),
            phone_number,
            account: account(signup)?.into(),
            number: number.into(),
            token,
            pin: self.pin(signup)?,
        };
        let (of, seal, now) = (signup.clone(), Arc::clone(&self.seal), self.clock.now());
        let write = self
            .store
            .write(move |writer| attempts::complete(writer, &of, &connection, &seal, now));
        match write.await? {
            Ok(sender) => info!(signup = %signup.id, %sender, "WhatsApp is connected"),
            Err(failure) => {
                warn!(signup = %signup.id, reason = failure.as_str(), "a sign-up came too late");
            }
        }
        Ok(Progress::Over)
    }

    fn token(&self, signup: &Signup) -> Result<AccessToken, Broken> {
        let sealed = signup.token.as_ref().ok_or(Broken::Attempt(SignupFailure::Internal))?;
        self.open(&token_of(signup.id.as_str()), sealed).map(AccessToken::new)
    }

    fn pin(&self, signup: &Signup) -> Result<Option<Pin>, Broken> {
        let Some(sealed) = &signup.pin else { return Ok(None) };
        let pin = self.open(&pin_of(signup.id.as_str()), sealed)?.parse();
        pin.map(Some).map_err(|_| Broken::Attempt(SignupFailure::Internal))
    }

    fn open(&self, owner: &str, sealed: &crate::domain::Sealed) -> Result<String, Broken> {
        let opened = self.seal.open(owner, sealed).ok();
        let text = opened.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or(Broken::Attempt(SignupFailure::Internal))
    }
}

/// Whether Meta has connected the number, or may have: what is left is ours to do.
const fn is_connected(step: SignupStep, arrival: Arrival) -> bool {
    use SignupStep as At;
    match (step, arrival) {
        (At::Begun | At::Exchanging | At::Exchanged | At::Located | At::Subscribed, _) => false,
        (At::Registering, Arrival::Fresh) => false,
        // Meta is asked.
        (At::Registering, Arrival::AfterACrash) => true,
        (At::Registered, _) => true,
        // An app was connected in Meta's window.
        (At::SyncingContacts | At::SyncingHistory | At::Synced, _) => true,
        (At::Done | At::Failed, _) => false,
    }
}

/// Meta's name of the account: kept only if it was one.
fn account(signup: &Signup) -> Result<WabaId, Broken> {
    let name = signup.account.clone().and_then(|name| WabaId::try_from(name).ok());
    name.ok_or(Broken::Attempt(SignupFailure::Internal))
}

/// Meta's name of the number: kept only if it was one.
fn number(signup: &Signup) -> Result<NumberId, Broken> {
    let name = signup.number.clone().and_then(|name| NumberId::try_from(name).ok());
    name.ok_or(Broken::Attempt(SignupFailure::Internal))
}

/// An account that the token may not see does not exist for Graph: it answers 100.
fn not_listed(error: GraphError) -> Broken {
    match error.reason() {
        MetaReason::InvalidRequest => Broken::Attempt(SignupFailure::NotOwned),
        _ => error.into(),
    }
}

fn reason(broken: &Broken) -> SignupFailure {
    match broken {
        Broken::Meta(error) => SignupFailure::Meta(error.reason()),
        Broken::Attempt(failure) => *failure,
        Broken::Store(_) => SignupFailure::Internal,
    }
}
