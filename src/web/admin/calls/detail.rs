//! The page of one call.

use maud::{Markup, html};

use super::list::{caller, duration, is_recorded, outcome, purpose};
use crate::domain::{CallQuality, Role};
use crate::store::ListedCall;
use crate::web::admin::Visit;
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::words::{Text, Tongue};

pub(super) fn render(visit: &Visit, call: &ListedCall) -> Markup {
    let words = &visit.words.calls;
    let content = html! {
        section.card #call data-live {
            dl.facts {
                (fact(&words.outcome, &outcome(visit, call)))
                (fact(&words.rang, &moment(call.rang_at, visit.now, &visit.words.moments)))
                (fact(&words.number, &html! {
                    a href=(visit.at(&format!("/numbers/{}", call.number.id))) data-inline {
                        (call.number.number)
                    }
                }))
                (fact(&words.caller, &caller(visit, call)))
                (fact(&words.purpose, &purpose(visit, call)))
                (fact(&words.duration, &duration(visit, call)))
                @if let Some(confidence) = call.end.and_then(|end| end.confidence) {
                    (fact(&words.confidence, &html! { (percent(confidence * 100.0, 0, visit.tongue)) }))
                }
                @if let Some(quality) = call.end.and_then(|end| end.quality) {
                    (fact(&words.quality, &heard(visit, quality)))
                }
                (fact(&words.trunk, &html! { code { (call.trunk) } }))
                (fact(&words.id, &html! { code { (call.id) } }))
            }
        }
        (recording(visit, call))
    };
    frame::page(visit, Section::Calls, words.detail_title.as_str(), &content)
}

fn fact(name: &Text, value: &Markup) -> Markup {
    html! { dt { (name) } dd { (value) } }
}

/// In a word, and the figures behind it.
fn heard(visit: &Visit, quality: CallQuality) -> Markup {
    let words = &visit.words.calls;
    let tongue = visit.tongue;
    let CallQuality { lost_percent, jitter_ms, opinion_score } = quality;
    html! {
        (words.grade_of(quality))
        ul.needs {
            li { (words.lost.around(percent(lost_percent, 1, tongue))) }
            li { (words.jitter.around(figure(jitter_ms, 1, tongue))) }
            li { (words.opinion.around(figure(opinion_score, 1, tongue))) }
        }
    }
}

/// What can be listened to. A part of it: the player is not to start anew when the rest is refreshed.
fn recording(visit: &Visit, call: &ListedCall) -> Markup {
    let words = &visit.words.calls;
    let address = visit.at(&format!("/calls/{}/recording", call.id));
    html! {
        section.card #recording data-live {
            h2 { (words.recording_heading) }
            @if is_recorded(visit, call) {
                @if let Some(until) = call.recorded_until {
                    p {
                        (words.recorded_until.around(moment(until, visit.now, &visit.words.moments)))
                    }
                }
                audio controls preload="none" src=(address)
                    aria-label=(words.recording_heading.as_str()) {}
                p { a href=(address) target="_blank" rel="noopener" { (words.open_recording) } }
            } @else if visit.may(Role::Member) {
                p { (words.no_recording) }
            } @else {
                p { (words.recording_not_for_viewers) }
            }
        }
    }
}

fn percent(value: f64, places: usize, tongue: Tongue) -> String {
    format!("{}\u{a0}%", figure(value, places, tongue))
}

/// A figure with so many places, as it is written in the language of the page.
fn figure(value: f64, places: usize, tongue: Tongue) -> String {
    let text = format!("{value:.places$}");
    match tongue {
        Tongue::English => text,
        Tongue::Spanish | Tongue::Portuguese => text.replace('.', ","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_written_as_its_readers_write_it() {
        assert_eq!(percent(1.25, 1, Tongue::English), "1.2\u{a0}%");
        assert_eq!(figure(4.37, 1, Tongue::Spanish), "4,4");
        assert_eq!(figure(99.6, 0, Tongue::Portuguese), "100");
    }
}
