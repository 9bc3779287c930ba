//! The entrance: who asks is found out, and whether they may, before any handler runs. A POST comes from
//! a page of ours, or goes no further; that its form carries the right token is seen when it is read
//! ([`super::posted`]).

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::{
    CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, SET_COOKIE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::cookies::Cookies;
use super::error::{self, AdminError};
use super::visit::{Guest, Person, Place, Visit, Visiting};
use crate::accounts::{Entered, Somebody};
use crate::domain::{OriginPurpose, ProjectId, Role, SecretToken, SiteOrigin, Theme};
use crate::store::{Membership, Project};
use crate::web::WebState;
use crate::web::layout::admin_policy;
use crate::web::same_site;
use crate::web::words::{AdminWords, Tongue};

/// What a route asks of whoever wants in.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) state: WebState,
    /// The least role.
    pub(super) role: Role,
}

/// Lets whoever has the role into a project.
pub(super) async fn to_project(
    State(Entrance { state, role }): State<Entrance>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    // What can not be read as text names nothing.
    let named: Vec<_> = params.iter().flat_map(RawPathParams::iter).collect();
    let param = |name: &str| named.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let asked = match (param("project"), param("login")) {
        (Some(project), _) => Asked::Own(ProjectId::from_stored(project.to_owned())),
        (None, Some(login)) => Asked::Embedded(SecretToken::from_text(login.to_owned())),
        (None, None) => Asked::Nothing,
    };
    let guest = stranger(&state, request.headers());
    // Kept apart from the body, which can not be lent to what waits.
    let (headers, path) = (request.headers().clone(), wanted_page(&request, &asked));
    let visit = match visit(&state, asked, &headers, &path, guest.clone()).await {
        Ok(visit) => visit,
        Err(error) => return dress(error::page_without_visit(error, &guest), &guest, &[]),
    };
    let parents = match &visit.place {
        Place::Own { .. } => Vec::new(),
        Place::Embedded { parents, .. } => parents.clone(),
    };
    let guest = visit.guest.clone();
    let response = match check(&state, &request, role <= visit.role) {
        Ok(()) => {
            request.extensions_mut().insert(visit.clone());
            request.extensions_mut().insert(guest.clone());
            error::explain(next.run(request).await, &visit)
        }
        Err(error) => error::explain(error.into_response(), &visit),
    };
    dress(response, &guest, &parents)
}

/// Lets a partner who is signed in to the pages outside of projects.
pub(super) async fn to_partner(
    State(state): State<WebState>,
    mut request: Request,
    next: Next,
) -> Response {
    let guest = stranger(&state, request.headers());
    let (headers, path) = (request.headers().clone(), wanted_page(&request, &Asked::Nothing));
    let person = match person(&state, &headers, &path, &guest).await {
        Ok(person) => person,
        Err(error) => return dress(error::page_without_visit(error, &guest), &guest, &[]),
    };
    let guest = person.guest.clone();
    let response = match check(&state, &request, true) {
        Ok(()) => {
            request.extensions_mut().insert(person);
            request.extensions_mut().insert(guest.clone());
            error::page_of(next.run(request).await, &guest)
        }
        Err(error) => error::page_without_visit(error, &guest),
    };
    dress(response, &guest, &[])
}

/// Lets anybody to the pages by which one signs in.
pub(super) async fn to_anybody(
    State(state): State<WebState>,
    mut request: Request,
    next: Next,
) -> Response {
    let cookies = Cookies::of(&state.public_url);
    let known = cookies.visitor(request.headers());
    let token = known.clone().unwrap_or_else(|| SecretToken::new(rand::random()));
    let guest = Guest { form_token: token.form_token(), ..stranger(&state, request.headers()) };
    let response = match check(&state, &request, true) {
        Ok(()) => {
            request.extensions_mut().insert(guest.clone());
            error::page_of(next.run(request).await, &guest)
        }
        Err(error) => error::page_without_visit(error, &guest),
    };
    let mut response = dress(response, &guest, &[]);
    if known.is_none() {
        set_cookie(&mut response, &cookies.of_visitor(&token).to_string());
    }
    response
}

/// Adds a cookie to an answer.
pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// Which admin was asked for.
enum Asked {
    Own(ProjectId),
    Embedded(SecretToken),
    Nothing,
}

/// The page to come back to after signing in. The routes of a project see its addresses without what
/// they begin with; and nobody comes back to what a form was sent to.
fn wanted_page(request: &Request, asked: &Asked) -> String {
    let inner = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match (request.method(), asked) {
        (&Method::GET, Asked::Own(project)) => format!("/p/{project}{inner}"),
        (&Method::GET, _) => inner.to_owned(),
        _ => "/".to_owned(),
    }
}

async fn visit(
    state: &WebState,
    asked: Asked,
    headers: &HeaderMap,
    path: &str,
    guest: Guest,
) -> Result<Visit, AdminError> {
    match asked {
        Asked::Own(project) => {
            let person = person(state, headers, path, &guest).await?;
            own_visit(state, person, project).await
        }
        Asked::Embedded(token) => embedded_visit(state, token, guest).await,
        Asked::Nothing => Err(AdminError::NotFound),
    }
}

async fn own_visit(state: &WebState, person: Person, id: ProjectId) -> Result<Visit, AdminError> {
    let (entered, partner) = (person.entered.clone(), person.partner.id.clone());
    let read = state.store.read(move |reader| {
        let Some(role) = entered.role_in(reader, &id)? else { return Ok(None) };
        let Some(project) = reader.project(&id)? else { return Ok(None) };
        Ok(Some((project, role, reader.memberships_of(&partner)?)))
    });
    let (project, role, projects): (Project, Role, Vec<Membership>) =
        read.await?.ok_or(AdminError::NotFound)?;
    let base = format!("/p/{}", project.id);
    let place = Place::Own { email: person.partner.email, projects };
    Ok(Visit::new(Visiting { project, role, base, place, guest: person.guest }))
}

async fn embedded_visit(
    state: &WebState,
    token: SecretToken,
    guest: Guest,
) -> Result<Visit, AdminError> {
    let Some(entered) = state.accounts.enter(&token).await? else {
        return Err(AdminError::EmbedOver);
    };
    let Somebody::Embedded { project: id, role, theme } = entered.as_whom else {
        return Err(AdminError::EmbedOver);
    };
    let read = state
        .store
        .read(move |reader| Ok((reader.project(&id)?, reader.origins(&id, OriginPurpose::Embed)?)));
    let (project, parents): (Option<Project>, Vec<SiteOrigin>) = read.await?;
    let project = project.ok_or(AdminError::NotFound)?;
    let place = Place::Embedded { theme, parents };
    let guest = Guest { form_token: token.form_token(), ..guest };
    let base = format!("/embed/{}", token.expose());
    Ok(Visit::new(Visiting { project, role, base, place, guest }))
}

/// The partner whose login the browser has. One without the second factor is led to it.
async fn person(
    state: &WebState,
    headers: &HeaderMap,
    path: &str,
    guest: &Guest,
) -> Result<Person, AdminError> {
    let not_signed_in = || AdminError::NotSignedIn { back_to: path.to_owned() };
    let token = Cookies::of(&state.public_url).login(headers).ok_or_else(not_signed_in)?;
    let entered: Entered = state.accounts.enter(&token).await?.ok_or_else(not_signed_in)?;
    if !entered.login.is_whole {
        return Err(AdminError::SecondFactorMissing);
    }
    let Somebody::Partner(partner) = &entered.as_whom else { return Err(not_signed_in()) };
    let partner = partner.clone();
    let tongue = partner.language.and_then(Tongue::of).unwrap_or(guest.tongue);
    let guest = Guest {
        tongue,
        words: AdminWords::of(tongue),
        form_token: token.form_token(),
        now: guest.now,
    };
    Ok(Person { partner, entered, guest })
}

/// Whoever is not known yet. No form carries an empty token.
fn stranger(state: &WebState, headers: &HeaderMap) -> Guest {
    let tongue = Tongue::accepted(headers);
    let words = AdminWords::of(tongue);
    Guest { tongue, words, form_token: String::new(), now: state.clock.now() }
}

/// Whether this may be asked for: by whom, and from where.
fn check(state: &WebState, request: &Request, has_role: bool) -> Result<(), AdminError> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        same_site::check_origin(request.headers(), &state.public_url)
            .map_err(|_| AdminError::Forged)?;
    }
    if has_role { Ok(()) } else { Err(AdminError::Forbidden) }
}

/// The headers of all answers of the admin.
fn dress(mut response: Response, guest: &Guest, parents: &[SiteOrigin]) -> Response {
    let parents: Vec<_> = parents.iter().map(SiteOrigin::as_str).collect();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(admin_policy(&parents.join(" "))) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(guest.tongue.tag()));
    headers.insert(VARY, HeaderValue::from_static("accept-language, cookie"));
    // Without any a browser would not say where a form comes from. No other site gets one.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

impl Place {
    /// How the pages look, where that was said.
    pub(super) fn theme(&self) -> Option<Theme> {
        match self {
            Self::Own { .. } => None,
            Self::Embedded { theme, .. } => *theme,
        }
    }
}
