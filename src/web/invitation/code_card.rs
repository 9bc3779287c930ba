//! The card on which the client sees the code.
//!
//! All its stages are in the document from the start, and all but the current one are hidden. The
//! script only moves that mark and fills in digits.

use std::time::Duration;

use maud::{Markup, html};

use super::view::{CopyButton, InvitationView};
use super::{attempts, recording};
use crate::domain::{CODE_LENGTH, CodeStage, HeardDigit, Recording, SpokenCode, Timestamp};
use crate::web::words::{CodeWords, Words};

/// For how much longer the code of a stage is valid.
pub(super) fn remaining(stage: &CodeStage, now: Timestamp) -> Option<Duration> {
    match stage {
        CodeStage::Code { valid_until, .. } => Some(valid_until.since(now)),
        CodeStage::Waiting
        | CodeStage::Ringing
        | CodeStage::Listening { .. }
        | CodeStage::Unreadable { .. }
        | CodeStage::Expired => None,
    }
}

/// The codes of earlier calls among those that are `valid`: all but the one that a stage shows.
pub(super) fn earlier<'a>(
    stage: &'a CodeStage,
    valid: &'a [SpokenCode],
) -> impl Iterator<Item = &'a SpokenCode> {
    let shown = match stage {
        CodeStage::Code { code, .. } => Some(code),
        CodeStage::Waiting
        | CodeStage::Ringing
        | CodeStage::Listening { .. }
        | CodeStage::Unreadable { .. }
        | CodeStage::Expired => None,
    };
    valid.iter().filter(move |code| Some(*code) != shown)
}

/// The card.
pub(super) fn card(view: &InvitationView<'_>) -> Markup {
    let (stage, words) = (&view.current.stage, &view.words.code);
    let earlier: Vec<&SpokenCode> = earlier(stage, view.codes).collect();
    html! {
        section.card #stage aria-labelledby="code-title" {
            h2 #code-title { span.step { "3" } " " (words.heading) }
            (waiting(stage, words))
            (ringing(stage, words))
            (listening(stage, words))
            (code_shown(stage, view.now, view.words))
            (unreadable(stage, view.token, view.words))
            (expired(stage, words))
            (attempts::warning(view.attempts, &view.words.attempts))
            div #earlier.earlier hidden[earlier.is_empty()] {
                p { (words.earlier) }
                ul { @for code in &earlier { li { (grouped(code.expose())) } } }
            }
        }
    }
}

/// One stage's part of the card. `announcement` is what a screen reader says when it begins.
fn part(name: &str, is_current: bool, announcement: &str, content: &Markup) -> Markup {
    html! {
        div.stage data-stage=(name) data-announce=(announcement) hidden[!is_current] { (content) }
    }
}

fn waiting(stage: &CodeStage, words: &CodeWords) -> Markup {
    part(
        "waiting",
        matches!(stage, CodeStage::Waiting),
        &words.waiting_status.as_sentence(),
        &html! {
            p.status { span.pulse {} (words.waiting_status) }
            p { (words.waiting_text) }
            div.hint #no-call hidden {
                p { strong { (words.no_call) } }
                ul {
                    li { (words.check_number) }
                    li { (words.check_method) }
                    li { (words.check_again) }
                }
            }
        },
    )
}

fn ringing(stage: &CodeStage, words: &CodeWords) -> Markup {
    part(
        "ringing",
        matches!(stage, CodeStage::Ringing),
        &words.ringing_status.as_sentence(),
        &html! {
            p.status { span.pulse {} (words.ringing_status) }
            p { (words.ringing_text) }
        },
    )
}

fn listening(stage: &CodeStage, words: &CodeWords) -> Markup {
    let digits = match stage {
        CodeStage::Listening { digits } => digits.as_slice(),
        _ => &[],
    };
    part(
        "listening",
        matches!(stage, CodeStage::Listening { .. }),
        &words.listening_spoken.as_sentence(),
        &html! {
            p.status { span.pulse {} (words.listening_status) }
            (digit_cells(digits, CODE_LENGTH))
            p { (words.listening_text) }
        },
    )
}

fn code_shown(stage: &CodeStage, now: Timestamp, words: &Words) -> Markup {
    let code = match stage {
        CodeStage::Code { code, .. } => code.expose(),
        _ => "",
    };
    let remaining = remaining(stage, now).map(|remaining| remaining.as_millis());
    let time = html! {
        span #remaining data-remaining=[remaining] { (words.code.about_ten_minutes) }
    };
    let copy = CopyButton {
        label: &words.code.copy,
        copied: &words.number.copied,
        text: code,
        id: Some("copy-code"),
    };
    part(
        "code",
        matches!(stage, CodeStage::Code { .. }),
        words.code.shown_spoken.as_str(),
        &html! {
            p.status { (words.code.shown_status) }
            p.code #code-digits { (grouped(code)) }
            (copy)
            p { (words.code.valid_for.around(time)) }
        },
    )
}

fn unreadable(stage: &CodeStage, token: &str, words: &Words) -> Markup {
    let (digits, recording) = match stage {
        CodeStage::Unreadable { digits, recording } => (digits.as_slice(), recording),
        _ => (&[][..], &Recording::None),
    };
    part(
        "unreadable",
        matches!(stage, CodeStage::Unreadable { .. }),
        words.code.unreadable_spoken.as_str(),
        &html! {
            p.status { (words.code.unreadable_status) }
            div #heard-digits hidden[digits.is_empty()] {
                // No empty cells: they would say where a digit is missing.
                (digit_cells(digits, 0))
                p { (words.code.heard) }
                p #missing-digits hidden[digits.len() >= CODE_LENGTH] { (words.code.missing) }
            }
            (recording::offered(recording, token, &words.recording))
            p { (words.code.ask_again) }
        },
    )
}

fn expired(stage: &CodeStage, words: &CodeWords) -> Markup {
    part(
        "expired",
        matches!(stage, CodeStage::Expired),
        words.expired_spoken.as_str(),
        &html! {
            p.status { (words.expired_status) }
            p { (words.ask_again) }
        },
    )
}

/// A cell for each digit, and empty ones up to as many as are `expected`.
fn digit_cells(digits: &[HeardDigit], expected: usize) -> Markup {
    let cells = digits.len().max(expected);
    html! {
        ol.digits {
            @for index in 0..cells {
                @match digits.get(index) {
                    Some(digit) => li class=[(!digit.sure).then_some("unsure")] { (digit.digit) },
                    None => li {},
                }
            }
        }
    }
}

/// Digits in groups of three, as people read them out.
fn grouped(code: &str) -> String {
    let (first, second) = code.split_at(code.len() / 2);
    format!("{first} {second}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Brand, CallId, ConnectionType, EventId, SignupState};
    use crate::onboarding::Attempts;
    use crate::store::StageEvent;
    use crate::web::invitation::signup_card::SignupView;
    use crate::web::words::Tongue;

    fn page(stage: CodeStage, codes: &[SpokenCode]) -> String {
        let tongue = Tongue::English;
        let words = Words::of(tongue);
        card(&InvitationView {
            tongue,
            words,
            token: "t0k3n",
            brand: &Brand { company: "Acme".into(), colour: None, logo: None },
            theme: None,
            client: None,
            signup: SignupView {
                words,
                state: &SignupState::NotBegun,
                target: None,
                app: None,
                extras: String::new(),
                connection: ConnectionType::Preassigned,
                countries: None,
            },
            number: Some(&"+15551234567".parse().unwrap()),
            attempts: Attempts::Plenty,
            current: &StageEvent { id: EventId(12), stage },
            codes,
            now: Timestamp::from_unix_millis(0),
            heartbeat: Duration::from_secs(15),
        })
        .into_string()
    }

    /// The stages that are not hidden.
    fn visible(page: &str) -> Vec<&str> {
        page.split("<div class=\"stage\" data-stage=\"")
            .skip(1)
            .filter(|part| !part.split_once('>').unwrap().0.contains("hidden"))
            .map(|part| part.split_once('"').unwrap().0)
            .collect()
    }

    #[test]
    fn exactly_the_current_stage_is_visible() {
        let code: SpokenCode = "481529".parse().unwrap();
        let valid_until = Timestamp::from_unix_millis(60_000);
        for (stage, name) in [
            (CodeStage::Waiting, "waiting"),
            (CodeStage::Ringing, "ringing"),
            (CodeStage::Listening { digits: Vec::new() }, "listening"),
            (CodeStage::Code { code, valid_until }, "code"),
            (
                CodeStage::Unreadable { digits: Vec::new(), recording: Recording::None },
                "unreadable",
            ),
            (CodeStage::Expired, "expired"),
        ] {
            assert_eq!(visible(&page(stage, &[])), [name]);
        }
    }

    #[test]
    fn the_code_stands_in_groups_and_whole_in_its_copy_button() {
        let code: SpokenCode = "481529".parse().unwrap();
        let stage = CodeStage::Code {
            code: code.clone(),
            valid_until: Timestamp::from_unix_millis(60_000),
        };
        let page = page(stage, &[code, "111111".parse().unwrap()]);
        assert!(page.contains(">481 529<"));
        assert!(page.contains("data-copy=\"481529\""));
        assert!(page.contains("data-remaining=\"60000\""));
        assert!(page.contains("<li>111 111</li>"));
    }

    #[test]
    fn a_doubtful_digit_is_marked() {
        let digits =
            vec![HeardDigit { digit: 4, sure: true }, HeardDigit { digit: 8, sure: false }];
        let page = page(CodeStage::Listening { digits }, &[]);
        assert!(page.contains("<li>4</li><li class=\"unsure\">8</li><li></li>"));
    }

    /// Whether the element with this id is there and not hidden.
    fn is_shown(page: &str, id: &str) -> bool {
        let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap();
        !rest.split_once('>').unwrap().0.contains("hidden")
    }

    fn unreadable(digits: &[u8], recording: Recording) -> String {
        let digits = digits.iter().map(|&digit| HeardDigit { digit, sure: true }).collect();
        page(CodeStage::Unreadable { digits, recording }, &[])
    }

    #[test]
    fn digits_that_are_missing_have_no_place() {
        let page = unreadable(&[4, 8, 5, 2, 9], Recording::None);
        assert!(page.contains(
            "<ol class=\"digits\"><li>4</li><li>8</li><li>5</li><li>2</li><li>9</li></ol>"
        ));
        assert!(is_shown(&page, "missing-digits"));
        assert!(!is_shown(&unreadable(&[4, 8, 1, 5, 2, 9], Recording::None), "missing-digits"));
    }

    #[test]
    fn a_recording_is_offered_with_and_without_a_player() {
        let kept = Recording::Kept {
            call: CallId::from_stored("call_7".to_owned()),
            until: Timestamp::from_unix_millis(60_000),
        };
        let page = unreadable(&[4], kept);
        assert!(is_shown(&page, "recording") && !is_shown(&page, "recording-erased"));
        assert!(page.contains("preload=\"none\" src=\"/i/t0k3n/recordings/call_7\""));
        assert!(page.contains("href=\"/i/t0k3n/recordings/call_7\""));
    }

    #[test]
    fn a_recording_that_is_gone_is_said_to_be_gone() {
        let page = unreadable(&[4], Recording::Erased);
        assert!(!is_shown(&page, "recording") && is_shown(&page, "recording-erased"));
        let page = unreadable(&[4], Recording::None);
        assert!(!is_shown(&page, "recording") && !is_shown(&page, "recording-erased"));
    }
}
