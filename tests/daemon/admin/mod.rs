//! The partner's admin, as a browser without scripts meets it.

mod embedding;
mod import;
mod invitations;
mod live;
mod routes;
mod second_factor;
mod sign_in;
