//! Dialogs (RFC 3261 §12): who the two ends are, in which order their requests come, and which way
//! ours take. Knows nothing of calls or sessions.

use crate::message::{
    CSeq, Essentials, HeaderName, Headers, Method, NameAddr, Request, Response, Via,
};
use crate::{Advertised, Flow, Scheme, Uri};

/// What tells a dialog from every other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DialogId {
    call_id: Vec<u8>,
    local_tag: Vec<u8>,
    /// Empty for a peer of RFC 2543 without tags.
    remote_tag: Vec<u8>,
}

impl DialogId {
    /// The dialog a request claims to be in; `None` without a To tag.
    pub(crate) fn of_request(essentials: &Essentials) -> Option<Self> {
        Some(Self {
            call_id: essentials.call_id.clone(),
            local_tag: essentials.to.tag()?.to_vec(),
            remote_tag: essentials.from.tag().unwrap_or_default().to_vec(),
        })
    }
}

/// What the peer asks of the way between us (§12.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// `sips:`: our Contact must be one too.
    EveryHop,
    /// Whatever the transport gives.
    OfTransport,
}

impl Security {
    /// That of the dialog an INVITE begins: its Request-URI tells, and its first Record-Route, or
    /// its Contact where there is none.
    fn of_invite(invite: &Request) -> Self {
        let first = [HeaderName::RecordRoute, HeaderName::Contact].into_iter().find_map(|name| {
            let value = invite.headers.list(&name).next()?;
            NameAddr::parse(value, "address").ok()?.uri().map(Uri::scheme)
        });
        match first {
            Some(Scheme::Sips) => Self::EveryHop,
            Some(Scheme::Sip | Scheme::Tel | Scheme::Other) | None => Self::of_target(&invite.uri),
        }
    }

    /// That of a call to this URI.
    pub(crate) fn of_target(target: &Uri) -> Self {
        match target.scheme() {
            Scheme::Sips => Self::EveryHop,
            Scheme::Sip | Scheme::Tel | Scheme::Other => Self::OfTransport,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Dialog {
    call_id: Vec<u8>,
    /// Our address with our tag: From of our requests.
    local: NameAddr,
    /// The peer's address with its tag: To of our requests.
    remote: NameAddr,
    local_cseq: u32,
    remote_cseq: u32,
    /// The peer's Contact: the Request-URI of our requests.
    remote_target: Uri,
    security: Security,
    /// Verbatim, in the order our requests take them.
    route_set: Vec<NameAddr>,
    /// The way the peer's last request came. This package resolves no names, so this is the next
    /// hop of our requests.
    next_hop: Flow,
}

impl Dialog {
    /// The dialog that a 2xx to this INVITE begins (§12.1.1). Without a readable Contact the From
    /// stands in for it.
    pub(crate) fn of_server(invite: &Request, flow: Flow, local_tag: &[u8]) -> Self {
        let essentials = &invite.essentials;
        let records = invite.headers.list(&HeaderName::RecordRoute);
        let fallback = essentials.from.uri().cloned();
        Self {
            call_id: essentials.call_id.clone(),
            local: essentials.to.tagged(local_tag),
            remote: essentials.from.clone(),
            local_cseq: 0,
            remote_cseq: essentials.cseq.number,
            remote_target: contact(&invite.headers)
                .or(fallback)
                .unwrap_or_else(|| Uri::from_address(flow.remote)),
            security: Security::of_invite(invite),
            route_set: records
                .filter_map(|record| NameAddr::parse(record, "Record-Route").ok())
                .collect(),
            next_hop: flow,
        }
    }

    /// The dialog that this 2xx to our INVITE begins (§12.1.2): the route set turned round.
    pub(crate) fn of_client(invite: &Request, answer: &Response, next_hop: Flow) -> Self {
        let records = answer.headers.list(&HeaderName::RecordRoute);
        let mut route_set: Vec<NameAddr> =
            records.filter_map(|record| NameAddr::parse(record, "Record-Route").ok()).collect();
        route_set.reverse();
        Self {
            call_id: invite.essentials.call_id.clone(),
            local: invite.essentials.from.clone(),
            remote: answer.essentials.to.clone(),
            local_cseq: invite.essentials.cseq.number,
            remote_cseq: 0,
            remote_target: contact(&answer.headers).unwrap_or_else(|| invite.uri.clone()),
            security: Security::of_target(&invite.uri),
            route_set,
            next_hop,
        }
    }

    pub(crate) fn id(&self) -> DialogId {
        DialogId {
            call_id: self.call_id.clone(),
            local_tag: self.local_tag().to_vec(),
            remote_tag: self.remote.tag().unwrap_or_default().to_vec(),
        }
    }

    /// Whether this is the peer's address with the peer's tag.
    pub(crate) fn is_with(&self, address: &NameAddr) -> bool {
        self.remote.tag() == address.tag()
    }

    pub(crate) fn security(&self) -> Security {
        self.security
    }

    pub(crate) fn local_tag(&self) -> &[u8] {
        self.local.tag().expect("the local address got a tag when the dialog was made")
    }

    /// Takes note of a request of the peer: whether it comes in order (§12.2.2). An ACK and a
    /// CANCEL are not asked.
    pub(crate) fn accept(&mut self, request: &Request, flow: Flow) -> Result<(), OutOfOrder> {
        if request.essentials.cseq.number < self.remote_cseq {
            return Err(OutOfOrder);
        }
        self.remote_cseq = request.essentials.cseq.number;
        self.next_hop = flow;
        Ok(())
    }

    /// An INVITE or an UPDATE that was accepted may move the peer (§12.2.2), and so may its 2xx to
    /// one of ours (§12.2.1.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(contact) = contact(headers) {
            self.remote_target = contact;
        }
    }

    /// Our next request in this dialog (§12.2.1.1), and where to send it.
    pub(crate) fn request(
        &mut self,
        method: Method,
        advertised: &Advertised,
        branch: &[u8],
    ) -> (Flow, Request) {
        self.local_cseq += 1;
        let cseq = CSeq { number: self.local_cseq, method };
        (self.next_hop, self.compose(cseq, advertised, branch))
    }

    /// The ACK to a 2xx to our INVITE (§13.2.2.4), and where to send it.
    pub(crate) fn ack(
        &self,
        invite_cseq: u32,
        advertised: &Advertised,
        branch: &[u8],
    ) -> (Flow, Request) {
        let cseq = CSeq { number: invite_cseq, method: Method::Ack };
        (self.next_hop, self.compose(cseq, advertised, branch))
    }

    fn compose(&self, cseq: CSeq, advertised: &Advertised, branch: &[u8]) -> Request {
        let essentials = Essentials {
            via: Via::ours(
                self.next_hop.transport(),
                advertised.address_for(&self.next_hop),
                branch,
            ),
            lower_vias: Vec::new(),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
        };
        let (uri, routes) = self.way();
        routes.into_iter().fold(Request::new(uri, essentials), |request, route| {
            request.with(HeaderName::Route, route)
        })
    }

    /// Request-URI and Route. A first hop without `lr` is a strict router: it wants itself in the
    /// Request-URI, and the target behind the last route.
    fn way(&self) -> (Uri, Vec<Vec<u8>>) {
        let verbatim = |route: &NameAddr| route.as_bytes().to_vec();
        match self.route_set.split_first().map(|(first, others)| (first.uri(), others)) {
            Some((Some(strict), others)) if strict.parameter("lr").is_none() => {
                let target = NameAddr::ours(&self.remote_target, None);
                (strict.clone(), others.iter().map(verbatim).chain([verbatim(&target)]).collect())
            }
            Some(_) | None => {
                (self.remote_target.clone(), self.route_set.iter().map(verbatim).collect())
            }
        }
    }
}

/// A request whose CSeq is lower than one seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder;

fn contact(headers: &Headers) -> Option<Uri> {
    let contact = NameAddr::parse(headers.list(&HeaderName::Contact).next()?, "Contact").ok()?;
    contact.uri().cloned()
}
