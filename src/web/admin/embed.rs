//! The admin inside of another site. A link that the project's backend asked for opens it, once; from then
//! on its addresses hold the token of a login, since browsers keep no cookies for frames of other sites.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::AdminError;
use super::visit::Browser;
use crate::accounts::Visitor;
use crate::domain::SecretToken;
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::remote::Remote;

/// `GET /embed/open/{link}`
pub(super) async fn open(
    State(state): State<WebState>,
    Address(link): Address<String>,
    Remote(address): Remote,
    Browser(browser): Browser,
) -> Result<Response, AdminError> {
    let visitor = Visitor { address, browser };
    let opened = state.accounts.open_embedded(&SecretToken::from_text(link), visitor).await?;
    let token = opened.ok_or(AdminError::EmbedOver)?;
    Ok(Redirect::to(&format!("/embed/{}/invitations", token.expose())).into_response())
}
