//! The daemon as its users meet it: over the phone, on the page, on the command line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod api;
mod benchmark;
mod brand;
mod calls;
mod command_line;
mod crash;
mod human_voice;
mod journey_log;
mod languages;
mod onward;
mod operator;
mod page;
mod recordings;
mod sandbox;
mod secrets;
mod signup;
mod signup_crashes;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "some of it is for the tests with a browser")]
mod support;
mod transports;
mod trunks;
mod verification;
