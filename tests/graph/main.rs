//! The Graph client against a server that answers as it is told: well, badly, late or not at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
#[path = "../support/captured.rs"]
mod captured;
mod requests;
#[path = "../support/graph.rs"]
#[allow(dead_code, reason = "the tests of sign-ups use more of it")]
mod server;
