//! Answering an offer (RFC 3264 §6): the first usable audio line gets one codec, every other line
//! is turned down.

use std::net::SocketAddr;

use rand::rngs::StdRng;

use super::crypto::{CryptoLine, MasterKey, SrtpKeys};
use super::parse::{Connection, MediaDescription, SessionDescription};
use super::{
    AudioLine, CLOCK_RATE, Codec, Direction, Layout, MediaPlan, MediaPolicy, Origin, Rtcp,
    SrtpPolicy,
};
use crate::error::PeerIncompatible;

/// An offer we can answer. Where our media arrives is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Negotiation {
    plan: MediaPlan,
    peer_origin: Option<String>,
    /// The protocol of the accepted line, verbatim.
    protocol: String,
    /// Our own key, with the tag of the line that was chosen.
    crypto: Option<CryptoLine>,
    layout: Layout,
}

impl Negotiation {
    /// Chooses from an offer: the codec and the key in use, if there are any and they still fit,
    /// or else the offerer's first codec that the policy allows and a fresh key.
    pub(crate) fn of_offer(
        offer: &SessionDescription,
        policy: &MediaPolicy,
        in_use: Option<&MediaPlan>,
        rng: &mut StdRng,
    ) -> Result<Self, PeerIncompatible> {
        let mut refusal = PeerIncompatible::NoAudio;
        for (accepted, line) in offer.media.iter().enumerate() {
            let agreed = plan(offer, line, &policy.codecs, in_use.map(|plan| plan.codec))
                .and_then(|plan| Ok((plan, choose_crypto(line, policy.srtp, in_use, rng)?)));
            match agreed {
                Ok((plan, crypto)) => {
                    let (srtp, crypto) = crypto.unzip();
                    return Ok(Self {
                        plan: MediaPlan { srtp, ..plan },
                        peer_origin: offer.origin.clone(),
                        protocol: line.protocol.clone(),
                        crypto,
                        layout: Layout::around(accepted, &offer.media),
                    });
                }
                // What is wrong with a line of audio says more than that another is none.
                Err(PeerIncompatible::NoAudio) => {}
                Err(reason) => refusal = reason,
            }
        }
        Err(refusal)
    }

    pub(crate) fn plan(&self) -> &MediaPlan {
        &self.plan
    }

    /// The `o=` line of the offer.
    pub(crate) fn peer_origin(&self) -> Option<&str> {
        self.peer_origin.as_deref()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The answer: as many `m=` lines as the offer has, in its order.
    pub(crate) fn answer(&self, origin: Origin, media_address: SocketAddr) -> Vec<u8> {
        let audio = AudioLine {
            port: media_address.port(),
            protocol: &self.protocol,
            codecs: &[(self.plan.payload_type, self.plan.codec)],
            comfort_noise: self.plan.comfort_noise,
            telephone_event: self.plan.telephone_event,
            packet_time: self.plan.packet_time,
            direction: self.plan.direction,
            rtcp_mux: self.plan.rtcp == Rtcp::Muxed,
            crypto: self.crypto.as_slice(),
        };
        self.layout.describe(origin, media_address, &audio).into_bytes()
    }
}

impl Layout {
    fn around(accepted: usize, lines: &[MediaDescription]) -> Self {
        let turned_down = |lines: &[MediaDescription]| lines.iter().map(turned_down).collect();
        Self {
            before: turned_down(lines.get(..accepted).unwrap_or_default()),
            after: turned_down(lines.get(accepted + 1..).unwrap_or_default()),
        }
    }
}

/// Port 0, and the formats as they were offered (RFC 3264 §6).
fn turned_down(line: &MediaDescription) -> String {
    let formats = if line.formats.is_empty() { "0".to_owned() } else { line.formats.join(" ") };
    format!("m={} 0 {} {formats}\r\n", line.kind, line.protocol)
}

/// The keys of a line and our part of them: the first `a=crypto` that we can use (RFC 4568
/// §5.1.2). `None` for plain RTP.
fn choose_crypto(
    line: &MediaDescription,
    policy: SrtpPolicy,
    in_use: Option<&MediaPlan>,
    rng: &mut StdRng,
) -> Result<Option<(SrtpKeys, CryptoLine)>, PeerIncompatible> {
    match (line.profile(), policy) {
        (Some(Profile::Plain), SrtpPolicy::Forbidden | SrtpPolicy::Allowed) => return Ok(None),
        (Some(Profile::Secure), SrtpPolicy::Allowed | SrtpPolicy::Required) => {}
        (Some(Profile::Plain), SrtpPolicy::Required)
        | (Some(Profile::Secure), SrtpPolicy::Forbidden)
        | (None, _) => return Err(PeerIncompatible::Encryption),
    }
    let offered = line.crypto.first().ok_or(PeerIncompatible::Encryption)?;
    let in_use = in_use.and_then(|plan| plan.srtp.as_ref());
    let local = match in_use.filter(|keys| keys.suite == offered.suite) {
        Some(keys) => keys.local.clone(),
        None => MasterKey::random(rng),
    };
    let keys = SrtpKeys { suite: offered.suite, local: local.clone(), remote: offered.key.clone() };
    Ok(Some((keys, CryptoLine { key: local, ..*offered })))
}

/// What we make of one line of the peer's, whether it is an offer or an answer, apart from keys.
pub(super) fn plan(
    session: &SessionDescription,
    line: &MediaDescription,
    allowed: &[Codec],
    in_use: Option<Codec>,
) -> Result<MediaPlan, PeerIncompatible> {
    let is_audio = line.kind.eq_ignore_ascii_case("audio") && line.profile().is_some();
    let connection = line.connection.or(session.connection).filter(|_| is_audio && line.port != 0);
    let Some(Connection::Address(address)) = connection else {
        return Err(PeerIncompatible::NoAudio);
    };
    let mut codecs = line
        .payload_types()
        .filter_map(|number| Some((number, line.codec(number)?)))
        .filter(|(_, codec)| allowed.contains(codec));
    let kept = codecs.clone().find(|(_, codec)| Some(*codec) == in_use);
    let (payload_type, codec) =
        kept.or_else(|| codecs.next()).ok_or(PeerIncompatible::NoCommonCodec)?;
    let direction = line.direction.or(session.direction).unwrap_or(Direction::SendRecv);
    let direction =
        if address.is_unspecified() { direction.without_receiving() } else { direction };
    let payload_type_of = |name| line.payload_types().find(|number| line.is_named(*number, name));
    // Comfort noise has a static payload type as well (RFC 3389 §4).
    let static_noise = || line.payload_types().find(|number| *number == COMFORT_NOISE);
    Ok(MediaPlan {
        remote: SocketAddr::new(address, line.port),
        rtcp: line.rtcp_address(SocketAddr::new(address, line.port)),
        codec,
        payload_type,
        telephone_event: payload_type_of("telephone-event"),
        comfort_noise: payload_type_of("CN").or_else(static_noise),
        packet_time: line.packet_time,
        direction: direction.reversed(),
        srtp: None,
    })
}

/// The static payload type of comfort noise.
pub(crate) const COMFORT_NOISE: u8 = 13;

/// Whether the audio of a line is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    Plain,
    Secure,
}

impl MediaDescription {
    /// `None` for what is no RTP, and for RTP whose keys come by DTLS. The profiles with feedback
    /// (RFC 4585) promise that it is understood, not that there is any.
    pub(super) fn profile(&self) -> Option<Profile> {
        match self.protocol.to_ascii_uppercase().as_str() {
            "RTP/AVP" | "RTP/AVPF" => Some(Profile::Plain),
            "RTP/SAVP" | "RTP/SAVPF" => Some(Profile::Secure),
            _ => None,
        }
    }

    /// RTCP goes to the port above that of RTP, if nothing else is said (RFC 3550 §11).
    fn rtcp_address(&self, rtp: SocketAddr) -> Rtcp {
        if self.rtcp_mux {
            return Rtcp::Muxed;
        }
        let port_above = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
        Rtcp::Separate(self.rtcp.map_or(port_above, |line| {
            SocketAddr::new(line.address.unwrap_or(rtp.ip()), line.port)
        }))
    }

    /// The payload types of the line, in the peer's order of preference.
    fn payload_types(&self) -> impl Iterator<Item = u8> + Clone {
        self.formats.iter().filter_map(|format| format.parse().ok()).filter(|number| *number < 128)
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        let ours = [Codec::Pcmu, Codec::Pcma, Codec::G722];
        match self.encodings.iter().find(|encoding| encoding.payload_type == payload_type) {
            Some(encoding) if encoding.clock_rate == CLOCK_RATE && encoding.channels == 1 => ours
                .into_iter()
                .find(|codec| encoding.name.eq_ignore_ascii_case(codec.encoding_name())),
            Some(_) => None,
            None => ours.into_iter().find(|codec| codec.static_payload_type() == payload_type),
        }
    }

    fn is_named(&self, payload_type: u8, name: &str) -> bool {
        self.encodings.iter().any(|encoding| {
            encoding.payload_type == payload_type
                && encoding.name.eq_ignore_ascii_case(name)
                && encoding.clock_rate == CLOCK_RATE
        })
    }
}
