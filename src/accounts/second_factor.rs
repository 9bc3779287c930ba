//! The second factor: a code of six digits that changes every thirty seconds (TOTP, RFC 6238).

use std::fmt;

use rand::RngExt as _;
use totp_rs::{Builder, Secret, Totp};

use super::{Accounts, AccountsError};
use crate::domain::{Email, PartnerId, Sealed, Timestamp};
use crate::store::{Partner, SecondFactor};

/// As RFC 4226 §4 recommends.
const SECRET_BYTES: usize = 20;

/// Who the authenticator app says the code is for.
const ISSUER: &str = "zavud";

/// A second factor that is being set up: it counts when a first code of it was given.
pub struct Enrolment {
    secret: [u8; SECRET_BYTES],
    totp: Totp,
}

/// A code that is wrong, too old, or was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code is not the one of this moment")]
pub struct WrongCode;

impl Enrolment {
    /// A new secret for somebody.
    pub fn new(email: &Email, random: [u8; SECRET_BYTES]) -> Self {
        Self { secret: random, totp: totp(random.to_vec(), email) }
    }

    /// The one that was shown, by what is typed into an app. The form that sets it up carries it: whoever
    /// sees that form may know it.
    pub fn shown(email: &Email, typed: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(typed).ok()?;
        let bytes: [u8; SECRET_BYTES] = secret.as_bytes().try_into().ok()?;
        Some(Self::new(email, bytes))
    }

    /// What an app reads from a QR code (Key Uri Format).
    pub fn url(&self) -> String {
        self.totp.to_url().expect("the account has a name")
    }

    /// What is typed into an app that reads none.
    pub fn typed(&self) -> String {
        Secret::from(self.secret).to_base32()
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Enrolment(***)")
    }
}

impl Accounts {
    /// Gives a partner the second factor that was shown, if the code is one of it.
    ///
    /// # Errors
    /// When the store refuses. The inner error says that the code was wrong.
    pub async fn enrol(
        &self,
        partner: &Partner,
        enrolment: &Enrolment,
        code: &str,
    ) -> Result<Result<(), WrongCode>, AccountsError> {
        let now = self.clock.now();
        let Some(last_step) = step(&enrolment.totp, code, now) else { return Ok(Err(WrongCode)) };
        let owner = owner(&partner.id);
        let secret = self.seal.seal(&owner, &enrolment.secret, rand::rng().random());
        let (id, factor) = (partner.id.clone(), SecondFactor { secret, last_step });
        self.store.write(move |writer| writer.set_second_factor(&id, Some(&factor))).await?;
        Ok(Ok(()))
    }

    /// Whether this is the code of the moment. It opens once: two who say it at the same time are told
    /// apart in the store.
    pub(super) async fn check_code(
        &self,
        partner: &Partner,
        code: &str,
    ) -> Result<Result<(), WrongCode>, AccountsError> {
        let Some(factor) = &partner.second_factor else { return Ok(Err(WrongCode)) };
        let secret = self.seal.open(&owner(&partner.id), &factor.secret)?;
        let Some(used) = step(&totp(secret, &partner.email), code, self.clock.now()) else {
            return Ok(Err(WrongCode));
        };
        let (id, sealed) = (partner.id.clone(), factor.secret.clone());
        self.store
            .write(move |writer| {
                let current = writer.partner(&id)?.and_then(|partner| partner.second_factor);
                let is_fresh = current.is_some_and(|current| is_unused(&current, &sealed, used));
                if !is_fresh {
                    return Ok(Err(WrongCode));
                }
                let factor = SecondFactor { secret: sealed, last_step: used };
                writer.set_second_factor(&id, Some(&factor))?;
                Ok(Ok(()))
            })
            .await
            .map_err(AccountsError::from)
    }
}

fn is_unused(current: &SecondFactor, sealed: &Sealed, used: u64) -> bool {
    current.secret == *sealed && used > current.last_step
}

/// Whose secret it is, for the seal.
fn owner(partner: &PartnerId) -> String {
    format!("{partner}.totp")
}

fn totp(secret: Vec<u8>, email: &Email) -> Totp {
    Builder::new()
        .with_secret(secret)
        // A colon divides issuer and account.
        .with_account_name(email.as_str().replace(':', " "))
        .with_issuer(Some(ISSUER))
        .build_noncompliant()
}

/// The time step whose code it is: the one of now, the one before or the one after.
fn step(totp: &Totp, code: &str, now: Timestamp) -> Option<u64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    totp.check(&digits, now.unix_millis_unsigned() / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_that_of_its_moment_and_of_the_steps_beside_it() {
        let email: Email = "ann@example.com".parse().unwrap();
        let enrolment = Enrolment::shown(&email, &Enrolment::new(&email, [7; 20]).typed()).unwrap();
        let at = |seconds: i64| Timestamp::from_unix_millis(seconds * 1_000);
        let code = enrolment.totp.generate(3_000).to_string();
        for (seconds, told) in
            [(2_940, None), (2_970, Some(100)), (3_029, Some(100)), (3_060, None)]
        {
            assert_eq!(step(&enrolment.totp, &code, at(seconds)), told, "at {seconds} s");
        }
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(step(&enrolment.totp, &spaced, at(3_000)), Some(100));
        for wrong in ["", "12345", "abcdef", "00000000000000000000"] {
            assert_eq!(step(&enrolment.totp, wrong, at(3_000)), None, "{wrong}");
        }
        assert!(enrolment.url().starts_with("otpauth://totp/zavud:ann%40example.com?secret="));
    }
}
