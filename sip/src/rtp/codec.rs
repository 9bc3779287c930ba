//! The codecs of a line: bytes to samples and back. One byte is one tick of the timestamp with each
//! of them.

use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

use crate::Codec;

/// Decodes the audio of one stream. G.722 is adaptive: it remembers what came before.
pub(super) enum Decoder {
    Pcmu,
    Pcma,
    G722(Box<G722Decoder>),
}

impl Decoder {
    pub(super) fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::G722 => Self::G722(Box::new(G722Decoder::new())),
        }
    }

    pub(super) fn samples_per_tick(&self) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => 1,
            Self::G722(_) => 2,
        }
    }

    /// Puts the samples of a payload behind those in `samples`.
    pub(super) fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        match self {
            Self::Pcmu => samples.extend(payload.iter().map(|byte| decode_ulaw(*byte))),
            Self::Pcma => samples.extend(payload.iter().map(|byte| decode_alaw(*byte))),
            Self::G722(decoder) => {
                let begin = samples.len();
                samples.resize(begin + 2 * payload.len(), 0);
                // Two samples a byte, which is what there is room for: it cannot fail.
                let decoded = decoder.decode_frame_into(payload, &mut samples[begin..]);
                samples.truncate(begin + decoded.unwrap_or(0));
            }
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pcmu => "Pcmu",
            Self::Pcma => "Pcma",
            Self::G722(_) => "G722",
        })
    }
}

/// Encodes the audio of one stream.
pub(super) enum Encoding {
    Pcmu,
    Pcma,
    G722(Box<G722Encoder>),
}

impl Encoding {
    pub(super) fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
            Codec::G722 => Self::G722(Box::new(G722Encoder::new())),
        }
    }

    /// Puts the payload of these samples behind the bytes in `packet`.
    pub(super) fn encode(&mut self, samples: &[i16], packet: &mut Vec<u8>) {
        match self {
            Self::Pcmu => packet.extend(samples.iter().map(|sample| encode_ulaw(*sample))),
            Self::Pcma => packet.extend(samples.iter().map(|sample| encode_alaw(*sample))),
            Self::G722(encoder) => {
                let begin = packet.len();
                packet.resize(begin + encoder.max_encode_bytes(samples.len()), 0);
                let encoded = encoder.encode_into(samples, &mut packet[begin..]);
                packet.truncate(begin + encoded.unwrap_or(0));
            }
        }
    }
}

impl std::fmt::Debug for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pcmu => "Pcmu",
            Self::Pcma => "Pcma",
            Self::G722(_) => "G722",
        })
    }
}

/// The byte that is silence when it is repeated.
pub(super) fn silent_byte(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0xff,
        Codec::Pcma => 0xd5,
        // The smallest steps of both bands. It decodes to a steady level of three in 32,768.
        Codec::G722 => 0xff,
    }
}
