//! Offer and answer in calls: the first one, late ones, and later ones.

use super::*;
use crate::{Codec, Direction, MediaPlan, PeerMisbehaved, Rtcp, SrtpPolicy};

fn plan() -> MediaPlan {
    MediaPlan {
        remote: address("192.0.2.10:4000"),
        codec: Codec::Pcma,
        payload_type: 8,
        rtcp: Rtcp::Separate(address("192.0.2.10:4001")),
        telephone_event: Some(101),
        comfort_noise: None,
        packet_time: Some(Duration::from_millis(20)),
        direction: Direction::SendRecv,
        srtp: None,
    }
}

fn body(output: &Output) -> String {
    String::from_utf8(response(output).body).unwrap()
}

#[test]
fn an_offer_is_answered_with_its_first_codec_of_ours() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let outputs = bench.answer(call);
    assert_eq!(outputs[1..], [Output::Event(CallEvent::Established { call, media: plan() })]);
    let description = body(&outputs[0]);
    let (origin, rest) = description.split_once("s=-").unwrap();
    assert!(
        origin.starts_with("v=0\r\no=- ") && origin.ends_with(" 1 IN IP4 198.51.100.1\r\n"),
        "{origin}"
    );
    assert_eq!(
        rest,
        "\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn an_offer_without_a_codec_of_ours_gets_488_and_no_event() {
    let mut bench = Bench::new();
    let offer = OFFER.replace("RTP/AVP 8 0 101", "RTP/AVP 3 18");
    assert_eq!(only_status(&bench.receive(&invite("a", &offer))), 488);
    assert_eq!(bench.endpoint.call_count(), 0);
}

#[test]
fn an_invite_without_an_offer_gets_ours_and_is_established_by_the_ack() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", "")));
    let answered = bench.answer(call);
    assert_eq!(only_status(&answered), 200);
    assert!(body(&answered[0]).contains("m=audio 20000 RTP/AVP 0 8 9 101\r\n"));
    let answer = OFFER.replace("8 0 101", "8 101");
    let outputs = bench.receive(&request("ACK", "a", "ack", 1, &to_tag(&answered[0]), &answer));
    let established = Output::Event(CallEvent::Established { call, media: plan() });
    assert_eq!(outputs, [established, confirmed(call)]);
}

#[test]
fn a_missing_answer_to_our_offer_ends_the_call_with_bye() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", "")));
    let tag = to_tag(&bench.answer(call)[0]);
    let outputs = bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    assert_eq!(own_request(&outputs[0]).method, Method::Bye);
    assert_eq!(
        outputs[1..],
        [ended(call, EndReason::NoUsableAnswer(PeerMisbehaved::AnswerMissing.into()))]
    );
}

#[test]
fn hold_is_answered_and_the_application_is_told() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let hold = format!("{}a=sendonly\r\n", next_version(OFFER));
    let outputs = bench.receive(&request("INVITE", "call", "hold", 2, &tag, &hold));
    assert_eq!((status(&outputs[0]), status(&outputs[1])), (100, 200));
    let description = body(&outputs[1]);
    assert!(
        description.contains(" 2 IN IP4 198.51.100.1\r\n")
            && description.ends_with("a=recvonly\r\n"),
        "{description}"
    );
    let held = MediaPlan { direction: Direction::RecvOnly, ..plan() };
    assert_eq!(outputs[2..], [Output::Event(CallEvent::MediaChanged { call, media: held })]);
    assert_eq!(bench.pass(1).len(), 1);
    assert_eq!(bench.receive(&request("ACK", "call", "hold-ack", 2, &tag, "")), [confirmed(call)]);
    assert_eq!(bench.pass(60), []);
}

#[test]
fn a_later_invite_with_the_same_origin_changes_nothing() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let first = bench.answer(call);
    let tag = to_tag(&first[0]);
    bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    // Whatever else it says: the version of its o= line is the one that was answered.
    for (cseq, offer) in [(2, OFFER.to_owned()), (3, OFFER.replace("4000", "5000"))] {
        let outputs =
            bench.receive(&request("INVITE", "a", &format!("re{cseq}"), cseq, &tag, &offer));
        assert_eq!(outputs.len(), 2, "{outputs:?}");
        assert_eq!(body(&outputs[1]), body(&first[0]));
        let ack = request("ACK", "a", &format!("ack{cseq}"), cseq, &tag, "");
        assert_eq!(bench.receive(&ack), [confirmed(call)]);
    }
    assert_eq!(bench.endpoint.call_count(), 1);
}

#[test]
fn a_later_invite_without_an_offer_gets_a_full_one_with_as_many_lines() {
    let mut bench = Bench::new();
    let offer = OFFER.replace("m=audio", "m=video 6 RTP/AVP 31\r\nm=audio");
    let call = incoming(&bench.receive(&invite("a", &offer)));
    let tag = to_tag(&bench.answer(call)[0]);
    bench.receive(&request("ACK", "a", "ack", 1, &tag, ""));
    for cseq in [2, 3] {
        let outputs = bench.receive(&request("INVITE", "a", &format!("re{cseq}"), cseq, &tag, ""));
        let description = body(&outputs[1]);
        assert!(description.contains(" 2 IN IP4 198.51.100.1\r\n"), "{description}");
        assert!(
            description.contains("m=video 0 RTP/AVP 31\r\nm=audio 20000 RTP/AVP 0 8 9 101\r\n"),
            "{description}"
        );
        let ack = request("ACK", "a", &format!("ack{cseq}"), cseq, &tag, &offer);
        assert_eq!(bench.receive(&ack), [confirmed(call)]);
    }
}

#[test]
fn a_description_among_other_parts_is_found() {
    let mut bench = Bench::new();
    let parts = format!(
        "--b\r\nContent-Type: application/isup\r\n\r\nx\r\n--b\r\n\
        Content-Type: application/sdp\r\n\r\n{OFFER}\r\n--b--\r\n"
    );
    let of_type = |call_id: &str, content_type: &str| {
        let contact = "Contact: <sip:caller";
        let typed = format!("Content-Type: {content_type}\r\n{contact}");
        invite(call_id, &parts).replace(contact, &typed)
    };
    let call = incoming(&bench.receive(&of_type("a", "multipart/mixed;boundary=b")));
    let outputs = bench.answer(call);
    assert_eq!(outputs[1..], [Output::Event(CallEvent::Established { call, media: plan() })]);
    assert_eq!(only_status(&bench.receive(&of_type("b", "multipart/mixed;boundary=c"))), 415);
}

#[test]
fn the_policy_of_a_peer_decides_on_encryption() {
    let key =
        "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
    let secure = format!("{}{key}", OFFER.replace("RTP/AVP", "RTP/SAVP"));
    for (srtp, plain, encrypted) in [
        (SrtpPolicy::Forbidden, 100, 488),
        (SrtpPolicy::Allowed, 100, 100),
        (SrtpPolicy::Required, 488, 100),
    ] {
        let mut bench = Bench::with_media(MediaPolicy { srtp, ..MediaPolicy::default() });
        assert_eq!(status(&bench.receive(&invite("plain", OFFER))[0]), plain, "{srtp:?}");
        let outputs = bench.receive(&invite("secure", &secure));
        assert_eq!(status(&outputs[0]), encrypted, "{srtp:?}");
        if encrypted == 100 {
            let answer = body(&bench.answer(incoming(&outputs))[0]);
            assert!(
                answer.contains("m=audio 20000 RTP/SAVP 8 101\r\n")
                    && answer.contains("a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:")
                    && !answer.contains(key),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_later_invite_with_nothing_in_common_gets_488_and_the_call_lives() {
    let mut bench = Bench::new();
    let (call, tag) = bench.confirmed_call();
    let offer = next_version(OFFER).replace("RTP/AVP 8 0 101", "RTP/AVP 3");
    let outputs = bench.receive(&request("INVITE", "call", "re", 2, &tag, &offer));
    assert_eq!(outputs.iter().map(status).collect::<Vec<_>>(), [100, 488]);
    assert_eq!(bench.receive(&request("ACK", "call", "re", 2, &tag, "")), []);
    let outputs = bench.receive(&request("BYE", "call", "bye", 3, &tag, ""));
    assert_eq!(outputs[1..], [ended(call, EndReason::CallerHungUp)]);
}

#[test]
fn an_invite_while_another_one_waits_for_its_ack_gets_500_with_retry_after() {
    let mut bench = Bench::new();
    let call = incoming(&bench.receive(&invite("a", OFFER)));
    let tag = to_tag(&bench.answer(call)[0]);
    let outputs = bench.receive(&request("INVITE", "a", "re", 2, &tag, OFFER));
    assert_eq!(outputs.iter().map(status).collect::<Vec<_>>(), [100, 500]);
    assert!(header(&outputs[1], &HeaderName::RetryAfter).is_some());
}
