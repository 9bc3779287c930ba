//! The policy of calls: which one is admitted, and how it goes on from ringing to its outcome.
//!
//! The only module that joins the phone ([`crate::telephony`]), the reader ([`crate::speech`],
//! [`crate::codes`]), the truth ([`crate::store`]) and what can be listened to
//! ([`crate::recordings`]). [`Switchboard`] takes calls as they come in and gives each a task of its
//! own ([`call`]); what the store is told of it stands in [`journal`].

mod admission;
mod call;
mod erasure;
mod journal;
mod recording;
mod recovery;
mod switchboard;

pub use erasure::erase_in_time;
pub use recovery::end_interrupted_calls;
pub use switchboard::{CallRules, Switchboard};
