//! Links by which a partner sets a password: the first, or another one when it was forgotten.

use std::time::Duration;

use rand::RngExt as _;

use super::logins::{begin, fresh_token};
use super::{Accounts, AccountsError, Password, SignedIn, Visitor};
use crate::domain::{Email, PartnerId, ProjectId, Role, SecretToken, Timestamp};
use crate::store::{Partner, StoreError, Writer};

/// How long a link can be used. It is sent by hand.
const LIFETIME: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A link that opens nothing, or nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link was used, has been replaced, or is too old")]
pub struct LinkError;

/// Somebody who was given a role in a project.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub partner: PartnerId,
    /// By which a password is set, where there is none yet.
    pub link: Option<SecretToken>,
}

/// Gives somebody a role in a project. Whoever has no password yet gets a link.
///
/// # Errors
/// When there is no such project, or the store refuses.
pub fn admit(
    writer: &Writer<'_>,
    project: &ProjectId,
    email: &Email,
    role: Role,
    now: Timestamp,
) -> Result<Admitted, StoreError> {
    let known = writer.partner_by_email(email)?;
    let has_password = known.as_ref().is_some_and(|partner| partner.password.is_some());
    let partner = match known {
        Some(partner) => partner.id,
        None => {
            let id = PartnerId::new(now, rand::rng().random());
            writer.insert_partner(&id, email, now)?;
            id
        }
    };
    writer.put_membership(project, &partner, role, now)?;
    let link = if has_password { None } else { Some(issue_password_link(writer, &partner, now)?) };
    Ok(Admitted { partner, link })
}

/// Makes a link by which a partner sets a password. Those before it open nothing any more.
///
/// # Errors
/// When the store refuses.
pub fn issue_password_link(
    writer: &Writer<'_>,
    partner: &PartnerId,
    now: Timestamp,
) -> Result<SecretToken, StoreError> {
    let token = fresh_token();
    writer.put_password_link(partner, &token.hash(), now + LIFETIME)?;
    Ok(token)
}

impl Accounts {
    /// Whose password a link sets.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn partner_of_link(
        &self,
        link: &SecretToken,
    ) -> Result<Option<Partner>, AccountsError> {
        let (hash, now) = (link.hash(), self.clock.now());
        Ok(self.store.read(move |reader| reader.partner_by_link(&hash, now)).await?)
    }

    /// Sets the password, ends all logins that the one before had opened, and signs in; a second factor
    /// is still asked for.
    ///
    /// # Errors
    /// When the store refuses. The inner error says that the link opens nothing.
    pub async fn use_link(
        &self,
        link: &SecretToken,
        password: Password,
        visitor: Visitor,
    ) -> Result<Result<SignedIn, LinkError>, AccountsError> {
        if self.partner_of_link(link).await?.is_none() {
            return Ok(Err(LinkError));
        }
        let password = self.hash(password).await?;
        let (hash, now) = (link.hash(), self.clock.now());
        let set = self.store.write(move |writer| {
            let Some(partner) = writer.partner_by_link(&hash, now)? else {
                return Ok(Err(LinkError));
            };
            writer.set_password(&partner.id, &password)?;
            writer.remove_password_links(&partner.id)?;
            writer.end_other_logins(&partner.id, None)?;
            let is_whole = partner.second_factor.is_none();
            let token = begin(writer, &partner.id, is_whole, &visitor, now)?;
            Ok(Ok(SignedIn { token, is_whole }))
        });
        Ok(set.await?)
    }
}
