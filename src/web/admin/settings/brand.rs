//! How the project shows itself to clients: company, language, colour and logo.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{AdminError, Part, Section, Visit, page as settings_page};
use crate::domain::{AuditAction, Colour, InvalidLogo, Language, Logo, LogoVersion, ShownName};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::Posted;
use crate::web::admin::confirmation::{Question, ask};
use crate::web::admin::form::{Choice, Field, Kind, Select, beside, described_by, field, select};
use crate::web::admin::frame::token;
use crate::web::admin::posted::{Nothing, Uploaded};
use crate::web::admin::typed::{Done, Line, notice};
use crate::web::brand::fills;
use crate::web::words::{Text, Tongue};

const HERE: &str = "/settings";

/// What the page shows besides what is stored.
struct BrandView {
    notice: Option<&'static Text>,
    company: Line,
    language: String,
    colour: Line,
    /// What is wrong with the file that was chosen.
    logo: Option<&'static Text>,
}

impl BrandView {
    fn of(visit: &Visit) -> Self {
        let brand = &visit.project.brand;
        Self {
            notice: None,
            company: Line::of(brand.company.as_str()),
            language: visit.project.language.map(|code| code.to_string()).unwrap_or_default(),
            colour: Line::of(brand.colour.map(|colour| colour.to_string()).unwrap_or_default()),
            logo: None,
        }
    }
}

/// `GET {base}/settings`
pub(in crate::web::admin) async fn page(visit: Visit, Query(done): Query<Done>) -> Markup {
    let words = &visit.words.brand;
    let notice = match done.done.as_str() {
        "saved" => Some(&words.saved),
        "logo" => Some(&words.logo_saved),
        "no-logo" => Some(&words.logo_removed),
        _ => None,
    };
    render(&visit, &BrandView { notice, ..BrandView::of(&visit) })
}

/// What clients see and hear. No language is that of the browser.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedCompany {
    company: String,
    language: String,
}

/// `POST {base}/settings/company`
pub(in crate::web::admin) async fn set_company(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<TypedCompany>,
) -> Result<Response, AdminError> {
    let language: Option<Language> = typed.language.parse().ok();
    let language = language.filter(|language| Tongue::of(*language).is_some());
    let Ok(company) = typed.company.parse::<ShownName>() else {
        let company = Line::wrong(typed.company, &visit.words.brand.wrong_company);
        let language = typed.language;
        return Ok(wrong(&visit, &BrandView { company, language, ..BrandView::of(&visit) }));
    };
    let entry = visit.audit(AuditAction::BrandChanged, company.as_str());
    let project = visit.project_id();
    let write = state.store.write(move |writer| {
        writer.set_company(&project, &company)?;
        writer.set_project_language(&project, language)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other("/settings?done=saved"))
}

/// A colour, or none; and whether it is only to be looked at.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedColour {
    colour: String,
    #[serde(default)]
    intent: String,
}

/// `POST {base}/settings/colour`
pub(in crate::web::admin) async fn set_colour(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<TypedColour>,
) -> Result<Response, AdminError> {
    let text = typed.colour.trim();
    let Ok(colour) = (!text.is_empty()).then(|| text.parse::<Colour>()).transpose() else {
        let colour = Line::wrong(typed.colour, &visit.words.brand.wrong_colour);
        return Ok(wrong(&visit, &BrandView { colour, ..BrandView::of(&visit) }));
    };
    if typed.intent == "preview" {
        let colour = Line::of(text);
        return Ok(render(&visit, &BrandView { colour, ..BrandView::of(&visit) }).into_response());
    }
    let subject = colour.map(|colour| colour.to_string()).unwrap_or_default();
    let entry = visit.audit(AuditAction::BrandChanged, subject);
    let project = visit.project_id();
    let write = state.store.write(move |writer| {
        writer.set_colour(&project, colour)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other("/settings?done=saved"))
}

/// `POST {base}/settings/logo`
pub(in crate::web::admin) async fn put_logo(
    State(state): State<WebState>,
    visit: Visit,
    uploaded: Uploaded,
) -> Result<Response, AdminError> {
    let words = &visit.words.brand;
    let refused =
        |error| Ok(wrong(&visit, &BrandView { logo: Some(error), ..BrandView::of(&visit) }));
    if uploaded.file.is_empty() {
        return refused(&words.no_file);
    }
    let logo = match Logo::parse(uploaded.file) {
        Ok(logo) => logo,
        Err(InvalidLogo::TooLarge(_)) => return refused(&words.logo_too_large),
        Err(InvalidLogo::OtherKind) => return refused(&words.logo_of_other_kind),
        Err(InvalidLogo::OddSize { .. }) => return refused(&words.logo_of_odd_size),
    };
    let entry = visit.audit(AuditAction::BrandChanged, logo.version().as_str());
    let project = visit.project_id();
    let write = state.store.write(move |writer| {
        writer.put_logo(&project, &logo)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other("/settings?done=logo"))
}

/// `GET {base}/settings/logo/remove`
pub(in crate::web::admin) async fn ask_to_remove_logo(visit: Visit) -> Markup {
    let words = &visit.words.brand;
    ask(
        &visit,
        &Question {
            section: Section::Settings,
            title: words.remove_logo.as_str(),
            content: html! { p { (words.remove_logo_text) } (image(&visit)) },
            action: "/settings/logo/remove",
            yes: &words.remove_logo,
            no: &words.keep_logo,
            back: HERE,
        },
    )
}

/// `POST {base}/settings/logo/remove`
pub(in crate::web::admin) async fn remove_logo(
    State(state): State<WebState>,
    visit: Visit,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let entry = visit.audit(AuditAction::BrandChanged, "");
    let project = visit.project_id();
    let write = state.store.write(move |writer| {
        writer.remove_logo(&project)?;
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other("/settings?done=no-logo"))
}

/// `GET {base}/logo/{version}`. Another image has another address, so a browser may keep it.
pub(in crate::web::admin) async fn logo(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, version)): Address<(String, String)>,
) -> Result<Response, AdminError> {
    let (project, version) = (visit.project_id(), LogoVersion::from_text(version));
    let logo = state.store.read(move |reader| reader.logo(&project, &version)).await?;
    let logo = logo.ok_or(AdminError::NotFound)?;
    let headers = [
        (CONTENT_TYPE, logo.kind().media_type()),
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, logo.bytes().to_vec()).into_response())
}

fn wrong(visit: &Visit, view: &BrandView) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, render(visit, view)).into_response()
}

fn render(visit: &Visit, view: &BrandView) -> Markup {
    let content = html! {
        (notice(view.notice))
        (company(visit, view))
        (colour(visit, view))
        (logo_card(visit, view))
    };
    settings_page(visit, Part::Brand, &content)
}

fn company(visit: &Visit, view: &BrandView) -> Markup {
    let words = &visit.words.brand;
    let choices = [
        Choice { value: "", label: html! { (words.of_browser) }, is_disabled: false },
        Choice { value: "en", label: html! { "English" }, is_disabled: false },
        Choice { value: "es", label: html! { "Español" }, is_disabled: false },
        Choice { value: "pt", label: html! { "Português" }, is_disabled: false },
    ];
    html! {
        section.card {
            form #company-form method="post" action=(visit.at("/settings/company")) data-inline {
                (token(visit))
                (field(&Field {
                    name: "company", label: &words.company, kind: Kind::Line,
                    value: &view.company.value, hint: Some(&words.company_hint),
                    error: view.company.error,
                }))
                (select(&Select {
                    name: "language", label: &words.language, choices: &choices,
                    chosen: &view.language, hint: Some(&words.language_hint), error: None,
                }))
                button { (words.save) }
            }
        }
    }
}

fn colour(visit: &Visit, view: &BrandView) -> Markup {
    let words = &visit.words.brand;
    let parsed: Option<Colour> = view.colour.value.parse().ok();
    html! {
        section.card {
            form #colour-form method="post" action=(visit.at("/settings/colour")) data-inline {
                (token(visit))
                (field(&Field {
                    name: "colour", label: &words.colour, kind: Kind::Line,
                    value: &view.colour.value, hint: Some(&words.colour_hint),
                    error: view.colour.error,
                }))
                @if let Some(colour) = parsed { (preview(visit, colour)) }
                div.row {
                    button name="intent" value="save" { (words.save) }
                    button name="intent" value="preview" { (words.preview) }
                }
            }
        }
    }
}

/// A button of a client's page in this colour, in light and in dark, and how well it can be read. It is
/// a drawing: the policy of pages allows no style inside of them.
fn preview(visit: &Visit, colour: Colour) -> Markup {
    let words = &visit.words.brand;
    html! {
        ul.previews #preview {
            @for ((fill, text), name) in fills(colour).into_iter().zip([&words.in_light, &words.in_dark]) {
                @let contrast = format!("{:.1}", text.contrast(fill));
                li data-contrast=(contrast) {
                    svg width="220" height="44" viewBox="0 0 220 44" aria-hidden="true" {
                        rect width="220" height="44" rx="8" fill=(fill) {}
                        text x="110" y="28" text-anchor="middle" font-size="16" font-weight="600"
                            fill=(text) { (words.sample) }
                    }
                    span { (name) " " code { (fill) } }
                    span.quiet { (words.contrast.around(contrast + " : 1")) }
                }
            }
        }
        p.quiet { (words.contrast_hint) }
    }
}

fn logo_card(visit: &Visit, view: &BrandView) -> Markup {
    let words = &visit.words.brand;
    html! {
        section.card {
            h2 { (words.logo) }
            @if visit.project.brand.logo.is_some() {
                (image(visit))
                p { a href=(visit.at("/settings/logo/remove")) data-inline { (words.remove_logo) } }
            }
            form #logo-form method="post" action=(visit.at("/settings/logo"))
                enctype="multipart/form-data" data-inline {
                (token(visit))
                div.field {
                    label for="logo" { (words.logo_file) }
                    input #logo type="file" name="logo" accept="image/png,image/jpeg,image/webp"
                        aria-invalid=[view.logo.map(|_| "true")]
                        aria-describedby=[described_by("logo", Some(&words.logo_hint), view.logo)];
                    (beside("logo", Some(&words.logo_hint), view.logo))
                }
                button { (words.upload) }
            }
        }
    }
}

fn image(visit: &Visit) -> Markup {
    let version = visit.project.brand.logo.as_ref();
    html! {
        @if let Some(version) = version {
            img.logo src=(visit.at(&format!("/logo/{}", version.as_str())))
                alt=(visit.words.brand.logo.as_str());
        }
    }
}
