//! What may be settled with a peer: its codecs, its encryption, and how far its addresses are
//! believed.

use super::Codec;

/// The terms of one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPolicy {
    /// Codecs that may be settled. Their order is that of our offers; in an offer of the peer's,
    /// its own order decides.
    pub codecs: Vec<Codec>,
    /// Whether its audio is encrypted.
    pub srtp: SrtpPolicy,
    /// Whether its audio may come from an address that neither its description nor its signalling
    /// names, as it does behind a NAT.
    pub behind_nat: bool,
}

impl Default for MediaPolicy {
    fn default() -> Self {
        Self {
            codecs: vec![Codec::Pcmu, Codec::Pcma, Codec::G722],
            srtp: SrtpPolicy::Allowed,
            behind_nat: false,
        }
    }
}

/// Whether audio is encrypted by SRTP, with keys in the session description (RFC 4568). The keys
/// are as secret as the signalling they travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpPolicy {
    /// Never: an offer of it is turned down.
    Forbidden,
    /// If the peer offers it. Our own offers are of plain RTP.
    Allowed,
    /// Always: an offer of plain RTP is turned down.
    Required,
}
