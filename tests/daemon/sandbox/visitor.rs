//! A stand-in for Meta, and a client who goes through its dialog without a browser.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use zavud::config::Config;
use zavud::meta::graph::{AccessToken, AppSecret, AuthorizationCode, GraphClient, GraphConfig};
use zavud::meta::sandbox::{APP_ID, APP_SECRET, Sandbox, SandboxConfig};

use crate::support::{Answer, ManualClock, get, post_form};

/// The page that opens the dialog.
pub(crate) const OPENER: &str = "http://127.0.0.1:8080";

/// By which Meta's webhooks are subscribed to.
pub(crate) const VERIFY_TOKEN: &str = "verify-me";

pub(crate) struct StandIn {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<ManualClock>,
    stop: CancellationToken,
    directory: TempDir,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let (clock, stop) = (Arc::new(ManualClock::new()), CancellationToken::new());
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = SandboxConfig { listen, clock: clock.clone() };
        let sandbox = Sandbox::start(config, stop.clone()).await.unwrap();
        Self { sandbox, clock, stop, directory: tempfile::tempdir().unwrap() }
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

    /// Lets a daemon believe that this is Meta.
    pub(crate) fn configure(&self, config: &mut Config) {
        let meta = &mut config.meta;
        meta.app_id = Some(APP_ID.into());
        meta.config_id = Some("2345".into());
        meta.app_secret_file = Some(self.secret("app", APP_SECRET));
        meta.webhook_verify_token_file = Some(self.secret("webhook", VERIFY_TOKEN));
        meta.graph_url = self.sandbox.origin();
        meta.sdk_url = format!("{}/sdk.js", self.sandbox.origin());
        meta.stand_in_origin = Some(self.sandbox.origin());
    }

    /// The same in a configuration file.
    pub(crate) fn section(&self) -> String {
        let (origin, secret) = (self.sandbox.origin(), self.secret("app", APP_SECRET));
        format!(
            "[meta]\napp_id = \"{APP_ID}\"\nconfig_id = \"2345\"\napp_secret_file = {secret:?}\n\
             graph_url = \"{origin}\"\nsdk_url = \"{origin}/sdk.js\"\nstand_in_origin = \"{origin}\"\n"
        )
    }

    /// A file with a secret, which nobody else can read.
    fn secret(&self, name: &str, secret: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    /// How often this was asked for.
    pub(crate) fn asked_times(&self, request: &str) -> usize {
        self.sandbox.asked().iter().filter(|asked| *asked == request).count()
    }

    /// Opens the dialog as the SDK does, with these extras beside the usual ones.
    pub(crate) async fn visit(&self, extras: Value) -> Visitor {
        Visitor::open(self.sandbox.address(), extras).await
    }

    pub(crate) async fn open(&self, client_id: &str, origin: &str, extras: &str) -> Answer {
        open(self.sandbox.address(), client_id, origin, extras).await
    }

    /// Goes through the whole dialog of a client who keeps the app: it asks for no code. Returns the
    /// token that our client got for it, and the message of the window.
    pub(crate) async fn connect_app(&self) -> (AccessToken, Value) {
        let end = Visitor::keep_the_app(self.sandbox.address()).await;
        let code = AuthorizationCode::new(end.code().unwrap());
        (self.client().exchange_code(&code).await.unwrap(), end.message())
    }
}

/// Somebody in the dialog.
pub(crate) struct Visitor {
    server: SocketAddr,
    dialog: String,
}

async fn open(server: SocketAddr, client_id: &str, origin: &str, extras: &str) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client_id),
            ("config_id", "7"),
            ("response_type", "code"),
            ("origin", origin),
            ("extras", extras),
        ])
        .finish();
    get(server, &format!("/dialog/oauth?{query}")).await
}

impl Visitor {
    /// Opens the dialog as the SDK does, with these extras beside the usual ones.
    pub(crate) async fn open(server: SocketAddr, extras: Value) -> Self {
        let mut all = json!({ "sessionInfoVersion": "3", "version": "v3" });
        all.as_object_mut().unwrap().extend(extras.as_object().unwrap().clone());
        let opened = open(server, APP_ID, OPENER, &all.to_string()).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER);
        Self { server, dialog: opened.header("location").to_owned() }
    }

    /// Goes through the whole dialog of a client who keeps the app, and returns its last page.
    pub(crate) async fn keep_the_app(server: SocketAddr) -> Page {
        let visitor =
            Self::open(server, json!({ "featureType": "whatsapp_business_app_onboarding" })).await;
        visitor.answer("log_in", "").await;
        visitor.answer("choose", "Acme").await;
        visitor.answer("enter", "+1 555 010-0123").await;
        visitor.answer("allow", "").await
    }

    /// Goes through the whole dialog of a client who verifies a number by a text message, and returns its
    /// last page.
    pub(crate) async fn verify_by_text(server: SocketAddr, business: &str, number: &str) -> Page {
        let visitor = Self::open(server, json!({})).await;
        for (action, value) in
            [("log_in", ""), ("choose", business), ("enter", number), ("sms", "")]
        {
            let page = visitor.answer(action, value).await;
            assert_eq!(page.problem(), None, "{action}");
        }
        let control = Page(get(server, "/").await.text().to_owned());
        // The newest stands first.
        let code = control.between(&format!("<li>{number}: "), "</li>").unwrap();
        visitor.answer("type", code).await;
        visitor.answer("allow", "").await
    }

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

    /// What our page would report of it, as that attempt.
    pub(crate) fn report(&self, signup: &str) -> String {
        let message = self.message();
        let mut report =
            json!({ "signup": signup, "code": self.code(), "event": message["event"] });
        let data = message["data"].as_object().unwrap().clone();
        report.as_object_mut().unwrap().extend(data);
        report.to_string()
    }

    pub(crate) fn code(&self) -> Option<String> {
        self.between("data-code=\"", "\"").map(str::to_owned)
    }

    pub(crate) fn between(&self, before: &str, after: &str) -> Option<&str> {
        Some(self.0.split_once(before)?.1.split_once(after)?.0)
    }
}
