//! The Graph API, as far as connecting WhatsApp needs it (Graph v25.0, WhatsApp Cloud API).
//!
//! A method of [`GraphClient`] is one request of Meta's reference with typed arguments and a typed
//! answer. How it travels stands in [`transport`], what can be wrong with the answer in [`refusal`].
//! Which request follows which is not known here.

mod refusal;
mod transport;
mod values;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::SpokenCode;

pub use refusal::{GraphError, Refusal};
pub use transport::{CannotUse, GraphConfig};
pub use values::{
    AccessToken, AppSecret, AuthorizationCode, CodeMethod, InvalidId, InvalidPin, MessageId,
    NumberId, NumberProfile, OutgoingText, Pin, SyncType, WabaId,
};

use transport::{Call, Repeat, Transport};

/// The permission by which a token names the accounts it may manage.
const WABA_SCOPE: &str = "whatsapp_business_management";

/// Asks Meta's Graph API, in the name of one app.
#[derive(Debug)]
pub struct GraphClient {
    transport: Transport,
    app_id: String,
    app_secret: AppSecret,
}

impl GraphClient {
    /// A client for the app that `config` names. Nothing is sent yet.
    ///
    /// # Errors
    /// When the base URL or the authorities can not be used.
    pub fn new(config: GraphConfig) -> Result<Self, CannotUse> {
        let app_id = config.app_id.clone();
        let app_secret = config.app_secret.clone();
        Ok(Self { transport: Transport::new(config)?, app_id, app_secret })
    }

    /// `GET /oauth/access_token`: takes the code of a log-in, which lives for 30 seconds and works
    /// once, for a token.
    ///
    /// # Errors
    /// See [`GraphError`]. After [`GraphError::NoAnswer`] the code may have been used up.
    pub async fn exchange_code(&self, code: &AuthorizationCode) -> Result<AccessToken, GraphError> {
        #[derive(Deserialize)]
        struct Exchanged {
            access_token: String,
        }
        let query = [
            ("client_id", self.app_id.as_str()),
            ("client_secret", self.app_secret.expose()),
            ("code", code.expose()),
        ];
        let call = Call::get("exchange code", "oauth/access_token", &query);
        let exchanged: Exchanged = self.transport.send(call.repeated(Repeat::Never)).await?;
        Ok(AccessToken::new(exchanged.access_token))
    }

    /// `GET /debug_token`: the WhatsApp Business Accounts that a token was given, for when the
    /// browser did not tell.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn accounts_of(&self, token: &AccessToken) -> Result<Vec<WabaId>, GraphError> {
        #[derive(Deserialize)]
        struct Debugged {
            data: TokenData,
        }
        #[derive(Deserialize)]
        struct TokenData {
            #[serde(default)]
            granular_scopes: Vec<GranularScope>,
        }
        #[derive(Deserialize)]
        struct GranularScope {
            scope: String,
            #[serde(default)]
            target_ids: Vec<WabaId>,
        }
        // An app's own token is its id and secret (Meta, "Access Tokens", App access tokens).
        let app_token = format!("{}|{}", self.app_id, self.app_secret.expose());
        let query = [("input_token", token.expose()), ("access_token", app_token.as_str())];
        let debugged: Debugged =
            self.transport.send(Call::get("debug token", "debug_token", &query)).await?;
        let scopes = debugged.data.granular_scopes.into_iter();
        let of_accounts = scopes.filter(|granted| granted.scope == WABA_SCOPE);
        Ok(of_accounts.flat_map(|granted| granted.target_ids).collect())
    }

    /// `GET /{waba}/phone_numbers`: the numbers of an account, which the token has to be allowed to
    /// manage. Of more than a hundred the first hundred.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn numbers_of(
        &self,
        waba: &WabaId,
        token: &AccessToken,
    ) -> Result<Vec<NumberProfile>, GraphError> {
        #[derive(Deserialize)]
        struct Listed {
            data: Vec<NumberProfile>,
        }
        let query = [("fields", NumberProfile::FIELDS), ("limit", "100")];
        let call = Call::get("numbers", &format!("{waba}/phone_numbers"), &query);
        let listed: Listed = self.transport.send(call.with(token)).await?;
        Ok(listed.data)
    }

    /// `POST /{waba}/subscribed_apps`: Meta's webhooks about this account come to our app. Doing it
    /// again changes nothing.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn subscribe_app(
        &self,
        waba: &WabaId,
        token: &AccessToken,
    ) -> Result<(), GraphError> {
        let call = Call::post("subscribe app", format!("{waba}/subscribed_apps"), token, None);
        self.transport.confirm(call.repeated(Repeat::Freely)).await
    }

    /// `POST /{number}/register`: makes the number one of the Cloud API's. `pin` is its two-step
    /// verification from then on.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn register(
        &self,
        number: &NumberId,
        pin: &Pin,
        token: &AccessToken,
    ) -> Result<(), GraphError> {
        let body = json!({ "messaging_product": "whatsapp", "pin": pin.expose() });
        self.post_once("register", format!("{number}/register"), token, body).await
    }

    /// `GET /{number}`: what WhatsApp shows of the number.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn number_profile(
        &self,
        number: &NumberId,
        token: &AccessToken,
    ) -> Result<NumberProfile, GraphError> {
        let query = [("fields", NumberProfile::FIELDS)];
        let call = Call::get("number profile", number.as_str(), &query);
        self.transport.send(call.with(token)).await
    }

    /// `POST /{number}/smb_app_data`: asks for what the WhatsApp Business App holds. Each once, and
    /// within 24 hours of the sign-up.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn sync_app_data(
        &self,
        number: &NumberId,
        what: SyncType,
        token: &AccessToken,
    ) -> Result<(), GraphError> {
        let body = json!({ "messaging_product": "whatsapp", "sync_type": what.as_str() });
        self.post_once("sync app data", format!("{number}/smb_app_data"), token, body).await
    }

    /// `POST /{number}/request_code`: Meta calls the number, or writes to it. `locale` is the one of
    /// the voice, such as `en_US`.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn request_code(
        &self,
        number: &NumberId,
        method: CodeMethod,
        locale: &str,
        token: &AccessToken,
    ) -> Result<(), GraphError> {
        let body = json!({ "code_method": method.as_str(), "language": locale });
        self.post_once("request code", format!("{number}/request_code"), token, body).await
    }

    /// `POST /{number}/verify_code`: proves that the number is ours. A wrong code costs one of a few
    /// guesses.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub async fn verify_code(
        &self,
        number: &NumberId,
        code: &SpokenCode,
        token: &AccessToken,
    ) -> Result<(), GraphError> {
        let body = json!({ "code": code.expose() });
        self.post_once("verify code", format!("{number}/verify_code"), token, body).await
    }

    /// `POST /{number}/messages`: sends a text.
    ///
    /// # Errors
    /// See [`GraphError`]. After [`GraphError::NoAnswer`] it may have been sent.
    pub async fn send_text(
        &self,
        number: &NumberId,
        text: OutgoingText<'_>,
        token: &AccessToken,
    ) -> Result<MessageId, GraphError> {
        #[derive(Deserialize)]
        struct Sent {
            messages: [SentMessage; 1],
        }
        #[derive(Deserialize)]
        struct SentMessage {
            id: MessageId,
        }
        let mut body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": text.to.as_str(),
            "type": "text",
            "text": { "body": text.body },
        });
        if let Some(reference) = text.reference {
            body["biz_opaque_callback_data"] = reference.into();
        }
        let call = Call::post("send text", format!("{number}/messages"), token, Some(body));
        let Sent { messages: [sent] } = self.transport.send(call).await?;
        Ok(sent.id)
    }

    /// A request that may not happen twice, and whose answer is no more than that it was done.
    async fn post_once(
        &self,
        name: &'static str,
        path: String,
        token: &AccessToken,
        body: Value,
    ) -> Result<(), GraphError> {
        self.transport.confirm(Call::post(name, path, token, Some(body))).await
    }
}
