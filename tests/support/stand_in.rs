//! A stand-in for Meta, as small as the tests need it: a script for the browser in place of the SDK,
//! and a Graph API that answers by address.

use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zavud::config::Config;

pub(crate) const ACCOUNT: &str = "102290129340398";
pub(crate) const NUMBER_ID: &str = "106540352242922";
pub(crate) const CODE: &str = "AQB-c0de";

/// In place of the SDK: what the window does is up to the test. `fbSay` sends a message from the origin
/// that stands in, `fbAnswer` is the callback of `FB.login`.
const SDK: &str = "window.FB = {
    init(options) { window.fbInit = options; window.fbSeen = [location.href]; },
    login(done, options) {
        window.fbOptions = options;
        window.fbAnswer = done;
        window.fbSeen.push(location.href);
    },
};
window.fbSay = (text) => {
    const frame = document.createElement('iframe');
    frame.src = 'ORIGIN/say?' + encodeURIComponent(text);
    frame.hidden = true;
    document.body.append(frame);
};
window.fbAsyncInit();";

const SAY: &str = "<script>parent.postMessage(decodeURIComponent(location.search.slice(1)), '*')\
                   </script>";

type Asked = Arc<Mutex<Vec<String>>>;

pub(crate) struct StandIn {
    pub(crate) origin: String,
    asked: Asked,
    /// What registrations are refused with, first to last; then they are not.
    pub(crate) refusals: Arc<Mutex<Vec<Value>>>,
    /// The end of the address that is not answered for now.
    held: watch::Sender<Option<&'static str>>,
    serving: JoinHandle<()>,
    directory: TempDir,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (asked, refusals) = (Asked::default(), Arc::default());
        let (held, is_held) = watch::channel(None);
        let answers = Answers {
            origin: origin.clone(),
            asked: Arc::clone(&asked),
            refusals: Arc::clone(&refusals),
            held: is_held,
        };
        let serving = tokio::spawn(serve(listener, answers));
        let directory = tempfile::tempdir().unwrap();
        let issued = rcgen::generate_simple_self_signed(["elsewhere".to_owned()]).unwrap();
        std::fs::write(directory.path().join("authorities.pem"), issued.cert.pem()).unwrap();
        for (name, secret) in [("app", "app-s3cret\n"), ("webhook", "verify-me\n")] {
            let path = directory.path().join(name);
            std::fs::write(&path, secret).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        Self { origin, asked, refusals, held, serving, directory }
    }

    /// Leaves whoever asks for an address that ends like this without an answer.
    pub(crate) fn hold(&self, end: &'static str) {
        self.held.send_replace(Some(end));
    }

    /// Gives all their answers.
    pub(crate) fn release(&self) {
        self.held.send_replace(None);
    }

    /// Lets a daemon believe that this is Meta.
    pub(crate) fn configure(&self, config: &mut Config) {
        let meta = &mut config.meta;
        meta.app_id = Some("1234".into());
        meta.config_id = Some("2345".into());
        meta.app_secret_file = Some(self.directory.path().join("app"));
        meta.webhook_verify_token_file = Some(self.directory.path().join("webhook"));
        meta.authorities = self.directory.path().join("authorities.pem");
        meta.graph_url.clone_from(&self.origin);
        meta.sdk_url = format!("{}/sdk.js", self.origin);
        meta.stand_in_origin = Some(self.origin.clone());
    }

    /// The same as a section of config.toml.
    pub(crate) fn section(&self) -> String {
        let path = |name: &str| self.directory.path().join(name);
        format!(
            "[meta]\napp_id = \"1234\"\nconfig_id = \"2345\"\napp_secret_file = {app:?}\n\
             authorities = {authorities:?}\ngraph_url = \"{origin}\"\n\
             sdk_url = \"{origin}/sdk.js\"\nstand_in_origin = \"{origin}\"\n",
            app = path("app"),
            authorities = path("authorities.pem"),
            origin = self.origin,
        )
    }

    /// The addresses that were asked for so far, without queries.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Answers {
    origin: String,
    asked: Asked,
    refusals: Arc<Mutex<Vec<Value>>>,
    held: watch::Receiver<Option<&'static str>>,
}

async fn serve(listener: TcpListener, answers: Answers) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let answers = answers.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (path, mut answers) = (request.uri().path().to_owned(), answers.clone());
            async move {
                answers.asked.lock().unwrap().push(path.clone());
                let is_free = |held: &Option<&str>| held.is_none_or(|end| !path.ends_with(end));
                // Whoever held it has gone: then nobody waits for the answer.
                let _ = answers.held.wait_for(is_free).await;
                Ok::<_, Infallible>(answer(&path, &answers.origin, &answers.refusals))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn answer(path: &str, origin: &str, refusals: &Mutex<Vec<Value>>) -> Response<Full<Bytes>> {
    let profile = json!({
        "id": NUMBER_ID, "display_phone_number": "+1 555-010-0123", "verified_name": "Ana's Caf\u{e9}",
    });
    let (kind, status, text) = match path.rsplit('/').next().unwrap_or_default() {
        "sdk.js" => ("text/javascript", 200, SDK.replace("ORIGIN", origin)),
        "say" => ("text/html", 200, SAY.to_owned()),
        "access_token" => ("", 200, json!({ "access_token": "EAAJ-t0ken" }).to_string()),
        "phone_numbers" => ("", 200, json!({ "data": [profile] }).to_string()),
        NUMBER_ID => ("", 200, profile.to_string()),
        "messages" => ("", 200, json!({ "messages": [{ "id": "wamid.1" }] }).to_string()),
        "register" => match refusals.lock().unwrap().pop() {
            Some(error) => ("", 400, json!({ "error": error }).to_string()),
            None => ("", 200, json!({ "success": true }).to_string()),
        },
        _ => ("", 200, json!({ "success": true }).to_string()),
    };
    let body = Full::new(Bytes::from(text));
    Response::builder().status(status).header("content-type", kind).body(body).unwrap()
}
