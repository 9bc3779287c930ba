//! The daemon and other people's software: each peer as its own process, over loopback.
//!
//! A peer that is not installed is skipped, and said to be. `make interop` installs all of them and
//! sets `ZAVUD_INTEROP=required`, which makes a peer that is missing a failure.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod baresip;
mod fail2ban;
mod kamailio;
mod linphone;
mod peer;
mod sipp;
mod sipsak;
mod sipvicious;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the rest of it is for the daemon's own tests")]
mod support;
