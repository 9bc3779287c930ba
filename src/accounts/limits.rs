//! How often somebody may try to sign in. Failures are counted in the store, by account and by address,
//! so that neither a restart nor many addresses give more attempts.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::{Email, Network, SecretToken, Timestamp, TokenHash};
use crate::store::{Reader, StoreError, Writer};

/// The time in which failures count.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Failures for one account. Whoever forgot a password tries three or four.
const OF_AN_ACCOUNT: usize = 10;

/// Failures from one address. A whole office may have one.
const FROM_AN_ADDRESS: usize = 30;

/// Whose failures are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    account: TokenHash,
    address: TokenHash,
}

impl Counted {
    pub(super) fn new(email: &Email, address: IpAddr) -> Self {
        Self {
            account: subject(format!("account:{}", email.as_str().to_lowercase())),
            address: subject(format!("address:{}", Network::of(address))),
        }
    }

    /// When it may be tried again; `None` for now.
    pub(super) fn blocked_until(
        &self,
        reader: &Reader<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let account = reader.login_failures(&self.account, now - WINDOW)?;
        let address = reader.login_failures(&self.address, now - WINDOW)?;
        Ok(free_at(&account, OF_AN_ACCOUNT).max(free_at(&address, FROM_AN_ADDRESS)))
    }

    /// Counts an attempt before it is known whether it fails: of a hundred at once only ten are looked at.
    pub(super) fn record(&self, writer: &Writer<'_>, now: Timestamp) -> Result<(), StoreError> {
        writer.forget_old_logins(now, now - WINDOW)?;
        writer.insert_login_failure(&self.account, now)?;
        writer.insert_login_failure(&self.address, now)
    }

    /// Takes back what was counted for an attempt that did not fail.
    pub(super) fn forgive(&self, writer: &Writer<'_>, at: Timestamp) -> Result<(), StoreError> {
        writer.remove_login_failure(&self.account, at)?;
        writer.remove_login_failure(&self.address, at)
    }
}

/// When fewer than `allowed` of these failures, oldest first, still count.
fn free_at(failures: &[Timestamp], allowed: usize) -> Option<Timestamp> {
    let last = failures.len().checked_sub(allowed)?;
    Some(failures[last] + WINDOW)
}

/// Addresses and e-mails are nothing to keep in the clear for this.
fn subject(text: String) -> TokenHash {
    SecretToken::from_text(text).hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_free_again_when_enough_of_the_failures_are_old() {
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1_000);
        let failures: Vec<_> = (0..12).map(at).collect();
        assert_eq!(free_at(&failures[..9], 10), None);
        assert_eq!(free_at(&failures[..10], 10), Some(at(0) + WINDOW));
        assert_eq!(free_at(&failures, 10), Some(at(2) + WINDOW));
    }
}
