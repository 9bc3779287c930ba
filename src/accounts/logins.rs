//! Logins: browsers that stay signed in.

use std::net::IpAddr;
use std::time::Duration;

use rand::RngExt as _;

use super::{Accounts, AccountsError};
use crate::domain::{
    AuditActor, LoginId, PartnerId, ProjectId, Role, SecretToken, Theme, Timestamp,
};
use crate::store::{EmbedLink, Login, LoginOf, Partner, Reader, StoreError, Writer};

/// A partner's login that is not used for so long is over.
const PARTNER_IDLE: Duration = Duration::from_secs(7 * DAY);

/// A partner signs in anew after this in any case.
const PARTNER_LONGEST: Duration = Duration::from_secs(30 * DAY);

/// Enough to take an app out of a pocket.
const SECOND_FACTOR_WAITED_FOR: Duration = Duration::from_secs(5 * 60);

/// An embedded one is opened anew by the site round it.
const EMBEDDED_IDLE: Duration = Duration::from_secs(60 * 60);

/// The same.
const EMBEDDED_LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// How long a link opens the embedded admin.
const EMBED_LINK: Duration = Duration::from_secs(60);

/// Being used is written down no more often.
const TOUCHED_EVERY: Duration = Duration::from_secs(60);

/// What is kept of a browser's name.
const LONGEST_BROWSER: usize = 200;

const DAY: u64 = 24 * 60 * 60;

/// Who asks to be let in, as far as can be seen.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub address: IpAddr,
    /// What the browser says it is.
    pub browser: String,
}

/// Who was let in.
#[derive(Debug, Clone)]
pub struct Entered {
    pub login: Login,
    pub as_whom: Somebody,
}

/// Whose login it is, as it stands now.
#[derive(Debug, Clone)]
pub enum Somebody {
    Partner(Partner),
    Embedded { project: ProjectId, role: Role, theme: Option<Theme> },
}

impl Entered {
    /// Who does something, for the audit log.
    pub fn actor(&self) -> AuditActor {
        match &self.as_whom {
            Somebody::Partner(partner) => AuditActor::Partner(partner.email.clone()),
            Somebody::Embedded { .. } => AuditActor::Embedded,
        }
    }

    /// What may be done in a project; `None` for nothing.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn role_in(
        &self,
        reader: &Reader<'_>,
        project: &ProjectId,
    ) -> Result<Option<Role>, StoreError> {
        match &self.as_whom {
            Somebody::Partner(partner) => reader.role_of(&partner.id, project),
            Somebody::Embedded { project: own, role, .. } => Ok((own == project).then_some(*role)),
        }
    }
}

impl Accounts {
    /// Who has this token; `None` when it lets nobody in, or nobody any more.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn enter(&self, token: &SecretToken) -> Result<Option<Entered>, AccountsError> {
        let (hash, now) = (token.hash(), self.clock.now());
        let read = self.store.read(move |reader| {
            let Some(login) = reader.login(&hash, now)?.filter(|login| lasts(login, now)) else {
                return Ok(None);
            };
            let as_whom = match &login.of {
                LoginOf::Partner(id) => match reader.partner(id)? {
                    Some(partner) => Somebody::Partner(partner),
                    None => return Ok(None),
                },
                LoginOf::Embedded { project, role, theme } => {
                    Somebody::Embedded { project: project.clone(), role: *role, theme: *theme }
                }
            };
            Ok(Some(Entered { login, as_whom }))
        });
        let entered = read.await?;
        if let Some(Entered { login, .. }) = &entered
            && now.since(login.seen_at) >= TOUCHED_EVERY
        {
            let id = login.id.clone();
            self.store.write(move |writer| writer.touch_login(&id, now)).await?;
        }
        Ok(entered)
    }

    /// Lets whoever has the link of a project's backend in, once; `None` when it opens nothing any more.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn open_embedded(
        &self,
        link: &SecretToken,
        visitor: Visitor,
    ) -> Result<Option<SecretToken>, AccountsError> {
        let (hash, now, token) = (link.hash(), self.clock.now(), fresh_token());
        let new = token.clone();
        let opened = self.store.write(move |writer| {
            let Some(EmbedLink { project, role, theme, .. }) =
                writer.take_embed_link(&hash, now)?
            else {
                return Ok(None);
            };
            let of = LoginOf::Embedded { project, role, theme };
            insert(writer, &new, of, true, &visitor, now).map(Some)
        });
        Ok(opened.await?.map(|()| token))
    }

    /// Ends a login of a partner's.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn end_login(
        &self,
        partner: &PartnerId,
        login: LoginId,
    ) -> Result<(), AccountsError> {
        let (partner, now) = (partner.clone(), self.clock.now());
        let end = self.store.write(move |writer| {
            let is_own = writer.logins_of(&partner, now)?.iter().any(|own| own.id == login);
            if is_own { writer.end_login(&login) } else { Ok(()) }
        });
        Ok(end.await?)
    }

    /// Ends all logins of a partner but this one.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn end_other_logins(
        &self,
        partner: &PartnerId,
        but: LoginId,
    ) -> Result<(), AccountsError> {
        let partner = partner.clone();
        let end = self.store.write(move |writer| writer.end_other_logins(&partner, Some(&but)));
        Ok(end.await?)
    }

    /// Where a partner is signed in, the latest used first.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn logins_of(&self, partner: &PartnerId) -> Result<Vec<Login>, AccountsError> {
        let (partner, now) = (partner.clone(), self.clock.now());
        let logins = self.store.read(move |reader| reader.logins_of(&partner, now)).await?;
        Ok(logins.into_iter().filter(|login| lasts(login, now)).collect())
    }
}

/// Makes a link that opens the admin of a project for a minute and once, inside of another site.
///
/// # Errors
/// When the store refuses.
pub fn issue_embed_link(
    writer: &Writer<'_>,
    project: ProjectId,
    role: Role,
    theme: Option<Theme>,
    now: Timestamp,
) -> Result<(SecretToken, Timestamp), StoreError> {
    let (token, expires_at) = (fresh_token(), now + EMBED_LINK);
    let link = EmbedLink { project, role, theme, expires_at };
    writer.insert_embed_link(&token.hash(), &link)?;
    Ok((token, expires_at))
}

/// Signs a partner in; not wholly as long as the second factor is missing.
pub(super) fn begin(
    writer: &Writer<'_>,
    partner: &PartnerId,
    is_whole: bool,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<SecretToken, StoreError> {
    let token = fresh_token();
    insert(writer, &token, LoginOf::Partner(partner.clone()), is_whole, visitor, now)?;
    Ok(token)
}

fn insert(
    writer: &Writer<'_>,
    token: &SecretToken,
    of: LoginOf,
    is_whole: bool,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let longest = match (&of, is_whole) {
        (LoginOf::Partner(_), true) => PARTNER_LONGEST,
        (LoginOf::Partner(_), false) => SECOND_FACTOR_WAITED_FOR,
        (LoginOf::Embedded { .. }, _) => EMBEDDED_LONGEST,
    };
    let login = Login {
        id: LoginId::new(now, rand::rng().random()),
        of,
        is_whole,
        address: visitor.address.to_canonical().to_string(),
        browser: visitor.browser.chars().take(LONGEST_BROWSER).collect(),
        begun_at: now,
        seen_at: now,
        expires_at: now + longest,
    };
    writer.insert_login(&login, &token.hash())
}

/// Whether it was used not too long ago.
fn lasts(login: &Login, now: Timestamp) -> bool {
    let idle = match login.of {
        LoginOf::Partner(_) => PARTNER_IDLE,
        LoginOf::Embedded { .. } => EMBEDDED_IDLE,
    };
    // Its use is written down a little late.
    now.since(login.seen_at) < idle + TOUCHED_EVERY
}

pub(super) fn fresh_token() -> SecretToken {
    SecretToken::new(rand::rng().random())
}
