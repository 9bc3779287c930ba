//! What a table of routes is made of: each says by what somebody is let in, and is listed, so that a test
//! can walk all of them.

use axum::Router;
use axum::http::Method;
use axum::routing::MethodRouter;

use super::WebState;
use crate::domain::Role;

/// By what somebody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever has the link of an invitation.
    Client,
    /// Meta, by its signature.
    Meta,
    /// A program of a project's, by its key.
    Key,
    /// Whoever has a link that is used once.
    Link,
    /// A partner who is signed in.
    Partner,
    /// Somebody who has at least this role in the project.
    Project(Role),
}

/// A route that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub access: Access,
}

/// Routes that are being put together.
#[derive(Debug, Default)]
pub(super) struct Routes {
    router: Router<WebState>,
    listed: Vec<Route>,
}

impl Routes {
    /// Adds a route. `handler` serves this method alone.
    pub(super) fn add(
        mut self,
        method: Method,
        path: &str,
        access: Access,
        handler: MethodRouter<WebState>,
    ) -> Self {
        self.router = self.router.route(path, handler);
        self.listed.push(Route { method, path: path.to_owned(), access });
        self
    }

    /// What a router of another kind serves.
    pub(super) fn listed(router: Router<WebState>, listed: Vec<Route>) -> Self {
        Self { router, listed }
    }

    /// Adds other routes beside these.
    pub(super) fn merge(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        self.listed.extend(others.listed);
        self
    }

    /// Adds other routes below a path.
    pub(super) fn nest(mut self, below: &str, others: Self) -> Self {
        self.router = self.router.nest(below, others.router);
        self.listed.extend(
            others
                .listed
                .into_iter()
                .map(|route| Route { path: format!("{below}{}", route.path), ..route }),
        );
        self
    }

    /// Puts something round all of these.
    pub(super) fn around(
        mut self,
        with: impl FnOnce(Router<WebState>) -> Router<WebState>,
    ) -> Self {
        self.router = with(self.router);
        self
    }

    pub(super) fn finish(self) -> (Router<WebState>, Vec<Route>) {
        (self.router, self.listed)
    }
}
