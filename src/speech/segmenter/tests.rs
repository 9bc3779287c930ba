use super::*;
use crate::speech::Posterior;
use crate::speech::scripted::{Script, WINDOW};

const PACKET: usize = LINE_RATE as usize / 50;

/// Pushes the call until a window has to be read while the voice speaks, or pauses.
fn window_where(
    segmenter: &mut Segmenter,
    line: &mut std::slice::Chunks<'_, i16>,
    pauses: bool,
) -> Window {
    for packet in line {
        segmenter.push(packet, LINE_RATE);
        while segmenter.due().is_some() {
            let window = segmenter.window().unwrap();
            if (segmenter.quiet_samples() >= LOOKS[0]) == pauses {
                return window;
            }
            // Nothing was heard, so that the segment stays as it is.
            segmenter.accept(Heard::default());
        }
    }
    panic!("no such window was read");
}

fn digits(values: &[(u8, u64)]) -> Vec<Symbol> {
    let digit = |&(value, millis)| Symbol::Digit {
        posterior: Posterior::of(value, 0.9),
        at: Duration::from_millis(millis),
    };
    values.iter().map(digit).collect()
}

fn heard(segmenter: &Segmenter) -> Vec<u8> {
    let value = |symbol| match symbol {
        Symbol::Digit { posterior, .. } => Some(posterior.value()),
        Symbol::Break { .. } => None,
    };
    segmenter.hypothesis().symbols.into_iter().filter_map(value).collect()
}

/// How many windows are read of a call in which nothing is heard, each as soon as it is due: while the
/// voice speaks, and in its pauses.
fn windows_of(call: &[i16], known: Option<SpokenCode>) -> (usize, usize) {
    let mut segmenter = Segmenter::new(WINDOW);
    segmenter.code_is(known);
    let (mut speaking, mut pausing) = (0, 0);
    for packet in call.chunks(PACKET) {
        segmenter.push(packet, LINE_RATE);
        while segmenter.due().is_some() {
            segmenter.window().unwrap();
            let is_look = segmenter.reading.unwrap().ends_in_a_pause;
            *(if is_look { &mut pausing } else { &mut speaking }) += 1;
            segmenter.accept(Heard::default());
        }
    }
    (speaking, pausing)
}

#[test]
fn a_voice_that_goes_on_is_looked_at_less_often_where_the_code_is_known() {
    let call = Script::new().talk(4_600).line();
    let windows = |known| {
        let (speaking, pausing) = windows_of(&call, known);
        speaking + pausing
    };
    let [often, seldom] = [None, "481529".parse().ok()].map(windows);
    assert!(seldom >= 2 && often >= 3 * seldom, "{often} and {seldom} windows");
}

#[test]
fn a_pause_is_looked_at_later_where_the_code_is_known_and_before_the_segment_ends() {
    let mut call = Script::new();
    for _ in 0..6 {
        call = call.talk(400).pause(250);
    }
    let call = call.pause(1_500).line();
    assert_eq!(windows_of(&call, None).1, 6);
    let (_, looks) = windows_of(&call, "481529".parse().ok());
    assert!((1..=3).contains(&looks), "{looks}");
}

#[test]
fn words_behind_noise_are_looked_at_when_they_end_and_before_the_segment_does() {
    let call = Script::new().talk(1_600).pause(3_000);
    assert_eq!(windows_of(&call.noise(0.01).line(), None).1, 2);
}

#[test]
fn no_glance_overrules_what_was_judged_and_another_verdict_does() {
    let call = Script::new().talk(1_600).pause(400).talk(1_600).pause(400).line();
    let mut line = call.chunks(PACKET);
    let mut segmenter = Segmenter::new(WINDOW);
    let judged = |values| Heard { symbols: digits(values), is_judged: true };

    window_where(&mut segmenter, &mut line, true);
    segmenter.accept(judged(&[(4, 500), (8, 900)]));
    window_where(&mut segmenter, &mut line, false);
    segmenter.accept(digits(&[(7, 500), (7, 900), (1, 2_600)]).into());
    assert_eq!(heard(&segmenter), [4, 8, 1]);

    window_where(&mut segmenter, &mut line, true);
    segmenter.accept(judged(&[(4, 500), (9, 900), (5, 2_600)]));
    assert_eq!(heard(&segmenter), [4, 9, 5]);
}

#[test]
fn the_last_digit_is_not_heard_twice_when_its_end_is_heard_later_the_next_time() {
    let call = Script::new().talk(1_600).pause(400).talk(1_600).pause(400).line();
    for (next, expected) in [
        // The window that was judged ends between 1.95 and 2.1 s.
        (vec![(8, 2_100), (1, 2_600)], vec![4, 8, 1]),
        (vec![(4, 1_000), (8, 2_100), (1, 2_600)], vec![4, 8, 1]),
        (vec![(8, 1_950), (8, 2_100), (1, 2_600)], vec![4, 8, 8, 1]),
        (vec![(8, 2_240), (1, 2_600)], vec![4, 8, 8, 1]),
    ] {
        let mut line = call.chunks(PACKET);
        let mut segmenter = Segmenter::new(WINDOW);
        window_where(&mut segmenter, &mut line, true);
        let symbols = digits(&[(4, 1_000), (8, 1_950)]);
        segmenter.accept(Heard { symbols, is_judged: true });
        window_where(&mut segmenter, &mut line, false);
        segmenter.accept(digits(&next).into());
        assert_eq!(heard(&segmenter), expected, "{next:?}");
    }
}

#[test]
fn a_pause_is_waited_for_when_the_digits_before_it_may_be_a_code() {
    let call = Script::new().talk(800).pause(400).line();
    for (known, expected) in [(0, Urgency::Partial), (2, Urgency::Partial), (4, Urgency::Needed)] {
        let mut segmenter = Segmenter::new(WINDOW);
        for packet in call.chunks(PACKET) {
            segmenter.push(packet, LINE_RATE);
            if segmenter.quiet_samples() < LOOKS[0]
                && let Some(_) = segmenter.due()
            {
                segmenter.window().unwrap();
                let symbols: Vec<_> = (0..known).map(|place| (1, 80 * (place + 1))).collect();
                segmenter.accept(digits(&symbols).into());
            }
        }
        assert_eq!(segmenter.due(), Some(expected), "{known} digits");
    }
}

#[test]
fn a_window_is_judged_from_fewer_digits_on_when_some_of_the_same_code_were_cut_off() {
    let mut segmenter = Segmenter::new(WINDOW);
    let mut in_a_pause = Vec::new();
    for packet in Script::new().talk(7_000).pause(400).line().chunks(PACKET) {
        segmenter.push(packet, LINE_RATE);
        while segmenter.due().is_some() {
            let window = segmenter.window().unwrap();
            let is_full = window.samples.len() == segmenter.longest_window;
            if is_full {
                assert_eq!(window.care.judged_from, PART_OF_A_CODE);
            } else if segmenter.quiet_samples() >= LOOKS[0] {
                in_a_pause.push(window.care.judged_from);
            }
            let symbols = if is_full { digits(&[(4, 1_600), (8, 3_200)]) } else { Vec::new() };
            segmenter.accept(Heard { symbols, is_judged: is_full });
        }
    }
    assert_eq!(segmenter.settled.len(), 2);
    assert_eq!(in_a_pause, [CODE_LENGTH - 2]);
}

/// So many digits, one each 200 ms, of which none or all were judged.
fn row(count: u64, is_judged: bool) -> Heard {
    let symbols: Vec<_> = (0..count).map(|place| (1, 200 * (place + 1))).collect();
    Heard { symbols: digits(&symbols), is_judged }
}

#[test]
fn a_digit_too_few_is_judged_when_it_does_not_come_any_more() {
    let call = Script::new().talk(1_600).pause(1_200).line();
    let and_a_break = |mut heard: Heard| {
        heard.symbols.push(Symbol::Break { at: Duration::from_millis(1_100) });
        heard
    };
    for (heard, expected) in [
        (row(4, false), vec![CODE_LENGTH]),
        (row(5, false), vec![CODE_LENGTH, MAY_BE_A_CODE]),
        (and_a_break(row(5, false)), vec![CODE_LENGTH, MAY_BE_A_CODE]),
        (row(5, true), vec![CODE_LENGTH]),
        (row(6, false), vec![CODE_LENGTH]),
    ] {
        let mut segmenter = Segmenter::new(WINDOW);
        let mut in_the_pause = Vec::new();
        for packet in call.chunks(PACKET) {
            segmenter.push(packet, LINE_RATE);
            while let Some(urgency) = segmenter.due() {
                let Care { judged_from, .. } = segmenter.window().unwrap().care;
                if segmenter.quiet_samples() >= LOOKS[0] {
                    in_the_pause.push(judged_from);
                }
                assert!(judged_from >= CODE_LENGTH || urgency == Urgency::Needed, "{heard:?}");
                segmenter.accept(heard.clone());
            }
        }
        assert_eq!(in_the_pause, expected, "{heard:?}");
    }
}

/// A call in which five digits were heard up to the first look at a pause.
fn with_five_digits(line: &mut std::slice::Chunks<'_, i16>) -> Segmenter {
    let mut segmenter = Segmenter::new(WINDOW);
    window_where(&mut segmenter, line, true);
    segmenter.accept(row(5, false));
    assert_eq!(segmenter.due(), None);
    segmenter
}

#[test]
fn a_digit_too_few_is_judged_however_late_somebody_comes_to_read() {
    let call = Script::new().talk(1_600).pause(3_000).line();
    let mut line = call.chunks(PACKET);
    let mut segmenter = with_five_digits(&mut line);
    for packet in line {
        segmenter.push(packet, LINE_RATE);
    }
    assert_eq!(segmenter.due(), Some(Urgency::Needed));
    assert_eq!(segmenter.window().unwrap().care.judged_from, MAY_BE_A_CODE);
    segmenter.accept(row(5, false));
    assert_eq!((segmenter.due(), segmenter.segment_from), (None, None));
}

#[test]
fn a_digit_too_few_is_judged_when_the_caller_hangs_up() {
    let call = Script::new().talk(1_600).pause(400).line();
    let mut segmenter = with_five_digits(&mut call.chunks(PACKET));
    segmenter.finish();
    assert_eq!(segmenter.due(), Some(Urgency::Final));
    assert_eq!(segmenter.window().unwrap().care.judged_from, MAY_BE_A_CODE);
    segmenter.accept(row(5, false));
    assert!(segmenter.is_complete());
}

#[test]
fn a_pause_that_arrives_at_once_is_told_of() {
    let mut segmenter = Segmenter::new(WINDOW);
    segmenter.push(&Script::new().talk(1_600).pause(5_000).line(), LINE_RATE);
    assert!(segmenter.quiet_step_reached());
    assert!(!segmenter.quiet_step_reached(), "and once");
}

#[test]
fn what_was_judged_while_the_voice_spoke_is_overruled_only_at_its_ragged_edge() {
    let call = Script::new().talk(3_200).line();
    let mut line = call.chunks(PACKET);
    let mut segmenter = Segmenter::new(WINDOW);
    window_where(&mut segmenter, &mut line, false);
    let until = duration(segmenter.reading.unwrap().until - segmenter.segment_from.unwrap());
    let edge = u64::try_from(until.as_millis()).unwrap() - 100;
    let symbols = digits(&[(4, 80), (8, edge)]);
    segmenter.accept(Heard { symbols, is_judged: true });
    window_where(&mut segmenter, &mut line, false);
    segmenter.accept(digits(&[(7, 80), (7, edge), (1, edge + 400)]).into());
    assert_eq!(heard(&segmenter), [4, 7, 1]);
}

#[test]
fn what_is_not_read_may_hold_a_code() {
    let mut segmenter = Segmenter::new(WINDOW);
    for packet in Script::new().talk(1_600).pause(400).line().chunks(PACKET) {
        segmenter.push(packet, LINE_RATE);
    }
    assert_eq!(segmenter.due(), Some(Urgency::Needed));
}

#[test]
fn a_glance_replaces_the_one_before() {
    let call = Script::new().talk(3_200).line();
    let mut line = call.chunks(PACKET);
    let mut segmenter = Segmenter::new(WINDOW);
    window_where(&mut segmenter, &mut line, false);
    segmenter.accept(digits(&[(7, 400)]).into());
    window_where(&mut segmenter, &mut line, false);
    segmenter.accept(digits(&[(4, 400), (8, 900)]).into());
    assert_eq!(heard(&segmenter), [4, 8]);
}

/// A call of six digits, of which the first look at the pause was taken and no other, however much of the
/// pause has come.
fn with_a_late_reader(call: &Script) -> Segmenter {
    let call = call.line();
    let mut line = call.chunks(PACKET);
    let mut segmenter = Segmenter::new(WINDOW);
    window_where(&mut segmenter, &mut line, true);
    segmenter.accept(row(6, false));
    line.for_each(|packet| segmenter.push(packet, LINE_RATE));
    segmenter
}

#[test]
fn a_look_behind_noise_is_taken_however_late_somebody_comes_to_read() {
    let call = Script::new().talk(1_600).pause(3_000);
    let silent = with_a_late_reader(&call);
    assert_eq!((silent.due(), silent.segment_from), (None, None));
    assert!(!silent.hypothesis().looks_again);

    let mut noisy = with_a_late_reader(&call.noise(0.01));
    assert!(noisy.hypothesis().looks_again);
    assert_eq!(noisy.due(), Some(Urgency::Needed));
    noisy.window().unwrap();
    assert!(noisy.hypothesis().looks_again, "it is under way");
    // It was late enough to be the last one, whatever sounds come meanwhile.
    let noise = Script::new().noise(0.01).line();
    noise.chunks(PACKET).for_each(|packet| noisy.push(packet, LINE_RATE));
    noisy.accept(row(6, false));
    assert_eq!((noisy.due(), noisy.segment_from), (None, None));
    assert!(!noisy.hypothesis().looks_again);
}
