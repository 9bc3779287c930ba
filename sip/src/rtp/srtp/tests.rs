//! Packets protected and not, altered, repeated, out of order. The keys' own tests have the vectors
//! of RFC 3711.

use super::*;

const SUITES: [SrtpSuite; 2] = [SrtpSuite::AesCm128HmacSha1Tag80, SrtpSuite::AesCm128HmacSha1Tag32];

pub(in crate::rtp) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn key() -> MasterKey {
    let key = hex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6");
    MasterKey::new(key.try_into().unwrap())
}

fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend([7; 20]);
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet
}

/// The protected packets of a stream that begins at `first`.
fn protected(suite: SrtpSuite, ssrc: u32, first: u16, count: u16) -> Vec<Vec<u8>> {
    let mut outbound = Outbound::new(suite, &key());
    let packets = (0..count).map(|place| {
        let mut packet = rtp(ssrc, first.wrapping_add(place));
        outbound.protect(&mut packet);
        packet
    });
    packets.collect()
}

fn unprotect(inbound: &mut Inbound, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    inbound.unprotect(&mut packet.to_vec()).map(<[u8]>::to_vec)
}

#[test]
fn whole_packets_are_those_that_other_implementations_make() {
    let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let secure =
        hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    let mut packet = plain.clone();
    Outbound::new(SUITES[0], &key()).protect(&mut packet);
    assert_eq!(packet, secure);
    assert_eq!(unprotect(&mut Inbound::new(SUITES[0], &key()), &secure), Ok(plain));

    let plain = hex("81c8000bcafebabe abababababababababababababababab");
    let secure =
        hex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798");
    let mut packet = plain.clone();
    Outbound::new(SUITES[1], &key()).protect_rtcp(&mut packet);
    assert_eq!(packet, secure);
    let unprotected =
        Inbound::new(SUITES[1], &key()).unprotect_rtcp(&mut packet).map(<[u8]>::to_vec);
    assert_eq!(unprotected, Ok(plain));
}

#[test]
fn streams_are_followed_over_the_wrap_in_any_order() {
    for suite in SUITES {
        let mut packets = protected(suite, 1, 65_500, 100);
        // Neighbours change places, also those at the wrap.
        for pair in packets.chunks_mut(2) {
            pair.swap(0, 1);
        }
        packets.swap(20, 60);
        let mut inbound = Inbound::new(suite, &key());
        let sequences: Vec<u16> = packets
            .iter()
            .map(|packet| sequence_and_ssrc(&unprotect(&mut inbound, packet).unwrap()).0)
            .collect();
        let mut sorted = sequences.clone();
        sorted.sort_by_key(|sequence| sequence.wrapping_sub(65_500));
        assert_eq!(
            sorted,
            (0..100).map(|place| 65_500_u16.wrapping_add(place)).collect::<Vec<_>>()
        );
        assert_ne!(sequences, sorted);
    }
}

#[test]
fn a_long_stream_is_followed_through_many_cycles() {
    let mut outbound = Outbound::new(SUITES[1], &key());
    let mut inbound = Inbound::new(SUITES[1], &key());
    for count in 0..150_000_u32 {
        let plain = rtp(1, (count & 0xffff) as u16);
        let mut packet = plain.clone();
        outbound.protect(&mut packet);
        // Nearly all are lost.
        if count % 1_000 == 0 {
            assert_eq!(unprotect(&mut inbound, &packet), Ok(plain), "{count}");
        }
    }
}

#[test]
fn a_packet_counts_once() {
    for suite in SUITES {
        let mut inbound = Inbound::new(suite, &key());
        for packet in &protected(suite, 1, 10, 3) {
            assert!(unprotect(&mut inbound, packet).is_ok());
            assert_eq!(unprotect(&mut inbound, packet), Err(SrtpError::Replayed));
        }
        let mut packet = rtcp(1);
        Outbound::new(suite, &key()).protect_rtcp(&mut packet);
        assert!(inbound.unprotect_rtcp(&mut packet.clone()).is_ok());
        assert_eq!(inbound.unprotect_rtcp(&mut packet), Err(SrtpError::Replayed));
    }
}

#[test]
fn an_altered_packet_is_refused_and_changes_nothing() {
    for suite in SUITES {
        let packets = protected(suite, 1, 65_534, 4);
        let mut inbound = Inbound::new(suite, &key());
        assert!(unprotect(&mut inbound, &packets[0]).is_ok());
        for at in 0..packets[1].len() {
            let mut altered = packets[1].clone();
            altered[at] ^= 0x10;
            assert!(unprotect(&mut inbound, &altered).is_err(), "byte {at}");
        }
        assert_eq!(inbound.sources.len(), 1);
        for packet in &packets[1..] {
            assert!(unprotect(&mut inbound, packet).is_ok());
        }
        assert!(
            unprotect(&mut Inbound::new(suite, &MasterKey::new([1; 30])), &packets[0]).is_err()
        );
    }
}

#[test]
fn altered_rtcp_is_refused_and_so_is_rtcp_that_is_not_encrypted() {
    let mut secure = rtcp(1);
    Outbound::new(SUITES[0], &key()).protect_rtcp(&mut secure);
    let mut inbound = Inbound::new(SUITES[0], &key());
    for at in 0..secure.len() {
        let mut altered = secure.clone();
        altered[at] ^= 1;
        assert_eq!(inbound.unprotect_rtcp(&mut altered), Err(SrtpError::Authentication), "{at}");
    }
    let mut open = rtcp(1);
    open.extend(1_u32.to_be_bytes());
    let tag = SessionKeys::derive(&key(), Purpose::Rtcp).tag(&[&open]);
    open.extend(&tag[..RTCP_TAG]);
    assert_eq!(inbound.unprotect_rtcp(&mut open), Err(SrtpError::Unencrypted));
    assert!(inbound.sources.is_empty());
}

#[test]
fn another_source_has_a_count_of_its_own_and_there_are_not_too_many() {
    let mut inbound = Inbound::new(SUITES[0], &key());
    for ssrc in 0..16 {
        for packet in protected(SUITES[0], ssrc, 100, 2) {
            assert!(unprotect(&mut inbound, &packet).is_ok());
        }
    }
    let first_again = &protected(SUITES[0], 0, 100, 3)[2];
    assert!(unprotect(&mut inbound, first_again).is_ok());
    let one_more = &protected(SUITES[0], 16, 100, 1)[0];
    assert_eq!(unprotect(&mut inbound, one_more), Err(SrtpError::TooManySources));
}

#[test]
fn what_is_too_short_is_refused() {
    for suite in SUITES {
        let mut inbound = Inbound::new(suite, &key());
        let whole = &protected(suite, 1, 1, 1)[0];
        for length in 0..RTP_HEADER + suite.rtp_tag() {
            assert_eq!(unprotect(&mut inbound, &whole[..length]), Err(SrtpError::TooShort));
        }
        // More sources and a longer extension than there is packet.
        for first in [0x8f, 0x90] {
            let mut packet = whole.clone();
            packet[0] = first;
            packet[RTP_HEADER + 2] = 0xff;
            assert_eq!(unprotect(&mut inbound, &packet), Err(SrtpError::TooShort));
        }
        for length in 0..RTCP_HEADER + RTCP_INDEX + RTCP_TAG {
            assert_eq!(inbound.unprotect_rtcp(&mut vec![0; length]), Err(SrtpError::TooShort));
        }
    }
}

#[test]
fn neither_context_prints_its_keys() {
    let inbound = format!("{:?}", Inbound::new(SUITES[0], &key()));
    let outbound = format!("{:?}", Outbound::new(SUITES[0], &key()));
    for text in [inbound, outbound] {
        assert!(text.contains("rtp: ***") && text.contains("rtcp: ***"), "{text}");
    }
}
