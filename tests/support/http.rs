//! One request to the daemon's web side.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_LANGUAGE, HOST, RANGE};
use hyper::http::request::Builder;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use zavud::domain::SignupState;

use super::PATIENCE;

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) async fn get(server: SocketAddr, path: &str) -> Answer {
    fetch(server, Request::get(path)).await
}

/// Asks for a page as a browser whose user reads this language.
pub(crate) async fn get_in(server: SocketAddr, path: &str, languages: &str) -> Answer {
    fetch(server, Request::get(path).header(ACCEPT_LANGUAGE, languages)).await
}

/// Asks for a part, such as "bytes=0-99".
pub(crate) async fn get_range(server: SocketAddr, path: &str, range: &str) -> Answer {
    fetch(server, Request::get(path).header(RANGE, range)).await
}

/// Asks with these headers.
pub(crate) async fn get_with(server: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let add = |request: Builder, (name, value): &(&str, &str)| request.header(*name, *value);
    fetch(server, headers.iter().fold(Request::get(path), add)).await
}

/// Sends JSON as a page of the daemon's own does.
pub(crate) async fn post(server: SocketAddr, path: &str, body: &str) -> Answer {
    let origin = format!("http://{server}");
    post_with(server, path, &[("origin", &origin), ("content-type", "application/json")], body)
        .await
}

/// Sends whatever with these headers.
pub(crate) async fn post_with(
    server: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let add = |request: Builder, (name, value): &(&str, &str)| request.header(*name, *value);
    let request = headers.iter().fold(Request::post(path), add);
    send(server, request, server.to_string(), body).await
}

/// Asks in any way, with these headers.
pub(crate) async fn ask_with(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    try_ask_with(server, method, path, headers, body).await.expect("it answers")
}

/// The same of a server that may end meanwhile: then there is no answer.
pub(crate) async fn try_ask_with(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let add = |request: Builder, (name, value): &(&str, &str)| request.header(*name, *value);
    let request = headers.iter().fold(Request::builder().method(method).uri(path), add);
    try_send(server, request, server.to_string(), body).await
}

/// Opens something that goes on, and returns what follows.
pub(crate) async fn open(server: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Incoming {
    let add = |request: Builder, (name, value): &(&str, &str)| request.header(*name, *value);
    let request = headers.iter().fold(Request::get(path), add);
    let request = request.header(HOST, "localhost").body(Full::default()).unwrap();
    let response = connect(server).await.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

/// Sends a form, as a browser does.
pub(crate) async fn post_form(server: SocketAddr, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    post_with(server, path, &[kind], &body).await
}

/// Follows the events of a page until one says that the sign-up stands as `is_last` wants it.
pub(crate) async fn signup_until(
    server: SocketAddr,
    path: &str,
    is_last: impl Fn(&SignupState) -> bool,
) -> SignupState {
    let request = Request::get(path).header(HOST, "localhost").body(Full::default()).unwrap();
    let (parts, mut body) = connect(server).await.send_request(request).await.unwrap().into_parts();
    assert_eq!(parts.status, StatusCode::OK);
    let (mut received, mut known) = (String::new(), None);
    loop {
        let frame = timeout(PATIENCE, body.frame()).await;
        let frame = frame.unwrap_or_else(|_| panic!("nothing follows {known:?}"));
        let frame = frame.unwrap_or_else(|| panic!("the events end with {known:?}")).unwrap();
        received += std::str::from_utf8(&frame.into_data().unwrap_or_default()).unwrap();
        while let Some((event, rest)) = received.split_once("\n\n") {
            if event.contains("event: signup") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                known = Some(serde_json::from_str(data).unwrap());
            }
            received = rest.to_owned();
        }
        if let Some(state) = known.take_if(|state| is_last(state)) {
            return state;
        }
    }
}

async fn connect(server: SocketAddr) -> http1::SendRequest<Full<Bytes>> {
    try_connect(server).await.expect("it listens")
}

async fn try_connect(server: SocketAddr) -> Option<http1::SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(server).await.ok()?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

async fn fetch(server: SocketAddr, request: Builder) -> Answer {
    send(server, request, "localhost".to_owned(), "").await
}

async fn send(
    server: SocketAddr,
    request: Builder,
    host: String,
    body: impl AsRef<[u8]>,
) -> Answer {
    try_send(server, request, host, body).await.expect("it answers")
}

async fn try_send(
    server: SocketAddr,
    request: Builder,
    host: String,
    body: impl AsRef<[u8]>,
) -> Option<Answer> {
    let body = Full::new(Bytes::copy_from_slice(body.as_ref()));
    let request = request.header(HOST, host).body(body).unwrap();
    let answer = try_connect(server).await?.send_request(request).await.ok()?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some(Answer { status: parts.status, headers: parts.headers, body })
}
