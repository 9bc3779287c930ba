//! Messages to bytes. Content-Length is always written, and always last.

use super::{HeaderName, Headers, Request, Response};

impl Request {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        write(
            format!("{} {} SIP/2.0\r\n", self.method.as_str(), self.uri),
            &self.headers,
            &self.body,
        )
    }
}

impl Response {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        write(
            format!("SIP/2.0 {} {}\r\n", self.status.code(), self.status.reason()),
            &self.headers,
            &self.body,
        )
    }
}

fn write(start_line: String, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = start_line.into_bytes();
    for (name, value) in headers.iter().filter(|(name, _)| **name != HeaderName::ContentLength) {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}
