//! Meta's webhooks: who may send them, and what is read from them ("Webhooks" in its reference).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tracing::warn;

use super::graph::{AppSecret, WabaId};
use crate::domain::{MessageStatus, PhoneNumber};
use crate::observability::{Flood, FloodLimits};

/// Refusals that are told of in the log: anybody can cause them.
const LIMITS: FloodLimits =
    FloodLimits { period: Duration::from_secs(600), of_one_source: 1, overall: 3 };

/// Knows what only Meta and we know.
#[derive(Debug, Clone)]
pub struct WebhookGate {
    app_secret: AppSecret,
    verify_token: AppSecret,
    refusals: Arc<Mutex<Flood<NotFromMeta>>>,
}

/// Why a webhook was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotFromMeta {
    #[error("it is not signed with the app's secret")]
    Signature,
    #[error("it does not know the verify token")]
    VerifyToken,
    #[error("it is signed, and is no webhook")]
    Form,
}

impl WebhookGate {
    pub fn new(app_secret: AppSecret, verify_token: AppSecret) -> Self {
        let refusals = Arc::new(Mutex::new(Flood::new(LIMITS, Instant::now())));
        Self { app_secret, verify_token, refusals }
    }

    /// Tells in the log that somebody was refused, once in a while for each reason.
    pub fn report_refusal(&self, reason: NotFromMeta) {
        let (untold, is_told) = {
            // No code panics while it holds the lock.
            let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
            (refusals.untold_before(Instant::now()), refusals.is_told(reason))
        };
        if let Some(count) = untold {
            warn!(count, "more webhooks were refused, and not logged");
        }
        if is_told {
            warn!(%reason, "a webhook was refused; more of them are counted for ten minutes");
        }
    }

    /// Whether whoever asks for the challenge is Meta, to whom the operator gave the token.
    ///
    /// # Errors
    /// When the token is another one, or the mode none that is known.
    pub fn check_subscription(&self, mode: &str, token: &str) -> Result<(), NotFromMeta> {
        let is_token = self.verify_token.expose().as_bytes().ct_eq(token.as_bytes());
        if mode == "subscribe" && bool::from(is_token) {
            Ok(())
        } else {
            Err(NotFromMeta::VerifyToken)
        }
    }

    /// What a webhook tells. `signature` is the header `X-Hub-Signature-256`, of the body's very bytes.
    ///
    /// # Errors
    /// When it does not come from Meta, or has not the form of a webhook.
    pub fn news(&self, signature: &str, body: &[u8]) -> Result<News, NotFromMeta> {
        self.check_signature(signature, body)?;
        let webhook: Webhook = serde_json::from_slice(body).map_err(|_| NotFromMeta::Form)?;
        let mut news = News::default();
        for change in webhook.entry.into_iter().flat_map(|entry| entry.changes) {
            news.read(change);
        }
        Ok(news)
    }

    fn check_signature(&self, signature: &str, body: &[u8]) -> Result<(), NotFromMeta> {
        let hex = signature.strip_prefix("sha256=").ok_or(NotFromMeta::Signature)?;
        let signature = unhex(hex).ok_or(NotFromMeta::Signature)?;
        let mac = mac(&self.app_secret, body);
        mac.verify_slice(&signature).map_err(|_| NotFromMeta::Signature)
    }
}

/// What a webhook tells, as far as it is of use here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// The accounts that were shared with our app (`account_update`, `PARTNER_ADDED`).
    pub shared_accounts: Vec<WabaId>,
    /// How far messages came that were sent (`messages`, `statuses`).
    pub statuses: Vec<SentStatus>,
    /// Texts that came in (`messages`, `messages`).
    pub received: Vec<Received>,
}

/// How far a message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentStatus {
    /// Meta's name of the number that it was sent from.
    pub number: String,
    /// Meta's name of it.
    pub message: String,
    /// The name that whoever sent it gave it.
    pub reference: Option<String>,
    pub status: MessageStatus,
    /// Why, when it failed.
    pub error_code: Option<String>,
}

/// A text that came in.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Meta's name of the number that it came to.
    pub number: String,
    /// Meta's name of it.
    pub message: String,
    pub from: PhoneNumber,
    pub text: String,
}

impl fmt::Debug for Received {
    /// Without what was written, and by whom.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Received({})", self.message)
    }
}

impl News {
    /// Whatever has another form is passed over: Meta adds kinds of changes as it likes.
    fn read(&mut self, change: Change) {
        match change.field.as_str() {
            "account_update" => {
                let update = serde_json::from_value::<AccountUpdate>(change.value).ok();
                let added = update.filter(|update| update.event == "PARTNER_ADDED");
                let account = added.and_then(|update| update.waba_info);
                self.shared_accounts.extend(account.map(|account| account.waba_id));
            }
            "messages" => {
                let Ok(change) = serde_json::from_value::<Messages>(change.value) else { return };
                let number = change.metadata.phone_number_id;
                let statuses = change.statuses.into_iter();
                self.statuses.extend(statuses.filter_map(|status| status.understood(&number)));
                let received = change.messages.into_iter();
                self.received.extend(received.filter_map(|text| text.understood(&number)));
            }
            _ => {}
        }
    }
}

/// What `X-Hub-Signature-256` says of a body, for whoever stands in for Meta.
pub fn signature(app_secret: &AppSecret, body: &[u8]) -> String {
    let bytes = mac(app_secret, body).finalize().into_bytes();
    format!("sha256={}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn mac(app_secret: &AppSecret, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    mac
}

/// Bytes written in hexadecimal, two digits each.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(byte).collect()
}

#[derive(Deserialize)]
struct Webhook {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    field: String,
    #[serde(default)]
    value: serde_json::Value,
}

#[derive(Deserialize)]
struct AccountUpdate {
    event: String,
    waba_info: Option<WabaInfo>,
}

#[derive(Deserialize)]
struct WabaInfo {
    waba_id: WabaId,
}

#[derive(Deserialize)]
struct Messages {
    metadata: Metadata,
    #[serde(default)]
    statuses: Vec<Status>,
    #[serde(default)]
    messages: Vec<Incoming>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    status: String,
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<StatusError>,
}

#[derive(Deserialize)]
struct StatusError {
    code: i64,
}

impl Status {
    fn understood(self, number: &str) -> Option<SentStatus> {
        use MessageStatus::{Delivered, Failed, Read, Sent};
        let status: MessageStatus = self.status.parse().ok()?;
        let is_told = matches!(status, Sent | Delivered | Read | Failed);
        let error_code = self.errors.first().map(|error| error.code.to_string());
        is_told.then_some(SentStatus {
            number: number.to_owned(),
            message: self.id,
            reference: self.biz_opaque_callback_data,
            status,
            error_code,
        })
    }
}

#[derive(Deserialize)]
struct Incoming {
    from: String,
    id: String,
    text: Option<IncomingText>,
}

#[derive(Deserialize)]
struct IncomingText {
    body: String,
}

impl Incoming {
    fn understood(self, number: &str) -> Option<Received> {
        let (from, text) = (self.from.parse().ok()?, self.text?.body);
        Some(Received { number: number.to_owned(), message: self.id, from, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '%s' BODY | openssl dgst -sha256 -hmac app-s3cret`
    const BODY: &[u8] = br#"{"entry":[{"id":"7","changes":[{"field":"account_update","value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"102290129340398"}}}]}]}"#;
    const SIGNATURE: &str =
        "sha256=05b58db021a444380a976eac13925a203a87aa6b13458f77bf4eaae25ec7891f";

    fn gate() -> WebhookGate {
        let secret = |text: &str| AppSecret::new(text.to_owned());
        WebhookGate::new(secret("app-s3cret"), secret("verify-me"))
    }

    fn signed(body: &str) -> String {
        signature(&AppSecret::new("app-s3cret".to_owned()), body.as_bytes())
    }

    #[test]
    fn an_account_that_was_shared_is_read_from_what_meta_signed() {
        let shared = gate().news(SIGNATURE, BODY).map(|news| news.shared_accounts);
        assert_eq!(shared, Ok(vec!["102290129340398".parse().unwrap()]));
    }

    #[test]
    fn what_is_not_signed_or_signed_otherwise_is_not_read() {
        for signature in ["", "sha256=", "sha1=00", &SIGNATURE[..70], &SIGNATURE.replace('a', "b")]
        {
            let refused = gate().news(signature, BODY);
            assert_eq!(refused, Err(NotFromMeta::Signature), "{signature}");
        }
        let changed = [BODY, b" "].concat();
        assert_eq!(gate().news(SIGNATURE, &changed), Err(NotFromMeta::Signature));
    }

    #[test]
    fn other_webhooks_are_passed_over_and_other_bodies_are_none() {
        let read = |body: &str| gate().news(&signed(body), body.as_bytes());
        for body in [
            r#"{"entry":[{"changes":[{"field":"messages","value":{"messages":[]}}]}]}"#,
            r#"{"entry":[{"changes":[{"field":"account_update","value":{"event":"BANNED"}}]}]}"#,
            r#"{"entry":[{"changes":[{"field":"account_update","value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"../7"}}}]}]}"#,
            r#"{"entry":[{}]}"#,
        ] {
            assert_eq!(read(body), Ok(News::default()), "{body}");
        }
        for body in ["", "[]", "<html>"] {
            assert_eq!(read(body), Err(NotFromMeta::Form), "{body}");
        }
    }

    #[test]
    fn how_far_a_message_came_and_what_came_in_is_read() {
        let value = serde_json::json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550100123", "phone_number_id": "106540352242922" },
            "statuses": [
                {
                    "id": "wamid.1", "status": "delivered", "timestamp": "1795000000",
                    "biz_opaque_callback_data": "msg_7",
                },
                { "id": "wamid.2", "status": "failed", "errors": [{ "code": 131_047, "title": "x" }] },
                { "id": "wamid.3", "status": "deleted" },
                { "id": "wamid.4", "status": "queued" },
            ],
            "messages": [
                { "from": "442071838750", "id": "wamid.5", "type": "text", "text": { "body": "Hi" } },
                { "from": "442071838750", "id": "wamid.6", "type": "image", "image": {} },
                { "from": "nobody", "id": "wamid.7", "type": "text", "text": { "body": "Hi" } },
            ],
        });
        let body = serde_json::json!({ "entry": [{ "changes": [{ "field": "messages", "value": value }] }] });
        let body = body.to_string();
        let news = gate().news(&signed(&body), body.as_bytes()).unwrap();
        let status =
            |message: &str, reference: Option<&str>, status, code: Option<&str>| SentStatus {
                number: "106540352242922".to_owned(),
                reference: reference.map(str::to_owned),
                message: message.to_owned(),
                status,
                error_code: code.map(str::to_owned),
            };
        let statuses = [
            status("wamid.1", Some("msg_7"), MessageStatus::Delivered, None),
            status("wamid.2", None, MessageStatus::Failed, Some("131047")),
        ];
        let received = [Received {
            number: "106540352242922".to_owned(),
            message: "wamid.5".to_owned(),
            from: "+442071838750".parse().unwrap(),
            text: "Hi".to_owned(),
        }];
        assert_eq!(
            (news.statuses.as_slice(), news.received.as_slice()),
            (&statuses[..], &received[..])
        );
        assert!(!format!("{news:?}").contains("Hi"));
    }

    #[test]
    fn the_challenge_is_for_whoever_knows_the_token() {
        assert_eq!(gate().check_subscription("subscribe", "verify-me"), Ok(()));
        for (mode, token) in [("subscribe", "verify-m"), ("subscribe", ""), ("", "verify-me")] {
            let refused = gate().check_subscription(mode, token);
            assert_eq!(refused, Err(NotFromMeta::VerifyToken));
        }
        let shown = format!("{:?}", gate());
        assert!(shown.starts_with("WebhookGate { app_secret: ***, verify_token: ***"), "{shown}");
    }
}
