//! The rules of invitations, executed on a real store: what becomes of an invitation, what is
//! recorded of it, and who is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod random_walk;
mod rules;
