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

#[cfg(test)]
mod tests {
    use super::*;

    const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::Pcma, Codec::G722];

    /// What spandsp 0.0.6 makes of [`tones`].
    const TONES_BY_SPANDSP: [&str; 6] = [
        "b714b4a004a0a02022b8138e921eb0aa2ebb9410937e31ac303c951154be31eeb13cd6d316fff270",
        "b2fd5693587eb37072bd57d3d83ff4ef34fdd714d67c33b0725f985358ff3371f33ed6d518fff270",
        "b2ff5694583ef22f75fb1655d97df2af35fc5a14d67a74adf35e9b56d6bc73f2b27ed7d814bff270",
        "f1fc58931b1ff372f5b858d1d91f737233ffdd12d97e76ae727c9e5555fc32f1af7f9d97d89ef06e",
        "f37719db1b5ff06d73b87f95db7df2ad30f47fd49a7873aeee77fc1c56f236eceb7bfa9e5eb86e2f",
        "ed717dbe5cf9ad6c6ef23ddefd3cf0ea74afdd5d9d7a34eb3375f757ffbd32f1ecf59ddc16f87377",
    ];

    fn decode(codec: Codec, payload: &[u8]) -> Vec<i16> {
        let mut samples = Vec::new();
        Decoder::new(codec).decode(payload, &mut samples);
        samples
    }

    fn encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
        let mut payload = Vec::new();
        Encoding::new(codec).encode(samples, &mut payload);
        payload
    }

    /// Two tones, one for each band of G.722, at 16 kHz.
    fn tones(count: usize) -> Vec<i16> {
        let tone = |place: usize, hertz: f64| {
            (std::f64::consts::TAU * hertz * place as f64 / 16_000.0).sin()
        };
        (0..count)
            .map(|place| (8_000.0 * tone(place, 1_000.0) + 4_000.0 * tone(place, 5_200.0)) as i16)
            .collect()
    }

    /// How much louder the sound is than what is wrong with it, in decibels. The two filters of
    /// G.722 delay it by 22 samples.
    fn clarity(original: &[i16], decoded: &[i16]) -> f64 {
        let (mut sound, mut error) = (0.0, 0.0);
        for (original, decoded) in original.iter().zip(&decoded[22..]).skip(160) {
            sound += f64::from(*original).powi(2);
            error += (f64::from(*original) - f64::from(*decoded)).powi(2);
        }
        10.0 * (sound / error).log10()
    }

    #[test]
    fn both_laws_know_their_silence_and_their_extremes() {
        assert_eq!(decode(Codec::Pcmu, &[0xff, 0x7f, 0x00, 0x80]), [0, 0, -32124, 32124]);
        assert_eq!(decode(Codec::Pcma, &[0xd5, 0x55, 0x2a, 0xaa]), [8, -8, -32256, 32256]);
    }

    #[test]
    fn what_was_decoded_is_encoded_to_the_same_sample_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        for codec in [Codec::Pcmu, Codec::Pcma] {
            let samples = decode(codec, &bytes);
            assert_eq!(decode(codec, &encode(codec, &samples)), samples, "{codec:?}");
        }
    }

    #[test]
    fn g722_of_another_encoder_is_heard_as_clearly_as_our_own() {
        let payload = crate::rtp::srtp::hex(&TONES_BY_SPANDSP.concat());
        let original = tones(480);
        for payload in [payload, encode(Codec::G722, &original)] {
            let clarity = clarity(&original, &decode(Codec::G722, &payload));
            assert!(clarity > 20.0, "{clarity}");
        }
    }

    #[test]
    fn one_byte_is_one_tick_and_any_bytes_are_sound() {
        let bytes: Vec<u8> = (0..=255).rev().chain(0..=255).cycle().take(20_000).collect();
        for codec in CODECS {
            let samples_per_tick = Decoder::new(codec).samples_per_tick();
            assert_eq!(decode(codec, &bytes).len(), bytes.len() * samples_per_tick, "{codec:?}");
            assert_eq!(codec.sample_rate() as usize, 8_000 * samples_per_tick);
            assert_eq!(encode(codec, &vec![100; 160 * samples_per_tick]).len(), 160);
        }
    }

    #[test]
    fn silence_is_silent() {
        for codec in CODECS {
            let samples = decode(codec, &[silent_byte(codec); 1_600]);
            assert!(samples.iter().all(|sample| sample.abs() <= 8), "{codec:?}");
        }
    }
}
