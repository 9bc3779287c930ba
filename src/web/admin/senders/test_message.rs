//! Trying a sender out: whether it works is seen when somebody receives what it sends.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::changes::wrong;
use super::view::{DetailView, path};
use super::{load, subject};
use crate::domain::{AuditAction, PhoneNumber, SenderId};
use crate::onboarding::NotSent;
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::typed::Line;
use crate::web::admin::{AdminError, Posted, Visit};
use crate::web::words::Text;

/// What is sent to whom.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedMessage {
    to: String,
    text: String,
}

/// `POST {base}/senders/{sender}/test`
pub(in crate::web::admin) async fn send(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, id)): Address<(String, String)>,
    Posted(typed): Posted<TypedMessage>,
) -> Result<Response, AdminError> {
    let sender = load(&state, &visit, SenderId::from_stored(id)).await?;
    let words = &visit.words.senders;
    let refused = |sender, to: Option<&'static Text>, text, not_sent| {
        let to = Line { value: typed.to.clone(), error: to };
        let text = Line { value: typed.text.clone(), error: text };
        wrong(&visit, &DetailView { to, text, not_sent, ..DetailView::of(sender, &visit) })
    };
    let Ok(to) = PhoneNumber::from_pasted(&typed.to) else {
        return Ok(refused(sender, Some(&words.wrong_to), None, None));
    };
    let Some(messages) = &state.messages else {
        return Ok(refused(sender, None, None, Some(&words.not_set_up)));
    };
    let sent = messages.send_text(&sender.id, &to, typed.text.trim()).await;
    let entry = visit.audit(AuditAction::SenderTested, subject(&sender));
    match sent {
        Ok(_) => {
            state.store.write(move |writer| writer.record_audit(&entry)).await?;
            Ok(visit.see_other(&format!("{}?done=sent", path(&sender))))
        }
        Err(NotSent::UnknownSender(_)) => Err(AdminError::NotFound),
        Err(NotSent::Store(error)) => Err(error.into()),
        Err(NotSent::Length(_)) => Ok(refused(sender, None, Some(&words.wrong_text), None)),
        Err(NotSent::Sealed) => Ok(refused(sender, None, None, Some(&words.token_lost))),
        Err(NotSent::Unclear) => Ok(refused(sender, None, None, Some(&words.unclear))),
        Err(NotSent::Meta(error)) => {
            Ok(refused(sender, None, None, Some(visit.words.reasons.of(error.reason()))))
        }
    }
}
