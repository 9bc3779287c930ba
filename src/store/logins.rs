//! Tables `logins`, `login_failures` and `embed_links`: which browsers are let in, and which were not.

use rusqlite::{OptionalExtension, Row};

use crate::domain::{LoginId, PartnerId, ProjectId, Role, Theme, Timestamp, TokenHash};

use super::{Reader, StoreError, Writer};

/// A browser in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub id: LoginId,
    pub of: LoginOf,
    /// Whether the second factor was given as well, where there is one.
    pub is_whole: bool,
    /// Where it came from, and which browser it said it is.
    pub address: String,
    pub browser: String,
    pub begun_at: Timestamp,
    pub seen_at: Timestamp,
    /// It ends then in any case.
    pub expires_at: Timestamp,
}

/// Whose login it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOf {
    Partner(PartnerId),
    /// Whoever was let into one project by its own backend.
    Embedded {
        project: ProjectId,
        role: Role,
        theme: Option<Theme>,
    },
}

/// What a link lets into, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedLink {
    pub project: ProjectId,
    pub role: Role,
    pub theme: Option<Theme>,
    pub expires_at: Timestamp,
}

impl Writer<'_> {
    /// Lets a browser in that shows this token.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_login(&self, login: &Login, token: &TokenHash) -> Result<(), StoreError> {
        let (partner, project, role, theme) = match &login.of {
            LoginOf::Partner(partner) => (Some(partner.as_str()), None, None, None),
            LoginOf::Embedded { project, role, theme } => {
                (None, Some(project.as_str()), Some(role.as_str()), theme.map(Theme::as_str))
            }
        };
        self.connection
            .prepare_cached(
                "INSERT INTO logins (id, token_hash, partner_id, project_id, role, theme, is_whole,
                                     address, browser, begun_at, seen_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute((
                login.id.as_str(),
                token.as_bytes(),
                partner,
                project,
                role,
                theme,
                login.is_whole,
                &login.address,
                &login.browser,
                login.begun_at.unix_millis(),
                login.seen_at.unix_millis(),
                login.expires_at.unix_millis(),
            ))?;
        Ok(())
    }

    /// Says that a login was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn touch_login(&self, login: &LoginId, now: Timestamp) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE logins SET seen_at = ?2 WHERE id = ?1")?
            .execute((login.as_str(), now.unix_millis()))?;
        Ok(())
    }

    /// Ends a login.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_login(&self, login: &LoginId) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM logins WHERE id = ?1", [login.as_str()])?;
        Ok(())
    }

    /// Ends all logins of a partner but one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_other_logins(
        &self,
        partner: &PartnerId,
        but: Option<&LoginId>,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM logins WHERE partner_id = ?1 AND id IS NOT ?2",
            (partner.as_str(), but.map(LoginId::as_str)),
        )?;
        Ok(())
    }

    /// Forgets what is over: logins, links, and failures before `failures_before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget_old_logins(
        &self,
        now: Timestamp,
        failures_before: Timestamp,
    ) -> Result<(), StoreError> {
        let now = [now.unix_millis()];
        self.connection.execute("DELETE FROM logins WHERE expires_at <= ?1", now)?;
        self.connection.execute("DELETE FROM embed_links WHERE expires_at <= ?1", now)?;
        self.connection
            .execute("DELETE FROM login_failures WHERE at < ?1", [failures_before.unix_millis()])?;
        Ok(())
    }

    /// Counts a failure to sign in.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_login_failure(
        &self,
        subject: &TokenHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO login_failures (subject, at) VALUES (?1, ?2)",
            (subject.as_bytes(), now.unix_millis()),
        )?;
        Ok(())
    }

    /// Takes back one failure that was counted at this moment.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_login_failure(
        &self,
        subject: &TokenHash,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "DELETE FROM login_failures WHERE rowid =
                (SELECT rowid FROM login_failures WHERE subject = ?1 AND at = ?2 LIMIT 1)",
            (subject.as_bytes(), at.unix_millis()),
        )?;
        Ok(())
    }

    /// Keeps a link that opens the admin inside of another site.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn insert_embed_link(&self, token: &TokenHash, link: &EmbedLink) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO embed_links (token_hash, project_id, role, theme, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                token.as_bytes(),
                link.project.as_str(),
                link.role.as_str(),
                link.theme.map(Theme::as_str),
                link.expires_at.unix_millis(),
            ),
        )?;
        Ok(())
    }

    /// Uses up a link, and tells what it opens; `None` when it opens nothing, or nothing any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take_embed_link(
        &self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<EmbedLink>, StoreError> {
        let taken = self
            .connection
            .prepare_cached(
                "DELETE FROM embed_links WHERE token_hash = ?1
                 RETURNING project_id, role, theme, expires_at",
            )?
            .query_row([token.as_bytes()], |row| {
                let texts: (String, String, Option<String>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((texts, Timestamp::from_unix_millis(row.get(3)?)))
            })
            .optional()?;
        let Some(((project, role, theme), expires_at)) = taken else { return Ok(None) };
        let link = EmbedLink {
            project: ProjectId::from_stored(project),
            role: role.parse().map_err(StoreError::unexpected)?,
            theme: parsed_theme(theme)?,
            expires_at,
        };
        Ok(Some(link).filter(|link| link.expires_at > now))
    }
}

const SELECT: &str = "SELECT id, partner_id, project_id, role, theme, is_whole, address, browser,
                             begun_at, seen_at, expires_at
                      FROM logins";

impl Reader<'_> {
    /// The login that has this token, unless it is over at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn login(&self, token: &TokenHash, now: Timestamp) -> Result<Option<Login>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE token_hash = ?1 AND expires_at > ?2"))?;
        statement
            .query_row((token.as_bytes(), now.unix_millis()), |row| Ok(columns(row)))
            .optional()?
            .transpose()
    }

    /// Where a partner is signed in at `now`, the latest used first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn logins_of(&self, partner: &PartnerId, now: Timestamp) -> Result<Vec<Login>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{SELECT} WHERE partner_id = ?1 AND expires_at > ?2 AND is_whole = 1
             ORDER BY seen_at DESC, id"
        ))?;
        let rows =
            statement.query_map((partner.as_str(), now.unix_millis()), |row| Ok(columns(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The failures to sign in since `since`, oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn login_failures(
        &self,
        subject: &TokenHash,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at FROM login_failures WHERE subject = ?1 AND at > ?2 ORDER BY at",
        )?;
        let rows =
            statement.query_map((subject.as_bytes(), since.unix_millis()), |row| row.get(0))?;
        Ok(rows.map(|at| at.map(Timestamp::from_unix_millis)).collect::<Result<_, _>>()?)
    }
}

fn parsed_theme(theme: Option<String>) -> Result<Option<Theme>, StoreError> {
    theme.map(|theme| theme.parse()).transpose().map_err(StoreError::unexpected)
}

fn columns(row: &Row<'_>) -> Result<Login, StoreError> {
    let of = match row.get::<_, Option<String>>(1)? {
        Some(partner) => LoginOf::Partner(PartnerId::from_stored(partner)),
        None => LoginOf::Embedded {
            project: ProjectId::from_stored(row.get(2)?),
            role: row.get::<_, String>(3)?.parse().map_err(StoreError::unexpected)?,
            theme: parsed_theme(row.get(4)?)?,
        },
    };
    let moment = |column: usize| row.get(column).map(Timestamp::from_unix_millis);
    Ok(Login {
        id: LoginId::from_stored(row.get(0)?),
        of,
        is_whole: row.get(5)?,
        address: row.get(6)?,
        browser: row.get(7)?,
        begun_at: moment(8)?,
        seen_at: moment(9)?,
        expires_at: moment(10)?,
    })
}
