//! What a call may bring instead of a code, or of a good line: nothing makes a code appear that was
//! not spoken, and nothing keeps the next call from being read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::f32::consts::TAU;
use std::path::Path;

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use zavud::codes::Decision;
use zavud::config::Config;
use zavud::speech::{Capacity, LINE_RATE, SpeechModel, SpeechPool, audio_file, read_recording};
use zavud::voices::Voice;

const RATE: usize = LINE_RATE as usize;
const PACKET: usize = RATE / 50;
const CODE: &str = "481529";

fn model() -> Box<dyn SpeechModel> {
    let config = Config::shipped(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    zavud::speech::load(&config.speech).unwrap()
}

/// What was shown in a call, one after another: a code, or nothing where none is.
fn shown(model: &dyn SpeechModel, call: &[i16]) -> Vec<Option<String>> {
    let mut recogniser = model.recogniser().unwrap();
    let mut decision = Decision::default();
    let mut shown = vec![None];
    let mut is_complete = false;
    read_recording(call, recogniser.as_mut(), model.longest_window(), None, |hypothesis| {
        let finding = decision.consider(hypothesis);
        shown.push(finding.code().map(|code| code.expose().to_owned()));
        is_complete = hypothesis.is_final;
        finding.code().cloned()
    })
    .unwrap();
    assert!(is_complete);
    shown.dedup();
    shown
}

fn pause(seconds: f32) -> Vec<i16> {
    vec![0; (RATE as f32 * seconds) as usize]
}

/// Sine waves together, in Hz.
fn tones(hertz: &[f32], seconds: f32) -> Vec<i16> {
    (0..(RATE as f32 * seconds) as usize)
        .map(|sample| {
            let time = sample as f32 / RATE as f32;
            let sum: f32 = hertz.iter().map(|hertz| (TAU * hertz * time).sin()).sum();
            (6_000.0 * sum) as i16
        })
        .collect()
}

fn recorded(name: &str) -> Vec<i16> {
    let voices = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/voices");
    audio_file::read(&voices.join(name)).unwrap()
}

/// These digits, spoken one by one with so many seconds between them.
fn digits(row: &str, gap: f32) -> Vec<i16> {
    let spoken = |digit| [recorded(&format!("en/{digit}.flac")), pause(gap)].concat();
    row.chars().flat_map(spoken).collect()
}

/// A phrase and these digits, and what the caller waits for.
fn announced(row: &str, gap: f32) -> Vec<i16> {
    [pause(0.6), recorded("en/intro.flac"), pause(0.5), digits(row, gap), pause(1.4)].concat()
}

/// A good call.
fn spoken_code() -> Vec<i16> {
    let voice = Voice::of("en".parse().unwrap()).unwrap();
    voice.speak(&CODE.parse().unwrap()).unwrap().samples
}

fn ring_back() -> Vec<i16> {
    [[tones(&[440.0, 480.0], 2.0), pause(4.0)], [tones(&[425.0], 1.0), pause(4.0)]]
        .concat()
        .concat()
}

fn fax() -> Vec<i16> {
    let cry = [tones(&[1_100.0], 0.5), pause(3.0)].concat();
    [cry.repeat(2), tones(&[2_100.0], 3.0), pause(1.0)].concat()
}

/// The keys of the code, pressed twice (ITU-T Q.23).
fn keys_pressed() -> Vec<i16> {
    let key = |digit: char| {
        let place = digit as usize - '1' as usize;
        let row = [697.0, 770.0, 852.0][place / 3];
        [tones(&[row, [1_209.0, 1_336.0, 1_477.0][place % 3]], 0.15), pause(0.25)].concat()
    };
    let keys: Vec<i16> = CODE.chars().flat_map(key).collect();
    [pause(1.0), keys.clone(), pause(1.5), keys, pause(2.0)].concat()
}

fn voicemail_greeting() -> Vec<i16> {
    [recorded("pt/intro.flac"), recorded("en/again.flac"), tones(&[1_000.0], 0.6), pause(2.0)]
        .concat()
}

/// Phrases of three languages, with the short pauses of a person.
fn person_talking() -> Vec<i16> {
    let phrase = |language| {
        let phrases = ["intro", "again"].map(|name| recorded(&format!("{language}/{name}.flac")));
        [phrases.concat(), pause(0.3)].concat()
    };
    ["en", "es", "pt"].into_iter().flat_map(phrase).collect()
}

/// The end of one code, and the call that follows breaks off after three digits.
fn tail_of_another_call() -> Vec<i16> {
    [digits("529", 0.25), pause(2.0), announced("481", 0.25)].concat()
}

fn white_noise(seconds: usize) -> Vec<i16> {
    let mut rng = StdRng::seed_from_u64(4);
    (0..RATE * seconds).map(|_| rng.random_range(-4_000..4_000)).collect()
}

/// Bytes of A-law taken for µ-law.
fn wrong_codec(line: &[i16]) -> Vec<i16> {
    line.iter().map(|&sample| decode_ulaw(encode_alaw(sample))).collect()
}

/// The same the other way round.
fn wrong_codec_reversed(line: &[i16]) -> Vec<i16> {
    line.iter().map(|&sample| decode_alaw(encode_ulaw(sample))).collect()
}

/// This share of the packets stands as silence.
fn with_losses(line: &[i16], share: f32) -> Vec<i16> {
    let mut packets: Vec<Vec<i16>> = line.chunks(PACKET).map(<[i16]>::to_vec).collect();
    let mut order: Vec<usize> = (0..packets.len()).collect();
    order.shuffle(&mut StdRng::seed_from_u64(1));
    for &lost in &order[..(packets.len() as f32 * share) as usize] {
        packets[lost].fill(0);
    }
    packets.concat()
}

/// Calls in which no code is spoken.
fn without_a_code() -> [(&'static str, Vec<i16>); 14] {
    [
        ("nothing", Vec::new()),
        ("silence", pause(3.0)),
        ("ring-back", ring_back()),
        ("music", [tones(&[262.0, 330.0], 0.5), tones(&[220.0, 262.0], 0.5)].concat().repeat(4)),
        ("fax", fax()),
        ("keys", keys_pressed()),
        ("voicemail greeting", voicemail_greeting()),
        ("a person talking", person_talking()),
        ("noise", white_noise(4)),
        ("full scale", vec![i16::MAX; RATE * 2]),
        ("tail of another call", tail_of_another_call()),
        ("five digits", announced("48152", 0.25).repeat(2)),
        ("seven digits", announced("4815290", 0.1).repeat(2)),
        ("three digits", announced("481", 0.25)),
    ]
}

#[test]
fn where_no_code_is_spoken_none_appears() {
    let model = model();
    for (what, call) in without_a_code() {
        assert_eq!(shown(model.as_ref(), &call), [None], "{what}");
    }
}

/// Nobody can know before it comes: where the voice waits between its digits for longer than a
/// decision may, a seventh one contradicts what was shown.
#[test]
fn a_seventh_digit_after_a_pause_takes_the_code_back() {
    let shown = shown(model().as_ref(), &announced("4815290", 0.6));
    assert_eq!(shown.last(), Some(&None), "{shown:?}");
}

#[test]
fn a_code_through_the_wrong_codec_is_read_right_or_not_at_all() {
    let model = model();
    for call in [wrong_codec(&spoken_code()), wrong_codec_reversed(&spoken_code())] {
        let shown = shown(model.as_ref(), &call);
        assert!(shown.iter().flatten().all(|code| code == CODE), "{shown:?}");
    }
}

#[test]
fn a_code_of_which_much_is_lost_is_read_right_or_not_at_all() {
    let shown = shown(model().as_ref(), &with_losses(&spoken_code(), 0.4));
    assert!(shown.iter().flatten().all(|code| code == CODE), "{shown:?}");
}

#[tokio::test]
async fn whatever_was_heard_before_a_call_after_it_is_read() {
    let pool = SpeechPool::start(model().as_ref(), Capacity { threads: 1, max_calls: 2 }).unwrap();
    let calls = [Vec::new(), keys_pressed(), tail_of_another_call(), spoken_code()];
    let mut hypotheses = Vec::new();
    for call in calls {
        let (mut listener, heard) = pool.listen(None);
        for packet in call.chunks(PACKET) {
            listener.hear(packet.to_vec(), LINE_RATE);
        }
        hypotheses.push(heard);
    }
    let mut last_code = None;
    for mut heard in hypotheses {
        let mut decision = Decision::default();
        last_code = None;
        while let Some(hypothesis) = heard.next().await {
            let finding = decision.consider(&hypothesis);
            heard.code_is(finding.code());
            last_code = finding.code().cloned().or(last_code);
        }
    }
    assert_eq!(last_code.unwrap().expose(), CODE);
}
