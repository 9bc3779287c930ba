//! The types of a registration that cross the border of the endpoint.

use std::fmt;
use std::time::Duration;

use crate::{Credentials, Flow, StatusCode, Uri};

/// An account at a registrar, which makes the registrar send us the calls to it.
#[derive(Clone, Debug)]
pub struct RegistrationConfig {
    /// The name of the peer that its calls come from.
    pub peer: String,
    /// Who we are there: To and From. Its user part is also that of our Contact.
    pub address_of_record: Uri,
    /// The Request-URI of REGISTER: the registrar's domain, without a user (RFC 3261 §10.2).
    pub registrar: Uri,
    /// A proxy that requests go through on their way: Route. It must have `lr`.
    pub outbound_proxy: Option<Uri>,
    /// What challenges are answered with.
    pub credentials: Credentials,
    /// The only realm whose challenges are answered, if it is known.
    pub realm: Option<String>,
    /// How long a binding is asked for, in whole seconds. The registrar may grant less.
    pub expires: Duration,
    /// Behind a NAT: put the address that the registrar sees into Contact (RFC 3581), in place of
    /// the one that is advertised.
    pub rewrite_contact: bool,
    /// Behind a NAT: how often line ends are sent, so that it keeps the way open (RFC 5626 §3.5.1).
    pub keep_alive: Option<Duration>,
}

/// Names a registration inside one endpoint: its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationHandle(pub usize);

impl fmt::Display for RegistrationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "registration {}", self.0)
    }
}

/// Which server of a registrar is wanted. Who resolves names keeps their order (RFC 3263 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The first one, after looking again which ones there are.
    First,
    /// The one after the one that was given last, which failed.
    Next,
}

/// What the application is told of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationEvent {
    /// The registrar has a binding to us, or has renewed it.
    Registered(Bound),
    /// It did not work.
    Failed {
        /// Why.
        failure: RegistrationFailure,
        /// When it is tried again; `None` if the next server is tried at once.
        retry_in: Option<Duration>,
    },
    /// It is over, as was asked. Comes once.
    Removed,
}

/// A binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The way to the registrar.
    pub flow: Flow,
    /// For how long.
    pub granted: Duration,
    /// The address the registrar sends calls to.
    pub contact: Uri,
    /// The routes that requests of ours outside a dialog would take (RFC 3608). A REGISTER does not
    /// take them.
    pub service_route: Vec<Uri>,
}

/// Why a registration failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationFailure {
    /// No server is left to be tried: names do not resolve, connections fail, or all have failed.
    NoServer,
    /// The server did not answer.
    NoResponse,
    /// The connection to it is gone.
    Disconnected,
    /// It refused. 401 and 407: the user name or the password is wrong, or none of the challenges
    /// could be answered.
    Refused(StatusCode),
    /// It said 200, and granted no time.
    NothingGranted,
}

impl fmt::Display for RegistrationFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServer => f.write_str("no server can be reached"),
            Self::NoResponse => f.write_str("the server does not answer"),
            Self::Disconnected => f.write_str("the connection to the server is gone"),
            Self::Refused(status) if status.is_challenge() => {
                write!(f, "{status}: the user name or the password is wrong, or not for this realm")
            }
            Self::Refused(status) => write!(f, "{status}"),
            Self::NothingGranted => f.write_str("the server granted no time"),
        }
    }
}
