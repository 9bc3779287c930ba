//! The rules behind invitations: which step is legal when, expiry at its moment, links that revoke
//! each other, one open invitation a number, and how often Meta may be asked to verify one.
//!
//! [`steps`] and [`attempts`] are pure. [`invitations`] executes a step on the store: status, audit
//! row and event in the caller's transaction, so that all of it happened or nothing did, and open
//! pages are told after the commit. There is no other way by which an invitation changes its status;
//! `tests/architecture.rs` holds that. [`expiry`] waits for the next one whose time runs out.
//!
//! [`completion`] goes from what Meta's window left to a sender; [`verification`] proves to Meta that a
//! number is ours, without a client; [`messages`] tries a sender out, [`outgoing`] sends a partner's
//! messages and follows what becomes of them. [`numbers`] and [`senders`] are the rules of what
//! invitations are made with, and of what they make. [`news`] notes what a partner's programs have to be
//! told. Knows neither phone nor page.

mod arrival;
mod attempts;
mod completion;
mod expiry;
mod export;
mod hints;
mod import;
mod invitations;
mod messages;
mod news;
mod numbers;
mod outgoing;
mod refusals;
mod senders;
mod steps;
mod verification;

pub use attempts::{ATTEMPTS_ALLOWED, Attempts, attempts_left, attempts_made, record_attempt};
pub use completion::{
    Completions, Recovery, Returned, SimulatedEnd, begin_signup, pin_of, reason_of,
    simulate_signup, token_of,
};
pub use expiry::{expire_in_time, expire_overdue};
pub use export::{export_header, export_row};
pub use hints::{Hint, hint};
pub use import::{
    Column, FileProblem, ImportRow, ImportSheet, KnownNumber, Problem, Wanted, read_import,
};
pub use invitations::{Invited, Refusal, invite, invite_once, record_opening, take_step};
pub use messages::{Messages, NotSent};
pub use numbers::{NumberRefusal, add_number, resume_number, suspend_number};
pub use outgoing::{
    Outgoing, message_failure_in_words, queue_message, receive_message, report_message,
};
pub use senders::{SenderRefusal, make_default_sender, remove_sender};
pub use steps::{Step, can_cancel, can_resend};
pub use verification::{
    AwaitedCall, Ground, HeardCode, NamedNumber, NotApplicable, Verifications, awaited_call,
    can_verify, progress_in_words, record_heard_code,
};
