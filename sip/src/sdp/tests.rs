//! Offers and the answers to them.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::error::{NegotiationError, PeerIncompatible, PeerMisbehaved};
use crate::simulation::long_seed;

const SESSION: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

const KEY: &str = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const OTHER_KEY: &str = "inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj";

fn rng() -> StdRng {
    StdRng::from_seed(long_seed(1))
}

fn negotiate(media: &str) -> Result<Negotiation, PeerIncompatible> {
    negotiate_by(&MediaPolicy::default(), media, None)
}

fn negotiate_by(
    policy: &MediaPolicy,
    media: &str,
    in_use: Option<&MediaPlan>,
) -> Result<Negotiation, PeerIncompatible> {
    let offer = parse(format!("{SESSION}{media}").as_bytes()).unwrap();
    Negotiation::of_offer(&offer, policy, in_use, &mut rng())
}

fn required() -> MediaPolicy {
    MediaPolicy { srtp: SrtpPolicy::Required, ..MediaPolicy::default() }
}

fn offer_by(policy: &MediaPolicy) -> Offer {
    Offer::first(origin(), "198.51.100.1:4000".parse().unwrap(), policy, &mut rng())
}

fn plan_of(media: &str) -> MediaPlan {
    negotiate(media).unwrap().plan().clone()
}

fn origin() -> Origin {
    Origin { address: "198.51.100.1:5060".parse().unwrap(), session: 7, version: 1 }
}

/// The answer from its first `m=` on.
fn answer(media: &str, address: &str) -> String {
    let answer =
        String::from_utf8(negotiate(media).unwrap().answer(origin(), address.parse().unwrap()))
            .unwrap();
    let at = answer.find("m=").unwrap();
    answer[at..].to_owned()
}

#[test]
fn the_offerers_order_decides_and_dynamic_payload_types_count() {
    for (media, payload_type, codec) in [
        ("m=audio 4 RTP/AVP 9 0 8\r\n", 9, Codec::G722),
        ("m=audio 4 RTP/AVP 3 0 8\r\n", 0, Codec::Pcmu),
        ("m=audio 4 RTP/AVP 96 0\r\na=rtpmap:96 G722/16000\r\n", 0, Codec::Pcmu),
        ("m=audio 4 RTP/AVP 8 0\r\n", 8, Codec::Pcma),
        ("m=audio 4 RTP/AVP 96 0\r\na=rtpmap:96 pcma/8000\r\n", 96, Codec::Pcma),
        ("m=audio 4 RTP/AVP 0 8\r\na=rtpmap:0 OTHER/8000\r\n", 8, Codec::Pcma),
        (
            "m=audio 4 RTP/AVP 96 97 8\r\na=rtpmap:96 PCMU/16000\r\na=rtpmap:97 PCMU/8000/2\r\n",
            8,
            Codec::Pcma,
        ),
    ] {
        let plan = plan_of(media);
        assert_eq!((plan.payload_type, plan.codec), (payload_type, codec), "{media}");
    }
}

#[test]
fn a_codec_in_use_is_kept_while_it_is_offered() {
    let in_use = plan_of("m=audio 4 RTP/AVP 0\r\n");
    for (media, codec) in
        [("m=audio 4 RTP/AVP 8 0\r\n", Codec::Pcmu), ("m=audio 4 RTP/AVP 8 9\r\n", Codec::Pcma)]
    {
        let kept = negotiate_by(&MediaPolicy::default(), media, Some(&in_use)).unwrap();
        assert_eq!(kept.plan().codec, codec);
    }
}

#[test]
fn only_codecs_of_the_policy_are_settled_and_offered() {
    let policy = MediaPolicy { codecs: vec![Codec::G722, Codec::Pcma], ..MediaPolicy::default() };
    let negotiation = negotiate_by(&policy, "m=audio 4 RTP/AVP 0 8 9\r\n", None).unwrap();
    assert_eq!(negotiation.plan().codec, Codec::Pcma);
    let offer = String::from_utf8(offer_by(&policy).to_bytes()).unwrap();
    assert!(
        offer.contains(
            "m=audio 4000 RTP/AVP 9 8 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        ),
        "{offer}"
    );
}

#[test]
fn every_line_is_answered_in_order_and_all_but_one_are_turned_down() {
    let media = "m=video 5 RTP/AVP 31 32\r\nm=audio 0 RTP/AVP 0\r\nm=audio 6 RTP/SAVP 0\r\nm=audio 4 RTP/AVP 0 8\r\n\
        a=recvonly\r\nm=audio 8 RTP/AVP 0\r\nm=message 9 TCP/MSRP *\r\n";
    assert_eq!(
        answer(media, "198.51.100.1:20000"),
        "m=video 0 RTP/AVP 31 32\r\nm=audio 0 RTP/AVP 0\r\nm=audio 0 RTP/SAVP 0\r\nm=audio 20000 RTP/AVP 0\r\n\
        a=rtpmap:0 PCMU/8000\r\na=sendonly\r\nm=audio 0 RTP/AVP 0\r\nm=message 0 TCP/MSRP *\r\n"
    );
}

#[test]
fn the_direction_is_answered_from_the_other_side() {
    for (offered, ours) in [
        ("", Direction::SendRecv),
        ("a=sendrecv\r\n", Direction::SendRecv),
        ("a=sendonly\r\n", Direction::RecvOnly),
        ("a=recvonly\r\n", Direction::SendOnly),
        ("a=inactive\r\n", Direction::Inactive),
    ] {
        assert_eq!(
            plan_of(&format!("m=audio 4 RTP/AVP 0\r\n{offered}")).direction,
            ours,
            "{offered}"
        );
    }
}

#[test]
fn addresses_may_be_of_ipv6_and_a_line_overrides_its_session() {
    let plan = plan_of("m=audio 4 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n");
    assert_eq!(plan.remote, "[2001:db8::1]:4".parse().unwrap());
    let negotiation = negotiate("m=audio 4 RTP/AVP 0\r\n").unwrap();
    let text = String::from_utf8(negotiation.answer(origin(), "[2001:db8::2]:6".parse().unwrap()))
        .unwrap();
    assert!(
        text.contains("c=IN IP6 2001:db8::2\r\n")
            && text.contains("o=- 7 1 IN IP4 198.51.100.1\r\n"),
        "{text}"
    );
}

#[test]
fn a_hold_of_the_old_kind_is_an_address_of_nobody() {
    for (attribute, ours) in [
        ("sendrecv", Direction::RecvOnly),
        ("sendonly", Direction::RecvOnly),
        ("recvonly", Direction::Inactive),
    ] {
        let held =
            plan_of(&format!("m=audio 4 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na={attribute}\r\n"));
        assert_eq!((held.remote, held.direction), ("0.0.0.0:4".parse().unwrap(), ours));
    }
}

#[test]
fn reports_go_where_the_offer_says_or_to_the_port_above() {
    for (attributes, rtcp, accepted) in [
        ("", "192.0.2.1:5", ""),
        ("a=rtcp:4003\r\n", "192.0.2.1:4003", ""),
        ("a=rtcp:4003 IN IP6 2001:db8::9\r\n", "[2001:db8::9]:4003", ""),
        ("a=rtcp:0\r\na=rtcp:x\r\n", "192.0.2.1:5", ""),
        ("a=rtcp:4003\r\na=rtcp-mux\r\n", "", "a=rtcp-mux\r\n"),
    ] {
        let media = format!("m=audio 4 RTP/AVP 0\r\n{attributes}");
        let rtcp = rtcp.parse().map_or(Rtcp::Muxed, Rtcp::Separate);
        assert_eq!(plan_of(&media).rtcp, rtcp, "{attributes}");
        assert_eq!(
            answer(&media, "198.51.100.1:20000"),
            format!("m=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n{accepted}a=sendrecv\r\n")
        );
    }
    assert_eq!(
        plan_of("m=audio 65535 RTP/AVP 0\r\n").rtcp,
        Rtcp::Separate("192.0.2.1:65535".parse().unwrap())
    );
}

#[test]
fn comfort_noise_and_events_are_settled_under_the_numbers_of_the_offer() {
    let media = "m=audio 4 RTP/AVP 0 13 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n";
    let plan = plan_of(media);
    assert_eq!((plan.comfort_noise, plan.telephone_event), (Some(13), Some(96)));
    assert_eq!(
        answer(media, "198.51.100.1:20000"),
        "m=audio 20000 RTP/AVP 0 13 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n\
        a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:30\r\na=sendrecv\r\n"
    );
    let dynamic = "m=audio 4 RTP/AVP 0 98\r\na=rtpmap:98 CN/8000\r\n";
    assert_eq!(plan_of(dynamic).comfort_noise, Some(98));
}

#[test]
fn a_secure_line_is_answered_with_its_tag_and_a_key_of_ours() {
    let media = format!(
        "m=audio 4 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 {KEY}\r\n\
        a=crypto:2 AES_CM_128_HMAC_SHA1_80 {KEY}|2^20|1:4\r\n\
        a=crypto:7 AES_CM_128_HMAC_SHA1_32 {KEY}\r\na=crypto:8 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"
    );
    let keys = plan_of(&media).srtp.unwrap();
    assert_eq!(keys.suite, SrtpSuite::AesCm128HmacSha1Tag32);
    let ours = CryptoLine { tag: 7, suite: keys.suite, key: keys.local.clone() };
    assert_eq!(
        answer(&media, "198.51.100.1:20000"),
        format!("m=audio 20000 RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\n{ours}a=sendrecv\r\n")
    );
    assert!(ours.to_string() != format!("a=crypto:7 AES_CM_128_HMAC_SHA1_32 {KEY}\r\n"));
    assert!(!format!("{:?}", plan_of(&media)).contains("89"), "{:?}", plan_of(&media));
}

#[test]
fn our_key_lasts_while_the_suite_does_and_the_peers_may_change() {
    let media = |suite, key| format!("m=audio 4 RTP/SAVP 0\r\na=crypto:1 {suite} {key}\r\n");
    let in_use = plan_of(&media("AES_CM_128_HMAC_SHA1_80", KEY));
    let keys = in_use.srtp.clone().unwrap();
    let mut later_rng = StdRng::from_seed(long_seed(2));
    let mut later = |media: String| {
        let offer = parse(format!("{SESSION}{media}").as_bytes()).unwrap();
        let policy = MediaPolicy::default();
        let later = Negotiation::of_offer(&offer, &policy, Some(&in_use), &mut later_rng).unwrap();
        later.plan().srtp.clone().unwrap()
    };
    assert_eq!(later(media("AES_CM_128_HMAC_SHA1_80", KEY)), keys);
    let new_remote = later(media("AES_CM_128_HMAC_SHA1_80", OTHER_KEY));
    assert!(new_remote.local == keys.local && new_remote.remote != keys.remote);
    let new_suite = later(media("AES_CM_128_HMAC_SHA1_32", KEY));
    assert!(new_suite.local != keys.local);
}

#[test]
fn the_policy_turns_down_what_it_does_not_want() {
    let forbidden = MediaPolicy { srtp: SrtpPolicy::Forbidden, ..MediaPolicy::default() };
    let plain = "m=audio 4 RTP/AVP 0\r\n";
    let secure = format!("m=audio 6 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n");
    let encryption = Err(PeerIncompatible::Encryption);
    assert_eq!(negotiate_by(&required(), plain, None), encryption);
    assert_eq!(negotiate_by(&forbidden, &secure, None), encryption);
    assert_eq!(negotiate("m=audio 4 RTP/SAVP 0\r\n"), encryption);
    assert_eq!(negotiate("m=audio 4 UDP/TLS/RTP/SAVP 0\r\n"), Err(PeerIncompatible::NoAudio));
    // Of two lines the one that fits is taken.
    let both = format!("{secure}{plain}");
    let port = |policy| negotiate_by(policy, &both, None).unwrap().plan().remote.port();
    assert_eq!((port(&required()), port(&forbidden)), (6, 4));
}

#[test]
fn a_refusal_says_what_is_not_in_common() {
    assert_eq!(negotiate(""), Err(PeerIncompatible::NoAudio));
    assert_eq!(negotiate("m=video 5 RTP/AVP 31\r\n"), Err(PeerIncompatible::NoAudio));
    assert_eq!(
        negotiate("m=audio 5 RTP/AVP 3\r\nm=video 5 RTP/AVP 31\r\n"),
        Err(PeerIncompatible::NoCommonCodec)
    );
    assert_eq!(
        negotiate("m=audio 5 RTP/AVP 0\r\nc=IN IP4 host.example\r\n"),
        Err(PeerIncompatible::NoAudio)
    );
}

#[test]
fn our_offer_is_settled_by_an_answer_that_fits_it() {
    for policy in [MediaPolicy::default(), required()] {
        let offer = offer_by(&policy);
        let parsed = parse(&offer.to_bytes()).unwrap();
        let mut answerer = StdRng::from_seed(long_seed(2));
        let negotiation = Negotiation::of_offer(&parsed, &policy, None, &mut answerer).unwrap();
        let answer = negotiation.answer(origin(), "192.0.2.1:6".parse().unwrap());
        let plan = offer.settle(&answer).unwrap();
        assert_eq!(
            (plan.remote, plan.rtcp, plan.codec, plan.telephone_event),
            ("192.0.2.1:6".parse().unwrap(), Rtcp::Muxed, Codec::Pcmu, Some(101))
        );
        // What is one's own key is the other's peer's.
        let crossed = negotiation.plan().srtp.clone().map(|keys| SrtpKeys {
            suite: keys.suite,
            local: keys.remote,
            remote: keys.local,
        });
        assert_eq!(plan.srtp, crossed);
        assert_eq!(plan.srtp.is_some(), policy == required());
    }
}

#[test]
fn an_answer_that_does_not_fit_is_the_peers_doing() {
    let plain = offer_by(&MediaPolicy::default());
    let settle = |media: &str| plain.settle(format!("{SESSION}{media}").as_bytes());
    let misbehaved = |what| Err(NegotiationError::Misbehaved(what));
    assert_eq!(plain.settle(b""), misbehaved(PeerMisbehaved::AnswerMissing));
    assert_eq!(plain.settle(b"x"), misbehaved(PeerMisbehaved::SessionDescription));
    for media in [
        "",
        "m=audio 4 RTP/AVP 0\r\nm=audio 4 RTP/AVP 0\r\n",
        "m=audio 4 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n",
        &format!("m=audio 4 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"),
    ] {
        assert_eq!(settle(media), misbehaved(PeerMisbehaved::AnswerMismatch), "{media}");
    }
    assert_eq!(settle("m=audio 0 RTP/AVP 0\r\n"), Err(PeerIncompatible::NoAudio.into()));

    let secure = offer_by(&required());
    for media in [
        "m=audio 4 RTP/AVP 0\r\n",
        "m=audio 4 RTP/SAVP 0\r\n",
        &format!("m=audio 4 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_32 {KEY}\r\n"),
        &format!("m=audio 4 RTP/SAVP 0\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 {KEY}\r\n"),
    ] {
        let settled = secure.settle(format!("{SESSION}{media}").as_bytes());
        assert_eq!(settled, misbehaved(PeerMisbehaved::AnswerMismatch), "{media}");
    }
}
