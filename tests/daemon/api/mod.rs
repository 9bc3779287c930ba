//! The REST API as programs of partners meet it. Every answer is held against the documentation that the
//! daemon serves of itself.

mod bad_input;
mod client;
mod invitations;
mod keys;
mod messages;
mod receiver;
mod senders;
mod webhook_crashes;
mod webhooks;
