//! The REGISTER requests of one account (RFC 3261 §10.2). They share a Call-ID, and each has the
//! next CSeq.

use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;

use super::RegistrationConfig;
use crate::call::{new_branch, new_tag};
use crate::message::{CSeq, Essentials, HeaderName, Method, NameAddr, Request, Via};
use crate::{Flow, Transport, Uri};

/// What stays the same as long as the endpoint lives, and the CSeq, which counts.
#[derive(Debug)]
pub(super) struct Sequence {
    call_id: Vec<u8>,
    tag: Vec<u8>,
    cseq: u32,
}

/// What one REGISTER asks for.
#[derive(Clone, Debug)]
pub(super) struct Wish<'a> {
    pub(super) flow: Flow,
    /// The address to write into Via: ours.
    pub(super) local: SocketAddr,
    pub(super) contact: &'a Uri,
    /// Zero takes the binding away.
    pub(super) expires: Duration,
    /// A Contact of before, which goes.
    pub(super) instead_of: Option<&'a Uri>,
    pub(super) user_agent: &'a str,
}

impl Sequence {
    pub(super) fn new(rng: &mut StdRng) -> Self {
        Self { call_id: [new_tag(rng), new_tag(rng)].concat(), tag: new_tag(rng), cseq: 0 }
    }

    /// The next REGISTER, without credentials.
    pub(super) fn next(
        &mut self,
        config: &RegistrationConfig,
        wish: &Wish<'_>,
        rng: &mut StdRng,
    ) -> Request {
        // Below 2^31 (§8.1.1.5). With one request a second it gets there after 68 years.
        self.cseq = self.cseq % ((1 << 31) - 1) + 1;
        let method = Method::register();
        let essentials = Essentials {
            via: Via::ours(wish.flow.transport(), wish.local, &new_branch(rng)),
            lower_vias: Vec::new(),
            from: NameAddr::ours(&config.address_of_record, Some(&self.tag)),
            to: NameAddr::ours(&config.address_of_record, None),
            call_id: self.call_id.clone(),
            cseq: CSeq { number: self.cseq, method },
        };
        let seconds = wish.expires.as_secs().to_string();
        let request = Request::new(config.registrar.clone(), essentials);
        let request = match &config.outbound_proxy {
            Some(proxy) => request.with(HeaderName::Route, format!("<{proxy}>")),
            None => request,
        };
        let request =
            request.with(HeaderName::Contact, format!("<{}>;expires={seconds}", wish.contact));
        let request = match wish.instead_of {
            Some(gone) => request.with(HeaderName::Contact, format!("<{gone}>;expires=0")),
            None => request,
        };
        let request = request
            .with(HeaderName::Expires, seconds)
            .with(HeaderName::Supported, "path")
            .with(HeaderName::Allow, Method::ALLOWED);
        if wish.user_agent.is_empty() {
            return request;
        }
        request.with(HeaderName::UserAgent, wish.user_agent)
    }
}

/// Our Contact at an address. The user part is as it stands in the address of record, escapes
/// included.
pub(super) fn contact(config: &RegistrationConfig, transport: Transport, at: SocketAddr) -> Uri {
    let user = config.address_of_record.as_str().split_once(':').and_then(|(_, rest)| {
        rest.rsplit_once('@').map(|(userinfo, _)| userinfo.split(':').next().unwrap_or_default())
    });
    let plain = Uri::reached_over(transport, at);
    match (user, plain.as_str().split_once(':')) {
        (Some(user), Some((scheme, rest))) => {
            Uri::parse(&format!("{scheme}:{user}@{rest}")).unwrap_or(plain)
        }
        (None, _) | (Some(_), None) => plain,
    }
}
