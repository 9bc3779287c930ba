//! What the stand-in remembers of businesses: their accounts and numbers, and what allows to act for
//! them. Of each kind so many, and then the oldest is forgotten.

use std::time::Duration;

use rand::RngExt as _;

use super::verification::Verification;
use crate::domain::{PhoneNumber, Timestamp};

/// Of each kind.
const REMEMBERED: usize = 256;

/// A client's permission lives for so long (Meta, Embedded Signup).
const CODE_LIFETIME: Duration = Duration::from_secs(30);

/// A WhatsApp Business Account with one number.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) waba: String,
    pub(super) business: String,
    pub(super) number: Number,
}

/// A number as Meta knows it.
#[derive(Debug, Clone)]
pub(super) struct Number {
    pub(super) id: String,
    pub(super) number: PhoneNumber,
    pub(super) is_verified: bool,
    /// The WhatsApp Business App uses it as well.
    pub(super) is_on_biz_app: bool,
    /// Set when it was registered.
    pub(super) pin: Option<String>,
    /// What was asked for of the app's data.
    pub(super) synced: Vec<String>,
    pub(super) verification: Verification,
}

/// What a log-in gave.
#[derive(Debug)]
struct Grant {
    code: String,
    given_at: Timestamp,
    is_used: bool,
    token: String,
    waba: String,
}

/// Why there is no token for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoToken {
    Unknown,
    Used,
    Expired,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    accounts: Vec<Account>,
    grants: Vec<Grant>,
}

impl Book {
    /// Remembers an account that was connected. Returns the code of the log-in.
    pub(super) fn connect(&mut self, account: Account, now: Timestamp) -> String {
        let (code, token) = (format!("AQB{}", secret()), format!("EAA{}", secret()));
        let waba = account.waba.clone();
        remember(&mut self.accounts, account);
        let grant = Grant { code: code.clone(), given_at: now, is_used: false, token, waba };
        remember(&mut self.grants, grant);
        code
    }

    /// Takes a code for its token.
    pub(super) fn exchange(&mut self, code: &str, now: Timestamp) -> Result<String, NoToken> {
        let grant = self.grants.iter_mut().find(|grant| grant.code == code);
        let grant = grant.ok_or(NoToken::Unknown)?;
        if grant.is_used {
            return Err(NoToken::Used);
        }
        if grant.given_at + CODE_LIFETIME <= now {
            return Err(NoToken::Expired);
        }
        grant.is_used = true;
        Ok(grant.token.clone())
    }

    /// Forgets that a number was verified, as Meta does after some time without a registration. Returns
    /// whether there is such a number.
    pub(super) fn let_verification_lapse(&mut self, number: &PhoneNumber) -> bool {
        let accounts = self.accounts.iter_mut().map(|account| &mut account.number);
        let mut found = accounts.filter(|known| known.number == *number).peekable();
        let is_known = found.peek().is_some();
        found.for_each(|known| known.is_verified = false);
        is_known
    }

    /// The account that a token may manage, once it was handed out.
    pub(super) fn account_of(&mut self, token: &str) -> Option<&mut Account> {
        let grant = self.grants.iter().find(|grant| grant.token == token && grant.is_used)?;
        self.accounts.iter_mut().find(|account| account.waba == grant.waba)
    }
}

impl Number {
    /// One that nothing was done with yet.
    pub(super) fn new(number: PhoneNumber) -> Self {
        Self {
            id: new_id(),
            number,
            is_verified: false,
            is_on_biz_app: false,
            pin: None,
            synced: Vec::new(),
            verification: Verification::default(),
        }
    }
}

/// Keeps the newest.
pub(super) fn remember<T>(known: &mut Vec<T>, new: T) {
    if known.len() == REMEMBERED {
        known.remove(0);
    }
    known.push(new);
}

/// A name of Meta's: 15 digits.
pub(super) fn new_id() -> String {
    rand::rng().random_range(100_000_000_000_000_u64..1_000_000_000_000_000).to_string()
}

/// 128 random bits.
pub(super) fn secret() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_795_000_000_000);

    fn account() -> Account {
        let number = Number::new("+15550100123".parse().unwrap());
        Account { waba: new_id(), business: "Acme".to_owned(), number }
    }

    #[test]
    fn a_code_lives_for_30_seconds_and_works_once() {
        let mut book = Book::default();
        let code = book.connect(account(), NOW);
        assert_eq!(book.exchange(&code, NOW + CODE_LIFETIME), Err(NoToken::Expired));
        let token = book.exchange(&code, NOW).unwrap();
        assert_eq!(book.exchange(&code, NOW), Err(NoToken::Used));
        assert_eq!(book.exchange("AQB", NOW), Err(NoToken::Unknown));
        assert_eq!(book.account_of(&token).unwrap().business, "Acme");
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut book = Book::default();
        let first = book.connect(account(), NOW);
        let others: Vec<_> = (0..REMEMBERED).map(|_| book.connect(account(), NOW)).collect();
        assert_eq!(book.exchange(&first, NOW), Err(NoToken::Unknown));
        assert!(others.iter().all(|code| book.exchange(code, NOW).is_ok()));
        assert_eq!((book.accounts.len(), book.grants.len()), (REMEMBERED, REMEMBERED));
    }
}
