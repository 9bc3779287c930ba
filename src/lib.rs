//! `zavud` answers the phone call in which Meta speaks a WhatsApp verification code, reads the
//! code while it is being spoken, and shows it on the invitation page that the client has open.
//!
//! In reading order: [`domain`] has the nouns; [`onboarding`] the rules of invitations, [`meta`]
//! the other side of a sign-up; [`calls`] joins [`telephony`] (the phone), `speech` and `codes`
//! (the reader), [`recordings`] and [`store`] (the truth); [`web`] shows what the store holds when
//! [`feed`] says that it changed; [`webhooks`] tells programs of partners; [`accounts`] says who may
//! sign in; [`control`] answers the operator; [`seal`] keeps secrets from who reads the store's file;
//! [`daemon`] builds all of it, and [`cli`] starts the daemon.
//! ARCHITECTURE.md has the map and the walk of one call.

pub mod accounts;
pub mod calls;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod config;
pub mod control;
pub mod daemon;
pub mod domain;
pub mod feed;
pub mod meta;
pub mod observability;
pub mod onboarding;
pub mod recordings;
pub mod seal;
pub mod speech;
pub mod store;
pub mod telephony;
pub mod tls;
pub mod voices;
pub mod web;
pub mod webhooks;
