//! Our side of the session: what we said last, and what is said next (RFC 3264 §8).

use std::net::SocketAddr;

use rand::rngs::StdRng;

use crate::sdp::{self, Layout, MediaPlan, MediaPolicy, Negotiation, Offer, Origin};

/// The description we sent last.
#[derive(Clone, Debug)]
pub(super) struct OwnSession {
    origin: Origin,
    media_address: SocketAddr,
    description: Vec<u8>,
    layout: Layout,
    /// The `o=` line of the offer that `description` answers; `None` if it is an offer itself.
    answered_origin: Option<String>,
}

impl OwnSession {
    pub(super) fn description(&self) -> &[u8] {
        &self.description
    }

    /// The description that answers the offer of a first INVITE.
    pub(super) fn answer_to(
        offer: &Negotiation,
        origin: Origin,
        media_address: SocketAddr,
    ) -> Self {
        Self {
            origin,
            media_address,
            description: offer.answer(origin, media_address),
            layout: offer.layout().clone(),
            answered_origin: offer.peer_origin().map(str::to_owned),
        }
    }

    /// The description that is an offer to an INVITE without one.
    pub(super) fn offering(offer: &Offer, origin: Origin, media_address: SocketAddr) -> Self {
        Self {
            origin,
            media_address,
            description: offer.to_bytes(),
            layout: offer.layout().clone(),
            answered_origin: None,
        }
    }

    /// What an offer makes of a session that stands; `None` if it has nothing in common with us. An
    /// offer with the origin of the one that was answered is the same one (RFC 3264 §8).
    pub(super) fn answering_later(
        &self,
        media: &MediaPlan,
        offer: &[u8],
        policy: &MediaPolicy,
        rng: &mut StdRng,
    ) -> Option<(Self, MediaPlan)> {
        let offer = sdp::parse(offer).ok()?;
        if offer.origin.is_some() && offer.origin == self.answered_origin {
            return Some((self.clone(), media.clone()));
        }
        let negotiation = Negotiation::of_offer(&offer, policy, Some(media), rng).ok()?;
        Some((self.answering(&negotiation), negotiation.plan().clone()))
    }

    /// The description that answers this offer. Its version grows only if it says something new
    /// (RFC 3264 §8).
    fn answering(&self, offer: &Negotiation) -> Self {
        let same = Self::answer_to(offer, self.origin, self.media_address);
        if same.description == self.description {
            return same;
        }
        Self::answer_to(offer, self.next_origin(), self.media_address)
    }

    /// A full offer to a later INVITE without one (RFC 3261 §14.2).
    pub(super) fn offering_again(&self, policy: &MediaPolicy, in_use: &MediaPlan) -> (Self, Offer) {
        let offer =
            |origin| Offer::later(origin, self.media_address, policy, in_use, self.layout.clone());
        let same = offer(self.origin);
        let (offer, origin) = if same.to_bytes() == self.description {
            (same, self.origin)
        } else {
            (offer(self.next_origin()), self.next_origin())
        };
        (Self::offering(&offer, origin, self.media_address), offer)
    }

    fn next_origin(&self) -> Origin {
        Origin { version: self.origin.version + 1, ..self.origin }
    }
}
