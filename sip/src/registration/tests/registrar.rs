//! A small registrar: keeps bindings, asks who we are, and misbehaves as it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;

use crate::digest::Verifier;
use crate::message::{self, HeaderName, Message, NameAddr, Request, Response, lexer};
use crate::{Credentials, StatusCode};

pub(super) const REALM: &str = "example.com";

pub(super) struct Registrar {
    pub(super) behaviour: Behaviour,
    /// Who may register; empty for everybody.
    pub(super) users: Vec<Credentials>,
    pub(super) longest: Duration,
    pub(super) shortest: Duration,
    /// Where requests seem to come from.
    pub(super) seen_from: SocketAddr,
    /// Until when, by Contact.
    pub(super) bindings: BTreeMap<String, Instant>,
    /// Every request that arrived.
    pub(super) requests: Vec<Request>,
    /// The newest CSeq, and what was said to it.
    last: (u32, Option<Vec<u8>>),
    verifier: Verifier,
    rng: StdRng,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    Proper,
    Silent,
    Refuses(u16, Option<&'static str>),
}

impl Registrar {
    pub(super) fn new(mut rng: StdRng, now: Instant, seen_from: SocketAddr) -> Self {
        Self {
            behaviour: Behaviour::Proper,
            users: Vec::new(),
            longest: Duration::from_secs(3_600),
            shortest: Duration::from_secs(60),
            seen_from,
            bindings: BTreeMap::new(),
            requests: Vec::new(),
            last: (0, None),
            verifier: Verifier::new(&mut rng, now),
            rng,
        }
    }

    /// The Contacts that are bound.
    pub(super) fn bound(&self, now: Instant) -> Vec<&str> {
        let live = self.bindings.iter().filter(|(_, until)| **until > now);
        live.map(|(contact, _)| contact.as_str()).collect()
    }

    pub(super) fn receive(&mut self, now: Instant, bytes: &[u8]) -> Option<Vec<u8>> {
        let request = match message::parse(bytes) {
            Ok(Message::Request(request)) => request,
            Ok(Message::KeepAlive) => return None,
            other => panic!("no request: {other:?}"),
        };
        // One that was overtaken is too late (§10.3, step 7), and one that comes again is the same.
        let cseq = request.essentials.cseq.number;
        if cseq > self.last.0 || self.last.1.is_none() {
            self.last = (cseq, self.respond(now, &request).map(|response| response.to_bytes()));
        }
        self.requests.push(request);
        self.last.1.clone().filter(|_| cseq == self.last.0)
    }

    fn respond(&mut self, now: Instant, request: &Request) -> Option<Response> {
        match self.behaviour {
            Behaviour::Silent => return None,
            Behaviour::Refuses(code, retry_after) => {
                let refusal = self.response(request, StatusCode::new(code).unwrap());
                return Some(match retry_after {
                    Some(value) => refusal.with(HeaderName::RetryAfter, value),
                    None => refusal,
                });
            }
            Behaviour::Proper => {}
        }
        if !self.users.is_empty()
            && let Err(refusal) = self.verifier.check(now, REALM, &self.users, request)
        {
            let challenges = self.verifier.challenges(now, REALM, refusal, &mut self.rng);
            let response = self.response(request, StatusCode::UNAUTHORIZED);
            return Some(challenges.into_iter().fold(response, |response, challenge| {
                response.with(HeaderName::WwwAuthenticate, challenge)
            }));
        }
        Some(self.bind(now, request))
    }

    fn bind(&mut self, now: Instant, request: &Request) -> Response {
        let contacts = request.headers.list(&HeaderName::Contact);
        let contacts: Vec<(String, Duration)> = contacts
            .map(|value| {
                let contact = NameAddr::parse(value, "Contact").unwrap();
                let seconds = contact.parameter("expires").and_then(lexer::parse_number::<u32>);
                let asked = Duration::from_secs(seconds.unwrap().into());
                (contact.uri().unwrap().to_string(), asked.min(self.longest))
            })
            .collect();
        let is_brief = |asked: &Duration| !asked.is_zero() && *asked < self.shortest;
        if contacts.iter().any(|(_, asked)| is_brief(asked)) {
            let refusal = self.response(request, StatusCode::INTERVAL_TOO_BRIEF);
            return refusal.with(HeaderName::MinExpires, self.shortest.as_secs().to_string());
        }
        for (contact, asked) in contacts {
            if asked.is_zero() {
                self.bindings.remove(&contact);
            } else {
                self.bindings.insert(contact, now + asked);
            }
        }
        let response = self.response(request, StatusCode::OK);
        // In another order and form than they came in.
        let response = response.with(HeaderName::Contact, "<sip:desk@192.0.2.200>;expires=7");
        self.bindings.iter().fold(response, |response, (contact, until)| {
            let left = until.saturating_duration_since(now).as_secs();
            response
                .with(HeaderName::Contact, format!("\"A, B\" <{contact}> ; q=1 ; Expires={left}"))
        })
    }

    fn response(&self, request: &Request, status: StatusCode) -> Response {
        Response::to(&request.essentials, self.seen_from, status, Some(b"registrar"))
    }
}
