//! One request to the daemon's web side.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_LANGUAGE, HOST, RANGE};
use hyper::http::request::Builder;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

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
    body: &str,
) -> Answer {
    let add = |request: Builder, (name, value): &(&str, &str)| request.header(*name, *value);
    let request = headers.iter().fold(Request::post(path), add);
    send(server, request, server.to_string(), body).await
}

/// Sends a form, as a browser does.
pub(crate) async fn post_form(server: SocketAddr, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    post_with(server, path, &[kind], &body).await
}

async fn fetch(server: SocketAddr, request: Builder) -> Answer {
    send(server, request, "localhost".to_owned(), "").await
}

async fn send(server: SocketAddr, request: Builder, host: String, body: &str) -> Answer {
    let stream = TcpStream::connect(server).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let body = Full::new(Bytes::from(body.to_owned()));
    let request = request.header(HOST, host).body(body).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}
