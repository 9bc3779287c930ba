//! Meta's webhooks. What they tell is recorded; nothing is answered but that it arrived.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tracing::info;

use super::WebState;
use super::error::WebError;
use crate::meta::webhook::News;
use crate::onboarding::{receive_message, report_message};

/// How Meta asks whether it has come to the right place.
#[derive(Deserialize)]
pub(super) struct Subscription {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    verify_token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// `GET /meta/webhook`
pub(super) async fn subscribe(
    State(state): State<WebState>,
    Query(asked): Query<Subscription>,
) -> Result<String, WebError> {
    let gate = state.webhook.as_ref().ok_or(WebError::NotFound)?;
    gate.check_subscription(&asked.mode, &asked.verify_token).map_err(|error| {
        gate.report_refusal(error);
        WebError::NotFound
    })?;
    Ok(asked.challenge)
}

/// `POST /meta/webhook`. Accounts that were shared with our app are recorded, and may complete a sign-up
/// whose code was missed; so is how far messages came, and what was written to our senders. Whatever is told
/// once more changes nothing.
pub(super) async fn receive(
    State(state): State<WebState>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, WebError> {
    let gate = state.webhook.as_ref().ok_or(WebError::NotFound)?;
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    let news = match gate.news(signature.unwrap_or_default(), &body) {
        Ok(news) => news,
        Err(error) => {
            gate.report_refusal(error);
            return Ok(StatusCode::FORBIDDEN);
        }
    };
    let now = state.clock.now();
    let News { shared_accounts, statuses, received } = news;
    for account in shared_accounts {
        info!(%account, "Meta says that an account was shared");
        let name = String::from(account.clone());
        state.store.write(move |writer| writer.insert_shared_account(&name, now)).await?;
        if let Some(setup) = &state.signup {
            setup.completions.account_shared(account);
        }
    }
    if !statuses.is_empty() || !received.is_empty() {
        let note = state.store.write(move |writer| {
            statuses.iter().try_for_each(|it| report_message(writer, it, now))?;
            received.iter().try_for_each(|it| {
                receive_message(writer, &it.number, (&it.from, &it.message, &it.text), now)
            })
        });
        note.await?;
    }
    Ok(StatusCode::OK)
}
