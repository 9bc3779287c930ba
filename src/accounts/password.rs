//! Passwords: argon2id with the parameters that OWASP recommends (Password Storage Cheat Sheet: 19 MiB,
//! two passes, one lane), which are the defaults of the crate.

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::phc;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use rand::RngExt as _;

use super::{Accounts, AccountsError};
use crate::store::PasswordHash;

/// NIST SP 800-63B §3.1.1.2 asks for 15 where a password is all there is, and 8 beside a second factor,
/// which is a partner's own choice here.
const FEWEST_CHARACTERS: usize = 12;

/// Long enough for every phrase, and too short to keep us busy.
const MOST_BYTES: usize = 256;

/// A password as somebody typed it.
#[derive(Clone)]
pub struct Password(String);

/// A password that may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("a password has {FEWEST_CHARACTERS} characters at least")]
    Short,
    #[error("a password has {MOST_BYTES} bytes at most")]
    Long,
    #[error("a password is not made of one or two characters alone")]
    Monotonous,
}

impl Password {
    /// As it was typed to sign in: any text.
    pub fn typed(text: String) -> Self {
        Self(text)
    }

    /// As it was chosen.
    ///
    /// # Errors
    /// When it is too easy to guess, or too long.
    pub fn chosen(text: String) -> Result<Self, WeakPassword> {
        if text.chars().count() < FEWEST_CHARACTERS {
            return Err(WeakPassword::Short);
        }
        if text.len() > MOST_BYTES {
            return Err(WeakPassword::Long);
        }
        let mut different: Vec<_> = text.chars().collect();
        different.sort_unstable();
        different.dedup();
        if different.len() <= 2 { Err(WeakPassword::Monotonous) } else { Ok(Self(text)) }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl Accounts {
    pub(super) async fn hash(&self, password: Password) -> Result<PasswordHash, AccountsError> {
        let salt = rand::rng().random();
        let hash = move || hash(&password, salt);
        self.on_a_core(hash).await?.map_err(|error| AccountsError::Hash(error.to_string()))
    }

    /// Whether it is the password. Where there is none, as much time is taken to say no, so that it can
    /// not be told who has an account.
    pub(super) async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<bool, AccountsError> {
        if password.0.len() > MOST_BYTES {
            return Ok(false);
        }
        self.on_a_core(move || match stored {
            Some(stored) => is_password(&password, &stored),
            None => {
                is_password(&password, &NOBODYS);
                false
            }
        })
        .await
    }

    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountsError> {
        let _turn = self.hashing.acquire().await.expect("nobody closes it");
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| AccountsError::Hash(error.to_string()))
    }
}

/// A hash that no password is known for.
static NOBODYS: LazyLock<PasswordHash> = LazyLock::new(|| {
    hash(&Password("nobody's".to_owned()), [0; 16]).expect("the defaults are valid parameters")
});

fn hash(password: &Password, salt: [u8; 16]) -> Result<PasswordHash, argon2::password_hash::Error> {
    let hash: phc::PasswordHash =
        Argon2::default().hash_password_with_salt(password.0.as_bytes(), &salt)?;
    Ok(PasswordHash(hash.to_string()))
}

fn is_password(password: &Password, stored: &PasswordHash) -> bool {
    phc::PasswordHash::new(&stored.0)
        .is_ok_and(|hash| Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_another_is_not() {
        let chosen = Password::chosen("correct horse battery".to_owned()).unwrap();
        let stored = hash(&chosen, [7; 16]).unwrap();
        assert!(stored.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.0);
        assert!(is_password(&chosen, &stored));
        assert!(!is_password(&Password::typed("correct horse batterz".to_owned()), &stored));
        assert!(!is_password(&chosen, &PasswordHash("damaged".to_owned())));
        assert_eq!(format!("{chosen:?} {stored:?}"), "*** ***");
    }

    #[test]
    fn a_password_that_is_easy_to_guess_is_not_taken() {
        let refused = |text: &str| Password::chosen(text.to_owned()).err();
        assert_eq!(refused("elevenchars"), Some(WeakPassword::Short));
        assert_eq!(refused(&"ab".repeat(8)), Some(WeakPassword::Monotonous));
        assert_eq!(refused(&"abc".repeat(86)), Some(WeakPassword::Long));
        assert_eq!(refused("пароль длинный"), None);
    }
}
