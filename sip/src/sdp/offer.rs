//! Making an offer, and reading the answer to it (RFC 3264 §5, §7).

use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;

use super::answer::{Profile, plan};
use super::crypto::{CryptoLine, MasterKey, SrtpKeys, SrtpSuite};
use super::parse::{MediaDescription, parse};
use super::{AudioLine, Codec, Direction, Layout, MediaPlan, MediaPolicy, Origin, SrtpPolicy};
use crate::error::{NegotiationError, PeerMisbehaved};

/// Our offer: every codec of the policy and telephone-event on one line; SRTP where the policy
/// requires it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    origin: Origin,
    media_address: SocketAddr,
    codecs: Vec<Codec>,
    /// A key for each suite; none for plain RTP.
    crypto: Vec<CryptoLine>,
    telephone_event: u8,
    layout: Layout,
}

const TELEPHONE_EVENT: u8 = 101;
const PACKET_TIME: Duration = Duration::from_millis(20);

impl Offer {
    /// The offer that begins a session.
    pub(crate) fn first(
        origin: Origin,
        media_address: SocketAddr,
        policy: &MediaPolicy,
        rng: &mut StdRng,
    ) -> Self {
        let mut keys = || MasterKey::random(rng);
        let crypto = match policy.srtp {
            SrtpPolicy::Forbidden | SrtpPolicy::Allowed => Vec::new(),
            SrtpPolicy::Required => (1..)
                .zip(SrtpSuite::ALL)
                .map(|(tag, suite)| CryptoLine { tag, suite, key: keys() })
                .collect(),
        };
        Self {
            origin,
            media_address,
            codecs: policy.codecs.clone(),
            crypto,
            telephone_event: TELEPHONE_EVENT,
            layout: Layout::default(),
        }
    }

    /// A later offer of everything (RFC 3261 §14.2): with as many lines as the session has, and
    /// with the key in use, so that the stream goes on.
    pub(crate) fn later(
        origin: Origin,
        media_address: SocketAddr,
        policy: &MediaPolicy,
        in_use: &MediaPlan,
        layout: Layout,
    ) -> Self {
        let crypto = in_use.srtp.iter().map(|keys| CryptoLine {
            tag: 1,
            suite: keys.suite,
            key: keys.local.clone(),
        });
        Self {
            origin,
            media_address,
            codecs: policy.codecs.clone(),
            crypto: crypto.collect(),
            telephone_event: in_use.telephone_event.unwrap_or(TELEPHONE_EVENT),
            layout,
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let codecs: Vec<(u8, Codec)> =
            self.codecs.iter().map(|codec| (codec.static_payload_type(), *codec)).collect();
        let audio = AudioLine {
            port: self.media_address.port(),
            protocol: if self.crypto.is_empty() { "RTP/AVP" } else { "RTP/SAVP" },
            codecs: &codecs,
            // It would ask for pauses in what we want to hear.
            comfort_noise: None,
            telephone_event: Some(self.telephone_event),
            packet_time: Some(PACKET_TIME),
            direction: Direction::SendRecv,
            rtcp_mux: true,
            crypto: &self.crypto,
        };
        self.layout.describe(self.origin, self.media_address, &audio).into_bytes()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What the answer settled.
    pub(crate) fn settle(&self, answer: &[u8]) -> Result<MediaPlan, NegotiationError> {
        if answer.is_empty() {
            return Err(PeerMisbehaved::AnswerMissing.into());
        }
        let answer = parse(answer)?;
        if answer.media.len() != self.layout.len() {
            return Err(PeerMisbehaved::AnswerMismatch.into());
        }
        let line = &answer.media[self.layout.before.len()];
        let plan = plan(&answer, line, &self.codecs, None)?;
        // An answer may only choose among what was offered; we offered static payload types.
        if plan.payload_type != plan.codec.static_payload_type() {
            return Err(PeerMisbehaved::AnswerMismatch.into());
        }
        Ok(MediaPlan { srtp: self.settle_crypto(line)?, ..plan })
    }

    /// The answer names one of our lines by its tag and brings the peer's key (RFC 4568 §5.1.3).
    fn settle_crypto(&self, line: &MediaDescription) -> Result<Option<SrtpKeys>, PeerMisbehaved> {
        match (line.profile(), self.crypto.is_empty()) {
            (Some(Profile::Plain), true) => return Ok(None),
            (Some(Profile::Secure), false) => {}
            (Some(Profile::Plain), false) | (Some(Profile::Secure), true) | (None, _) => {
                return Err(PeerMisbehaved::AnswerMismatch);
            }
        }
        let [chosen] = line.crypto.as_slice() else {
            return Err(PeerMisbehaved::AnswerMismatch);
        };
        let ours = self
            .crypto
            .iter()
            .find(|ours| ours.tag == chosen.tag && ours.suite == chosen.suite)
            .ok_or(PeerMisbehaved::AnswerMismatch)?;
        Ok(Some(SrtpKeys {
            suite: ours.suite,
            local: ours.key.clone(),
            remote: chosen.key.clone(),
        }))
    }
}
