//! The pages as clients and partners meet them: in a real browser, driven by its WebDriver.
//!
//! Without Chromium they are skipped, and said to be. `make test-browser` installs it and sets
//! `ZAVUD_BROWSER=required`, which makes it a failure that it is missing. Pictures of all that was
//! looked at are in `target/screenshots/` then.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accessibility;
mod admin;
mod brand;
mod chromium;
mod closed_pages;
mod code_stages;
mod connection;
mod journeys;
mod keyboard;
mod looks;
mod mishaps;
mod partner;
mod recording;
mod restarts;
mod sandbox_pages;
mod signup;
mod signup_states;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the rest of it is for the daemon's own tests")]
mod support;
mod tabs;
mod weight;
mod window;
