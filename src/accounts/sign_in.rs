//! Signing in: the password, and the second factor where there is one.

use super::limits::{Attempt, Counted};
use super::logins::{Somebody, begin};
use super::{Accounts, AccountsError, Entered, Password, Visitor, WrongCode};
use crate::domain::{Email, LoginId, SecretToken, Timestamp};
use crate::store::Partner;

/// A browser that was let in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub token: SecretToken,
    /// The second factor is still missing otherwise.
    pub is_whole: bool,
}

/// Why somebody was not let in. Who has an account can not be told by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    #[error("the e-mail or the password is wrong")]
    Wrong,
    #[error("it was tried too often: again from {0} on")]
    TooOften(Timestamp),
}

impl Accounts {
    /// Checks a password, and signs in.
    ///
    /// # Errors
    /// When the store refuses. The inner error says why nobody was let in.
    pub async fn sign_in(
        &self,
        email: &Email,
        password: Password,
        visitor: Visitor,
    ) -> Result<Result<SignedIn, SignInError>, AccountsError> {
        let counted = Counted::passwords(email, visitor.address);
        let attempt = match self.count(counted).await? {
            Ok(attempt) => attempt,
            Err(too_often) => return Ok(Err(too_often)),
        };
        let email = email.clone();
        let partner = self.store.read(move |reader| reader.partner_by_email(&email)).await?;
        let stored = partner.as_ref().and_then(|partner| partner.password.clone());
        let is_right = self.verify(password, stored.clone()).await?;
        let Some(partner) = partner.filter(|_| is_right) else {
            return Ok(Err(SignInError::Wrong));
        };
        let signed_in = self.store.write(move |writer| {
            // The password may have been changed while it was checked.
            let current = writer.partner(&partner.id)?.and_then(|partner| partner.password);
            if current != stored {
                return Ok(Err(SignInError::Wrong));
            }
            attempt.forgive(writer)?;
            let is_whole = partner.second_factor.is_none();
            let token = begin(writer, &partner.id, is_whole, &visitor, attempt.at)?;
            Ok(Ok(SignedIn { token, is_whole }))
        });
        Ok(signed_in.await?)
    }

    /// Checks the second factor of a login that lacks it. It goes on under another token.
    ///
    /// # Errors
    /// When the store refuses. The inner error says why nobody was let in.
    pub async fn complete(
        &self,
        entered: &Entered,
        code: &str,
        visitor: Visitor,
    ) -> Result<Result<SecretToken, SignInError>, AccountsError> {
        let Somebody::Partner(partner) = &entered.as_whom else {
            return Ok(Err(SignInError::Wrong));
        };
        let counted = Counted::codes(&partner.email, visitor.address);
        let attempt = match self.count(counted).await? {
            Ok(attempt) => attempt,
            Err(too_often) => return Ok(Err(too_often)),
        };
        if let Err(WrongCode) = self.check_code(partner, code).await? {
            return Ok(Err(SignInError::Wrong));
        }
        let (partner, half) = (partner.id.clone(), entered.login.id.clone());
        let whole = self.store.write(move |writer| {
            attempt.forgive(writer)?;
            writer.end_login(&half)?;
            begin(writer, &partner, true, &visitor, attempt.at)
        });
        Ok(Ok(whole.await?))
    }

    /// Changes a password by the one before, and ends all other logins.
    ///
    /// # Errors
    /// When the store refuses. The inner error says why it was not changed.
    pub async fn change_password(
        &self,
        partner: &Partner,
        login: LoginId,
        before: Password,
        after: Password,
        visitor: &Visitor,
    ) -> Result<Result<(), SignInError>, AccountsError> {
        let attempt = match self.check_password(partner, before, visitor).await? {
            Ok(attempt) => attempt,
            Err(refused) => return Ok(Err(refused)),
        };
        let hash = self.hash(after).await?;
        let id = partner.id.clone();
        let change = self.store.write(move |writer| {
            attempt.forgive(writer)?;
            writer.set_password(&id, &hash)?;
            writer.remove_password_links(&id)?;
            writer.end_other_logins(&id, Some(&login))
        });
        change.await?;
        Ok(Ok(()))
    }

    /// Takes the second factor away, by the password.
    ///
    /// # Errors
    /// When the store refuses. The inner error says why it stays.
    pub async fn drop_second_factor(
        &self,
        partner: &Partner,
        password: Password,
        visitor: &Visitor,
    ) -> Result<Result<(), SignInError>, AccountsError> {
        let attempt = match self.check_password(partner, password, visitor).await? {
            Ok(attempt) => attempt,
            Err(refused) => return Ok(Err(refused)),
        };
        let id = partner.id.clone();
        let drop = self.store.write(move |writer| {
            attempt.forgive(writer)?;
            writer.set_second_factor(&id, None)
        });
        drop.await?;
        Ok(Ok(()))
    }

    /// Counts an attempt, unless there were too many.
    async fn count(&self, of: Counted) -> Result<Result<Attempt, SignInError>, AccountsError> {
        let now = self.clock.now();
        let count = self.store.write(move |writer| {
            if let Some(until) = of.blocked_until(writer, now)? {
                return Ok(Err(SignInError::TooOften(until)));
            }
            of.record(writer, now)?;
            Ok(Ok(Attempt { of, at: now }))
        });
        Ok(count.await?)
    }

    /// Looks at the password of somebody who is signed in.
    async fn check_password(
        &self,
        partner: &Partner,
        password: Password,
        visitor: &Visitor,
    ) -> Result<Result<Attempt, SignInError>, AccountsError> {
        let attempt = self.count(Counted::passwords(&partner.email, visitor.address)).await?;
        Ok(match attempt {
            Ok(_) if !self.verify(password, partner.password.clone()).await? => {
                Err(SignInError::Wrong)
            }
            attempt => attempt,
        })
    }
}
