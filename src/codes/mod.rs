//! From what was heard to a code that can be shown: pure decisions, no I/O.
//!
//! Meta speaks the code two or three times. Each time is a *reading*, and what was heard is taken
//! apart into them ([`reading`]). How a voice paces its digits tells whether it is through
//! ([`rhythm`]). Readings vote digit by digit ([`vote`]); [`Decision`] says when that is enough. A
//! wrong code is worse than none, so doubt always wins.

mod decision;
#[cfg(test)]
pub(crate) mod fixtures;
mod reading;
mod rhythm;
#[cfg(test)]
mod scripted_calls;
mod thresholds;
mod vote;

pub use decision::{Decision, Finding};
pub use thresholds::Thresholds;
