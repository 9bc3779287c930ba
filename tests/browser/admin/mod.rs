//! The partner's admin in a real browser.

mod account;
mod actions;
mod desk;
mod embedding;
mod help_page;
mod invitations;
mod live;
