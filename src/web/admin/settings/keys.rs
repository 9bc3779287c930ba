//! Keys of the REST API: made, shown once, and revoked.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use rand::RngExt as _;
use serde::Deserialize;

use super::{AdminError, Part, Section, Visit, page as settings_page};
use crate::domain::{ApiKey, ApiKeyId, ApiMode, AuditAction, Scope, Scopes, ShownName};
use crate::store::{KnownApiKey, NewApiKey};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::Posted;
use crate::web::admin::confirmation::{Question, ask};
use crate::web::admin::form::{Choice, Field, Kind, Select, beside, field, select};
use crate::web::admin::frame::token;
use crate::web::admin::moment::moment;
use crate::web::admin::posted::Nothing;
use crate::web::admin::typed::{Done, Line, notice};
use crate::web::words::{KeysWords, Text};

const HERE: &str = "/settings/keys";

/// What the page shows besides the keys.
struct KeysView {
    notice: Option<&'static Text>,
    /// The key that was made: told once, here and nowhere else.
    made: Option<ApiKey>,
    name: Line,
    mode: ApiMode,
    scopes: Scopes,
    wrong_scopes: Option<&'static Text>,
}

impl Default for KeysView {
    fn default() -> Self {
        Self {
            notice: None,
            made: None,
            name: Line::default(),
            mode: ApiMode::Live,
            scopes: Scopes::all(),
            wrong_scopes: None,
        }
    }
}

/// `GET {base}/settings/keys`
pub(in crate::web::admin) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Markup, AdminError> {
    let notice = (done.done == "revoked").then_some(&visit.words.keys.revoked);
    render(&state, &visit, &KeysView { notice, ..KeysView::default() }).await
}

/// A key to be made.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedKey {
    name: String,
    mode: String,
    #[serde(default, rename = "scope")]
    scopes: Vec<String>,
}

/// `POST {base}/settings/keys`. The answer holds the key, since it is shown once.
pub(in crate::web::admin) async fn make(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<TypedKey>,
) -> Result<Response, AdminError> {
    let words = &visit.words.keys;
    let Ok(mode) = typed.mode.parse::<ApiMode>() else { return Err(AdminError::NotFound) };
    let scopes: Scopes =
        typed.scopes.iter().filter_map(|name| name.parse::<Scope>().ok()).collect();
    let wrong_scopes = (scopes == Scopes::default()).then_some(&words.no_scope);
    let name = typed.name.parse::<ShownName>();
    let (Ok(name), None) = (&name, wrong_scopes) else {
        let error = name.is_err().then_some(&words.wrong_name);
        let name = Line { value: typed.name, error };
        let view = KeysView { name, mode, scopes, wrong_scopes, ..KeysView::default() };
        let page = render(&state, &visit, &view).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let key = ApiKey::new(mode, rand::rng().random());
    let new = NewApiKey {
        id: ApiKeyId::new(visit.now, rand::rng().random()),
        project: visit.project_id(),
        mode,
        name: name.clone(),
        key: key.clone(),
        scopes,
        created_at: visit.now,
    };
    let entry = visit.audit(AuditAction::KeyMade, format!("{} ({})", new.name, new.id));
    let write = state.store.write(move |writer| {
        writer.insert_api_key(&new)?;
        writer.record_audit(&entry)
    });
    write.await?;
    let view = KeysView { made: Some(key), ..KeysView::default() };
    Ok(render(&state, &visit, &view).await?.into_response())
}

/// `GET {base}/settings/keys/{key}/revoke`
pub(in crate::web::admin) async fn ask_to_revoke(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, key)): Address<(String, String)>,
) -> Result<Markup, AdminError> {
    let words = &visit.words.keys;
    let known = load(&state, &visit, key).await?;
    Ok(ask(
        &visit,
        &Question {
            section: Section::Settings,
            title: words.revocation_title.as_str(),
            content: html! {
                p { (words.revocation_of.around(html! { b { bdi { (known.name) } } })) }
                p { (words.revocation_text) }
            },
            action: &format!("{HERE}/{}/revoke", known.id),
            yes: &words.revoke,
            no: &words.keep,
            back: HERE,
        },
    ))
}

/// `POST {base}/settings/keys/{key}/revoke`
pub(in crate::web::admin) async fn revoke(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, key)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let known = load(&state, &visit, key).await?;
    let entry = visit.audit(AuditAction::KeyRevoked, format!("{} ({})", known.name, known.id));
    let (project, now) = (visit.project_id(), visit.now);
    let write = state.store.write(move |writer| {
        if writer.revoke_api_key(&project, &known.id, now)? {
            writer.record_audit(&entry)?;
        }
        Ok(())
    });
    write.await?;
    Ok(visit.see_other(&format!("{HERE}?done=revoked")))
}

/// A key of the project.
async fn load(state: &WebState, visit: &Visit, id: String) -> Result<KnownApiKey, AdminError> {
    let project = visit.project_id();
    let keys = state.store.read(move |reader| reader.api_keys(&project)).await?;
    keys.into_iter().find(|key| key.id.as_str() == id).ok_or(AdminError::NotFound)
}

async fn render(state: &WebState, visit: &Visit, view: &KeysView) -> Result<Markup, AdminError> {
    let words = &visit.words.keys;
    let project = visit.project_id();
    let keys = state.store.read(move |reader| reader.api_keys(&project)).await?;
    let content = html! {
        (notice(view.notice))
        @if let Some(key) = &view.made { (shown_once(words, key.expose())) }
        section.card {
            h2 { (words.heading) }
            @if keys.is_empty() { p { (words.none) } }
            ul.rows #keys { @for key in &keys { (row(visit, key)) } }
        }
        (make_form(visit, view))
    };
    Ok(settings_page(visit, Part::Keys, &content))
}

fn shown_once(words: &KeysWords, key: &str) -> Markup {
    html! {
        section.card #made {
            p.status.good { (words.made) }
            p { (words.made_text) }
            div.row {
                code #key { (key) }
                button type="button" data-copy=(key) data-label=(words.copy.as_str())
                    data-copied=(words.copied.as_str()) { (words.copy) }
            }
        }
    }
}

fn row(visit: &Visit, key: &KnownApiKey) -> Markup {
    let words = &visit.words.keys;
    let told = |at| moment(at, visit.now, &visit.words.moments);
    html! {
        li data-key=(key.id) {
            div {
                p {
                    b { bdi { (key.name) } } " "
                    code { "…" (key.last_four) } " "
                    span.tag { (words.mode_of(key.mode)) }
                }
                p.quiet {
                    (words.made_at.around(told(key.created_at))) " "
                    @match key.last_used_at {
                        Some(at) => (words.used_at.around(told(at))),
                        None => (words.never_used),
                    }
                }
                p.quiet {
                    @if key.scopes == Scopes::all() { (words.may_all) }
                    @else { @for scope in key.scopes.iter() { code { (scope.as_str()) } " " } }
                }
            }
            @match key.revoked_at {
                Some(at) => span.tag.bad-news { (words.revoked_at.around(told(at))) },
                None => {
                    a href=(visit.at(&format!("{HERE}/{}/revoke", key.id))) data-inline {
                        (words.revoke) span.visually-hidden { " " (key.name) }
                    }
                }
            }
        }
    }
}

fn make_form(visit: &Visit, view: &KeysView) -> Markup {
    let words = &visit.words.keys;
    let choices = [ApiMode::Live, ApiMode::Test].map(|mode| Choice {
        value: mode.as_str(),
        label: html! { (words.mode_of(mode)) },
        is_disabled: false,
    });
    html! {
        section.card {
            h2 { (words.make_heading) }
            form #make method="post" action=(visit.at(HERE)) data-inline {
                (token(visit))
                (field(&Field {
                    name: "name", label: &words.name, kind: Kind::Line, value: &view.name.value,
                    hint: Some(&words.name_hint), error: view.name.error,
                }))
                (select(&Select {
                    name: "mode", label: &words.mode, choices: &choices,
                    chosen: view.mode.as_str(), hint: Some(&words.mode_hint), error: None,
                }))
                fieldset aria-describedby=[view.wrong_scopes.map(|_| "scope-error")] {
                    legend { (words.scopes) }
                    div.checks {
                        @for scope in Scope::ALL {
                            label {
                                input type="checkbox" name="scope" value=(scope.as_str())
                                    checked[view.scopes.contains(scope)];
                                code { (scope.as_str()) }
                            }
                        }
                    }
                    (beside("scope", None, view.wrong_scopes))
                }
                button.primary { (words.make) }
            }
        }
    }
}

impl KeysWords {
    fn mode_of(&self, mode: ApiMode) -> &Text {
        match mode {
            ApiMode::Live => &self.live,
            ApiMode::Test => &self.test,
        }
    }
}
