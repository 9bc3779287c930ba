//! SIP, SDP and RTP for an endpoint that answers calls, as pure state machines.
//!
//! Nothing here reads a clock, opens a socket or starts a thread. [`Endpoint`] takes in datagrams,
//! commands and the time, and gives out datagrams to send, events for the application, and the time
//! it wants to be woken. [`rtp::Session`] turns the RTP of one call into PCM frames in the same
//! manner. [`call_out::CallOut`] is the other end: a caller. Messages travel over a [`Flow`]: UDP, or a
//! TCP or TLS connection that the shell opens and closes.
//!
//! An INVITE without a session description is answered with an offer. UPDATE (RFC 3311) and session
//! timers (RFC 4028) are kept. `100rel` (RFC 3262) may be required: there is no provisional response
//! but 100, so none is ever sent reliably. Any other extension is refused as RFC 3261 wants it.
//!
//! # The loop round an endpoint
//!
//! ```
//! use std::net::SocketAddr;
//! use std::time::Instant;
//!
//! use sip::{AnswerPlan, CallCommand, CallEvent, Endpoint, Flow, Input, Output};
//!
//! /// Carries out everything the endpoint wants, and says when it wants to be woken.
//! fn drain(
//!     endpoint: &mut Endpoint,
//!     now: Instant,
//!     media_address: SocketAddr,
//!     mut send: impl FnMut(Flow, &[u8]),
//! ) -> Instant {
//!     loop {
//!         match endpoint.poll_output() {
//!             Output::Transmit(transmit) => send(transmit.flow, &transmit.bytes),
//!             Output::Event(CallEvent::Incoming { call, .. }) => {
//!                 let command = CallCommand::Answer(AnswerPlan { media_address });
//!                 endpoint.handle(Input::Command { now, call, command });
//!             }
//!             Output::Event(CallEvent::Ended { call, reason }) => println!("{call} ended: {reason:?}"),
//!             Output::Event(_) => {}
//!             Output::Received(received) => println!("from {}", received.flow.remote),
//!             Output::FlowWanted { registration, .. } => {
//!                 endpoint.handle(Input::RegistrarFlow { now, registration, flow: None });
//!             }
//!             Output::Registration { registration, event } => println!("{registration}: {event:?}"),
//!             Output::Close(connection) => println!("close {connection:?}"),
//!             Output::Dropped(dropped) => println!("dropped: {:?}", dropped.reason),
//!             Output::Timeout(wake_at) => return wake_at,
//!         }
//!     }
//! }
//! # let now = Instant::now();
//! # let contact: SocketAddr = "192.0.2.1:5060".parse().unwrap();
//! # let advertised = sip::Advertised::new(contact);
//! # let config = sip::EndpointConfig { advertised, peers: vec![], registrations: vec![], server_name: String::new(), max_calls: 1, seed: [0; 32] };
//! # let mut endpoint = Endpoint::new(config, now);
//! # assert!(drain(&mut endpoint, now, contact, |_, _| {}) > now);
//! ```
//!
//! The shell waits for a datagram, a command of the application, or the time that was returned,
//! hands it in with [`Endpoint::handle`], and drains again.

#![warn(missing_docs)]

mod call;
pub mod call_out;
mod dialog;
mod digest;
mod endpoint;
mod error;
mod flow;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod message;
mod registration;
pub mod rtp;
mod sdp;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
mod status;
mod transaction;
mod uri;

pub use call::{AnswerPlan, CallCommand, CallEvent, CallHandle, EndReason, IncomingCall};
pub use digest::{Credentials, Password};
pub use endpoint::{
    CallerIdentity, DropReason, Dropped, Endpoint, EndpointConfig, Input, Output, Peer, Readiness,
    Received, Transmit,
};
pub use error::{NegotiationError, ParseError, PeerIncompatible, PeerMisbehaved};
pub use flow::{Advertised, Channel, ConnectionId, Flow, Transport};
pub use registration::{
    Bound, RegistrationConfig, RegistrationEvent, RegistrationFailure, RegistrationHandle, Server,
};
pub use sdp::{
    Codec, Direction, MasterKey, MediaPlan, MediaPolicy, Rtcp, SrtpKeys, SrtpPolicy, SrtpSuite,
};
pub use status::StatusCode;
pub use uri::{Scheme, Uri};
