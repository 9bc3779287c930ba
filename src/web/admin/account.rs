//! A partner's own account: language, password, second factor, and where one is signed in.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use rand::RngExt as _;
use serde::Deserialize;

use super::form::{Choice, Field, Kind, Select, field, select};
use super::moment::moment;
use super::posted::Nothing;
use super::visit::{Browser, Person};
use super::{AdminError, Posted, frame, qr};
use crate::accounts::{Enrolment, Password, SignInError, Visitor};
use crate::domain::{Language, LoginId};
use crate::store::Login;
use crate::web::WebState;
use crate::web::remote::Remote;
use crate::web::words::{AccountWords, Text, Tongue};

const HERE: &str = "/account";

/// `GET /account`
pub(super) async fn page(
    State(state): State<WebState>,
    person: Person,
) -> Result<Markup, AdminError> {
    let enrolment = Enrolment::new(&person.partner.email, rand::rng().random());
    render(&state, &person, &enrolment, &Wrong::default()).await
}

/// What is wrong with what was typed, by field.
#[derive(Debug, Default, Clone, Copy)]
struct Wrong {
    before: Option<&'static Text>,
    after: Option<&'static Text>,
    code: Option<&'static Text>,
    drop: Option<&'static Text>,
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
}

/// `POST /account/language`. What is no language that there is means: the browser's.
pub(super) async fn set_language(
    State(state): State<WebState>,
    person: Person,
    Posted(chosen): Posted<Chosen>,
) -> Result<Response, AdminError> {
    let language: Option<Language> = chosen.language.parse().ok();
    let language = language.filter(|language| Tongue::of(*language).is_some());
    let partner = person.partner.id;
    state.store.write(move |writer| writer.set_partner_language(&partner, language)).await?;
    Ok(Redirect::to(HERE).into_response())
}

#[derive(Deserialize)]
pub(super) struct Passwords {
    before: String,
    after: String,
}

/// `POST /account/password`
pub(super) async fn change_password(
    State(state): State<WebState>,
    person: Person,
    Remote(address): Remote,
    Browser(browser): Browser,
    Posted(typed): Posted<Passwords>,
) -> Result<Response, AdminError> {
    let after = match Password::chosen(typed.after) {
        Ok(password) => password,
        Err(weak) => {
            let after = Some(person.guest.words.password.of(weak));
            return wrong(&state, &person, Wrong { after, ..Wrong::default() }).await;
        }
    };
    let (before, visitor) = (Password::typed(typed.before), Visitor { address, browser });
    let login = person.entered.login.id.clone();
    let changed =
        state.accounts.change_password(&person.partner, login, before, after, &visitor).await?;
    if let Err(error) = changed {
        let before = Some(not_let_in(error, &person)?);
        return wrong(&state, &person, Wrong { before, ..Wrong::default() }).await;
    }
    Ok(Redirect::to(HERE).into_response())
}

#[derive(Deserialize)]
pub(super) struct Enrolled {
    secret: String,
    code: String,
}

/// `POST /account/second-factor`
pub(super) async fn enrol(
    State(state): State<WebState>,
    person: Person,
    Posted(typed): Posted<Enrolled>,
) -> Result<Response, AdminError> {
    // Who sits at a browser that was left open does not get rid of the one there is so: to drop it takes
    // the password.
    if person.partner.second_factor.is_some() {
        return Ok(Redirect::to(HERE).into_response());
    }
    let Some(enrolment) = Enrolment::shown(&person.partner.email, &typed.secret) else {
        return Err(AdminError::Unreadable(StatusCode::BAD_REQUEST));
    };
    if state.accounts.enrol(&person.partner, &enrolment, &typed.code).await?.is_err() {
        let code = Some(&person.guest.words.sign_in.wrong_code);
        let wrong = Wrong { code, ..Wrong::default() };
        let page = render(&state, &person, &enrolment, &wrong).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    Ok(Redirect::to(HERE).into_response())
}

#[derive(Deserialize)]
pub(super) struct ByPassword {
    password: String,
}

/// `POST /account/second-factor/drop`
pub(super) async fn drop_factor(
    State(state): State<WebState>,
    person: Person,
    Remote(address): Remote,
    Browser(browser): Browser,
    Posted(typed): Posted<ByPassword>,
) -> Result<Response, AdminError> {
    let (password, visitor) = (Password::typed(typed.password), Visitor { address, browser });
    let dropped = state.accounts.drop_second_factor(&person.partner, password, &visitor).await?;
    if let Err(error) = dropped {
        let drop = Some(not_let_in(error, &person)?);
        return wrong(&state, &person, Wrong { drop, ..Wrong::default() }).await;
    }
    Ok(Redirect::to(HERE).into_response())
}

#[derive(Deserialize)]
pub(super) struct Ended {
    login: String,
}

/// `POST /account/logins/end`. A login of somebody else is none that could be ended.
pub(super) async fn end_login(
    State(state): State<WebState>,
    person: Person,
    Posted(ended): Posted<Ended>,
) -> Result<Response, AdminError> {
    let login = LoginId::from_stored(ended.login);
    state.accounts.end_login(&person.partner.id, login).await?;
    Ok(Redirect::to(HERE).into_response())
}

/// `POST /account/logins/end-others`
pub(super) async fn end_others(
    State(state): State<WebState>,
    person: Person,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let login = person.entered.login.id;
    state.accounts.end_other_logins(&person.partner.id, login).await?;
    Ok(Redirect::to(HERE).into_response())
}

/// What is said of a password that was not the right one.
fn not_let_in(error: SignInError, person: &Person) -> Result<&'static Text, AdminError> {
    match error {
        SignInError::Wrong => Ok(&person.guest.words.account.wrong_password),
        SignInError::TooOften(until) => Err(AdminError::TooOften { until, now: person.guest.now }),
    }
}

async fn wrong(state: &WebState, person: &Person, wrong: Wrong) -> Result<Response, AdminError> {
    let enrolment = Enrolment::new(&person.partner.email, rand::rng().random());
    let page = render(state, person, &enrolment, &wrong).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(
    state: &WebState,
    person: &Person,
    enrolment: &Enrolment,
    wrong: &Wrong,
) -> Result<Markup, AdminError> {
    let logins = state.accounts.logins_of(&person.partner.id).await?;
    let words = &person.guest.words.account;
    let content = html! {
        p.quiet { bdi { (person.partner.email.as_str()) } }
        p { a href="/projects" { (words.projects) } }
        (language(person, words))
        (password(person, words, wrong))
        @if person.partner.second_factor.is_some() {
            (factor_to_drop(person, words, wrong))
        } @else {
            (factor_to_enrol(person, words, enrolment, wrong))
        }
        (where_signed_in(person, words, &logins))
        (frame::sign_out(&person.guest, &person.guest.words.frame))
    };
    Ok(frame::plain(&person.guest, words.title.as_str(), &content))
}

fn language(person: &Person, words: &AccountWords) -> Markup {
    let named = Tongue::ALL.map(|tongue| (tongue.language(), tongue.own_name()));
    let own = named.iter().map(|(code, name)| Choice {
        value: code,
        label: html! { span lang=(code) { (name) } },
        is_disabled: false,
    });
    let browsers = Choice { value: "", label: html! { (words.of_browser) }, is_disabled: false };
    let choices: Vec<_> = std::iter::once(browsers).chain(own).collect();
    let chosen = person.partner.language.as_ref().map_or("", Language::as_str);
    html! {
        form.card method="post" action="/account/language" {
            (frame::token(&person.guest))
            (select(&Select {
                name: "language", label: &words.language, choices: &choices, chosen, hint: None,
                error: None,
            }))
            button { (words.save) }
        }
    }
}

fn password(person: &Person, words: &AccountWords, wrong: &Wrong) -> Markup {
    let chosen = &person.guest.words.password;
    html! {
        form.card method="post" action="/account/password" {
            h2 { (words.password) }
            (frame::token(&person.guest))
            input type="hidden" name="username" autocomplete="username"
                value=(person.partner.email.as_str());
            (field(&Field {
                name: "before", label: &words.before, kind: Kind::Password { is_new: false },
                value: "", hint: None, error: wrong.before,
            }))
            (field(&Field {
                name: "after", label: &chosen.new, kind: Kind::Password { is_new: true }, value: "",
                hint: Some(&chosen.hint), error: wrong.after,
            }))
            button { (words.change) }
        }
    }
}

fn factor_to_enrol(
    person: &Person,
    words: &AccountWords,
    enrolment: &Enrolment,
    wrong: &Wrong,
) -> Markup {
    html! {
        form.card #second-factor method="post" action="/account/second-factor" {
            h2 { (words.second_factor) }
            p { (words.scan) }
            (qr::code(&enrolment.url(), words.qr.as_str()))
            p { (words.type_instead) " " code { (enrolment.typed()) } }
            (frame::token(&person.guest))
            input type="hidden" name="secret" value=(enrolment.typed());
            (field(&Field {
                name: "code", label: &person.guest.words.sign_in.code, kind: Kind::OneTimeCode,
                value: "", hint: None, error: wrong.code,
            }))
            button { (words.switch_on) }
        }
    }
}

fn factor_to_drop(person: &Person, words: &AccountWords, wrong: &Wrong) -> Markup {
    html! {
        form.card #second-factor method="post" action="/account/second-factor/drop" {
            h2 { (words.second_factor) }
            p.status.good { (words.is_on) }
            (frame::token(&person.guest))
            (field(&Field {
                name: "password", label: &words.before, kind: Kind::Password { is_new: false },
                value: "", hint: None, error: wrong.drop,
            }))
            button { (words.switch_off) }
        }
    }
}

fn where_signed_in(person: &Person, words: &AccountWords, logins: &[Login]) -> Markup {
    let moments = &person.guest.words.moments;
    html! {
        section.card #logins {
            h2 { (words.logins) }
            ul.rows {
                @for login in logins {
                    li {
                        div {
                            bdi { (login.browser) }
                            p.quiet {
                                (login.address) ", "
                                (moment(login.seen_at, person.guest.now, moments))
                            }
                        }
                        @if login.id == person.entered.login.id {
                            p.quiet { (words.this_one) }
                        } @else {
                            form method="post" action="/account/logins/end" {
                                (frame::token(&person.guest))
                                input type="hidden" name="login" value=(login.id);
                                button { (words.end) }
                            }
                        }
                    }
                }
            }
            @if logins.len() > 1 {
                form method="post" action="/account/logins/end-others" {
                    (frame::token(&person.guest))
                    button { (words.end_others) }
                }
            }
        }
    }
}
