//! The card on which the client sees the code.
//!
//! All its stages are in the document from the start, and all but the current one are hidden. The
//! script only moves that mark and fills in digits.

use std::time::Duration;

use maud::{Markup, html};

use super::view::{InvitationView, copy_button};
use super::{attempts, recording};
use crate::domain::{CODE_LENGTH, CodeStage, HeardDigit, Recording, SpokenCode, Timestamp};

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

/// The card.
pub(super) fn card(view: &InvitationView<'_>) -> Markup {
    let stage = &view.current.stage;
    let code = match stage {
        CodeStage::Code { code, .. } => Some(code),
        _ => None,
    };
    let earlier = view.codes.iter().filter(|earlier| Some(*earlier) != code);
    html! {
        section.card #stage aria-labelledby="code-title" {
            h2 #code-title { "3. Read the code here" }
            (waiting(stage))
            (ringing(stage))
            (listening(stage))
            (code_shown(stage, view.now))
            (unreadable(stage, view.token))
            (expired(stage))
            (attempts::warning(view.attempts))
            div #earlier.earlier hidden[!has_earlier(view, code)] {
                p { "Codes from earlier calls:" }
                ul { @for earlier in earlier { li { (grouped(earlier.expose())) } } }
            }
        }
    }
}

fn has_earlier(view: &InvitationView<'_>, shown: Option<&SpokenCode>) -> bool {
    view.codes.iter().any(|code| Some(code) != shown)
}

/// One stage's part of the card. `announcement` is what a screen reader says when it begins.
fn part(name: &str, is_current: bool, announcement: &str, content: &Markup) -> Markup {
    html! {
        div.stage data-stage=(name) data-announce=(announcement) hidden[!is_current] { (content) }
    }
}

fn waiting(stage: &CodeStage) -> Markup {
    part(
        "waiting",
        matches!(stage, CodeStage::Waiting),
        "Waiting for Meta's call.",
        &html! {
            p.status { span.pulse {} "Waiting for Meta's call" }
            p { "The code appears here while it is being spoken. There is nothing to reload." }
            div.hint #no-call hidden {
                p { strong { "No call yet?" } }
                ul {
                    li { "Check in Meta's window that the number is the one above." }
                    li { "Check that you chose Phone call, not text message." }
                    li { "Ask Meta to call again: the choice appears after a minute or two." }
                }
            }
        },
    )
}

fn ringing(stage: &CodeStage) -> Markup {
    part(
        "ringing",
        matches!(stage, CodeStage::Ringing),
        "Meta is calling.",
        &html! {
            p.status { span.pulse {} "Meta is calling" }
            p { "We are answering." }
        },
    )
}

fn listening(stage: &CodeStage) -> Markup {
    let digits = match stage {
        CodeStage::Listening { digits } => digits.as_slice(),
        _ => &[],
    };
    let is_current = matches!(stage, CodeStage::Listening { .. });
    part(
        "listening",
        is_current,
        "Listening to the call.",
        &html! {
            p.status { span.pulse {} "Listening" }
            (digit_cells(digits, CODE_LENGTH))
            p {
                "Wait for the whole code. A dotted digit is not certain yet; a small one that is \
                 struck out was corrected."
            }
        },
    )
}

fn code_shown(stage: &CodeStage, now: Timestamp) -> Markup {
    let code = match stage {
        CodeStage::Code { code, .. } => code.expose(),
        _ => "",
    };
    let remaining = remaining(stage, now).map(|remaining| remaining.as_millis());
    let is_current = matches!(stage, CodeStage::Code { .. });
    part(
        "code",
        is_current,
        "Your code is",
        &html! {
            p.status { "Here is your code" }
            p.code #code-digits { (grouped(code)) }
            (copy_button("Copy code", code, Some("copy-code")))
            p {
                "Type it into Meta's window. Valid for "
                span #remaining data-remaining=[remaining] { "about ten minutes" } "."
            }
        },
    )
}

fn unreadable(stage: &CodeStage, token: &str) -> Markup {
    let (digits, recording) = match stage {
        CodeStage::Unreadable { digits, recording } => (digits.as_slice(), recording),
        _ => (&[][..], &Recording::None),
    };
    let is_current = matches!(stage, CodeStage::Unreadable { .. });
    let announcement = "The code could not be read. Ask Meta to call again.";
    part(
        "unreadable",
        is_current,
        announcement,
        &html! {
            p.status { "We could not read the code" }
            div #heard-digits hidden[digits.is_empty()] {
                // No empty cells: they would say where a digit is missing.
                (digit_cells(digits, 0))
                p { "This is what we heard. It is not certain: do not use it as it is." }
                p #missing-digits hidden[digits.len() >= CODE_LENGTH] {
                    "Some digits are missing, and we cannot tell where."
                }
            }
            (recording::offered(recording, token))
            p { "Ask Meta in its window to call again. This page is ready for the next call." }
        },
    )
}

fn expired(stage: &CodeStage) -> Markup {
    let announcement = "The code has expired. Ask Meta to call again.";
    part(
        "expired",
        matches!(stage, CodeStage::Expired),
        announcement,
        &html! {
            p.status { "The code has expired" }
            p { "Ask Meta in its window to call again. This page is ready for the next call." }
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
    use crate::domain::{CallId, EventId, SignupState};
    use crate::onboarding::Attempts;
    use crate::store::StageEvent;
    use crate::web::invitation::signup_card::SignupView;

    fn page(stage: CodeStage, codes: &[SpokenCode]) -> String {
        card(&InvitationView {
            token: "t0k3n",
            company: "Acme",
            signup: SignupView {
                title: "",
                state: &SignupState::NotBegun,
                app: None,
                extras: String::new(),
                number_needed: "",
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
