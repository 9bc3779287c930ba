//! Which peers have to prove who they are, by digest (RFC 3261 §22.2). Only an INVITE outside a
//! dialog is asked: it is what costs, and what follows it has to know the tags.

use super::Endpoint;
use crate::message::{HeaderName, Request, Response};
use crate::transaction::key::PeerIndex;
use crate::{Flow, StatusCode};

impl Endpoint {
    /// A 401 with challenges, if this peer has users and the request proves none of them.
    pub(super) fn unproven(
        &mut self,
        peer: PeerIndex,
        request: &Request,
        flow: Flow,
    ) -> Option<Response> {
        let peer = &self.peers[peer.0];
        if peer.users.is_empty() {
            return None;
        }
        let refusal = self.verifier.check(self.now, &peer.name, &peer.users, request).err()?;
        let challenges = self.verifier.challenges(self.now, &peer.name, refusal, &mut self.rng);
        let response = self.final_response(request, flow, StatusCode::UNAUTHORIZED);
        Some(challenges.into_iter().fold(response, |response, challenge| {
            response.with(HeaderName::WwwAuthenticate, challenge)
        }))
    }
}
