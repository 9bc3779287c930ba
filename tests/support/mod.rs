//! A daemon, a phone and a clock for tests.

mod clock;
mod daemon;
mod http;
mod identity;
mod line;
mod model;
mod partner;
mod phone;
mod process;
mod recorder;
pub(crate) mod stand_in;

pub(crate) use clock::ManualClock;
pub(crate) use daemon::{Invited, NUMBER, TestDaemon, recordings_of};
pub(crate) use http::{
    Answer, ask_with, get, get_in, get_range, get_with, open, post, post_form, post_with,
    signup_until, try_ask_with,
};
pub(crate) use identity::Identity;
pub(crate) use line::Line;
pub(crate) use model::{DeafModel, MistakenModel, real_model};
pub(crate) use partner::{Browsing, PASSWORD, admitted, form_token};
pub(crate) use phone::{
    CODE, call, call_over, call_with, digits_of, half_a_code, noise, silence, voice, write_wav,
};
pub(crate) use process::{Serving, shipped_models, zavud};
pub(crate) use recorder::{PATIENCE, code_on, stages_until};

/// Tells on the terminal that a test did nothing, and why.
pub(crate) fn skip(test: &str, reason: &str) {
    tell(&format!("SKIPPED {test}: {reason}"));
}

/// Tells something on the terminal. Not through `eprintln!`, which the test harness keeps to itself
/// when a test passes.
pub(crate) fn tell(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{what}");
}
