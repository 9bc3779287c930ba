//! A browser that only takes the time: one connection, one request after the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, ORIGIN};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What came back, and how long that took.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// From the request until the last byte.
    pub(super) took: Duration,
    /// Of the answer with its headers, over the wire.
    pub(super) bytes: usize,
}

impl Timed {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

#[derive(Debug)]
pub(super) struct Client {
    server: SocketAddr,
    connection: SendRequest<Full<Bytes>>,
    /// What each request carries.
    headers: Vec<(&'static str, String)>,
}

impl Client {
    pub(super) async fn connect(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await.context("cannot reach the daemon")?;
        stream.set_nodelay(true)?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the connection.
        tokio::spawn(driver);
        Ok(Self { server, connection, headers: Vec::new() })
    }

    /// Carries this from now on.
    pub(super) fn carry(&mut self, name: &'static str, value: String) {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value));
    }

    pub(super) async fn get(&mut self, path: &str) -> anyhow::Result<Timed> {
        self.ask(Method::GET, path, None, String::new()).await
    }

    /// Sends a form as a page of the site does.
    pub(super) async fn submit(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<Timed> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(Method::POST, path, Some("application/x-www-form-urlencoded"), body).await
    }

    pub(super) async fn post_json(&mut self, path: &str, body: String) -> anyhow::Result<Timed> {
        self.ask(Method::POST, path, Some("application/json"), body).await
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: String,
    ) -> anyhow::Result<Timed> {
        let begun = Instant::now();
        let response = self.send(method, path, kind, body).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let took = begun.elapsed();
        let headers: usize =
            parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let bytes = headers + body.len();
        Ok(Timed { status: parts.status, headers: parts.headers, body, took, bytes })
    }

    /// Opens something that goes on.
    pub(super) async fn open(&mut self, path: &str) -> anyhow::Result<Incoming> {
        let response = self.send(Method::GET, path, None, String::new()).await?;
        ensure!(response.status() == StatusCode::OK, "{path}: {}", response.status());
        Ok(response.into_body())
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: String,
    ) -> anyhow::Result<Response<Incoming>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.server.to_string())
            .header(ORIGIN, format!("http://{}", self.server));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind);
        }
        self.connection.ready().await?;
        Ok(self.connection.send_request(request.body(Full::from(body))?).await?)
    }
}
