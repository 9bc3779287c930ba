//! Offers and the answers to them.

use super::*;
use crate::error::{NegotiationError, PeerIncompatible, PeerMisbehaved};

const SESSION: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

fn negotiate(media: &str) -> Result<Negotiation, PeerIncompatible> {
    Negotiation::of_offer(parse(format!("{SESSION}{media}").as_bytes()).unwrap(), None)
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
        ("m=audio 4 RTP/AVP 9 0 8\r\n", 0, Codec::Pcmu),
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
    let offer = || parse(format!("{SESSION}m=audio 4 RTP/AVP 8 0\r\n").as_bytes()).unwrap();
    let kept = Negotiation::of_offer(offer(), Some(Codec::Pcmu)).unwrap();
    assert_eq!(kept.plan().codec, Codec::Pcmu);
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
    assert_eq!(
        plan_of("m=audio 4 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n").remote,
        "0.0.0.0:4".parse().unwrap()
    );
}

#[test]
fn a_refusal_says_what_is_not_in_common() {
    assert_eq!(negotiate(""), Err(PeerIncompatible::NoAudio));
    assert_eq!(negotiate("m=video 5 RTP/AVP 31\r\n"), Err(PeerIncompatible::NoAudio));
    assert_eq!(
        negotiate("m=audio 5 RTP/AVP 9\r\nm=video 5 RTP/AVP 31\r\n"),
        Err(PeerIncompatible::NoCommonCodec)
    );
    assert_eq!(
        negotiate("m=audio 5 RTP/AVP 0\r\nc=IN IP4 host.example\r\n"),
        Err(PeerIncompatible::NoAudio)
    );
}

#[test]
fn our_offer_is_settled_by_an_answer_that_fits_it() {
    let offer = Offer { origin: origin(), media_address: "198.51.100.1:4000".parse().unwrap() };
    let negotiation = Negotiation::of_offer(parse(&offer.to_bytes()).unwrap(), None).unwrap();
    let answer = negotiation.answer(origin(), "192.0.2.1:6".parse().unwrap());
    let plan = Offer::settle(&answer).unwrap();
    assert_eq!(
        (plan.remote, plan.codec, plan.telephone_event),
        ("192.0.2.1:6".parse().unwrap(), Codec::Pcmu, Some(101))
    );
}

#[test]
fn an_answer_that_does_not_fit_is_the_peers_doing() {
    let settle = |media: &str| Offer::settle(format!("{SESSION}{media}").as_bytes());
    let misbehaved = |what| Err(NegotiationError::Misbehaved(what));
    assert_eq!(Offer::settle(b""), misbehaved(PeerMisbehaved::AnswerMissing));
    assert_eq!(Offer::settle(b"x"), misbehaved(PeerMisbehaved::SessionDescription));
    assert_eq!(settle(""), misbehaved(PeerMisbehaved::AnswerMismatch));
    assert_eq!(
        settle("m=audio 4 RTP/AVP 0\r\nm=audio 4 RTP/AVP 0\r\n"),
        misbehaved(PeerMisbehaved::AnswerMismatch)
    );
    assert_eq!(
        settle("m=audio 4 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n"),
        misbehaved(PeerMisbehaved::AnswerMismatch)
    );
    assert_eq!(settle("m=audio 0 RTP/AVP 0\r\n"), Err(PeerIncompatible::NoAudio.into()));
}
