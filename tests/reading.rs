//! Reading whole recordings: windows are cut and joined again without losing or repeating a digit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use zavud::codes::Decision;
use zavud::config::Config;
use zavud::domain::Language;
use zavud::speech::{Care, Heard, Hypothesis, Recogniser, RecogniserError, Symbol, read_recording};
use zavud::voices::Voice;

/// Notes how long the windows are that it is given, and hears nothing in them.
#[derive(Default)]
struct WindowLengths(Vec<usize>);

impl Recogniser for WindowLengths {
    fn read(
        &mut self,
        window: &[f32],
        _: Option<Language>,
        _: Care,
    ) -> Result<Heard, RecogniserError> {
        self.0.push(window.len());
        Ok(Heard::default())
    }
}

fn spoken(code: &str, language: &str) -> Vec<i16> {
    let voice = Voice::of(language.parse().unwrap()).unwrap();
    voice.speak(&code.parse().unwrap()).unwrap().samples
}

fn digits(hypothesis: &Hypothesis) -> String {
    hypothesis
        .symbols
        .iter()
        .filter_map(|symbol| match symbol {
            Symbol::Digit { posterior, .. } => Some(char::from(b'0' + posterior.value())),
            Symbol::Break { .. } => None,
        })
        .collect()
}

#[test]
fn all_speech_is_read_in_windows_no_longer_than_the_model_takes() {
    let call = spoken("481529", "en").repeat(2);
    let window = Duration::from_secs(5);
    let mut recogniser = WindowLengths::default();
    let mut last = Hypothesis::default();
    let mut read_until = Duration::ZERO;
    read_recording(&call, &mut recogniser, window, None, |hypothesis| {
        assert!(!last.is_final, "nothing follows the final hypothesis");
        assert!(hypothesis.heard_until >= last.heard_until);
        read_until = read_until.max(hypothesis.read_until);
        last = hypothesis.clone();
        None
    })
    .unwrap();
    assert!(last.is_final && last.speech_heard);
    assert!(last.read_until + last.quiet_for >= last.heard_until, "{last:?}");
    assert!(recogniser.0.iter().all(|&length| length <= 5 * 16_000), "{:?}", recogniser.0);
}

#[test]
fn silence_is_never_read() {
    let mut recogniser = WindowLengths::default();
    let mut last = Hypothesis::default();
    let silence = vec![0; 80_000];
    read_recording(&silence, &mut recogniser, Duration::from_secs(5), None, |hypothesis| {
        last = hypothesis.clone();
        None
    })
    .unwrap();
    assert!(recogniser.0.is_empty());
    assert!(last.is_final && !last.speech_heard);
}

#[test]
fn a_call_of_several_windows_is_joined_without_loss_or_repetition() {
    let config = Config::shipped(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let model = zavud::speech::load(&config.speech).unwrap();
    let mut recogniser = model.recogniser().unwrap();
    let call = spoken("481529", "es");
    assert!(call.len() > 15 * 8_000, "longer than one window");
    let mut last = Hypothesis::default();
    let mut decision = Decision::default();
    let mut shown = Vec::new();
    let window = model.longest_window();
    read_recording(&call, recogniser.as_mut(), window, None, |hypothesis| {
        let finding = decision.consider(hypothesis);
        shown.extend(finding.code().map(|code| code.expose().to_owned()));
        last = hypothesis.clone();
        finding.code().cloned()
    })
    .unwrap();
    assert_eq!(digits(&last), "481529".repeat(2));
    assert!(!shown.is_empty() && shown.iter().all(|code| code == "481529"), "{shown:?}");
}
