//! From what was heard to a code that can be shown: pure decisions, no I/O.
//!
//! Meta speaks the code two or three times. Each time is a *reading* ([`reading`]); readings vote
//! digit by digit ([`vote`]); [`Decision`] says when that is enough. A wrong code is worse than
//! none, so doubt always wins.

mod decision;
mod reading;
mod vote;

pub use decision::{Decision, Finding};
