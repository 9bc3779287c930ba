//! Who is here: what the entrance found out, for the handler behind it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::accounts::Entered;
use crate::domain::{
    AuditAction, AuditActor, Email, ProjectId, Role, SiteOrigin, Theme, Timestamp,
};
use crate::store::{Membership, NewAuditEntry, Partner, Project};
use crate::web::words::{AdminWords, Tongue};

/// Somebody in a project.
#[derive(Debug)]
pub(in crate::web) struct Visiting {
    pub(in crate::web) project: Project,
    pub(in crate::web) role: Role,
    /// What every address of this admin begins with.
    pub(in crate::web) base: String,
    pub(in crate::web) place: Place,
    pub(in crate::web) guest: Guest,
}

/// Where the admin is looked at.
#[derive(Debug)]
pub(in crate::web) enum Place {
    /// On its own, by a partner, who may have other projects too.
    Own { email: Email, projects: Vec<Membership> },
    /// Inside of one of these sites.
    Embedded { theme: Option<Theme>, parents: Vec<SiteOrigin> },
}

/// What every page of the admin has to know, whoever looks at it.
#[derive(Debug, Clone)]
pub(in crate::web) struct Guest {
    pub(in crate::web) tongue: Tongue,
    pub(in crate::web) words: &'static AdminWords,
    /// What its forms carry.
    pub(in crate::web) form_token: String,
    pub(in crate::web) now: Timestamp,
}

/// A visit, as handlers ask for it.
#[derive(Debug, Clone)]
pub(in crate::web) struct Visit(Arc<Visiting>);

impl Visit {
    pub(super) fn new(visiting: Visiting) -> Self {
        Self(Arc::new(visiting))
    }

    pub(in crate::web) fn project_id(&self) -> ProjectId {
        self.project.id.clone()
    }

    /// Whether somebody may do what takes this role.
    pub(in crate::web) fn may(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Where a page of this admin is, such as `/invitations`.
    pub(in crate::web) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Leads on to another page of this admin, after something was done.
    pub(in crate::web) fn see_other(&self, path: &str) -> Response {
        Redirect::to(&self.at(path)).into_response()
    }

    /// What the audit log is told.
    pub(in crate::web) fn audit(
        &self,
        action: AuditAction,
        subject: impl Into<String>,
    ) -> NewAuditEntry {
        NewAuditEntry {
            project: self.project_id(),
            at: self.guest.now,
            who: self.who(),
            action,
            subject: Some(subject.into()),
        }
    }

    fn who(&self) -> AuditActor {
        match &self.place {
            Place::Own { email, .. } => AuditActor::Partner(email.clone()),
            Place::Embedded { .. } => AuditActor::Embedded,
        }
    }
}

impl std::ops::Deref for Visit {
    type Target = Visiting;

    fn deref(&self) -> &Visiting {
        &self.0
    }
}

impl std::ops::Deref for Visiting {
    type Target = Guest;

    fn deref(&self) -> &Guest {
        &self.guest
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = StatusCode;

    /// A route without an entrance lets nobody in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// A partner who is signed in, outside of any project.
#[derive(Debug, Clone)]
pub(in crate::web) struct Person {
    pub(super) partner: Partner,
    pub(super) entered: Entered,
    pub(super) guest: Guest,
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl<S: Sync> FromRequestParts<S> for Guest {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// What the browser says it is.
pub(super) struct Browser(pub(super) String);

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let name = parts.headers.get("user-agent").and_then(|value| value.to_str().ok());
        Ok(Self(name.unwrap_or_default().to_owned()))
    }
}
