//! Where clients may be sent afterwards, and which sites may have the admin inside of them.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{AdminError, Part, Visit, page as settings_page};
use crate::domain::{AuditAction, InvalidRedirect, OriginPurpose, SiteOrigin};
use crate::web::WebState;
use crate::web::admin::Posted;
use crate::web::admin::form::{Field, Kind, field};
use crate::web::admin::frame::token;
use crate::web::admin::typed::{Line, notice};
use crate::web::words::{AddressesWords, Text};

const HERE: &str = "/settings/addresses";

/// What is recorded of a change.
const fn action(purpose: OriginPurpose) -> AuditAction {
    match purpose {
        OriginPurpose::Redirect => AuditAction::RedirectsChanged,
        OriginPurpose::Embed => AuditAction::EmbedOriginsChanged,
    }
}

fn words(purpose: OriginPurpose, words: &AddressesWords) -> (&Text, &Text) {
    match purpose {
        OriginPurpose::Redirect => (&words.redirect_heading, &words.redirect_text),
        OriginPurpose::Embed => (&words.embed_heading, &words.embed_text),
    }
}

/// What was removed a moment ago: it stands in the form, for whoever did not mean it.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web::admin) struct Removed {
    purpose: Option<OriginPurpose>,
    #[serde(default)]
    removed: String,
}

/// `GET {base}/settings/addresses`
pub(in crate::web::admin) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Query(removed): Query<Removed>,
) -> Result<Markup, AdminError> {
    let origin = removed.removed.parse::<SiteOrigin>().ok();
    let undo = removed.purpose.zip(origin);
    let notice = undo.as_ref().map(|_| &visit.words.addresses.removed);
    let typed = undo.map(|(purpose, origin)| (purpose, Line::of(origin.as_str())));
    render(&state, &visit, notice, typed).await
}

/// An origin, and what it is for.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedOrigin {
    purpose: OriginPurpose,
    /// Two forms have this field, and an id stands once in a page.
    #[serde(alias = "redirect_origin", alias = "embed_origin")]
    origin: String,
}

/// `POST {base}/settings/addresses`
pub(in crate::web::admin) async fn add_address(
    State(state): State<WebState>,
    visit: Visit,
    Posted(TypedOrigin { purpose, origin }): Posted<TypedOrigin>,
) -> Result<Response, AdminError> {
    let words = &visit.words.addresses;
    let parsed = match origin.trim().parse::<SiteOrigin>() {
        Ok(parsed) => parsed,
        Err(error) => {
            let line = Line::wrong(origin, words.of(&error));
            let page = render(&state, &visit, None, Some((purpose, line))).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let entry = visit.audit(action(purpose), format!("+ {parsed}"));
    let project = visit.project_id();
    let write = state.store.write(move |writer| {
        writer.allow_origin(&project, purpose, &parsed)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other(HERE))
}

/// `POST {base}/settings/addresses/remove`
pub(in crate::web::admin) async fn remove_address(
    State(state): State<WebState>,
    visit: Visit,
    Posted(TypedOrigin { purpose, origin }): Posted<TypedOrigin>,
) -> Result<Response, AdminError> {
    let Ok(parsed) = origin.parse::<SiteOrigin>() else { return Err(AdminError::NotFound) };
    let entry = visit.audit(action(purpose), format!("- {parsed}"));
    let (project, removed) = (visit.project_id(), parsed.clone());
    let write = state.store.write(move |writer| {
        writer.forbid_origin(&project, purpose, &removed)?;
        writer.record_audit(&entry)
    });
    write.await?;
    let undo = form_urlencoded::Serializer::new(String::new())
        .append_pair("purpose", purpose.as_str())
        .append_pair("removed", parsed.as_str())
        .finish();
    Ok(visit.see_other(&format!("{HERE}?{undo}")))
}

impl AddressesWords {
    /// What is wrong with an origin.
    fn of(&self, error: &InvalidRedirect) -> &Text {
        match error {
            InvalidRedirect::NoAddress(_) | InvalidRedirect::Parameter { .. } => &self.no_address,
            InvalidRedirect::Scheme(_) => &self.no_https,
            InvalidRedirect::User(_) => &self.has_user,
            InvalidRedirect::NotAnOrigin(_) => &self.has_path,
        }
    }
}

async fn render(
    state: &WebState,
    visit: &Visit,
    said: Option<&'static Text>,
    typed: Option<(OriginPurpose, Line)>,
) -> Result<Markup, AdminError> {
    let project = visit.project_id();
    let read = state.store.read(move |reader| {
        OriginPurpose::ALL.into_iter().map(|purpose| reader.origins(&project, purpose)).collect()
    });
    let listed: Vec<Vec<SiteOrigin>> = read.await?;
    let content = html! {
        (notice(said))
        @for (purpose, origins) in OriginPurpose::ALL.into_iter().zip(&listed) {
            @let line = typed.as_ref().filter(|(of, _)| *of == purpose).map(|(_, line)| line);
            (card(visit, purpose, origins, line))
        }
    };
    Ok(settings_page(visit, Part::Addresses, &content))
}

fn card(
    visit: &Visit,
    purpose: OriginPurpose,
    origins: &[SiteOrigin],
    line: Option<&Line>,
) -> Markup {
    let words = &visit.words.addresses;
    let (heading, text) = self::words(purpose, words);
    let empty = Line::default();
    let line = line.unwrap_or(&empty);
    html! {
        section.card id=(purpose.as_str()) {
            h2 { (heading) }
            p.quiet { (text) }
            @if origins.is_empty() { p { (words.none) } }
            ul.rows {
                @for origin in origins {
                    li {
                        code { (origin) }
                        form.inline method="post" action=(visit.at("/settings/addresses/remove"))
                            data-inline {
                            (token(visit))
                            input type="hidden" name="purpose" value=(purpose.as_str());
                            input type="hidden" name="origin" value=(origin);
                            button.plain { (words.remove) span.visually-hidden { " " (origin) } }
                        }
                    }
                }
            }
            form method="post" action=(visit.at(HERE)) data-inline novalidate {
                (token(visit))
                input type="hidden" name="purpose" value=(purpose.as_str());
                (origin_field(words, purpose, line))
                button { (words.add) }
            }
        }
    }
}

fn origin_field(words: &AddressesWords, purpose: OriginPurpose, line: &Line) -> Markup {
    let name = match purpose {
        OriginPurpose::Redirect => "redirect_origin",
        OriginPurpose::Embed => "embed_origin",
    };
    field(&Field {
        name,
        label: &words.origin,
        kind: Kind::Url,
        value: &line.value,
        hint: Some(&words.origin_hint),
        error: line.error,
    })
}
