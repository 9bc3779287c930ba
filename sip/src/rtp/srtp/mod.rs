//! SRTP and SRTCP (RFC 3711) with the suites of RFC 4568 §6.2: AES in counter mode, HMAC-SHA1.
//! [`Inbound`] takes protection off, [`Outbound`] puts it on; one of each for a call. A packet
//! changes nothing before it is authenticated.

mod keys;
mod replay;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::hex;

use thiserror::Error;

use crate::{MasterKey, SrtpSuite};
use keys::{Purpose, SessionKeys};
use replay::ReplayWindow;

/// Why a packet was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SrtpError {
    #[error("too short to be protected")]
    TooShort,
    #[error("the tag is wrong: the packet was altered, or is of another key")]
    Authentication,
    #[error("the packet came before, or is too old to tell")]
    Replayed,
    #[error("the packet is not encrypted")]
    Unencrypted,
    #[error("more sources than one call has")]
    TooManySources,
}

/// Sources under one key. A peer begins anew with another one now and then; one that does it more
/// often is not followed. None is forgotten, or its packets could be played again.
const MAX_SOURCES: usize = 16;

/// Bytes of a tag of 80 bits, which RTCP always has (RFC 4568 §6.2.2).
const RTCP_TAG: usize = 10;
/// The fixed part of an RTP header (RFC 3550 §5.1).
const RTP_HEADER: usize = 12;
/// What of RTCP is not encrypted: the first header and SSRC.
const RTCP_HEADER: usize = 8;
/// The flag and the index behind an RTCP packet.
const RTCP_INDEX: usize = 4;
/// Set in front of the index of a packet that is encrypted.
const ENCRYPTED: u32 = 1 << 31;

impl SrtpSuite {
    /// Bytes of the tag of an RTP packet.
    fn rtp_tag(self) -> usize {
        match self {
            Self::AesCm128HmacSha1Tag80 => 10,
            Self::AesCm128HmacSha1Tag32 => 4,
        }
    }
}

/// What the peer sends under its key.
#[derive(Debug)]
pub(crate) struct Inbound {
    suite: SrtpSuite,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    sources: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    ssrc: u32,
    rtp: ReplayWindow,
    rtcp: ReplayWindow,
}

impl Inbound {
    pub(crate) fn new(suite: SrtpSuite, key: &MasterKey) -> Self {
        Self {
            suite,
            rtp: SessionKeys::derive(key, Purpose::Rtp),
            rtcp: SessionKeys::derive(key, Purpose::Rtcp),
            sources: Vec::new(),
        }
    }

    /// Authenticates an SRTP packet, decrypts it in place, and gives the RTP packet in it (§3.3).
    pub(crate) fn unprotect<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], SrtpError> {
        let length = packet.len().checked_sub(self.suite.rtp_tag()).ok_or(SrtpError::TooShort)?;
        let (packet, tag) = packet.split_at_mut(length);
        let payload_at = payload_offset(packet).ok_or(SrtpError::TooShort)?;
        let (sequence, ssrc) = sequence_and_ssrc(packet);
        let window = self.source(ssrc).map_or_else(ReplayWindow::default, |source| source.rtp);
        let index = window.index_of(sequence).ok_or(SrtpError::Replayed)?;
        let window = window.with(index).ok_or(SrtpError::Replayed)?;
        // The count of cycles is authenticated with the packet although it is not in it (§4.2).
        let cycles = cycles(index).to_be_bytes();
        self.rtp.verify(&[packet, &cycles], tag)?;
        self.admit(ssrc)?.rtp = window;
        self.rtp.apply_keystream(ssrc, index, &mut packet[payload_at..]);
        Ok(packet)
    }

    /// The same for a compound RTCP packet (§3.4).
    pub(crate) fn unprotect_rtcp<'a>(
        &mut self,
        packet: &'a mut [u8],
    ) -> Result<&'a [u8], SrtpError> {
        let length = packet.len().checked_sub(RTCP_TAG).ok_or(SrtpError::TooShort)?;
        let (packet, tag) = packet.split_at_mut(length);
        let length = packet.len().checked_sub(RTCP_INDEX).ok_or(SrtpError::TooShort)?;
        if length < RTCP_HEADER {
            return Err(SrtpError::TooShort);
        }
        let ssrc = read_u32(packet, 4);
        let flag_and_index = read_u32(packet, length);
        let index = u64::from(flag_and_index & !ENCRYPTED);
        let window = self.source(ssrc).map_or_else(ReplayWindow::default, |source| source.rtcp);
        let window = window.with(index).ok_or(SrtpError::Replayed)?;
        self.rtcp.verify(&[packet], tag)?;
        if flag_and_index & ENCRYPTED == 0 {
            return Err(SrtpError::Unencrypted);
        }
        self.admit(ssrc)?.rtcp = window;
        let packet = &mut packet[..length];
        self.rtcp.apply_keystream(ssrc, index, &mut packet[RTCP_HEADER..]);
        Ok(packet)
    }

    fn source(&self, ssrc: u32) -> Option<&Source> {
        self.sources.iter().find(|source| source.ssrc == ssrc)
    }

    /// The source of a packet that was authenticated.
    fn admit(&mut self, ssrc: u32) -> Result<&mut Source, SrtpError> {
        let known = self.sources.iter().position(|source| source.ssrc == ssrc);
        let at = match known {
            Some(at) => at,
            None if self.sources.len() < MAX_SOURCES => {
                let (rtp, rtcp) = (ReplayWindow::default(), ReplayWindow::default());
                self.sources.push(Source { ssrc, rtp, rtcp });
                self.sources.len() - 1
            }
            None => return Err(SrtpError::TooManySources),
        };
        Ok(&mut self.sources[at])
    }
}

/// What we send under our key: one source.
#[derive(Debug)]
pub(crate) struct Outbound {
    suite: SrtpSuite,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    last_index: Option<u64>,
    rtcp_index: u32,
}

impl Outbound {
    pub(crate) fn new(suite: SrtpSuite, key: &MasterKey) -> Self {
        Self {
            suite,
            rtp: SessionKeys::derive(key, Purpose::Rtp),
            rtcp: SessionKeys::derive(key, Purpose::Rtcp),
            last_index: None,
            rtcp_index: 0,
        }
    }

    /// Encrypts an RTP packet of ours in place and puts its tag behind it. Sequence numbers must
    /// rise by one from packet to packet.
    pub(crate) fn protect(&mut self, packet: &mut Vec<u8>) {
        let Some(payload_at) = payload_offset(packet) else {
            return;
        };
        let (sequence, ssrc) = sequence_and_ssrc(packet);
        let index = match self.last_index {
            None => u64::from(sequence),
            Some(last) => last + 1,
        };
        self.last_index = Some(index);
        self.rtp.apply_keystream(ssrc, index, &mut packet[payload_at..]);
        let tag = self.rtp.tag(&[packet, &cycles(index).to_be_bytes()]);
        packet.extend_from_slice(&tag[..self.suite.rtp_tag()]);
    }

    /// Encrypts a compound RTCP packet of ours and puts index and tag behind it.
    pub(crate) fn protect_rtcp(&mut self, packet: &mut Vec<u8>) {
        if packet.len() < RTCP_HEADER {
            return;
        }
        let ssrc = read_u32(packet, 4);
        self.rtcp_index = (self.rtcp_index + 1) & !ENCRYPTED;
        let index = self.rtcp_index;
        self.rtcp.apply_keystream(ssrc, u64::from(index), &mut packet[RTCP_HEADER..]);
        packet.extend_from_slice(&(index | ENCRYPTED).to_be_bytes());
        let tag = self.rtcp.tag(&[packet]);
        packet.extend_from_slice(&tag[..RTCP_TAG]);
    }
}

/// How often the sequence number has begun anew (ROC, §3.3.1); an index has 48 bits.
fn cycles(index: u64) -> u32 {
    (index >> 16) as u32
}

/// Where the payload begins: behind the fixed header, the contributing sources and the extension,
/// none of which is encrypted (§3.1). `None` if they do not fit.
fn payload_offset(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let sources_end = RTP_HEADER + 4 * usize::from(first & 0x0f);
    let has_extension = first & 0x10 != 0;
    let end = if has_extension {
        let words = packet.get(sources_end + 2..sources_end + 4)?;
        sources_end + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]))
    } else {
        sources_end
    };
    (end <= packet.len()).then_some(end)
}

/// Of a packet that has a whole header.
fn sequence_and_ssrc(packet: &[u8]) -> (u16, u32) {
    (u16::from_be_bytes([packet[2], packet[3]]), read_u32(packet, 8))
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
