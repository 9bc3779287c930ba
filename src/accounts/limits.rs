//! How often somebody may try to sign in. Failures are counted in the store, by account and by network, so
//! that neither a restart nor many addresses give more attempts. What one network does to an account keeps
//! nobody out who comes from another one: whoever knows an e-mail address could lock its owner out else.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::{Email, Network, SecretToken, Timestamp, TokenHash};
use crate::store::{Reader, StoreError, Writer};

/// The time in which failures count.
pub(super) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Failures for one account from one network. Whoever forgot a password tries three or four.
const OF_AN_ACCOUNT_FROM_A_NETWORK: usize = 10;

/// Failures for one account from everywhere: too few for a password of twelve characters to be guessed.
const OF_AN_ACCOUNT: usize = 100;

/// Wrong codes for one account. There are a million of them, and who tries one has the password already.
const OF_A_SECOND_FACTOR: usize = 10;

/// Failures from one network. A whole office may have one address.
const FROM_A_NETWORK: usize = 30;

/// Whose failures are counted, and how many of each are allowed.
#[derive(Debug)]
pub(super) struct Counted(Vec<(TokenHash, usize)>);

impl Counted {
    /// Attempts with a password.
    pub(super) fn passwords(email: &Email, address: IpAddr) -> Self {
        let (account, network) = (email.as_str().to_lowercase(), Network::of(address));
        Self(vec![
            (subject(format!("account:{account} network:{network}")), OF_AN_ACCOUNT_FROM_A_NETWORK),
            (subject(format!("account:{account}")), OF_AN_ACCOUNT),
            (subject(format!("network:{network}")), FROM_A_NETWORK),
        ])
    }

    /// Attempts with a code.
    pub(super) fn codes(email: &Email, address: IpAddr) -> Self {
        let (account, network) = (email.as_str().to_lowercase(), Network::of(address));
        Self(vec![
            (subject(format!("code:{account}")), OF_A_SECOND_FACTOR),
            (subject(format!("network:{network}")), FROM_A_NETWORK),
        ])
    }

    /// When it may be tried again; `None` for now.
    pub(super) fn blocked_until(
        &self,
        reader: &Reader<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.0.iter().try_fold(None, |blocked, (subject, allowed)| {
            let failures = reader.login_failures(subject, now - WINDOW)?;
            Ok(free_at(&failures, *allowed).max(blocked))
        })
    }

    /// Counts an attempt before it is known whether it fails: of a hundred at once only ten are looked at.
    pub(super) fn record(&self, writer: &Writer<'_>, now: Timestamp) -> Result<(), StoreError> {
        writer.forget_old_logins(now, now - WINDOW)?;
        self.0.iter().try_for_each(|(subject, _)| writer.insert_login_failure(subject, now))
    }
}

/// An attempt that was counted.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) of: Counted,
    pub(super) at: Timestamp,
}

impl Attempt {
    /// Takes back what was counted, since it did not fail.
    pub(super) fn forgive(&self, writer: &Writer<'_>) -> Result<(), StoreError> {
        let mut counted = self.of.0.iter();
        counted.try_for_each(|(subject, _)| writer.remove_login_failure(subject, self.at))
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
