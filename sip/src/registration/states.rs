//! The states of a registration. Each struct holds what is true in it; a verb consumes the state
//! and says which is next.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::compose::{self, Wish};
use super::pace::{self, SOUND_AFTER};
use super::{Account, Effect, RegistrationEvent, RegistrationFailure, Server, Stage};
use crate::message::Response;
use crate::transaction::client::{ClientFired, ClientOther};
use crate::{Flow, Uri};

#[derive(Debug)]
pub(super) enum State {
    /// The application was asked for the way to a server.
    Seeking,
    Registering(Box<Registering>),
    Registered(Box<Registered>),
    /// Everything failed, or it was refused: it is tried again then.
    Waiting {
        until: Instant,
    },
    Removing(Box<Removing>),
    Over,
}

/// A REGISTER is out.
#[derive(Debug)]
pub(super) struct Registering {
    pub(super) link: Link,
    pub(super) request: Outstanding,
    pub(super) tried: Tried,
}

/// The registrar has a binding to us.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) link: Link,
    pub(super) contact: Uri,
    pub(super) refresh_at: Instant,
    /// `None` when no NAT has to be kept awake.
    pub(super) keep_alive_at: Option<Instant>,
}

/// The REGISTER that takes the binding away is out.
#[derive(Debug)]
pub(super) struct Removing {
    pub(super) link: Link,
    pub(super) request: Outstanding,
}

/// The server that is spoken to, and how it sees us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) flow: Flow,
    pub(super) since: Instant,
    /// Our address as the server sees it, where that is what counts and once it told.
    pub(super) seen_from: Option<SocketAddr>,
}

/// A request without a final response.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) branch: Vec<u8>,
    pub(super) transaction: ClientOther,
    pub(super) contact: Uri,
}

/// What was tried in another way at once, which is done only once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried {
    /// For longer, after a 423.
    pub(super) longer: bool,
    /// With the Contact that the server sees.
    pub(super) other_contact: bool,
}

impl State {
    pub(super) fn seek(server: Server, stage: &mut Stage<'_>) -> Self {
        stage.effects.push(Effect::Seek(server));
        Self::Seeking
    }

    fn wait(failure: RegistrationFailure, wait: Duration, stage: &mut Stage<'_>) -> Self {
        stage.fail(failure, Some(wait));
        Self::Waiting { until: stage.now + wait }
    }

    pub(super) fn over(stage: &mut Stage<'_>) -> Self {
        stage.effects.push(Effect::Event(RegistrationEvent::Removed));
        Self::Over
    }

    /// This server is of no use now; another one may be.
    pub(super) fn next_server(
        failure: RegistrationFailure,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> Self {
        stage.fail(failure, None);
        if account.leaving {
            return Self::over(stage);
        }
        Self::seek(Server::Next, stage)
    }

    /// The other servers would say the same, and so would this one in a minute.
    pub(super) fn later(
        failure: RegistrationFailure,
        account: &Account,
        stage: &mut Stage<'_>,
    ) -> Self {
        if account.leaving {
            stage.fail(failure, None);
            return Self::over(stage);
        }
        let wait = pace::slow(stage.rng);
        Self::wait(failure, wait, stage)
    }

    pub(super) fn flow(
        self,
        flow: Option<Flow>,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> Self {
        match (self, flow) {
            (Self::Seeking, Some(flow)) => {
                let link = Link { flow, since: stage.now, seen_from: None };
                account.register(link, stage)
            }
            (Self::Seeking, None) => {
                let left_alone_for = std::mem::take(&mut account.left_alone_for);
                let wait = pace::backoff(account.failures, stage.rng).max(left_alone_for);
                account.failures = account.failures.saturating_add(1);
                Self::wait(RegistrationFailure::NoServer, wait, stage)
            }
            (
                state @ (Self::Registering(_)
                | Self::Registered(_)
                | Self::Waiting { .. }
                | Self::Removing(_)
                | Self::Over),
                _,
            ) => state,
        }
    }

    pub(super) fn response(
        self,
        response: &Response,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> Self {
        match self {
            Self::Registering(mut registering) => {
                if response.status.is_provisional() {
                    registering.request.transaction.response(stage.now, response.status);
                    return Self::Registering(registering);
                }
                registering.answered(response, account, stage)
            }
            Self::Removing(mut removing) => {
                if response.status.is_provisional() {
                    removing.request.transaction.response(stage.now, response.status);
                    return Self::Removing(removing);
                }
                removing.answered(response, account, stage)
            }
            Self::Seeking | Self::Registered(_) | Self::Waiting { .. } | Self::Over => self,
        }
    }

    pub(super) fn disconnected(self, account: &mut Account, stage: &mut Stage<'_>) -> Self {
        let failure = RegistrationFailure::Disconnected;
        match self {
            Self::Registering(_) => Self::next_server(failure, account, stage),
            Self::Registered(registered) => {
                if stage.now.saturating_duration_since(registered.link.since) >= SOUND_AFTER {
                    account.failures = 0;
                    stage.fail(failure, None);
                    return Self::seek(Server::First, stage);
                }
                let wait = pace::backoff(account.failures, stage.rng);
                account.failures = account.failures.saturating_add(1);
                Self::wait(failure, wait, stage)
            }
            Self::Removing(_) => {
                stage.fail(failure, None);
                Self::over(stage)
            }
            Self::Seeking | Self::Waiting { .. } | Self::Over => self,
        }
    }

    pub(super) fn timeout(self, account: &mut Account, stage: &mut Stage<'_>) -> Self {
        match self {
            Self::Registering(mut registering) => {
                match registering.request.timeout(registering.link.flow, stage) {
                    Waited::Goes => Self::Registering(registering),
                    Waited::TooLong => {
                        Self::next_server(RegistrationFailure::NoResponse, account, stage)
                    }
                }
            }
            Self::Removing(mut removing) => {
                match removing.request.timeout(removing.link.flow, stage) {
                    Waited::Goes => Self::Removing(removing),
                    Waited::TooLong => {
                        stage.fail(RegistrationFailure::NoResponse, None);
                        Self::over(stage)
                    }
                }
            }
            Self::Registered(registered) => registered.timeout(account, stage),
            Self::Waiting { until } if stage.now >= until => Self::seek(Server::First, stage),
            Self::Seeking | Self::Waiting { .. } | Self::Over => self,
        }
    }

    /// Only what is bound has to be removed. A request that is out may bind something yet, so its
    /// response is awaited.
    pub(super) fn leave(self, account: &mut Account, stage: &mut Stage<'_>) -> Self {
        match self {
            Self::Registered(registered) => {
                account.authenticator.begin();
                account.remove(registered.link, registered.contact, stage)
            }
            Self::Seeking | Self::Waiting { .. } => Self::over(stage),
            Self::Registering(_) | Self::Removing(_) | Self::Over => self,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Registering(registering) => Some(registering.request.transaction.deadline()),
            Self::Removing(removing) => Some(removing.request.transaction.deadline()),
            Self::Registered(registered) => {
                let keep_alive_at = registered.keep_alive_at.unwrap_or(registered.refresh_at);
                Some(keep_alive_at.min(registered.refresh_at))
            }
            Self::Waiting { until } => Some(*until),
            Self::Seeking | Self::Over => None,
        }
    }

    pub(super) fn branch(&self) -> Option<&[u8]> {
        match self {
            Self::Registering(registering) => Some(&registering.request.branch),
            Self::Removing(removing) => Some(&removing.request.branch),
            Self::Seeking | Self::Registered(_) | Self::Waiting { .. } | Self::Over => None,
        }
    }

    pub(super) fn current_flow(&self) -> Option<Flow> {
        match self {
            Self::Registering(registering) => Some(registering.link.flow),
            Self::Registered(registered) => Some(registered.link.flow),
            Self::Removing(removing) => Some(removing.link.flow),
            Self::Seeking | Self::Waiting { .. } | Self::Over => None,
        }
    }
}

impl Account {
    /// Begins to ask for a binding, with attempts that count from none.
    fn register(&mut self, link: Link, stage: &mut Stage<'_>) -> State {
        self.authenticator.begin();
        self.ask(link, Tried::default(), None, stage)
    }

    /// Asks for a binding; `instead_of` another one, which goes.
    pub(super) fn ask(
        &mut self,
        link: Link,
        tried: Tried,
        instead_of: Option<&Uri>,
        stage: &mut Stage<'_>,
    ) -> State {
        let contact = self.contact(&link, stage);
        let request = self.send(link.flow, contact, self.expires, instead_of, stage);
        State::Registering(Box::new(Registering { link, request, tried }))
    }

    pub(super) fn remove(&mut self, link: Link, contact: Uri, stage: &mut Stage<'_>) -> State {
        let request = self.send(link.flow, contact, Duration::ZERO, None, stage);
        State::Removing(Box::new(Removing { link, request }))
    }

    fn send(
        &mut self,
        flow: Flow,
        contact: Uri,
        expires: Duration,
        instead_of: Option<&Uri>,
        stage: &mut Stage<'_>,
    ) -> Outstanding {
        let wish = Wish {
            flow,
            local: stage.local.advertised.address_for(&flow),
            contact: &contact,
            expires,
            instead_of,
            user_agent: &stage.local.server_name,
        };
        let request = self.sequence.next(&self.config, &wish, stage.rng);
        let request = self.authenticator.authorize(request);
        let branch = request.essentials.via.unique_branch().unwrap_or_default().to_vec();
        let bytes = request.to_bytes();
        stage.transmit(flow, bytes.clone());
        let transaction = ClientOther::new(stage.now, flow.transport(), bytes);
        Outstanding { branch, transaction, contact }
    }

    pub(super) fn contact(&self, link: &Link, stage: &Stage<'_>) -> Uri {
        let address =
            link.seen_from.unwrap_or_else(|| stage.local.advertised.address_for(&link.flow));
        compose::contact(&self.config, link.flow.transport(), address)
    }
}

impl Registered {
    fn timeout(mut self: Box<Self>, account: &mut Account, stage: &mut Stage<'_>) -> State {
        if stage.now >= self.refresh_at {
            return account.register(self.link, stage);
        }
        if let (Some(at), Some(interval)) = (self.keep_alive_at, account.config.keep_alive)
            && stage.now >= at
        {
            stage.transmit(self.link.flow, b"\r\n\r\n".to_vec());
            self.keep_alive_at = Some(stage.now + interval);
        }
        State::Registered(self)
    }
}

/// How the wait for a response goes.
enum Waited {
    Goes,
    /// Timer F.
    TooLong,
}

impl Outstanding {
    fn timeout(&mut self, flow: Flow, stage: &mut Stage<'_>) -> Waited {
        match self.transaction.timeout(stage.now) {
            ClientFired::Retransmit(bytes) => {
                let bytes = bytes.to_vec();
                stage.transmit(flow, bytes);
                Waited::Goes
            }
            ClientFired::Nothing => Waited::Goes,
            ClientFired::NoResponse | ClientFired::Over => Waited::TooLong,
        }
    }
}

impl Stage<'_> {
    fn transmit(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.effects.push(Effect::Transmit { flow, bytes });
    }

    pub(super) fn fail(&mut self, failure: RegistrationFailure, retry_in: Option<Duration>) {
        self.effects.push(Effect::Event(RegistrationEvent::Failed { failure, retry_in }));
    }
}
