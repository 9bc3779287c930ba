//! Requests outside any dialog, in the order of RFC 3261 §8.2: method, To tag (seen before), scheme
//! of the Request-URI, merged request, extensions, readiness, body. Which numbers are ours is the
//! application's to say.

use std::sync::Arc;
use std::time::Duration;

use super::{CallerIdentity, Endpoint, Output, Readiness};
use crate::call::{Call, CallEvent, IncomingCall, PendingInvite, Reply, new_tag};
use crate::dialog::Dialog;
use crate::error::PeerIncompatible;
use crate::message::{HeaderName, Method, NameAddr, Request, Response, option_tag};
use crate::sdp::{self, MediaPolicy, Negotiation, SESSION_TYPE};
use crate::transaction::key::PeerIndex;
use crate::transaction::table::Opening;
use crate::{Flow, StatusCode, Uri};

/// Retry-After when there are as many calls or transactions as there may be.
pub(super) const RETRY_WHEN_FULL: Duration = Duration::from_secs(10);

impl Endpoint {
    pub(super) fn admit(&mut self, peer: PeerIndex, request: &Request, opening: Opening) {
        if let Method::Other(_) = request.method {
            return self.refuse_method(request, opening);
        }
        if request.method == Method::Invite
            && let Some(refusal) = self.unproven(peer, request, opening.flow)
        {
            // Without a transaction (RFC 3261 §26.3.2.4): whoever forges a peer's address fills no table, and
            // has the peer sent no more than it sends. An INVITE that comes again is challenged anew.
            return self.transmit(opening.flow, refusal.to_bytes());
        }
        if let Some(refusal) = self.refusal_by_head(request, &opening) {
            return self.refuse_with(request, opening, &refusal);
        }
        match request.method {
            Method::Invite => self.admit_invite(peer, request, opening),
            Method::Options => self.answer_options(request, opening),
            // What belongs into a dialog and has no To tag is in none.
            Method::Bye
            | Method::Update
            | Method::Prack
            | Method::Ack
            | Method::Cancel
            | Method::Other(_) => self.refuse(request, opening, StatusCode::NO_SUCH_CALL),
        }
    }

    fn refusal_by_head(&mut self, request: &Request, opening: &Opening) -> Option<Response> {
        let flow = opening.flow;
        if let Some(refusal) = self.unsupported_scheme(request, flow) {
            return Some(refusal);
        }
        if opening.merge_key.as_ref().is_some_and(|key| self.transactions.is_merged(key)) {
            return Some(self.final_response(request, flow, StatusCode::LOOP_DETECTED));
        }
        self.unsupported_extensions(request, flow)
            .or_else(|| self.interval_too_small(request, flow))
    }

    fn admit_invite(&mut self, peer: PeerIndex, request: &Request, opening: Opening) {
        let flow = opening.flow;
        let busy = match self.readiness {
            Readiness::NotReady { retry_after } => Some(retry_after),
            Readiness::Ready => self.calls.is_full().then_some(RETRY_WHEN_FULL),
        };
        if let Some(retry_after) = busy {
            let refusal = self.unavailable(request, flow, retry_after);
            return self.refuse_with(request, opening, &refusal);
        }
        if let Some(refusal) = self.unreadable_body(request, flow) {
            return self.refuse_with(request, opening, &refusal);
        }
        let policy = Arc::clone(&self.peers[peer.0].media);
        let offer = match self.negotiate(request.session(), &policy) {
            Ok(offer) => offer,
            Err(Unusable::Malformed) => {
                return self.refuse(request, opening, StatusCode::BAD_REQUEST);
            }
            Err(Unusable::Incompatible(why)) => {
                let refusal = self.final_response(request, flow, StatusCode::NOT_ACCEPTABLE_HERE);
                let refusal = refusal.with(HeaderName::Warning, self.local.warning(&flow, why));
                return self.refuse_with(request, opening, &refusal);
            }
        };
        let Some(transaction) = self.open_invite(request, opening) else {
            return;
        };
        let dialog = Dialog::of_server(request, flow, &new_tag(&mut self.rng));
        let invite = PendingInvite::new(request, flow, transaction);
        let handle = self.calls.next_handle();
        let call = Call::new(handle, dialog, invite, (offer, policy), self.now);
        self.schedule.set(super::TimerOwner::Call(handle), call.deadline());
        self.calls.insert(call, transaction);
        let invite = Box::new(self.incoming_call(peer, request, flow));
        self.outputs.push_back(Output::Event(CallEvent::Incoming { call: handle, invite }));
    }

    /// `None` if the caller leaves the offer to us.
    fn negotiate(
        &mut self,
        body: &[u8],
        policy: &MediaPolicy,
    ) -> Result<Option<Negotiation>, Unusable> {
        if body.is_empty() {
            return Ok(None);
        }
        let offer = sdp::parse(body).map_err(|_| Unusable::Malformed)?;
        Negotiation::of_offer(&offer, policy, None, &mut self.rng)
            .map(Some)
            .map_err(Unusable::Incompatible)
    }

    fn incoming_call(&self, peer: PeerIndex, request: &Request, flow: Flow) -> IncomingCall {
        let addresses = |name: HeaderName| -> Vec<Uri> {
            let values = request
                .headers
                .list(&name)
                .filter_map(|value| NameAddr::parse(value, "address").ok());
            values.filter_map(|value| value.uri().cloned()).collect()
        };
        let peer = &self.peers[peer.0];
        let asserted = match peer.caller_identity {
            CallerIdentity::From => None,
            CallerIdentity::Asserted => addresses(HeaderName::PAssertedIdentity).into_iter().next(),
        };
        IncomingCall {
            peer: peer.name.clone(),
            source: flow,
            sip_call_id: String::from_utf8_lossy(&request.essentials.call_id).into_owned(),
            called: request.uri.clone(),
            to: request.essentials.to.uri().cloned(),
            called_party: addresses(HeaderName::PCalledPartyId).into_iter().next(),
            diverted_by: addresses(HeaderName::Diversion),
            caller: asserted.or_else(|| request.essentials.from.uri().cloned()),
        }
    }

    /// A body must be a session description, or have one among its parts (§8.2.3), and not be
    /// encoded.
    pub(super) fn unreadable_body(&mut self, request: &Request, flow: Flow) -> Option<Response> {
        if request.body.is_empty() {
            return None;
        }
        let is_encoded = request
            .headers
            .list(&HeaderName::ContentEncoding)
            .any(|encoding| !encoding.eq_ignore_ascii_case(b"identity"));
        let content_type = request.headers.first(&HeaderName::ContentType);
        if sdp::session_in(content_type, &request.body).is_some() && !is_encoded {
            return None;
        }
        let refusal = self.final_response(request, flow, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        Some(
            refusal
                .with(HeaderName::Accept, SESSION_TYPE)
                .with(HeaderName::AcceptEncoding, "identity"),
        )
    }

    /// OPTIONS tells whether an INVITE would be taken (§11.2).
    pub(super) fn answer_options(&mut self, request: &Request, opening: Opening) {
        let response = match self.readiness {
            Readiness::Ready => self
                .final_response(request, opening.flow, StatusCode::OK)
                .with(HeaderName::Allow, Method::ALLOWED)
                .with(HeaderName::Accept, SESSION_TYPE)
                .with(HeaderName::AcceptEncoding, "identity")
                .with(HeaderName::Supported, option_tag::SUPPORTED),
            Readiness::NotReady { retry_after } => {
                self.unavailable(request, opening.flow, retry_after)
            }
        };
        self.respond(Reply::Other(Box::new(opening)), &response);
    }

    pub(super) fn unavailable(
        &mut self,
        request: &Request,
        flow: Flow,
        retry_after: Duration,
    ) -> Response {
        let seconds = retry_after.as_millis().div_ceil(1000);
        self.final_response(request, flow, StatusCode::SERVICE_UNAVAILABLE)
            .with(HeaderName::RetryAfter, seconds.to_string())
    }

    pub(super) fn refuse_method(&mut self, request: &Request, opening: Opening) {
        let refusal = self.final_response(request, opening.flow, StatusCode::METHOD_NOT_ALLOWED);
        self.refuse_with(request, opening, &refusal.with(HeaderName::Allow, Method::ALLOWED));
    }

    pub(super) fn refuse(&mut self, request: &Request, opening: Opening, status: StatusCode) {
        let refusal = self.final_response(request, opening.flow, status);
        self.refuse_with(request, opening, &refusal);
    }

    /// An INVITE that is refused has a transaction too, for the sake of its ACK.
    pub(super) fn refuse_with(&mut self, request: &Request, opening: Opening, refusal: &Response) {
        if request.method != Method::Invite {
            return self.respond(Reply::Other(Box::new(opening)), refusal);
        }
        let flow = opening.flow;
        match self.transactions.open_invite(opening, Vec::new()) {
            Some(transaction) => self.respond(Reply::Invite(transaction), refusal),
            None => self.transmit(flow, refusal.to_bytes()),
        }
    }
}

/// Why no session can come of an offer.
enum Unusable {
    Malformed,
    Incompatible(PeerIncompatible),
}
