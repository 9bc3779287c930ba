//! What the head of any request must keep to, inside a dialog and outside (RFC 3261 §8.2.2).

use super::Endpoint;
use crate::call::{MIN_SE, TimerRequest};
use crate::message::{HeaderName, Method, Request, Response, option_tag};
use crate::uri::Scheme;
use crate::{Flow, StatusCode};

impl Endpoint {
    /// 416 (§8.2.2.1).
    pub(super) fn unsupported_scheme(&mut self, request: &Request, flow: Flow) -> Option<Response> {
        match request.uri.scheme() {
            Scheme::Sip | Scheme::Sips | Scheme::Tel => None,
            Scheme::Other => {
                Some(self.final_response(request, flow, StatusCode::UNSUPPORTED_URI_SCHEME))
            }
        }
    }

    /// 420, with those we do not know (§8.2.2.3). ACK and CANCEL are not asked.
    pub(super) fn unsupported_extensions(
        &mut self,
        request: &Request,
        flow: Flow,
    ) -> Option<Response> {
        let required = request.headers.list(&HeaderName::Require);
        let unknown: Vec<&[u8]> = required.filter(|tag| !option_tag::is_supported(tag)).collect();
        if unknown.is_empty() {
            return None;
        }
        let refusal = self.final_response(request, flow, StatusCode::BAD_EXTENSION);
        Some(refusal.with(HeaderName::Unsupported, unknown.join(&b", "[..])))
    }

    /// 422, with the shortest interval we take (RFC 4028 §9).
    pub(super) fn interval_too_small(&mut self, request: &Request, flow: Flow) -> Option<Response> {
        match request.method {
            Method::Invite | Method::Update => {}
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Prack
            | Method::Other(_) => return None,
        }
        TimerRequest::of(request).is_too_small().then(|| {
            let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
            let refusal = self.final_response(request, flow, status);
            refusal.with(HeaderName::MinSe, MIN_SE.to_string())
        })
    }
}
