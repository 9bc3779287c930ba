//! What the pages of an import look like.

use maud::{Markup, html};

use crate::domain::ImportId;
use crate::onboarding::{Column, FileProblem, ImportSheet, Problem};
use crate::web::admin::Visit;
use crate::web::admin::form::{beside, described_by};
use crate::web::admin::frame::{self, Section};
use crate::web::words::ImportWords;

/// Rows with problems that are shown: who has more mends those first.
const MOST_PROBLEMS: usize = 100;

/// Rows without any, to see that they were understood.
const SAMPLE: usize = 5;

/// A row that could be made when it was looked at, and could not when it came to it.
pub(super) struct NotMade {
    pub(super) line: usize,
    pub(super) client: String,
}

/// The form by which a file is sent.
pub(super) fn form(visit: &Visit, pasted: &str, problem: Option<&FileProblem>) -> Markup {
    let words = &visit.words.import;
    let error = problem.map(|problem| file_problem(problem, words));
    let described = described_by("pasted", Some(&words.pasted_hint), None);
    let described = described.into_iter().chain(error.as_ref().map(|_| "file-error".to_owned()));
    let described = described.collect::<Vec<_>>().join(" ");
    let content = html! {
        form.card method="post" action=(visit.at("/invitations/import")) enctype="multipart/form-data" data-inline {
            (frame::token(visit))
            p { (words.intro) }
            p { (words.columns) }
            p { code { (columns()) } }
            div.field {
                label for="file" { (words.file) }
                input #file type="file" name="file" accept=".csv,.txt,.tsv,text/csv" aria-invalid=[error.as_ref().map(|_| "true")]
                    aria-describedby=[error.as_ref().map(|_| "file-error")];
                @if let Some(error) = &error { p.error #file-error { (error) } }
            }
            div.field {
                label for="pasted" { (words.pasted) }
                textarea #pasted name="pasted" rows="8" spellcheck="false" aria-describedby=(described) { (pasted) }
                (beside("pasted", Some(&words.pasted_hint), None))
            }
            button.primary #check { (words.preview) }
        }
    };
    frame::page(visit, Section::Invitations, words.title.as_str(), &content)
}

fn columns() -> String {
    Column::ALL.map(Column::as_str).join(", ")
}

/// What a file holds, and what is wrong with it.
pub(super) fn preview(visit: &Visit, id: &ImportId, sheet: &ImportSheet) -> Markup {
    let words = &visit.words.import;
    let bad = sheet.rows.iter().filter(|row| row.wanted.is_err());
    let bad: Vec<_> = bad.collect();
    let good = sheet.rows.len() - bad.len();
    let content = html! {
        section.card {
            p #good-rows data-count=(good) { (words.good_rows.around(good)) }
            @if !sheet.ignored.is_empty() {
                p.notice { (words.ignored.around(html! { bdi { (sheet.ignored.join(", ")) } })) }
            }
            @if good == 0 { p { (words.nothing) } }
            @else {
                form method="post" action=(visit.at(&format!("/invitations/import/{id}"))) data-inline {
                    (frame::token(visit))
                    button.primary #make { (words.make.around(good)) }
                }
            }
            p { a href=(visit.at("/invitations/import")) data-inline { (words.again) } }
        }
        @if !bad.is_empty() {
            section.card #problems {
                p data-count=(bad.len()) { (words.bad_rows.around(bad.len())) }
                table.table {
                    thead { tr { th scope="col" { (words.line) } th scope="col" { (words.client) } th scope="col" { (words.problem) } } }
                    tbody {
                        @for row in bad.iter().take(MOST_PROBLEMS) {
                            @let problems = row.wanted.as_ref().err().map(Vec::as_slice).unwrap_or_default();
                            tr data-line=(row.line) {
                                td data-label=(words.line.as_str()) { (row.line) }
                                td data-label=(words.client.as_str()) { bdi { (row.client) } }
                                td data-label=(words.problem.as_str()) {
                                    @for problem in problems { p.error { (row_problem(problem, words)) } }
                                }
                            }
                        }
                    }
                }
                (more(bad.len(), MOST_PROBLEMS, words))
            }
        }
        (sample(sheet, visit))
    };
    frame::page(visit, Section::Invitations, words.preview_title.as_str(), &content)
}

fn more(count: usize, shown: usize, words: &ImportWords) -> Markup {
    html! { @if count > shown { p.quiet { (words.more.around(count - shown)) } } }
}

/// Some rows as they were understood.
fn sample(sheet: &ImportSheet, visit: &Visit) -> Markup {
    let words = &visit.words;
    let good: Vec<_> = sheet.rows.iter().filter_map(|row| row.wanted.as_ref().ok()).collect();
    html! {
        @if !good.is_empty() {
            section.card #sample {
                p { (words.import.sample) }
                ul.rows {
                    @for wanted in good.iter().take(SAMPLE) {
                        li {
                            span {
                                @if let Some(name) = &wanted.client_name { bdi { (name) } " " }
                                @if let Some(email) = &wanted.client_email { bdi.quiet { (email) } }
                            }
                            span.quiet {
                                (super::connection_name(wanted.connection.kind(), &words.new_invitation))
                                @if let Some(number) = &wanted.number { " " (super::number(number)) }
                            }
                        }
                    }
                }
                (more(good.len(), SAMPLE, &words.import))
            }
        }
    }
}

/// What came of it.
pub(super) fn made(visit: &Visit, count: usize, not_made: &[NotMade]) -> Markup {
    let words = &visit.words.import;
    let content = html! {
        section.card {
            p #made data-count=(count) role="alert" { (words.made.around(count)) }
            @if !not_made.is_empty() {
                p { (words.not_made.around(not_made.len())) }
                ul { @for row in not_made.iter().take(MOST_PROBLEMS) { li { (words.line) " " (row.line) ": " bdi { (row.client) } } } }
                (more(not_made.len(), MOST_PROBLEMS, words))
            }
            p { a href=(visit.at("/invitations")) data-inline { (visit.words.invitation.back) } }
        }
    };
    frame::page(visit, Section::Invitations, words.made_title.as_str(), &content)
}

/// What there is to say of an import that was made, or waited for too long.
pub(super) fn over(visit: &Visit) -> Markup {
    let words = &visit.words.import;
    let content = html! {
        section.card {
            p role="alert" { (words.over) }
            p { a href=(visit.at("/invitations")) data-inline { (visit.words.invitation.back) } }
            p { a href=(visit.at("/invitations/import")) data-inline { (words.again) } }
        }
    };
    frame::page(visit, Section::Invitations, words.title.as_str(), &content)
}

fn file_problem(problem: &FileProblem, words: &ImportWords) -> Markup {
    match problem {
        FileProblem::Empty => html! { (words.empty) },
        FileProblem::Utf16 => html! { (words.utf16) },
        FileProblem::NotUtf8 { line } => words.not_utf8.around(line),
        FileProblem::NotText => html! { (words.not_text) },
        FileProblem::MissingColumn { found, .. } => {
            words.missing_column.around(html! { bdi { (found.join(", ")) } })
        }
        FileProblem::ColumnTwice(column) => words.column_twice.around(column.as_str()),
        FileProblem::TooManyRows(count) => words.too_many_rows.around(count),
    }
}

fn row_problem(problem: &Problem, words: &ImportWords) -> Markup {
    let typed = |text: &str| html! { bdi { (text.chars().take(80).collect::<String>()) } };
    match problem {
        Problem::Nobody => html! { (words.nobody) },
        Problem::TooManyCells => html! { (words.too_many_cells) },
        Problem::TooLong(column) => words.too_long.around(column.as_str()),
        Problem::BadName(_) => html! { (words.bad_name) },
        Problem::BadEmail(text) => words.bad_email.around(typed(text)),
        Problem::BadConnection(text) => words.bad_connection.around(typed(text)),
        Problem::BadNumber(text) => words.bad_number.around(typed(text)),
        Problem::UnknownNumber(text) => words.unknown_number.around(typed(text)),
        Problem::NumberTaken { by, .. } => words.number_taken.around(typed(by)),
        Problem::NumberTwice { line, .. } => words.number_twice.around(line),
        Problem::NoNumber => html! { (words.no_number) },
        Problem::NumberNotNeeded => html! { (words.number_not_needed) },
        Problem::BadLanguage(text) => words.bad_language.around(typed(text)),
        Problem::BadDays(text) => words.bad_days.around(typed(text)),
    }
}
