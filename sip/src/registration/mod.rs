//! Registration at a trunk's registrar (RFC 3261 §10.2): the states it goes through, and what makes
//! it go on. `states` has what is true in each, `answered` what a response leads to, `compose` and
//! `reading` the messages, `pace` the times. Knows nothing of sockets, names or other registrations.
//!
//! ```text
//! Seeking --a flow--> Registering --200--> Registered --50 to 80 % of its time--> Registering
//!    |  ^                |    ^-- 401, 407, 423, another Contact --'
//!    |  '--next server---'
//!    '--no server left--> Waiting --time--> Seeking        (403, 404 and the like wait as well)
//!
//! leaving: Registered --> Removing --> Over; from where nothing is bound, Over at once
//! ```

mod answered;
mod compose;
mod contract;
mod pace;
mod reading;
mod states;
#[cfg(test)]
mod tests;

pub use contract::{
    Bound, RegistrationConfig, RegistrationEvent, RegistrationFailure, RegistrationHandle, Server,
};

use std::time::{Duration, Instant};

use rand::rngs::StdRng;

use crate::call::Local;
use crate::digest::Authenticator;
use crate::message::Response;
use crate::{ConnectionId, Flow};
use compose::Sequence;
use states::State;

/// One account at one registrar.
#[derive(Debug)]
pub(crate) struct Registration {
    account: Account,
    state: State,
    last_flow: Option<Flow>,
}

/// What outlives a state.
#[derive(Debug)]
struct Account {
    config: RegistrationConfig,
    sequence: Sequence,
    authenticator: Authenticator,
    /// What is asked for: more than the configuration says, if the registrar insists.
    expires: Duration,
    /// How often in a row every server failed, or a fresh connection broke.
    failures: u32,
    /// Retry-After of a server that was passed over since.
    left_alone_for: Duration,
    /// The binding is to be removed as soon as that can be.
    leaving: bool,
}

/// What a registration may see of the endpoint.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) now: Instant,
    pub(crate) local: &'a Local,
    pub(crate) rng: &'a mut StdRng,
    pub(crate) effects: Vec<Effect>,
}

/// What a registration asks of the endpoint.
#[derive(Debug)]
pub(crate) enum Effect {
    Transmit {
        flow: Flow,
        bytes: Vec<u8>,
    },
    /// Ask the application for the way to a server; [`Registration::flow`] takes the answer.
    Seek(Server),
    Event(RegistrationEvent),
}

impl Registration {
    /// Begins: the first server is asked for.
    pub(crate) fn begin(config: RegistrationConfig, stage: &mut Stage<'_>) -> Self {
        let account = Account {
            sequence: Sequence::new(stage.rng),
            authenticator: Authenticator::new(config.credentials.clone(), config.realm.clone()),
            expires: config.expires.min(pace::LONGEST_BINDING),
            failures: 0,
            left_alone_for: Duration::ZERO,
            leaving: false,
            config,
        };
        Self { state: State::seek(Server::First, stage), account, last_flow: None }
    }

    /// The peer that its calls come from.
    pub(crate) fn peer(&self) -> &str {
        &self.account.config.peer
    }

    /// The answer to [`Effect::Seek`]; `None` if there is no such server. One that nobody waits for
    /// does nothing.
    pub(crate) fn flow(&mut self, flow: Option<Flow>, stage: &mut Stage<'_>) {
        self.step(|state, account| state.flow(flow, account, stage));
        self.last_flow = self.current_flow().or(self.last_flow);
    }

    /// The response to the request with [`branch`](Self::branch).
    pub(crate) fn response(&mut self, response: &Response, stage: &mut Stage<'_>) {
        self.step(|state, account| state.response(response, account, stage));
    }

    /// A connection is gone.
    pub(crate) fn disconnected(&mut self, connection: ConnectionId, stage: &mut Stage<'_>) {
        if self.current_flow().and_then(|flow| flow.connection()) == Some(connection) {
            self.step(|state, account| state.disconnected(account, stage));
        }
    }

    /// Lets its timers fire.
    pub(crate) fn timeout(&mut self, stage: &mut Stage<'_>) {
        self.step(|state, account| state.timeout(account, stage));
    }

    /// Takes the binding away, if there is one. Ends with [`RegistrationEvent::Removed`].
    pub(crate) fn leave(&mut self, stage: &mut Stage<'_>) {
        if !std::mem::replace(&mut self.account.leaving, true) {
            self.step(|state, account| state.leave(account, stage));
        }
    }

    /// When `timeout` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.state.deadline()
    }

    /// The branch of the request that waits for a response.
    pub(crate) fn branch(&self) -> Option<&[u8]> {
        self.state.branch()
    }

    /// The way to the server that is spoken to.
    pub(crate) fn current_flow(&self) -> Option<Flow> {
        self.state.current_flow()
    }

    /// The way to the server that was spoken to last, now or before.
    pub(crate) fn last_flow(&self) -> Option<Flow> {
        self.last_flow
    }

    /// Whether it was removed.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn step(&mut self, verb: impl FnOnce(State, &mut Account) -> State) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = verb(state, &mut self.account);
    }
}
