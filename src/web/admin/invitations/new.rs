//! A new invitation: what is typed into its form, what is wrong with it, and the link in the end.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use rand::RngExt as _;
use serde::Deserialize;

use super::actions::DEFAULT_DAYS;
use super::connection_name;
use crate::domain::{
    Actor, AuditAction, ConnectionType, Email, InvitationId, InvitationToken, Language,
    PhoneNumberId, Redirects, ShownName, Submission,
};
use crate::onboarding::{Invited, Refusal, invite_once};
use crate::store::{NewConnection, NewInvitation, NumberChoice};
use crate::web::WebState;
use crate::web::admin::form::{Choice, Field, Kind, Select, beside, described_by, field, select};
use crate::web::admin::frame::{self, Section};
use crate::web::admin::{AdminError, Posted, Visit};
use crate::web::words::{NewInvitationWords, Text, Tongue};

/// Numbers that are offered. Who has more says which one by a file or by the REST API.
const MOST_NUMBERS: u32 = 200;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was typed. Everything may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Typed {
    submission: String,
    client_name: String,
    client_email: String,
    connection: String,
    number: String,
    language: String,
    days: String,
}

/// What is wrong with it, by field.
#[derive(Debug, Default, Clone, Copy)]
struct Wrong {
    client_name: Option<&'static Text>,
    client_email: Option<&'static Text>,
    connection: Option<&'static Text>,
    number: Option<&'static Text>,
    days: Option<&'static Text>,
    /// None of them.
    all: Option<&'static Text>,
}

impl Wrong {
    fn is_any(&self) -> bool {
        let fields = [self.client_name, self.client_email, self.connection, self.number, self.days];
        fields.iter().any(Option::is_some) || self.all.is_some()
    }
}

/// `GET {base}/invitations/new`
pub(in crate::web) async fn page(
    State(state): State<WebState>,
    visit: Visit,
) -> Result<Markup, AdminError> {
    let blank = Typed {
        submission: Submission::new(rand::rng().random()).to_string(),
        connection: ConnectionType::ClientNumber.as_str().to_owned(),
        days: DEFAULT_DAYS.to_string(),
        ..Typed::default()
    };
    render(&state, &visit, &blank, Wrong::default()).await
}

/// `POST {base}/invitations/new`
pub(in crate::web) async fn make(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<Typed>,
) -> Result<Response, AdminError> {
    let words = &visit.words.new_invitation;
    let (submission, invitation) = match typed.read(&visit, words) {
        Ok(read) => read,
        Err(wrong) => return refuse(&state, &visit, &typed, wrong).await,
    };
    let audit = visit.audit(AuditAction::InvitationMade, invitation.id.as_str());
    let write = state.store.write(move |writer| {
        let made = invite_once(writer, &invitation, &submission, Actor::Partner)?;
        if let Ok(Invited::Now(_)) = made {
            writer.record_audit(&audit)?;
        }
        Ok(made)
    });
    let wrong = match write.await? {
        Ok(Invited::Now(id) | Invited::Before(id)) => {
            return Ok(visit.see_other(&format!("/invitations/{id}")));
        }
        // Who has it stands in the list.
        Err(Refusal::NumberTaken(_)) => {
            Wrong { number: Some(&words.missing_number), ..Wrong::default() }
        }
        Err(Refusal::NumberNotUsable) => {
            Wrong { number: Some(&words.number_not_usable), ..Wrong::default() }
        }
        Err(Refusal::NumberBeingVerified(_)) => {
            Wrong { number: Some(&words.number_being_verified), ..Wrong::default() }
        }
        Err(Refusal::Lifetime) => Wrong { days: Some(&words.bad_days), ..Wrong::default() },
        Err(_) => Wrong { all: Some(&words.refused), ..Wrong::default() },
    };
    refuse(&state, &visit, &typed, wrong).await
}

impl Typed {
    /// What is to be made of it; or everything that is wrong.
    fn read(
        &self,
        visit: &Visit,
        words: &'static NewInvitationWords,
    ) -> Result<(Submission, NewInvitation), Wrong> {
        let mut wrong = Wrong::default();
        let client_name: Option<ShownName> =
            optional(&self.client_name, &words.bad_name, &mut wrong.client_name);
        let client_email: Option<Email> =
            optional(&self.client_email, &words.bad_email, &mut wrong.client_email);
        let connection = match self.connection.parse() {
            Ok(ConnectionType::ClientNumber) => NewConnection::ClientNumber,
            Ok(ConnectionType::Coexistence) => NewConnection::Coexistence,
            Ok(ConnectionType::Preassigned) => {
                if self.number.is_empty() {
                    wrong.number = Some(&words.missing_number);
                }
                // Whether it is one of the project's is looked up.
                NewConnection::Preassigned(PhoneNumberId::from_stored(self.number.clone()))
            }
            Err(_) => {
                wrong.connection = Some(&words.bad_connection);
                NewConnection::ClientNumber
            }
        };
        let days: Option<u32> = self.days.trim().parse().ok();
        let Some(days) = days.filter(|days| (1..=30).contains(days)) else {
            return Err(Wrong { days: Some(&words.bad_days), ..wrong });
        };
        let submission = self.submission.parse::<Submission>();
        if wrong.is_any() {
            return Err(wrong);
        }
        let submission =
            submission.map_err(|_| Wrong { all: Some(&words.refused), ..Wrong::default() })?;
        let language: Option<Language> = self.language.parse().ok();
        let invitation = NewInvitation {
            id: InvitationId::new(visit.now, rand::rng().random()),
            project: visit.project_id(),
            token: InvitationToken::new(rand::rng().random()),
            client_name: client_name.map(String::from),
            client_email,
            language,
            connection,
            countries: None,
            redirects: Redirects::default(),
            created_at: visit.now,
            expires_at: visit.now + DAY * days,
        };
        Ok((submission, invitation))
    }
}

fn optional<T: std::str::FromStr>(
    typed: &str,
    problem: &'static Text,
    wrong: &mut Option<&'static Text>,
) -> Option<T> {
    if typed.trim().is_empty() {
        return None;
    }
    typed.parse().inspect_err(|_| *wrong = Some(problem)).ok()
}

async fn refuse(
    state: &WebState,
    visit: &Visit,
    typed: &Typed,
    wrong: Wrong,
) -> Result<Response, AdminError> {
    let page = render(state, visit, typed, wrong).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(
    state: &WebState,
    visit: &Visit,
    typed: &Typed,
    wrong: Wrong,
) -> Result<Markup, AdminError> {
    let (project, now) = (visit.project_id(), visit.now);
    let read = state.store.read(move |reader| reader.number_choices(&project, MOST_NUMBERS, now));
    let numbers = read.await?;
    let words = &visit.words.new_invitation;
    let content = html! {
        @if wrong.is_any() { p.notice role="alert" { (wrong.all.unwrap_or(&words.wrong)) } }
        form.card.new-invitation method="post" action=(visit.at("/invitations/new")) data-inline novalidate {
            (frame::token(visit))
            input type="hidden" name="submission" value=(typed.submission);
            (field(&Field {
                name: "client_name", label: &words.client_name, kind: Kind::Line,
                value: &typed.client_name, hint: Some(&words.client_name_hint), error: wrong.client_name,
            }))
            (field(&Field {
                name: "client_email", label: &words.client_email, kind: Kind::Email,
                value: &typed.client_email, hint: Some(&words.client_email_hint), error: wrong.client_email,
            }))
            (connections(typed, wrong.connection, words))
            (number_picker(&numbers, typed, wrong.number, words))
            (languages(typed, words))
            (field(&Field {
                name: "days", label: &words.days, kind: Kind::Number { least: 1, most: 30 },
                value: &typed.days, hint: Some(&words.days_hint), error: wrong.days,
            }))
            button.primary #make { (words.make) }
        }
    };
    Ok(frame::page(visit, Section::Invitations, words.title.as_str(), &content))
}

/// The three ways to connect, each with what it means.
fn connections(typed: &Typed, error: Option<&'static Text>, words: &NewInvitationWords) -> Markup {
    html! {
        fieldset.field aria-describedby=[described_by("connection", None, error)] {
            legend { (words.connection) }
            @for connection in ConnectionType::ALL {
                @let name = connection.as_str();
                @let hint = match connection {
                    ConnectionType::ClientNumber => &words.client_number_hint,
                    ConnectionType::Preassigned => &words.preassigned_hint,
                    ConnectionType::Coexistence => &words.coexistence_hint,
                };
                label.choice for=(name) {
                    input #(name) type="radio" name="connection" value=(name) checked[typed.connection == name]
                        aria-describedby={ (name) "-hint" };
                    span { (connection_name(connection, words)) span.quiet id={ (name) "-hint" } { (hint) } }
                }
            }
            (beside("connection", None, error))
        }
    }
}

/// The numbers of the project: those that are free, and who has the others.
fn number_picker(
    numbers: &[NumberChoice],
    typed: &Typed,
    error: Option<&'static Text>,
    words: &NewInvitationWords,
) -> Markup {
    let (free, taken): (Vec<_>, Vec<_>) = numbers.iter().partition(|it| it.holder.is_none());
    html! {
        div.field.number-choice {
            label for="number" { (words.number) }
            select #number name="number" aria-invalid=[error.map(|_| "true")]
                aria-describedby=[described_by("number", None, error)] {
                option value="" { (words.choose_number) }
                @for (group, choices) in [(&words.free, free), (&words.taken, taken)] {
                    @if !choices.is_empty() {
                        optgroup label=(group.as_str()) {
                            @for choice in choices {
                                option value=(choice.id) selected[typed.number == choice.id.as_str()]
                                    disabled[choice.holder.is_some()] { (described(choice, words)) }
                            }
                        }
                    }
                }
            }
            @if numbers.is_empty() { p.quiet { (words.no_numbers) } }
            (beside("number", None, error))
        }
    }
}

/// A number with its name, or with who has it. No markup stands in an option.
fn described(choice: &NumberChoice, words: &NewInvitationWords) -> String {
    let number = choice.number.as_str();
    match (&choice.holder, &choice.name) {
        (Some(holder), _) => {
            let by = holder.client.as_deref().unwrap_or(holder.invitation.as_str());
            format!("{number} \u{b7} {}", words.taken_by.with_name(by))
        }
        (None, Some(name)) => format!("{number} \u{b7} {name}"),
        (None, None) => number.to_owned(),
    }
}

fn languages(typed: &Typed, words: &NewInvitationWords) -> Markup {
    let own = Tongue::ALL.map(|tongue| Choice {
        value: tongue.language(),
        label: html! { (tongue.own_name()) },
        is_disabled: false,
    });
    let browsers = Choice { value: "", label: html! { (words.of_browser) }, is_disabled: false };
    let choices: Vec<_> = std::iter::once(browsers).chain(own).collect();
    select(&Select {
        name: "language",
        label: &words.language,
        choices: &choices,
        chosen: &typed.language,
        hint: Some(&words.language_hint),
        error: None,
    })
}
