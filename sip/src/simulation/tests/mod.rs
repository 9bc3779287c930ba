//! Whole calls between a phone and a desk, over networks good and bad. Here: what is said is heard.
//! `sessions` has calls that change while they last.

mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::call_out::{CallOutEnd, CallOutEvent};
use crate::message::{self, Message, Method};
use crate::rtp::PcmFrame;
use crate::{
    Advertised, CallEvent, CallHandle, EndReason, EndpointConfig, MediaPolicy, Peer, StatusCode,
    Transport, Uri,
};

const DESK: &str = "198.51.100.1:5060";

fn desk_plan(policy: Policy, seed: u64) -> DeskPlan {
    let peer = Peer::new("trunk", vec!["192.0.2.0/24".parse().unwrap()]);
    let advertised = Advertised::new(DESK.parse().unwrap());
    let seed = long_seed(seed.wrapping_add(1 << 40));
    DeskPlan {
        endpoint: EndpointConfig {
            advertised,
            peers: vec![peer],
            registrations: Vec::new(),
            server_name: String::new(),
            max_calls: 8,
            seed,
        },
        policy,
    }
}

/// Two samples of G.711 a millisecond apart are never the same here, so a misplaced frame shows.
fn speech(frames: usize) -> Vec<i16> {
    let ramp = |position: usize| i16::try_from(position % 2_000).unwrap() * 8 + 64;
    let companded = crate::rtp::FRAME_SAMPLES * frames;
    (0..companded).map(ramp).collect()
}

fn phone_plan(number: u8, ending: Ending, seed: u64) -> PhonePlan {
    let address: SocketAddr = format!("192.0.2.{number}:5060").parse().unwrap();
    PhonePlan {
        address,
        media_address: SocketAddr::new(address.ip(), 4_000),
        media: MediaPolicy::default(),
        remote: DESK.parse().unwrap(),
        target: Uri::parse("sip:+15550100@198.51.100.1").unwrap(),
        caller: Uri::parse("sip:+15550199@192.0.2.1").unwrap(),
        audio: speech(100),
        ending,
        changes: Vec::new(),
        takes_update: true,
        transport: Transport::Udp,
        seed: seed.wrapping_mul(256).wrapping_add(u64::from(number)),
    }
}

/// What G.711 makes of the speech.
fn heard_at_best() -> Vec<i16> {
    use audio_codec_algorithms::{decode_ulaw, encode_ulaw};
    speech(100).into_iter().map(|sample| decode_ulaw(encode_ulaw(sample))).collect()
}

fn samples(frames: &[PcmFrame]) -> Vec<i16> {
    frames.iter().flat_map(|frame| frame.samples.iter().copied()).collect()
}

fn bad(seed: u64) -> Conditions {
    Conditions {
        loss: 0.02 * f64::from(u32::try_from(seed % 12).unwrap()),
        duplication: 0.1,
        shortest_delay: Duration::from_millis(5),
        longest_delay: Duration::from_millis(5 + seed % 7 * 10),
    }
}

#[test]
fn on_a_good_wire_everything_that_is_said_is_heard() {
    let now = origin();
    let mut desk =
        Desk::new(now, desk_plan(Policy::Answer { after: Duration::from_millis(200) }, 0));
    let mut phones = [Phone::new(now, phone_plan(1, Ending::AfterAudio, 0))];
    let mut wire = Wire::new(0, Conditions::PERFECT);
    drive(&mut desk, &mut phones, &mut wire, now, now + Duration::from_secs(40));
    let [CallOutEvent::Answered(_), CallOutEvent::Ended(CallOutEnd::HungUp)] = phones[0].events()
    else {
        panic!("{:?}", phones[0].events())
    };
    let call = CallHandle(1);
    assert_eq!(
        desk.events().last().map(|(_, event)| event),
        Some(&CallEvent::Ended { call, reason: EndReason::CallerHungUp })
    );
    assert!(desk.frames(call).iter().all(|frame| !frame.gap));
    assert!(samples(desk.frames(call)) == heard_at_best());
    assert_eq!(desk.endpoint().transaction_count(), 0);
    assert!(phones[0].is_over());
}

#[test]
fn the_phone_is_told_of_a_refusal_and_of_the_desk_hanging_up() {
    let now = origin();
    let after = Duration::from_millis(100);
    let lasting = Duration::from_secs(1);
    for (policy, expected) in [
        (
            Policy::Refuse { after, status: StatusCode::BUSY_HERE },
            CallOutEvent::Refused(StatusCode::BUSY_HERE),
        ),
        (Policy::AnswerAndHangUp { after, lasting }, CallOutEvent::Ended(CallOutEnd::CalleeHungUp)),
    ] {
        let mut desk = Desk::new(now, desk_plan(policy, 0));
        let mut phones = [Phone::new(now, phone_plan(1, Ending::Never, 0))];
        let mut wire = Wire::new(0, Conditions::PERFECT);
        drive(&mut desk, &mut phones, &mut wire, now, now + Duration::from_secs(70));
        assert_eq!(phones[0].events().last(), Some(&expected));
        assert!(phones[0].is_over());
        assert_eq!((desk.endpoint().call_count(), desk.endpoint().transaction_count()), (0, 0));
    }
}

#[test]
fn a_phone_that_gives_up_cancels() {
    let now = origin();
    let mut desk = Desk::new(now, desk_plan(Policy::Answer { after: Duration::from_secs(10) }, 0));
    let mut phones = [Phone::new(now, phone_plan(1, Ending::After(Duration::from_secs(3)), 0))];
    let mut wire = Wire::new(0, Conditions::PERFECT);
    drive(&mut desk, &mut phones, &mut wire, now, now + Duration::from_secs(70));
    assert_eq!(phones[0].events(), [CallOutEvent::Ended(CallOutEnd::Cancelled)]);
    let reasons: Vec<_> = desk.events().iter().filter_map(|(_, event)| end_reason(event)).collect();
    assert_eq!(reasons, [EndReason::Cancelled]);
}

#[test]
fn a_phone_nobody_answers_gives_up_after_64_t1() {
    let now = origin();
    let mut desk = Desk::new(now, desk_plan(Policy::Answer { after: Duration::ZERO }, 0));
    let mut phones = [Phone::new(now, phone_plan(1, Ending::Never, 0))];
    let mut wire = Wire::new(0, Conditions { loss: 1.0, ..Conditions::PERFECT });
    drive(&mut desk, &mut phones, &mut wire, now, now + Duration::from_secs(40));
    assert_eq!(phones[0].events(), [CallOutEvent::Ended(CallOutEnd::NoResponse)]);
    // Timer A: 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 seconds.
    assert_eq!(wire.sent().len(), 7);
    assert!(phones[0].is_over());
}

fn end_reason(event: &CallEvent) -> Option<EndReason> {
    match event {
        CallEvent::Ended { reason, .. } => Some(*reason),
        CallEvent::Incoming { .. }
        | CallEvent::Established { .. }
        | CallEvent::Confirmed { .. }
        | CallEvent::MediaChanged { .. } => None,
    }
}

/// One run over a bad wire: three phones, some of which give up early.
fn run(seed: u64) -> (Desk, Vec<Phone>, Wire) {
    let now = origin();
    let after = Duration::from_millis(50 + seed % 5 * 300);
    let policy = match seed % 4 {
        0 | 1 => Policy::Answer { after },
        2 => Policy::AnswerAndHangUp { after, lasting: Duration::from_millis(1_200) },
        _ => Policy::Refuse { after, status: StatusCode::NOT_FOUND },
    };
    let mut desk = Desk::new(now, desk_plan(policy, seed));
    let endings = [
        Ending::AfterAudio,
        Ending::After(Duration::from_millis(seed % 9 * 150)),
        Ending::After(Duration::from_secs(6)),
    ];
    let phones = endings
        .into_iter()
        .zip(1..)
        .map(|(ending, number)| Phone::new(now, phone_plan(number, ending, seed)));
    let mut phones: Vec<Phone> = phones.collect();
    let mut wire = Wire::new(seed, bad(seed));
    let quiet = now + Duration::from_secs(200);
    drive(&mut desk, &mut phones, &mut wire, now, quiet);
    // Where every BYE of the phone was lost, the call still stands; the application ends it.
    for (_, event) in desk.events().to_vec() {
        if let CallEvent::Incoming { call, .. } = event {
            let command = crate::CallCommand::HangUp;
            desk.endpoint().handle(crate::Input::Command { now: quiet, call, command });
        }
    }
    drive(&mut desk, &mut phones, &mut wire, quiet, quiet + Duration::from_secs(70));
    (desk, phones, wire)
}

#[test]
fn over_any_wire_each_call_ends_once_and_nothing_is_left() {
    for seed in 0..200 {
        let (mut desk, phones, _) = run(seed);
        let mut ends: BTreeMap<CallHandle, usize> = BTreeMap::new();
        for (_, event) in desk.events() {
            match event {
                CallEvent::Incoming { call, .. } => {
                    assert_eq!(ends.insert(*call, 0), None, "seed {seed}");
                }
                CallEvent::Ended { call, .. } => {
                    *ends.get_mut(call).expect("an Incoming first") += 1;
                }
                CallEvent::Established { call, .. } | CallEvent::Confirmed { call } => {
                    assert_eq!(ends[call], 0, "seed {seed}");
                }
                CallEvent::MediaChanged { .. } => panic!("nobody changes the media, seed {seed}"),
            }
        }
        assert!(ends.values().all(|count| *count == 1), "seed {seed}: {ends:?}");
        let left = (desk.endpoint().call_count(), desk.endpoint().transaction_count());
        assert_eq!(left, (0, 0), "seed {seed}");
        for phone in &phones {
            assert!(phone.is_over(), "seed {seed}: {phone:?}");
            let is_last = |event: &&CallOutEvent| {
                matches!(event, CallOutEvent::Refused(_) | CallOutEvent::Ended(_))
            };
            assert_eq!(
                phone.events().iter().filter(is_last).count(),
                1,
                "seed {seed}: {:?}",
                phone.events()
            );
        }
    }
}

/// The Call-ID of a message of this method, if it is a success or an ACK.
fn call_id_of_success(parcel: &Parcel) -> Option<Vec<u8>> {
    match message::parse(&parcel.bytes) {
        Ok(Message::Response(response))
            if response.status.is_success()
                && response.essentials.cseq.method == Method::Invite =>
        {
            Some(response.essentials.call_id)
        }
        Ok(_) | Err(_) => None,
    }
}

fn call_id_of_ack(parcel: &Parcel) -> Option<Vec<u8>> {
    match message::parse(&parcel.bytes) {
        Ok(Message::Request(request)) if request.method == Method::Ack => {
            Some(request.essentials.call_id)
        }
        Ok(_) | Err(_) => None,
    }
}

#[test]
fn over_any_wire_each_invite_has_one_final_response() {
    for seed in 0..200 {
        let (_, _, wire) = run(seed);
        let mut finals: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
        let mut invites = BTreeSet::new();
        for (_, parcel) in wire.sent().iter().chain(wire.delivered()) {
            match message::parse(&parcel.bytes) {
                Ok(Message::Response(response))
                    if response.essentials.cseq.method == Method::Invite
                        && !response.status.is_provisional() =>
                {
                    let branch = response.essentials.via.unique_branch().unwrap().to_vec();
                    finals.entry(branch).or_default().insert(parcel.bytes.clone());
                }
                Ok(_) | Err(_) => {}
            }
        }
        for (_, parcel) in wire.delivered() {
            if let Ok(Message::Request(request)) = message::parse(&parcel.bytes)
                && request.method == Method::Invite
            {
                invites.insert(request.essentials.via.unique_branch().unwrap().to_vec());
            }
        }
        // Retransmissions are the same to the byte, so they count once.
        assert!(finals.values().all(|responses| responses.len() == 1), "seed {seed}: {finals:?}");
        assert_eq!(finals.into_keys().collect::<BTreeSet<_>>(), invites, "seed {seed}");
    }
}

#[test]
fn over_any_wire_the_200_is_not_repeated_once_its_ack_is_there() {
    let mut repeated = 0;
    for seed in 0..200 {
        let (_, _, wire) = run(seed);
        let mut acknowledged_at = BTreeMap::new();
        for (at, parcel) in wire.delivered() {
            if let Some(call_id) = call_id_of_ack(parcel) {
                acknowledged_at.entry(call_id).or_insert(*at);
            }
        }
        let mut answers = BTreeMap::new();
        for (at, parcel) in wire.sent() {
            let Some(call_id) = call_id_of_success(parcel) else { continue };
            let acknowledged = acknowledged_at.get(&call_id);
            assert!(acknowledged.is_none_or(|ack| at <= ack), "seed {seed}");
            *answers.entry(call_id).or_insert(0) += 1;
        }
        repeated += answers.values().filter(|count| **count > 1).count();
    }
    assert!(repeated > 20, "only {repeated} answers had to be repeated");
}

#[test]
fn over_any_wire_what_is_heard_is_what_was_said_with_gaps_where_it_was_lost() {
    let expected = heard_at_best();
    let mut heard_calls = 0;
    for seed in 0..200 {
        let (desk, _, _) = run(seed);
        for (_, event) in desk.events() {
            let CallEvent::Established { call, .. } = event else {
                continue;
            };
            let frames = desk.frames(*call);
            let Some(begin) = frames.first().and_then(|frame| position(&expected, &frame.samples))
            else {
                continue;
            };
            heard_calls += 1;
            for (index, frame) in frames.iter().enumerate() {
                let at = begin + index * 160;
                let said = &expected[at..at + frame.samples.len()];
                let is_right = if frame.gap {
                    frame.samples.iter().all(|s| *s == 0)
                } else {
                    frame.samples == said
                };
                assert!(is_right, "seed {seed}, {call}, frame {index}");
            }
        }
    }
    assert!(heard_calls > 200, "only {heard_calls} calls were heard at all");
}

/// Where a frame was said. The first one heard need not be the first one said.
fn position(said: &[i16], frame: &[i16]) -> Option<usize> {
    said.chunks(frame.len()).position(|chunk| chunk == frame).map(|index| index * 160)
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let datagrams =
        |seed| run(seed).2.sent().iter().map(|(_, parcel)| parcel.clone()).collect::<Vec<_>>();
    assert!(datagrams(5) == datagrams(5));
    assert!(datagrams(5) != datagrams(6));
}
