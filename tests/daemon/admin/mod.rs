//! The partner's admin, as a browser without scripts meets it.

mod calls;
mod embedding;
mod import;
mod invitations;
mod live;
mod numbers;
mod office;
mod routes;
mod second_factor;
mod senders;
mod settings;
mod sign_in;
mod webhook;
