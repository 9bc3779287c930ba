//! How good the reading of a call was: what was shown, held against what was spoken. Pure.

use std::time::Duration;

use super::manifest::Call;
use super::transcript::Event;

/// A digit is often known shortly before its sound has ended. What stood at its place earlier than
/// this was something else.
const FORESIGHT: Duration = Duration::from_millis(250);

/// How a call counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The spoken code, and no other, was shown, and it stood to the end.
    Exact,
    /// Another code was shown, be it for a moment: somebody may have typed it in.
    Wrong,
    /// A code was spoken, and none was shown in the end.
    None,
    /// No code was spoken or shown.
    Quiet,
    /// No code was spoken, and one was shown, be it for a moment.
    FalseAlarm,
}

/// What there is to say of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    /// Whether a code that was shown, right or wrong, did not stand.
    pub(super) taken_back: bool,
    /// Of an exact call: from the end of the reading that decided it, the last one that ended
    /// before the decision, to the decision.
    pub(super) latency: Option<Duration>,
    /// Of each digit of the first reading: from its end to when it stood at its place. Later
    /// readings mostly repeat what is shown already.
    pub(super) partial_latencies: Vec<Duration>,
}

/// Judges the events of a call.
pub(super) fn judge(call: &Call, events: &[Event]) -> Judgement {
    let outcome = outcome(call, events);
    Judgement {
        outcome,
        taken_back: was_taken_back(events),
        latency: (outcome == Outcome::Exact).then(|| latency(call, events)).flatten(),
        partial_latencies: partial_latencies(call, events),
    }
}

fn outcome(call: &Call, events: &[Event]) -> Outcome {
    let mut shown = events.iter().filter_map(Event::code);
    let another_was_shown = shown.any(|code| call.code.as_ref() != Some(code));
    let code_stands = events.last().is_some_and(|event| event.code().is_some());
    match (call.code.is_some(), another_was_shown) {
        (true, true) => Outcome::Wrong,
        (true, false) if code_stands => Outcome::Exact,
        (true, false) => Outcome::None,
        (false, true) => Outcome::FalseAlarm,
        (false, false) => Outcome::Quiet,
    }
}

fn was_taken_back(events: &[Event]) -> bool {
    events.windows(2).any(|pair| pair[0].code().is_some() && pair[0].code() != pair[1].code())
}

fn latency(call: &Call, events: &[Event]) -> Option<Duration> {
    let decided = events.iter().rev().take_while(|event| event.code().is_some()).last()?.at;
    let earliest = call.code_ends.first()?;
    let before = call.code_ends.iter().rfind(|&&end| end <= decided);
    // A code that is known before any reading has ended was known at once.
    Some(decided.saturating_sub(*before.unwrap_or(earliest)))
}

fn partial_latencies(call: &Call, events: &[Event]) -> Vec<Duration> {
    let (Some(code), Some(ends)) = (&call.code, call.digit_ends.first()) else {
        return Vec::new();
    };
    let spoken = code.expose().bytes().map(|byte| byte - b'0');
    let latency = |(place, (value, &end)): (usize, (u8, &Duration))| {
        let still_stands =
            |index: usize| events.get(index + 1).is_none_or(|next| next.at + FORESIGHT > end);
        let mut shown = events.iter().enumerate().filter(|(index, _)| still_stands(*index));
        let (_, event) = shown.find(|(_, event)| event.digit(place) == Some(value))?;
        Some(event.at.saturating_sub(end))
    };
    spoken.zip(ends).enumerate().filter_map(latency).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::speech::manifest::tests::call;
    use crate::codes::Finding;
    use crate::domain::HeardDigit;

    fn spoken(code: &str, ends: &str) -> Call {
        call(&format!(
            r#"{{"file":"f","code":{code},"language":"en","voice":"v","condition":"c",{ends}}}"#
        ))
    }

    fn twice() -> Call {
        spoken("\"481529\"", r#""code_ends_ms":[4000,9000]"#)
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn partial(at: u64, digits: &str) -> Event {
        let digits = digits.bytes().map(|byte| HeardDigit { digit: byte - b'0', sure: true });
        Event { at: ms(at), finding: Finding::Partial(digits.collect()) }
    }

    fn shown(at: u64, code: &str) -> Event {
        Event { at: ms(at), finding: Finding::Code(code.parse().unwrap(), 0.99) }
    }

    fn unreadable(at: u64) -> Event {
        Event { at: ms(at), finding: Finding::Unreadable(Vec::new()) }
    }

    fn outcome_of(call: &Call, events: &[Event]) -> (Outcome, bool, Option<u64>) {
        let judgement = judge(call, events);
        let latency = judgement.latency.map(|latency| latency.as_millis() as u64);
        (judgement.outcome, judgement.taken_back, latency)
    }

    #[test]
    fn latency_counts_from_the_reading_that_decided() {
        let exact = |latency| (Outcome::Exact, false, Some(latency));
        assert_eq!(outcome_of(&twice(), &[shown(4_400, "481529")]), exact(400));
        assert_eq!(outcome_of(&twice(), &[shown(8_900, "481529")]), exact(4_900));
        assert_eq!(outcome_of(&twice(), &[shown(9_000, "481529")]), exact(0));
        assert_eq!(outcome_of(&twice(), &[shown(3_900, "481529")]), exact(0));
        let without_ends = spoken("\"481529\"", r#""code_ends_ms":[]"#);
        let judged = outcome_of(&without_ends, &[shown(4_400, "481529")]);
        assert_eq!(judged, (Outcome::Exact, false, None));
    }

    #[test]
    fn a_code_that_is_only_confirmed_was_decided_the_first_time() {
        let mut events = vec![partial(1_000, "4"), shown(4_400, "481529")];
        events.push(Event {
            at: ms(9_300),
            finding: Finding::Code("481529".parse().unwrap(), 0.999),
        });
        assert_eq!(outcome_of(&twice(), &events), (Outcome::Exact, false, Some(400)));
    }

    #[test]
    fn a_wrong_code_counts_even_when_it_is_corrected_or_taken_back() {
        let corrected = [shown(4_400, "481520"), shown(9_400, "481529")];
        assert_eq!(outcome_of(&twice(), &corrected), (Outcome::Wrong, true, None));
        let withdrawn = [shown(4_400, "481520"), unreadable(9_400)];
        assert_eq!(outcome_of(&twice(), &withdrawn), (Outcome::Wrong, true, None));
    }

    #[test]
    fn a_right_code_that_is_taken_back_helps_nobody_unless_it_is_shown_again() {
        let withdrawn = [shown(4_400, "481529"), unreadable(9_400)];
        assert_eq!(outcome_of(&twice(), &withdrawn), (Outcome::None, true, None));
        let again = [shown(4_400, "481529"), unreadable(7_000), shown(9_400, "481529")];
        assert_eq!(outcome_of(&twice(), &again), (Outcome::Exact, true, Some(400)));
        assert_eq!(outcome_of(&twice(), &[unreadable(12_000)]), (Outcome::None, false, None));
        assert_eq!(outcome_of(&twice(), &[]), (Outcome::None, false, None));
    }

    #[test]
    fn any_code_in_a_call_without_one_is_a_false_alarm() {
        let nothing = spoken("null", r#""code_ends_ms":[]"#);
        let alarm = [shown(4_400, "481529"), unreadable(5_000)];
        assert_eq!(outcome_of(&nothing, &alarm), (Outcome::FalseAlarm, true, None));
        let quiet = [partial(900, "12"), unreadable(5_000)];
        assert_eq!(outcome_of(&nothing, &quiet), (Outcome::Quiet, false, None));
    }

    #[test]
    fn a_digit_is_late_from_its_end_until_it_stands_at_its_place() {
        let call = spoken("\"481529\"", r#""digit_ends_ms":[[1000,2000,3000,4000,5000,6000]]"#);
        let events = [
            // A number of the phrase before, long over when the first digit is spoken.
            partial(100, "4"),
            partial(400, ""),
            partial(1_300, "4"),
            // A little before its end; one that was misheard first; and two at once.
            partial(1_900, "48"),
            partial(3_200, "487"),
            partial(3_700, "481"),
            partial(5_450, "48152"),
            shown(6_500, "481529"),
        ];
        let judgement = judge(&call, &events);
        assert_eq!(judgement.partial_latencies, [300, 0, 700, 1_450, 450, 500].map(ms));
        assert_eq!(judge(&call, &events[..3]).partial_latencies, [ms(300)]);
    }
}
