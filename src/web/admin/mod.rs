//! The partner's admin: on its own below `/p/{project}`, and the same pages inside of another site below
//! `/embed/{login}`.
//!
//! Whoever asks is let in before a handler runs ([`entrance`]), which then finds a [`Visit`]: who is here,
//! in which project, with which role. No handler looks at anything that is not of that project.

mod account;
mod calls;
mod confirmation;
mod cookies;
mod embed;
mod entrance;
mod error;
mod events;
mod form;
mod frame;
mod invitations;
mod moment;
mod numbers;
mod password;
mod posted;
mod projects;
mod qr;
mod routes;
mod senders;
mod settings;
mod sign_in;
mod typed;
mod visit;

pub(super) use error::AdminError;
pub(super) use posted::Posted;
pub(super) use routes::routes;
pub(super) use visit::Visit;
