//! A stand-in for Meta, and a client who goes through its dialog without a browser.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zavud::meta::graph::{AccessToken, AppSecret, AuthorizationCode, GraphClient, GraphConfig};
use zavud::meta::sandbox::{APP_ID, APP_SECRET, Sandbox, SandboxConfig};

use crate::support::{Answer, ManualClock, get, post_form};

/// The page that opens the dialog.
pub(crate) const OPENER: &str = "http://127.0.0.1:8080";

pub(crate) struct StandIn {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    stop: CancellationToken,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let (clock, stop) = (Arc::new(ManualClock::new()), CancellationToken::new());
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = SandboxConfig { listen, clock: clock.clone() };
        let sandbox = Sandbox::start(config, stop.clone()).await.unwrap();
        Self { sandbox, clock, stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.sandbox.stopped().await;
    }

    /// Our client, with this app secret.
    pub(crate) fn client_with(&self, secret: &str) -> GraphClient {
        GraphClient::new(GraphConfig {
            base_url: self.sandbox.origin(),
            version: "v25.0".to_owned(),
            app_id: APP_ID.to_owned(),
            app_secret: AppSecret::new(secret.to_owned()),
            authorities: PathBuf::from("/etc/ssl/certs/ca-certificates.crt"),
            timeout: Duration::from_secs(5),
        })
        .unwrap()
    }

    pub(crate) fn client(&self) -> GraphClient {
        self.client_with(APP_SECRET)
    }

    /// Lets something go wrong next.
    pub(crate) async fn let_go_wrong(&self, place: &str, mishap: &str) -> StatusCode {
        let form = [("place", place), ("mishap", mishap)];
        post_form(self.sandbox.address(), "/control", &form).await.status
    }

    /// Opens the dialog as the SDK does, with these extras beside the usual ones.
    pub(crate) async fn visit(&self, extras: Value) -> Visitor {
        let mut all = json!({ "sessionInfoVersion": "3", "version": "v3" });
        all.as_object_mut().unwrap().extend(extras.as_object().unwrap().clone());
        let opened = self.open(APP_ID, OPENER, &all.to_string()).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER);
        Visitor { server: self.sandbox.address(), dialog: opened.header("location").to_owned() }
    }

    pub(crate) async fn open(&self, client_id: &str, origin: &str, extras: &str) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", client_id),
                ("config_id", "7"),
                ("response_type", "code"),
                ("origin", origin),
                ("extras", extras),
            ])
            .finish();
        get(self.sandbox.address(), &format!("/dialog/oauth?{query}")).await
    }

    /// Goes through the whole dialog of a client who keeps the app: it asks for no code. Returns the
    /// token that our client got for it, and the message of the window.
    pub(crate) async fn connect_app(&self) -> (AccessToken, Value) {
        let visitor =
            self.visit(json!({ "featureType": "whatsapp_business_app_onboarding" })).await;
        visitor.answer("log_in", "").await;
        visitor.answer("choose", "Acme").await;
        visitor.answer("enter", "+1 555 010-0123").await;
        let end = visitor.answer("allow", "").await;
        let code = AuthorizationCode::new(end.code().unwrap());
        (self.client().exchange_code(&code).await.unwrap(), end.message())
    }
}

/// Somebody in the dialog.
pub(crate) struct Visitor {
    server: SocketAddr,
    dialog: String,
}

impl Visitor {
    pub(crate) async fn page(&self) -> Page {
        let answer = get(self.server, &self.dialog).await;
        assert_eq!(answer.status, StatusCode::OK);
        Page(answer.text().to_owned())
    }

    /// Fills in the form of the page, and looks at the next one.
    pub(crate) async fn answer(&self, action: &str, value: &str) -> Page {
        let form = [("action", action), ("value", value)];
        let answered = post_form(self.server, &self.dialog, &form).await;
        assert_eq!(answered.header("location"), self.dialog);
        self.page().await
    }
}

pub(crate) struct Page(pub(crate) String);

impl Page {
    pub(crate) fn title(&self) -> &str {
        self.between("<h1>", "</h1>").unwrap()
    }

    pub(crate) fn problem(&self) -> Option<&str> {
        self.between("id=\"problem\" role=\"alert\">", "</p>")
    }

    /// What the page that opened the dialog is told.
    pub(crate) fn message(&self) -> Value {
        let text = self.between("data-message=\"", "\"").unwrap().replace("&quot;", "\"");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn code(&self) -> Option<String> {
        self.between("data-code=\"", "\"").map(str::to_owned)
    }

    pub(crate) fn between(&self, before: &str, after: &str) -> Option<&str> {
        Some(self.0.split_once(before)?.1.split_once(after)?.0)
    }
}
