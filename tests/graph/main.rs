//! The Graph client against a server that answers as it is told: well, badly, late or not at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod requests;
mod server;
