//! Messages as values: what a request and a response are made of (RFC 3261 §7).
//! Knows nothing of transactions, dialogs or time.

mod framer;
pub(crate) mod header;
pub(crate) mod lexer;
mod lines;
mod method;
pub(crate) mod option_tag;
mod parse;
mod write;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

pub(crate) use framer::{Frame, StreamFramer};
pub(crate) use header::{
    CSeq, HeaderName, Headers, NameAddr, Refresher, SessionExpires, Via, seconds,
};
pub(crate) use lexer::Parameters;
pub(crate) use lines::head;
pub(crate) use method::Method;
pub(crate) use parse::{ParseFailure, parse};

use crate::{StatusCode, Uri, sdp};

/// What a datagram holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Request(Request),
    Response(Response),
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1).
    KeepAlive,
}

/// A request whose essential headers could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) essentials: Essentials,
    /// Every header, in order, the essential ones as well.
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// A response whose essential headers could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) essentials: Essentials,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// The headers without which a message can be neither matched nor answered (RFC 3261 §8.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Essentials {
    pub(crate) via: Via,
    /// The Via values under the topmost one, verbatim.
    pub(crate) lower_vias: Vec<Vec<u8>>,
    pub(crate) from: NameAddr,
    pub(crate) to: NameAddr,
    /// Opaque: compared byte by byte.
    pub(crate) call_id: Vec<u8>,
    pub(crate) cseq: CSeq,
}

impl Request {
    /// The session description in the body; empty if there is none.
    pub(crate) fn session(&self) -> &[u8] {
        session(&self.headers, &self.body)
    }
}

fn session<'a>(headers: &Headers, body: &'a [u8]) -> &'a [u8] {
    sdp::session_in(headers.first(&HeaderName::ContentType), body).unwrap_or_default()
}

impl Response {
    /// The session description in the body; empty if there is none.
    pub(crate) fn session(&self) -> &[u8] {
        session(&self.headers, &self.body)
    }

    /// The response to a request that came from `source` (RFC 3261 §8.2.6.2), with `received` and
    /// `rport` in its top Via (RFC 3581 §4). `to_tag` completes a To without a tag; a 100 may go
    /// without one.
    pub(crate) fn to(
        request: &Essentials,
        source: SocketAddr,
        status: StatusCode,
        to_tag: Option<&[u8]>,
    ) -> Self {
        let mut essentials = request.clone();
        essentials.via = essentials.via.received_from(source);
        if let Some(tag) = to_tag
            && essentials.to.tag().is_none()
        {
            essentials.to = essentials.to.tagged(tag);
        }
        Self { status, headers: essentials.to_headers(), essentials, body: Vec::new() }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push(name, value);
        self
    }

    pub(crate) fn with_session(mut self, description: Vec<u8>) -> Self {
        self.headers.push(HeaderName::ContentType, sdp::SESSION_TYPE);
        self.body = description;
        self
    }
}

impl Essentials {
    fn to_headers(&self) -> Headers {
        let mut headers = Headers::default();
        headers.push(HeaderName::Via, self.via.to_bytes());
        for via in &self.lower_vias {
            headers.push(HeaderName::Via, via.clone());
        }
        headers.push(HeaderName::From, self.from.as_bytes());
        headers.push(HeaderName::To, self.to.as_bytes());
        headers.push(HeaderName::CallId, self.call_id.clone());
        headers.push(HeaderName::CSeq, self.cseq.to_bytes());
        headers
    }
}

impl Request {
    /// A request of our own: essential headers and Max-Forwards, nothing else.
    pub(crate) fn new(uri: Uri, essentials: Essentials) -> Self {
        let mut headers = essentials.to_headers();
        headers.push(HeaderName::MaxForwards, "70");
        Self { method: essentials.cseq.method.clone(), uri, essentials, headers, body: Vec::new() }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push(name, value);
        self
    }

    pub(crate) fn with_session(mut self, description: Vec<u8>) -> Self {
        self.headers.push(HeaderName::ContentType, sdp::SESSION_TYPE);
        self.body = description;
        self
    }
}
