//! The rules of invitations, executed on a real store: what becomes of an invitation, what is
//! recorded of it, and who is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
#[path = "../support/captured.rs"]
mod captured;
#[path = "../support/clock.rs"]
mod clock;
mod completion;
mod countries;
mod crashes;
mod desk;
#[path = "../support/graph.rs"]
#[allow(dead_code, reason = "the tests of the Graph client use more of it")]
mod graph;
mod list;
mod numbers;
mod random_walk;
mod recovery;
mod redirects;
mod rules;
mod senders;
mod verification;
