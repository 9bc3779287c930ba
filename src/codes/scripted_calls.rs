//! Whole calls, from samples to what is shown, read by a recogniser that knows what was said.

use std::time::Duration;

use super::{Decision, Finding};
use crate::speech::scripted::Script;
use crate::speech::{Hypothesis, Symbol};

/// What was shown in a call, and when it was new.
struct Shown {
    findings: Vec<(String, Duration)>,
    last: Hypothesis,
    windows: usize,
}

fn text(finding: &Finding) -> String {
    let digits = |heard: &[crate::domain::HeardDigit]| -> String {
        heard.iter().map(|heard| char::from(b'0' + heard.digit)).collect()
    };
    match finding {
        Finding::Partial(heard) => digits(heard),
        Finding::Code(code, _) => format!("[{}]", code.expose()),
        Finding::Unreadable(heard) => format!("{}?", digits(heard)),
    }
}

fn show(script: &Script) -> Shown {
    show_with(script, true)
}

fn show_with(script: &Script, with_judge: bool) -> Shown {
    let mut decision = Decision::default();
    let mut findings: Vec<(String, Duration)> = Vec::new();
    let mut last = Hypothesis::default();
    let windows = script.read(with_judge, |hypothesis| {
        let found = decision.consider(hypothesis);
        let finding = text(&found);
        if findings.last().is_none_or(|(text, _)| *text != finding) {
            findings.push((finding, hypothesis.heard_until));
        }
        last = hypothesis.clone();
        found.code().cloned()
    });
    Shown { findings, last, windows }
}

impl Shown {
    /// All codes that were shown, in order.
    fn codes(&self) -> Vec<&str> {
        let texts = self.findings.iter().map(|(text, _)| text.as_str());
        texts.filter(|text| text.starts_with('[')).collect()
    }

    /// What stands on the page at the end.
    fn outcome(&self) -> &str {
        self.findings.last().map_or("", |(text, _)| text)
    }

    fn first(&self, sought: &str) -> Duration {
        let found = self.findings.iter().find(|(text, _)| text == sought);
        found.unwrap_or_else(|| panic!("{sought} is not among {:?}", self.findings)).1
    }

    fn digits(&self) -> String {
        let digits = self.last.symbols.iter().filter_map(|symbol| match symbol {
            Symbol::Digit { posterior, .. } => Some(char::from(b'0' + posterior.value())),
            Symbol::Break { .. } => None,
        });
        digits.collect()
    }
}

#[test]
fn one_reading_is_shown_digit_by_digit_and_as_a_code_soon_after_its_end() {
    // A voice that pauses after each digit or group could go on with a seventh: that takes longer.
    for (pace, limit) in [
        ("4.8.1.5.2.9", 300),
        ("4-8-1-5-2-9", 700),
        ("4.8.1-5.2.9", 700),
        ("48-15-29", 700),
        ("481529", 300),
    ] {
        let script = Script::new().talk(1_600).pause(400).say(pace).pause(2_000);
        let shown = show(&script);
        assert_eq!(shown.codes(), ["[481529]"], "{pace}: {:?}", shown.findings);
        let ends = script.digit_ends();
        let delay = shown.first("[481529]").saturating_sub(ends[5]);
        assert!(delay <= Duration::from_millis(limit), "{pace}: {delay:?} after the last digit");
    }
}

#[test]
fn the_first_groups_of_a_longer_number_are_no_code() {
    for number in ["6.1.2-3.4.5-6.7.8.9", "612-345-678", "61-23-45-67", "6.1.2-3.4.5-6"] {
        let shown = show(&Script::new().talk(1_200).pause(400).say(number).pause(2_000));
        assert!(shown.codes().is_empty(), "{number}: {:?}", shown.findings);
    }
}

#[test]
fn a_digit_is_shown_within_half_a_second() {
    let script = Script::new().talk(1_200).pause(400).say("4.8.1.5.2.9").pause(2_000);
    let shown = show(&script);
    for (count, end) in (1..).zip(script.digit_ends()) {
        let prefix = &"481529"[..count];
        let at = shown
            .findings
            .iter()
            .find(|(text, _)| text.trim_start_matches('[').starts_with(prefix));
        let delay = at.expect("it was shown").1.saturating_sub(end);
        assert!(delay <= Duration::from_millis(500), "digit {count} came {delay:?} late");
    }
}

#[test]
fn a_call_longer_than_a_window_is_joined_without_loss_or_repetition() {
    for pace in ["4.8.1.5.2.9", "4-8-1-5-2-9", "481529", "4.8.1-5.2.9"] {
        let script = Script::new()
            .talk(2_400)
            .pause(300)
            .say(pace)
            .pause(900)
            .talk(2_000)
            .pause(200)
            .say(pace)
            .pause(1_500);
        let shown = show(&script);
        assert_eq!(shown.digits(), "481529481529", "{pace}");
        assert_eq!(shown.codes(), ["[481529]"], "{pace}: {:?}", shown.findings);
    }
}

#[test]
fn without_a_judge_the_same_is_shown() {
    for digits in [
        "4.8.1.5.2.9 4.8.1.5.2.9",
        "4-8-1-5-2-9-4-8-1-5-2-9",
        "481529481529481529",
        "4.8.1.5.2 4.8.1.5.2",
        "4.8.1-4.8.1.5.2.9 4.8.1.5.2.9.0",
    ] {
        let script = Script::new().talk(2_400).pause(300).say(digits).pause(900).talk(2_000);
        let [alone, judged] = [false, true].map(|with_judge| show_with(&script, with_judge));
        assert_eq!(alone.digits(), digits.replace(['.', '-', ' '], ""), "{digits}");
        assert_eq!((alone.digits(), alone.codes()), (judged.digits(), judged.codes()), "{digits}");
    }
}

#[test]
fn digits_without_any_pause_are_cut_between_them() {
    for count in 2..=6 {
        let script = Script::new().say(&"481529".repeat(count)).pause(1_000);
        let shown = show(&script);
        assert_eq!(shown.digits(), "481529".repeat(count));
        assert_eq!(shown.outcome(), "[481529]", "{:?}", shown.findings);
    }
}

#[test]
fn reading_costs_little_more_than_one_window_a_second() {
    for pace in ["4.8.1.5.2.9", "4-8-1-5-2-9", "481529"] {
        let script = Script::new()
            .talk(4_000)
            .pause(300)
            .say(pace)
            .pause(1_200)
            .talk(2_000)
            .say(pace)
            .pause(3_000);
        let shown = show(&script);
        let seconds = shown.last.heard_until.as_secs_f32();
        let each_second = shown.windows as f32 / seconds;
        assert!(each_second < 1.3, "{pace}: {} windows in {seconds} s", shown.windows);
    }
}

#[test]
fn less_is_read_of_a_call_whose_code_is_known() {
    let code = "4.8.1.5.2.9";
    let script = Script::new().say(code).pause(900).talk(12_000).pause(300).say(code).pause(1_500);
    let shown = show(&script);
    let never_known = script.read(true, |_| None);
    assert!(3 * shown.windows < 2 * never_known, "{} of {never_known}", shown.windows);
    assert_eq!((shown.codes(), shown.digits()), (vec!["[481529]"], "481529481529".to_owned()));
}

#[test]
fn a_code_that_is_known_is_taken_back_when_its_reading_goes_on() {
    // The seventh digit comes a little later than the others, and the voice does not stop behind it.
    let script = Script::new().say("4.8.1.5.2.9").pause(300).say("0").talk(6_000).pause(1_500);
    let shown = show(&script);
    assert_eq!(shown.codes(), ["[481529]"], "{:?}", shown.findings);
    let (last, shown_until) = (script.digit_ends()[6], shown.first("4815290?"));
    let late = shown_until.saturating_sub(last);
    assert!(late <= Duration::from_millis(2_500), "{late:?}");
}

#[test]
fn a_code_in_noise_is_decided_although_it_never_becomes_quiet() {
    for level in [0.01, 0.03] {
        let script =
            Script::new().talk(1_600).pause(400).say("4.8.1.5.2.9").pause(3_000).noise(level);
        let shown = show(&script);
        assert_eq!(shown.codes(), ["[481529]"], "{level}: {:?}", shown.findings);
        let delay = shown.first("[481529]").saturating_sub(script.digit_ends()[5]);
        assert!(delay <= Duration::from_millis(700), "{level}: {delay:?}");
    }
}

#[test]
fn a_code_is_decided_although_somebody_goes_on_talking() {
    let script = Script::new().say("4.8.1.5.2.9").talk(4_000).pause(1_000);
    let shown = show(&script);
    assert_eq!(shown.codes(), ["[481529]"]);
    let delay = shown.first("[481529]").saturating_sub(script.digit_ends()[5]);
    assert!(delay <= Duration::from_millis(1_200), "{delay:?}");
}

#[test]
fn what_is_no_code_never_becomes_one() {
    for (digits, outcome) in [
        ("", ""),
        ("4.8.1", "481?"),
        ("4.8.1.5.2", "48152?"),
        ("4.8.1.5.2 4.8.1.5.2", "48152?"),
        ("4.8.1.5.2.9.0", "4815290?"),
        ("4.8.1.5.2.9.0 4.8.1.5.2.9.0", "4815290?"),
        ("4-8-1-5-2-9-0", "4815290?"),
        // The end of another call's reading, and a caller who hangs up in the next.
        ("5.2.9 4.8.1", "481?"),
        ("1.0 4.8.1.5", "4815?"),
    ] {
        let script = Script::new().talk(1_200).pause(300).say(digits).pause(100);
        let shown = show(&script);
        assert_eq!(shown.codes(), Vec::<&str>::new(), "{digits}: {:?}", shown.findings);
        assert!(shown.outcome().ends_with(outcome), "{digits}: {:?}", shown.findings);
    }
}

#[test]
fn other_numbers_and_broken_readings_do_not_spoil_the_code() {
    for digits in [
        "1.0 4.8.1.5.2.9",
        "5.2.9 4.8.1.5.2.9 4.8.1.5.2.9",
        "4.8.1-4.8.1.5.2.9",
        "4.8.1.5 4.8.1.5.2.9",
        "4.8.1.5.2.9 4.8.1",
        "4.8.1.5.2.9 1.0",
    ] {
        let script = Script::new().talk(1_200).pause(300).say(digits).pause(2_500);
        let shown = show(&script);
        assert_eq!(shown.codes(), ["[481529]"], "{digits}: {:?}", shown.findings);
        assert_eq!(shown.outcome(), "[481529]", "{digits}: {:?}", shown.findings);
    }
}

#[test]
fn silence_and_noise_are_never_read() {
    for script in [Script::new().pause(20_000), Script::new().pause(20_000).noise(0.02)] {
        let shown = show(&script);
        assert_eq!((shown.windows, shown.outcome()), (0, "?"), "{:?}", shown.findings);
    }
}
