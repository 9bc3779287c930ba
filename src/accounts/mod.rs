//! Accounts: how partners sign in, and which browsers stay signed in.
//!
//! Policy over the store: passwords ([`password`]), the second factor ([`second_factor`]), how often
//! somebody may try ([`limits`]), and how long a login lasts ([`logins`]). What a page looks like is
//! not known here.

mod limits;
mod links;
mod logins;
mod members;
mod password;
mod second_factor;
mod sign_in;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::seal::Seal;
use crate::store::Store;

pub use links::{Admitted, LinkError, admit, issue_password_link};
pub use logins::{Entered, Somebody, Visitor, issue_embed_link};
pub use members::{MemberRefusal, add_member, change_role, remove_member, renew_link};
pub use password::{Password, WeakPassword};
pub use second_factor::{Enrolment, WrongCode};
pub use sign_in::{SignInError, SignedIn};

/// Passwords that are checked at a time. Each takes 19 MiB and a core for some 30 ms: more would let
/// strangers take the host from its calls.
const HASHES_AT_A_TIME: usize = 2;

/// What is done for accounts.
#[derive(Debug)]
pub struct Accounts {
    store: Arc<Store>,
    seal: Arc<Seal>,
    clock: Arc<dyn Clock>,
    /// Those who wait for it wait in the order in which they came.
    hashing: Semaphore,
}

/// Why nothing could be done.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Seal(#[from] crate::seal::CannotOpen),
    #[error("a password could not be hashed: {0}")]
    Hash(String),
}

impl Accounts {
    pub fn new(store: Arc<Store>, seal: Arc<Seal>, clock: Arc<dyn Clock>) -> Self {
        Self { store, seal, clock, hashing: Semaphore::new(HASHES_AT_A_TIME) }
    }
}
