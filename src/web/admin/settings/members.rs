//! Who may do what in the project.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{AdminError, Part, Section, Visit, page as settings_page};
use crate::accounts::{Admitted, MemberRefusal, add_member, change_role, remove_member};
use crate::domain::{AuditAction, Email, PartnerId, Role, SecretToken};
use crate::store::Member;
use crate::web::WebState;
use crate::web::address::Address;
use crate::web::admin::Posted;
use crate::web::admin::confirmation::{Question, ask};
use crate::web::admin::form::{Choice, Field, Kind, Select, field, select};
use crate::web::admin::frame::token;
use crate::web::admin::posted::Nothing;
use crate::web::admin::typed::{Done, Line, notice, problem};
use crate::web::words::{MembersWords, Text};

const HERE: &str = "/settings/members";

/// What the page shows besides the members.
#[derive(Default)]
struct MembersView {
    notice: Option<&'static Text>,
    /// Why something was not done.
    problem: Option<&'static Text>,
    /// By which somebody sets a password: told once, here and nowhere else.
    link: Option<(Email, SecretToken)>,
    email: Line,
    role: Option<Role>,
}

/// `GET {base}/settings/members`
pub(in crate::web::admin) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Markup, AdminError> {
    let words = &visit.words.members;
    let notice = match done.done.as_str() {
        "added" => Some(&words.added),
        "known" => Some(&words.added_known),
        "role" => Some(&words.role_changed),
        "removed" => Some(&words.removed),
        _ => None,
    };
    render(&state, &visit, &MembersView { notice, ..MembersView::default() }).await
}

/// Somebody to be added.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedMember {
    email: String,
    role: String,
}

/// `POST {base}/settings/members`. The answer holds the link, since it is shown once.
pub(in crate::web::admin) async fn add(
    State(state): State<WebState>,
    visit: Visit,
    Posted(typed): Posted<TypedMember>,
) -> Result<Response, AdminError> {
    let words = &visit.words.members;
    let role: Option<Role> = typed.role.parse().ok();
    let (Ok(email), Some(role)) = (typed.email.parse::<Email>(), role) else {
        let email = Line::wrong(typed.email, &words.wrong_email);
        return wrong(&state, &visit, &MembersView { email, role, ..MembersView::default() }).await;
    };
    let entry = visit.audit(AuditAction::MemberAdded, format!("{} ({role})", email.as_str()));
    let (project, now, added) = (visit.project_id(), visit.now, email.clone());
    let write = state.store.write(move |writer| {
        let added = add_member(writer, &project, &added, role, now)?;
        if added.is_ok() {
            writer.record_audit(&entry)?;
        }
        let account = writer.partner_by_email(&email)?;
        Ok((added, email, account.is_some_and(|partner| partner.password.is_some())))
    });
    match write.await? {
        (Ok(Admitted { link: Some(link), .. }), email, _) => {
            let view = MembersView { link: Some((email, link)), ..MembersView::default() };
            Ok(render(&state, &visit, &view).await?.into_response())
        }
        (Ok(Admitted { link: None, .. }), _, has_password) => {
            let done = if has_password { "added" } else { "known" };
            Ok(visit.see_other(&format!("{HERE}?done={done}")))
        }
        (Err(_), _, _) => {
            let email = Line::wrong(typed.email, &words.already_in);
            let role = Some(role);
            wrong(&state, &visit, &MembersView { email, role, ..MembersView::default() }).await
        }
    }
}

/// Another role.
#[derive(Debug, Deserialize)]
pub(in crate::web::admin) struct TypedRole {
    role: String,
}

/// `POST {base}/settings/members/{member}/role`
pub(in crate::web::admin) async fn set_role(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, member)): Address<(String, String)>,
    Posted(typed): Posted<TypedRole>,
) -> Result<Response, AdminError> {
    let Ok(role) = typed.role.parse::<Role>() else { return Err(AdminError::NotFound) };
    let (project, partner, now) = (visit.project_id(), PartnerId::from_stored(member), visit.now);
    let audit = {
        let visit = visit.clone();
        move |member: &Member| {
            let subject = format!("{} ({role})", member.email.as_str());
            visit.audit(AuditAction::MemberRoleChanged, subject)
        }
    };
    let write = state.store.write(move |writer| {
        let changed = change_role(writer, &project, &partner, role, now)?;
        if let Ok(before) = &changed {
            writer.record_audit(&audit(before))?;
        }
        Ok(changed)
    });
    match write.await? {
        Ok(_) => Ok(visit.see_other(&format!("{HERE}?done=role"))),
        Err(refusal) => refused(&state, &visit, refusal).await,
    }
}

/// `GET {base}/settings/members/{member}/remove`
pub(in crate::web::admin) async fn ask_to_remove(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, member)): Address<(String, String)>,
) -> Result<Markup, AdminError> {
    let words = &visit.words.members;
    let (project, partner) = (visit.project_id(), PartnerId::from_stored(member));
    let members = state.store.read(move |reader| reader.members(&project)).await?;
    let found = members.into_iter().find(|member| member.partner == partner);
    let found = found.ok_or(AdminError::NotFound)?;
    Ok(ask(
        &visit,
        &Question {
            section: Section::Settings,
            title: words.removal_title.as_str(),
            content: html! {
                p { (words.removal_of.around(html! { b { bdi { (found.email.as_str()) } } })) }
            },
            action: &format!("{HERE}/{}/remove", found.partner),
            yes: &words.removal_yes,
            no: &words.removal_no,
            back: HERE,
        },
    ))
}

/// `POST {base}/settings/members/{member}/remove`
pub(in crate::web::admin) async fn remove(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, member)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let (project, partner) = (visit.project_id(), PartnerId::from_stored(member));
    let audit = {
        let visit = visit.clone();
        move |member: &Member| visit.audit(AuditAction::MemberRemoved, member.email.as_str())
    };
    let write = state.store.write(move |writer| {
        let removed = remove_member(writer, &project, &partner)?;
        if let Ok(member) = &removed {
            writer.record_audit(&audit(member))?;
        }
        Ok(removed)
    });
    match write.await? {
        Ok(_) => Ok(visit.see_other(&format!("{HERE}?done=removed"))),
        Err(refusal) => refused(&state, &visit, refusal).await,
    }
}

/// `POST {base}/settings/members/{member}/link`. The answer holds the link, since it is shown once.
pub(in crate::web::admin) async fn renew_link(
    State(state): State<WebState>,
    visit: Visit,
    Address((_, member)): Address<(String, String)>,
    Posted(Nothing {}): Posted<Nothing>,
) -> Result<Response, AdminError> {
    let (project, partner, now) = (visit.project_id(), PartnerId::from_stored(member), visit.now);
    let audit = {
        let visit = visit.clone();
        move |member: &Member| visit.audit(AuditAction::MemberLinkMade, member.email.as_str())
    };
    let write = state.store.write(move |writer| {
        let renewed = crate::accounts::renew_link(writer, &project, &partner, now)?;
        if let Ok((member, _)) = &renewed {
            writer.record_audit(&audit(member))?;
        }
        Ok(renewed)
    });
    match write.await? {
        Ok((member, link)) => {
            let view = MembersView { link: Some((member.email, link)), ..MembersView::default() };
            Ok(render(&state, &visit, &view).await?.into_response())
        }
        Err(refusal) => refused(&state, &visit, refusal).await,
    }
}

async fn refused(
    state: &WebState,
    visit: &Visit,
    refusal: MemberRefusal,
) -> Result<Response, AdminError> {
    let words = &visit.words.members;
    let problem = match refusal {
        MemberRefusal::Unknown => return Err(AdminError::NotFound),
        MemberRefusal::AlreadyIn => &words.already_in,
        MemberRefusal::LastOwner => &words.last_owner,
        MemberRefusal::InOtherProjects => &words.in_other_projects,
    };
    let view = MembersView { problem: Some(problem), ..MembersView::default() };
    wrong(state, visit, &view).await
}

async fn wrong(
    state: &WebState,
    visit: &Visit,
    view: &MembersView,
) -> Result<Response, AdminError> {
    let page = render(state, visit, view).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn render(state: &WebState, visit: &Visit, view: &MembersView) -> Result<Markup, AdminError> {
    let project = visit.project_id();
    let members = state.store.read(move |reader| reader.members(&project)).await?;
    let words = &visit.words.members;
    let content = html! {
        (notice(view.notice))
        (problem(view.problem))
        @if let Some((email, link)) = &view.link {
            (shown_once(words, email, &format!("{}/password/{}", state.public_url, link.expose())))
        }
        section.card {
            h2 { (words.heading) }
            ul.rows #members { @for member in &members { (row(visit, member)) } }
        }
        (add_form(visit, view))
    };
    Ok(settings_page(visit, Part::Members, &content))
}

fn shown_once(words: &MembersWords, email: &Email, link: &str) -> Markup {
    html! {
        section.card #link {
            p.status.good { (words.link_for.around(html! { bdi { (email.as_str()) } })) }
            p { (words.link_text) }
            div.row {
                code #password-link { (link) }
                button type="button" data-copy=(link) data-label=(words.copy.as_str())
                    data-copied=(words.copied.as_str()) { (words.copy) }
            }
        }
    }
}

fn row(visit: &Visit, member: &Member) -> Markup {
    let words = &visit.words.members;
    let at = |what: &str| visit.at(&format!("{HERE}/{}/{what}", member.partner));
    let email = member.email.as_str();
    html! {
        li data-member=(email) {
            div {
                p { b { bdi { (email) } } }
                @if !member.has_signed_up { p.quiet { (words.not_signed_up) } }
            }
            div.row {
                form.inline.row method="post" action=(at("role")) data-inline {
                    (token(visit))
                    select name="role" aria-label=(words.role_of.with_name(email)) {
                        @for role in Role::ALL {
                            option value=(role) selected[role == member.role] {
                                (visit.words.roles.of(role))
                            }
                        }
                    }
                    button { (words.change_role) span.visually-hidden { " " (email) } }
                }
                form.inline method="post" action=(at("link")) data-inline {
                    (token(visit))
                    button { (words.new_link) span.visually-hidden { " " (email) } }
                }
                a href=(at("remove")) data-inline {
                    (words.remove) span.visually-hidden { " " (email) }
                }
            }
        }
    }
}

fn add_form(visit: &Visit, view: &MembersView) -> Markup {
    let words = &visit.words.members;
    let choices = Role::ALL.map(|role| Choice {
        value: role.as_str(),
        label: html! { (visit.words.roles.of(role)) },
        is_disabled: false,
    });
    let chosen = view.role.unwrap_or(Role::Member).as_str();
    html! {
        section.card {
            h2 { (words.add_heading) }
            form #add method="post" action=(visit.at(HERE)) data-inline novalidate {
                (token(visit))
                (field(&Field {
                    name: "email", label: &words.email, kind: Kind::Email,
                    value: &view.email.value, hint: None, error: view.email.error,
                }))
                (select(&Select {
                    name: "role", label: &words.role, choices: &choices, chosen,
                    hint: Some(&words.role_hint), error: None,
                }))
                button.primary { (words.add) }
            }
        }
    }
}
