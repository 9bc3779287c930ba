//! What the page needs to open Meta's window, and who completes what the window left.

use std::sync::Arc;

use axum::http::{HeaderValue, Uri};
use serde_json::{Value, json};

use super::layout::{Sources, content_policy};
use crate::domain::{ConnectionType, PhoneNumber};
use crate::onboarding::Completions;

/// Meta's side of the page (Facebook SDK for JavaScript).
const META: Sources<'static> = Sources {
    script: "https://connect.facebook.net",
    connect: "https://graph.facebook.com https://www.facebook.com",
    frame: "https://www.facebook.com",
    image: "https://www.facebook.com",
};

/// The app that clients allow to act for them.
#[derive(Debug, Clone)]
pub struct SignupApp {
    pub app_id: String,
    pub config_id: String,
    pub sdk_url: String,
    /// Such as `v25.0`.
    pub graph_version: String,
    /// The one other origin whose messages are believed.
    pub stand_in_origin: Option<String>,
}

/// The sign-up, where it is set up.
#[derive(Debug)]
pub struct SignupSetup {
    pub(super) app: SignupApp,
    pub(super) completions: Arc<Completions>,
    /// What the page may load from where.
    pub(super) content_policy: HeaderValue,
}

impl SignupSetup {
    /// `None` when the addresses of the app can not stand in a header.
    pub fn new(app: SignupApp, completions: Arc<Completions>) -> Option<Self> {
        let sdk = origin(&app.sdk_url)?;
        let sources = match app.stand_in_origin.as_deref() {
            Some(here) => Sources { script: &sdk, connect: here, frame: here, image: here },
            None => Sources { script: &sdk, ..META },
        };
        let content_policy = HeaderValue::try_from(content_policy(sources)).ok()?;
        Some(Self { app, completions, content_policy })
    }
}

/// The scheme, the host and the port of an address.
pub(super) fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

/// What `FB.login` is told of the way to connect (Embedded Signup, `extras`).
pub(super) fn extras(connection: ConnectionType, number: Option<&PhoneNumber>) -> Value {
    let feature = match connection {
        ConnectionType::Coexistence => "whatsapp_business_app_onboarding",
        ConnectionType::ClientNumber | ConnectionType::Preassigned => "",
    };
    // Fills in the number screen, so that nobody has to copy the number.
    let setup = match number.map(PhoneNumber::split) {
        Some((code, number)) => {
            let code: u32 = code.parse().unwrap_or_default();
            json!({ "business": { "phone": { "code": code, "number": number } } })
        }
        None => json!({}),
    };
    json!({
        "setup": setup, "featureType": feature, "sessionInfoVersion": "3", "version": "v4",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_told_how_to_connect_and_with_which_number() {
        let number = "+442071838750".parse().unwrap();
        let told = extras(ConnectionType::Preassigned, Some(&number));
        let phone = json!({ "code": 44, "number": "2071838750" });
        assert_eq!(told["setup"], json!({ "business": { "phone": phone } }));
        assert_eq!((&told["featureType"], &told["sessionInfoVersion"]), (&json!(""), &json!("3")));
        let told = extras(ConnectionType::Coexistence, None);
        assert_eq!(told["setup"], json!({}));
        assert_eq!(told["featureType"], "whatsapp_business_app_onboarding");
        assert_eq!(extras(ConnectionType::ClientNumber, None)["featureType"], "");
    }
}
