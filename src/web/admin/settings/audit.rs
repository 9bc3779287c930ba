//! The audit log: who did what in the project, and when.

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::{AdminError, Part, Visit, page as settings_page};
use crate::domain::{AuditAction, AuditActor, Timestamp};
use crate::store::{AuditEntry, AuditFilter};
use crate::web::WebState;
use crate::web::admin::form::{Choice, Field, Kind, Select, field, select};
use crate::web::admin::moment::moment;
use crate::web::words::{AuditWords, Text};

/// Entries on a page.
const PAGE: u32 = 50;

/// How long a day is, by which the log is filtered: those of UTC have no summer time.
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// What is asked for. What can not be read filters nothing, but for a day, of which it is said.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web::admin) struct Asked {
    #[serde(default)]
    who: String,
    #[serde(default)]
    action: String,
    /// Such as `2026-11-06`.
    #[serde(default)]
    day: String,
    /// The last entry of the page before.
    before: Option<i64>,
}

impl Asked {
    pub(super) fn filter(&self) -> AuditFilter {
        let day = Timestamp::beginning_of(&self.day);
        let who = self.who.trim();
        AuditFilter {
            who: (!who.is_empty()).then(|| who.to_owned()),
            action: self.action.parse().ok(),
            since: day,
            before: day.map(|day| day + DAY),
        }
    }

    /// The same as a query, without where it goes on.
    fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .append_pair("who", &self.who)
            .append_pair("action", &self.action)
            .append_pair("day", &self.day)
            .finish()
    }
}

/// `GET {base}/settings/audit`
pub(in crate::web::admin) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Markup, AdminError> {
    let (project, filter, before) = (visit.project_id(), asked.filter(), asked.before);
    let read =
        state.store.read(move |reader| reader.audit_entries(&project, &filter, before, PAGE + 1));
    let mut entries = read.await?;
    let is_more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let next = entries.last().filter(|_| is_more).map(|entry| entry.number);
    Ok(render(&visit, &asked, &entries, next))
}

fn render(visit: &Visit, asked: &Asked, entries: &[AuditEntry], next: Option<i64>) -> Markup {
    let words = &visit.words.audit;
    let query = asked.query();
    let content = html! {
        p.quiet { (words.intro) }
        (filter(visit, asked))
        p {
            a #export href=(visit.at(&format!("/settings/audit.csv?{query}"))) download {
                (words.export)
            }
        }
        div #entries data-live {
            @if entries.is_empty() { p { (words.none) } } @else { (table(visit, entries)) }
            @if let Some(next) = next {
                @let path = format!("/settings/audit?{query}&before={next}");
                p { a #next href=(visit.at(&path)) data-inline { (words.next) } }
            }
        }
    };
    settings_page(visit, Part::Audit, &content)
}

fn filter(visit: &Visit, asked: &Asked) -> Markup {
    let words = &visit.words.audit;
    let all = Choice { value: "", label: html! { (words.all) }, is_disabled: false };
    let choices: Vec<_> = std::iter::once(all)
        .chain(AuditAction::ALL.iter().map(|action| Choice {
            value: action.as_str(),
            label: html! { (words.of(*action)) },
            is_disabled: false,
        }))
        .collect();
    let is_wrong = !asked.day.is_empty() && Timestamp::beginning_of(&asked.day).is_none();
    html! {
        form #filter.filters method="get" action=(visit.at("/settings/audit")) data-inline {
            (field(&Field {
                name: "who", label: &words.who, kind: Kind::Search, value: &asked.who, hint: None,
                error: None,
            }))
            (select(&Select {
                name: "action", label: &words.action, choices: &choices, chosen: &asked.action,
                hint: None, error: None,
            }))
            (field(&Field {
                name: "day", label: &words.day, kind: Kind::Day, value: &asked.day, hint: None,
                error: is_wrong.then_some(&words.wrong_day),
            }))
            button { (words.filter) }
        }
    }
}

fn table(visit: &Visit, entries: &[AuditEntry]) -> Markup {
    let words = &visit.words.audit;
    html! {
        table.table {
            thead {
                tr {
                    th scope="col" { (words.when) }
                    th scope="col" { (words.who) }
                    th scope="col" { (words.action) }
                    th scope="col" { (words.subject) }
                }
            }
            tbody {
                @for entry in entries {
                    tr data-entry=(entry.number) data-action=(entry.action.as_str()) {
                        td data-label=(words.when.as_str()) {
                            (moment(entry.at, visit.now, &visit.words.moments))
                        }
                        td data-label=(words.who.as_str()) { (who(words, &entry.who)) }
                        td data-label=(words.action.as_str()) { (words.of(entry.action)) }
                        td data-label=(words.subject.as_str()) {
                            bdi { (entry.subject.as_deref().unwrap_or("–")) }
                        }
                    }
                }
            }
        }
    }
}

fn who(words: &AuditWords, actor: &AuditActor) -> Markup {
    html! {
        @match actor {
            AuditActor::Partner(email) => bdi { (email.as_str()) },
            AuditActor::Key(key) => (words.by_key.around(html! { code { (key) } })),
            AuditActor::Embedded => (words.embedded),
            AuditActor::Operator => (words.operator),
        }
    }
}

impl AuditWords {
    /// What was done.
    fn of(&self, action: AuditAction) -> &Text {
        match action {
            AuditAction::InvitationMade => &self.invitation_made,
            AuditAction::InvitationCancelled => &self.invitation_cancelled,
            AuditAction::InvitationResent => &self.invitation_resent,
            AuditAction::InvitationSimulated => &self.invitation_simulated,
            AuditAction::InvitationsImported => &self.invitations_imported,
            AuditAction::SenderMade => &self.sender_made,
            AuditAction::SenderRenamed => &self.sender_renamed,
            AuditAction::SenderMadeDefault => &self.sender_made_default,
            AuditAction::SenderRemoved => &self.sender_removed,
            AuditAction::SenderTested => &self.sender_tested,
            AuditAction::NumberAdded => &self.number_added,
            AuditAction::NumberNamed => &self.number_named,
            AuditAction::NumberSuspended => &self.number_suspended,
            AuditAction::NumberResumed => &self.number_resumed,
            AuditAction::NumberVerified => &self.number_verified,
            AuditAction::BrandChanged => &self.brand_changed,
            AuditAction::RedirectsChanged => &self.redirects_changed,
            AuditAction::EmbedOriginsChanged => &self.embed_origins_changed,
            AuditAction::EmbedLinkMade => &self.embed_link_made,
            AuditAction::MemberAdded => &self.member_added,
            AuditAction::MemberRoleChanged => &self.member_role_changed,
            AuditAction::MemberLinkMade => &self.member_link_made,
            AuditAction::MemberRemoved => &self.member_removed,
            AuditAction::KeyMade => &self.key_made,
            AuditAction::KeyRevoked => &self.key_revoked,
            AuditAction::WebhookChanged => &self.webhook_changed,
            AuditAction::WebhookSecretChanged => &self.webhook_secret_changed,
            AuditAction::WebhookReplayed => &self.webhook_replayed,
            AuditAction::MessageSent => &self.message_sent,
        }
    }
}
