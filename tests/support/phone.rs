//! A phone that calls the daemon, and what it says.

use std::net::SocketAddr;
use std::path::Path;

use sip::{MediaPolicy, Uri};
use zavud::domain::HeardDigit;
use zavud::telephony::caller::{CallFailure, OutgoingCall, Over, place_call};
use zavud::voices::{SpokenCall, Voice};

/// Calls `number` at `remote` and plays `samples`.
pub(crate) async fn call(
    remote: SocketAddr,
    number: &str,
    samples: Vec<i16>,
) -> Result<(), CallFailure> {
    call_over(Over::Udp, remote, number, samples).await
}

/// The same with audio of this kind only.
pub(crate) async fn call_with(
    media: MediaPolicy,
    remote: SocketAddr,
    number: &str,
    samples: Vec<i16>,
) -> Result<(), CallFailure> {
    place(Over::Udp, media, remote, number, samples).await
}

/// The same over a connection.
pub(crate) async fn call_over(
    over: Over,
    remote: SocketAddr,
    number: &str,
    samples: Vec<i16>,
) -> Result<(), CallFailure> {
    place(over, MediaPolicy::default(), remote, number, samples).await
}

async fn place(
    over: Over,
    media: MediaPolicy,
    remote: SocketAddr,
    number: &str,
    samples: Vec<i16>,
) -> Result<(), CallFailure> {
    let call = OutgoingCall {
        target: Uri::parse(&format!("sip:{number}@{remote}")).unwrap(),
        remote,
        over,
        caller: Uri::parse("sip:+442071838750@127.0.0.1").unwrap(),
        samples,
        media,
    };
    place_call(call, |_| {}).await
}

/// The code that is spoken where it does not matter which.
pub(crate) const CODE: &str = "481529";

/// A recorded voice that speaks `code` twice.
pub(crate) fn voice(code: &str) -> SpokenCall {
    let voice = Voice::of("en".parse().unwrap()).unwrap();
    voice.speak(&code.parse().unwrap()).unwrap()
}

/// The first digits of `code`, cut in the pause behind one of them.
pub(crate) fn half_a_code(code: &str) -> Vec<i16> {
    const PAUSE: usize = 1_600;
    let SpokenCall { samples, readings_end } = voice(code);
    let last_digit = readings_end[0].as_millis() as usize * 8 - 8_000;
    let is_silent = |window: &[i16]| window.iter().all(|&sample| sample == 0);
    let pause = samples[..last_digit].windows(PAUSE).rposition(is_silent);
    samples[..pause.expect("the voice pauses between digits") + PAUSE].to_vec()
}

pub(crate) fn silence(seconds: usize) -> Vec<i16> {
    vec![0; 8_000 * seconds]
}

/// Music on hold: chords that change twice a second.
pub(crate) fn noise(seconds: usize) -> Vec<i16> {
    let chord = |index: usize| match index / 4_000 % 4 {
        0 => [262.0, 330.0, 392.0],
        1 => [220.0, 262.0, 330.0],
        2 => [175.0, 220.0, 262.0],
        _ => [196.0, 247.0, 294.0],
    };
    (0..8_000 * seconds)
        .map(|index| {
            let time = index as f32 / 8_000.0;
            let tones = chord(index).map(|hertz| (std::f32::consts::TAU * hertz * time).sin());
            (tones.iter().sum::<f32>() * 4_000.0) as i16
        })
        .collect()
}

pub(crate) fn digits_of(digits: &[HeardDigit]) -> String {
    digits.iter().map(|heard| char::from(b'0' + heard.digit)).collect()
}

/// Writes mono audio of so many samples a second as a WAV file.
pub(crate) fn write_wav(path: &Path, rate: u32, samples: &[i16]) {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let length = bytes.len() as u32;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend((2 * rate).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(bytes);
    std::fs::write(path, file).unwrap();
}
