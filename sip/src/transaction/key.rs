//! Which transaction a request belongs to (RFC 3261 §17.2.3), and which requests are one request
//! that came two ways (§8.2.2.2).

use crate::message::{Method, Request};

/// Where a peer stands in the list of peers: one peer cannot touch the transactions of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PeerIndex(pub(crate) usize);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServerKey {
    peer: PeerIndex,
    /// That of the request; INVITE for an ACK, and for a CANCEL that looks for its INVITE.
    method: Method,
    origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Origin {
    /// A branch with the magic cookie is unique together with the host that made it.
    Branch { branch: Vec<u8>, sent_by: Vec<u8> },
    /// RFC 2543: the request is told by its parts. The To tag is left out, since an ACK has one and
    /// its INVITE has none.
    Parts { uri: String, from_tag: Option<Vec<u8>>, call_id: Vec<u8>, cseq: u32, via: Vec<u8> },
}

impl ServerKey {
    pub(crate) fn of(request: &Request, peer: PeerIndex) -> Self {
        let method =
            if request.method == Method::Ack { Method::Invite } else { request.method.clone() };
        let essentials = &request.essentials;
        let origin = match essentials.via.unique_branch() {
            Some(branch) => Origin::Branch {
                // Tokens do not mind their case (§7.3.1).
                branch: branch.to_ascii_lowercase(),
                sent_by: essentials.via.sent_by().to_ascii_lowercase(),
            },
            None => Origin::Parts {
                uri: request.uri.to_string(),
                from_tag: essentials.from.tag().map(<[u8]>::to_vec),
                call_id: essentials.call_id.clone(),
                cseq: essentials.cseq.number,
                via: essentials.via.to_bytes(),
            },
        };
        Self { peer, method, origin }
    }

    /// The key of the INVITE that a CANCEL with this key is for (§9.2).
    pub(crate) fn of_cancelled_invite(&self) -> Self {
        Self { method: Method::Invite, ..self.clone() }
    }
}

/// A request that begins something, whichever way it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MergeKey {
    peer: PeerIndex,
    method: Method,
    from_tag: Option<Vec<u8>>,
    call_id: Vec<u8>,
    cseq: u32,
}

impl MergeKey {
    /// `None` for a request with a To tag, and for a CANCEL, whose CSeq is that of its INVITE.
    pub(crate) fn of(request: &Request, peer: PeerIndex) -> Option<Self> {
        let essentials = &request.essentials;
        if essentials.to.tag().is_some() || request.method == Method::Cancel {
            return None;
        }
        Some(Self {
            peer,
            method: request.method.clone(),
            from_tag: essentials.from.tag().map(<[u8]>::to_vec),
            call_id: essentials.call_id.clone(),
            cseq: essentials.cseq.number,
        })
    }
}
