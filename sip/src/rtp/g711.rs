//! G.711 (ITU-T G.711): one byte, one sample.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

use crate::Codec;

pub(super) fn decode(codec: Codec, payload: &[u8]) -> Vec<i16> {
    let decode = match codec {
        Codec::Pcmu => decode_ulaw,
        Codec::Pcma => decode_alaw,
    };
    payload.iter().map(|byte| decode(*byte)).collect()
}

pub(super) fn encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
    let encode = match codec {
        Codec::Pcmu => encode_ulaw,
        Codec::Pcma => encode_alaw,
    };
    samples.iter().map(|sample| encode(*sample)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
