//! Tables `partners` and `password_links`: who signs in, and by which password.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{Email, Language, PartnerId, Sealed, Timestamp, TokenHash};

use super::{Reader, StoreError, Writer};

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    pub id: PartnerId,
    pub email: Email,
    /// What the pages are to be in; `None` for what the browser asks for.
    pub language: Option<Language>,
    /// The hash of the password, as a PHC string; `None` until it was first set.
    pub password: Option<PasswordHash>,
    pub second_factor: Option<SecondFactor>,
}

/// A hash as [`crate::accounts`] writes it. It prints as stars: weak passwords can be found from it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("***")
    }
}

/// What a partner's second factor is checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    pub secret: Sealed,
    /// The time step whose code was used last: neither it nor an earlier one opens again.
    pub last_step: u64,
}

impl Writer<'_> {
    /// Makes a partner, without a password.
    ///
    /// # Errors
    /// When there is one with that e-mail, or the database refuses.
    pub fn insert_partner(
        &self,
        id: &PartnerId,
        email: &Email,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO partners (id, email, created_at) VALUES (?1, ?2, ?3)",
            (id.as_str(), email.as_str(), now.unix_millis()),
        )?;
        Ok(())
    }

    /// Gives a partner a password.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_password(
        &self,
        partner: &PartnerId,
        password: &PasswordHash,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE partners SET password = ?2 WHERE id = ?1",
            (partner.as_str(), &password.0),
        )?;
        Ok(())
    }

    /// Says which language a partner reads; `None` for what the browser asks for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_partner_language(
        &self,
        partner: &PartnerId,
        language: Option<Language>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE partners SET language = ?2 WHERE id = ?1",
            (partner.as_str(), language.as_ref().map(Language::as_str)),
        )?;
        Ok(())
    }

    /// Gives a partner a second factor, or takes it away.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_second_factor(
        &self,
        partner: &PartnerId,
        factor: Option<&SecondFactor>,
    ) -> Result<(), StoreError> {
        let step = factor.map(|factor| i64::try_from(factor.last_step).unwrap_or(i64::MAX));
        self.connection.execute(
            "UPDATE partners SET totp = ?2, totp_step = ?3 WHERE id = ?1",
            (partner.as_str(), factor.map(|factor| factor.secret.as_bytes()), step),
        )?;
        Ok(())
    }

    /// Keeps a link by which a partner sets a password. Those before it open nothing any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn put_password_link(
        &self,
        partner: &PartnerId,
        token: &TokenHash,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.remove_password_links(partner)?;
        self.connection.execute(
            "INSERT INTO password_links (token_hash, partner_id, expires_at) VALUES (?1, ?2, ?3)",
            (token.as_bytes(), partner.as_str(), expires_at.unix_millis()),
        )?;
        Ok(())
    }

    /// From now on no link sets the password of a partner.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_password_links(&self, partner: &PartnerId) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM password_links WHERE partner_id = ?1", [partner.as_str()])?;
        Ok(())
    }
}

const SELECT: &str = "SELECT id, email, language, password, totp, totp_step FROM partners";

impl Reader<'_> {
    /// The partner who has this e-mail.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn partner_by_email(&self, email: &Email) -> Result<Option<Partner>, StoreError> {
        self.one_partner("email", email.as_str())
    }

    /// A partner.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn partner(&self, id: &PartnerId) -> Result<Option<Partner>, StoreError> {
        self.one_partner("id", id.as_str())
    }

    fn one_partner(&self, column: &str, value: &str) -> Result<Option<Partner>, StoreError> {
        let mut statement =
            self.connection.prepare_cached(&format!("{SELECT} WHERE {column} = ?1"))?;
        statement.query_row([value], |row| Ok(columns(row))).optional()?.transpose()
    }

    /// Whose password this link sets at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn partner_by_link(
        &self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Partner>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE id = (SELECT partner_id FROM password_links
                                  WHERE token_hash = ?1 AND expires_at > ?2)"
        ))?;
        statement
            .query_row((token.as_bytes(), now.unix_millis()), |row| Ok(columns(row)))
            .optional()?
            .transpose()
    }
}

fn columns(row: &Row<'_>) -> Result<Partner, StoreError> {
    let language: Option<String> = row.get(2)?;
    let secret: Option<Vec<u8>> = row.get(4)?;
    let last_step: Option<i64> = row.get(5)?;
    Ok(Partner {
        id: PartnerId::from_stored(row.get(0)?),
        email: row.get::<_, String>(1)?.parse().map_err(StoreError::unexpected)?,
        language: language.map(|code| code.parse()).transpose().map_err(StoreError::unexpected)?,
        password: row.get::<_, Option<String>>(3)?.map(PasswordHash),
        second_factor: secret.map(|secret| SecondFactor {
            secret: Sealed::from_bytes(secret),
            last_step: last_step.and_then(|step| u64::try_from(step).ok()).unwrap_or_default(),
        }),
    })
}
