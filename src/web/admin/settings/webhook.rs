//! The webhook of the project's invitations: where it tells, its secret, and how telling went.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{AdminError, Part, Visit, page as settings_page};
use crate::domain::{
    AuditAction, InvalidWebhookUrl, Signatures, WebhookEventId, WebhookEventKind, WebhookSecret,
    WebhookUrl,
};
use crate::store::{Webhook, WebhookEvent, WebhookEventState, WebhookTarget, WebhookTry};
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::Posted;
use crate::web::admin::form::{Field, Kind, field};
use crate::web::admin::frame::token;
use crate::web::admin::moment::moment;
use crate::web::admin::posted::Nothing;
use crate::web::admin::typed::{Done, Line, notice};
use crate::web::words::{Text, WebhookWords};
use crate::webhooks::Forbidden;

const HERE: &str = "/settings/webhook";

/// Of the newest of what was told.
const SHOWN: u32 = 50;

/// What the page shows besides the webhook.
#[derive(Default)]
struct WebhookView {
    notice: Option<&'static Text>,
    /// A secret that is new: told once, here and nowhere else.
    secret: Option<WebhookSecret>,
    /// What was typed in place of the address, and what is wrong with it.
    url: Option<Line>,
}

/// `GET {base}/settings/webhook`
pub(in crate::web::admin) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Markup, AdminError> {
    let words = &visit.words.webhook;
    let notice = match done.done.as_str() {
        "saved" => Some(&words.saved),
        "on" => Some(&words.switched_on),
        "off" => Some(&words.switched_off),
        "replayed" => Some(&words.replayed),
        _ => None,
    };
    render(&state, &visit, &WebhookView { notice, ..WebhookView::default() }).await
}

#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedUrl {
    url: String,
}

/// `POST {base}/settings/webhook`. A webhook that is new shows its secret.
pub(in crate::web::admin) async fn set(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<TypedUrl>,
) -> Result<Response, AdminError> {
    let url = match checked(&state, typed.url.trim(), &visit.words.webhook) {
        Ok(url) => url,
        Err(error) => {
            let url = Some(Line::wrong(typed.url, error));
            let view = WebhookView { url, ..WebhookView::default() };
            let page = render(&state, &visit, &view).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (project, now, api) = (visit.project_id(), visit.now, Arc::clone(&state.api));
    let entry = visit.audit(AuditAction::WebhookChanged, url.as_str());
    let write = state.store.write(move |writer| {
        let known = writer.webhook_of_invitations(&project)?.map(|webhook| webhook.target);
        let is_new = known.is_none();
        let target = match known {
            Some(known) => WebhookTarget { url, is_active: true, ..known },
            None => WebhookTarget {
                url,
                events: [WebhookEventKind::InvitationStatusChanged].into_iter().collect(),
                is_active: true,
                signatures: Signatures::V2,
            },
        };
        let secret = api.webhooks.put(writer, (&project, None), &target, now)?;
        writer.record_audit(&entry)?;
        Ok(is_new.then_some(secret))
    });
    match write.await? {
        Some(secret) => shown_once(&state, &visit, secret).await,
        None => Ok(visit.see_other(&format!("{HERE}?done=saved"))),
    }
}

/// `POST {base}/settings/webhook/secret`. For a day the secret before signs as well.
pub(in crate::web::admin) async fn rotate(
    State(state): State<WebState>,
    visit: Visit,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let webhook = load(&state, &visit).await?.ok_or(AdminError::NotFound)?;
    let (now, api) = (visit.now, Arc::clone(&state.api));
    let entry = visit.audit(AuditAction::WebhookSecretChanged, webhook.target.url.as_str());
    let write = state.store.write(move |writer| {
        let secret = api.webhooks.rotate_secret(writer, &webhook, now)?;
        writer.record_audit(&entry)?;
        Ok(secret)
    });
    let secret = write.await?;
    shown_once(&state, &visit, secret).await
}

#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct Switched {
    to: String,
}

/// `POST {base}/settings/webhook/switch`. Switched on, it tells first what it missed.
pub(in crate::web::admin) async fn switch(
    State(state): State<WebState>,
    visit: Visit,
    Posted(switched): Posted<Switched>,
) -> Result<Response, AdminError> {
    let webhook = load(&state, &visit).await?.ok_or(AdminError::NotFound)?;
    let is_active = switched.to == "on";
    let now = visit.now;
    let entry = visit.audit(AuditAction::WebhookChanged, webhook.target.url.as_str());
    let write = state.store.write(move |writer| {
        let target = WebhookTarget { is_active, ..webhook.target };
        writer.set_webhook_target(&webhook.id, &target, now)?;
        if is_active {
            writer.resume_webhook(&webhook.id, now)?;
        }
        writer.record_audit(&entry)
    });
    write.await?;
    Ok(visit.see_other(&format!("{HERE}?done={}", if is_active { "on" } else { "off" })))
}

/// `POST {base}/settings/webhook/events/{event}/replay`
pub(in crate::web::admin) async fn replay(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, event)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let event = WebhookEventId::parse(&event).ok_or(AdminError::NotFound)?;
    let (project, now) = (visit.project_id(), visit.now);
    let entry = visit.audit(AuditAction::WebhookReplayed, event.as_str());
    let write = state.store.write(move |writer| {
        let is_there = writer.replay_webhook_event(&project, &event, now)?;
        if is_there {
            writer.record_audit(&entry)?;
        }
        Ok(is_there)
    });
    if !write.await? {
        return Err(AdminError::NotFound);
    }
    Ok(visit.see_other(&format!("{HERE}?done=replayed")))
}

/// An address that may be asked, or what is wrong with it.
fn checked(
    state: &WebState,
    text: &str,
    words: &'static WebhookWords,
) -> Result<WebhookUrl, &'static Text> {
    let url = text.parse::<WebhookUrl>().map_err(|error| match error {
        InvalidWebhookUrl::NoAddress => &words.no_address,
        InvalidWebhookUrl::Scheme => &words.no_https,
        InvalidWebhookUrl::User => &words.has_user,
    })?;
    state.api.webhooks.check(&url).map_err(|error| match error {
        Forbidden::Private => &words.is_private,
        Forbidden::Plain => &words.no_https,
    })?;
    Ok(url)
}

async fn load(state: &WebState, visit: &Visit) -> Result<Option<Webhook>, AdminError> {
    let project = visit.project_id();
    Ok(state.store.read(move |reader| reader.webhook_of_invitations(&project)).await?)
}

async fn shown_once(
    state: &WebState,
    visit: &Visit,
    secret: WebhookSecret,
) -> Result<Response, AdminError> {
    let view = WebhookView { secret: Some(secret), ..WebhookView::default() };
    Ok(render(state, visit, &view).await?.into_response())
}

async fn render(state: &WebState, visit: &Visit, view: &WebhookView) -> Result<Markup, AdminError> {
    let project = visit.project_id();
    let read = state.store.read(move |reader| {
        let webhook = reader.webhook_of_invitations(&project)?;
        let events = reader.webhook_events(&project, None, SHOWN)?;
        let with_tries =
            |event: WebhookEvent| reader.webhook_tries(event.number).map(|tries| (event, tries));
        Ok((webhook, events.into_iter().map(with_tries).collect::<Result<Vec<_>, _>>()?))
    });
    let (webhook, told): (Option<Webhook>, Vec<(WebhookEvent, Vec<WebhookTry>)>) = read.await?;
    let words = &visit.words.webhook;
    let content = html! {
        (notice(view.notice))
        @if let Some(secret) = &view.secret { (secret_card(words, secret.expose())) }
        (target_form(visit, webhook.as_ref(), view))
        @if let Some(webhook) = &webhook {
            section.card #state data-live { (standing(visit, webhook)) }
            section.card #deliveries data-live { (deliveries(visit, &told)) }
        }
    };
    Ok(settings_page(visit, Part::Webhook, &content))
}

fn secret_card(words: &WebhookWords, secret: &str) -> Markup {
    html! {
        section.card #made {
            p.status.good { (words.secret_made) }
            p { (words.secret_text) }
            div.row {
                code #secret { (secret) }
                button type="button" data-copy=(secret) data-label=(words.copy.as_str())
                    data-copied=(words.copied.as_str()) { (words.copy) }
            }
        }
    }
}

fn target_form(visit: &Visit, webhook: Option<&Webhook>, view: &WebhookView) -> Markup {
    let words = &visit.words.webhook;
    let known = || Line::of(webhook.map_or("", |webhook| webhook.target.url.as_str()));
    let line = view.url.clone().unwrap_or_else(known);
    html! {
        section.card {
            h2 { (words.heading) }
            p { (words.intro) }
            form #target method="post" action=(visit.at(HERE)) data-inline novalidate {
                (token(visit))
                (field(&Field {
                    name: "url", label: &words.url, kind: Kind::Url, value: &line.value,
                    hint: Some(&words.url_hint), error: line.error,
                }))
                button { (words.save) }
            }
        }
    }
}

/// Whether it tells, and its secret.
fn standing(visit: &Visit, webhook: &Webhook) -> Markup {
    let words = &visit.words.webhook;
    let is_on = webhook.target.is_active && webhook.paused_at.is_none();
    html! {
        h2 { (words.state) }
        @match (webhook.paused_at, webhook.target.is_active) {
            (Some(at), _) => p.notice {
                (words.paused.around(moment(at, visit.now, &visit.words.moments)))
            },
            (None, true) => p.status.good { (words.is_on) },
            (None, false) => p.notice { (words.is_off) },
        }
        p.quiet { (words.signature) " " code { (webhook.target.signatures.as_str()) } }
        div.row {
            form.inline #switch method="post" action=(visit.at(&format!("{HERE}/switch"))) data-inline {
                (token(visit))
                input type="hidden" name="to" value=(if is_on { "off" } else { "on" });
                button { @if is_on { (words.switch_off) } @else { (words.switch_on) } }
            }
            form.inline #rotate method="post" action=(visit.at(&format!("{HERE}/secret"))) data-inline {
                (token(visit))
                button { (words.rotate) }
            }
        }
        p.quiet { (words.rotate_text) }
    }
}

fn deliveries(visit: &Visit, told: &[(WebhookEvent, Vec<WebhookTry>)]) -> Markup {
    let words = &visit.words.webhook;
    html! {
        h2 { (words.deliveries) }
        @if told.is_empty() { p { (words.nothing_told) } }
        ul.rows { @for (event, tries) in told { (delivery(visit, event, tries)) } }
    }
}

fn delivery(visit: &Visit, event: &WebhookEvent, tries: &[WebhookTry]) -> Markup {
    let words = &visit.words.webhook;
    let told = |at| moment(at, visit.now, &visit.words.moments);
    let (news, state) = match event.state {
        WebhookEventState::Waiting => ("tag pending-news", &words.waiting),
        WebhookEventState::Delivered => ("tag good-news", &words.delivered),
        WebhookEventState::GivenUp => ("tag bad-news", &words.given_up),
    };
    html! {
        li data-event=(event.id) {
            div {
                p { code { (event.kind.as_str()) } " " span class=(news) { (state) } }
                p.quiet { (told(event.at)) " · " code { (event.subject) } }
                @if !tries.is_empty() {
                    details {
                        summary { (words.tries.around(tries.len())) }
                        ul {
                            @for tried in tries {
                                li {
                                    (told(tried.at)) " · " (tried.took_ms) " ms"
                                    @if let Some(status) = tried.status { " · " (status) }
                                    // As the log of the service has it.
                                    @if let Some(failure) = &tried.failure { " · " span lang="en" { (failure) } }
                                }
                            }
                        }
                    }
                }
            }
            form.inline method="post" action=(visit.at(&format!("{HERE}/events/{}/replay", event.id))) data-inline {
                (token(visit))
                button { (words.replay) span.visually-hidden { " " (event.id) } }
            }
        }
    }
}
