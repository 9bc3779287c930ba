//! The daemon as its users meet it: over the phone, on the page, on the command line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod benchmark;
mod browser;
mod calls;
mod chromium;
mod command_line;
mod crash;
mod human_voice;
mod journeys;
mod operator;
mod page;
mod recordings;
mod sandbox;
mod secrets;
mod signup;
mod signup_crashes;
mod signup_in_a_browser;
mod stand_in;
#[path = "../support/mod.rs"]
mod support;
mod transports;
mod trunks;
mod verification;
