//! The policy of calls: which one is admitted, and how it goes on from ringing to its outcome.
//!
//! The only module that joins the phone ([`crate::telephony`]), the reader ([`crate::speech`],
//! [`crate::codes`]) and the truth ([`crate::store`]). [`Switchboard`] takes calls as they come
//! in and gives each a task of its own ([`call`]); what is recorded of it stands in [`journal`].

mod admission;
mod call;
mod erasure;
mod journal;
mod recovery;
mod switchboard;

pub use erasure::erase_digits_in_time;
pub use recovery::end_interrupted_calls;
pub use switchboard::{CallRules, Switchboard};
