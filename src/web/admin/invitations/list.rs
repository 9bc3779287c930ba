//! The list: searched, filtered, sorted, a page at a time, and true while it is open.

use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::{client, connection_name, copy_button, hint_line, link, number, status_tag};
use crate::domain::{InvitationStatus, Role};
use crate::onboarding::{can_cancel, can_resend};
use crate::store::{
    InvitationPage, ListPosition, ListQuery, ListSort, ListedInvitation, MOST_COMPARED, MOST_HITS,
    RowKey, SearchCut, SearchTerms, StatusCounts,
};
use crate::web::WebState;
use crate::web::admin::form::{Choice, Field, Kind, Select, field, select};
use crate::web::admin::frame::{self, Section};
use crate::web::admin::moment::moment;
use crate::web::admin::{AdminError, Visit};
use crate::web::words::{InvitationsWords, Text};

/// Rows of a page. More than fits a screen, and little enough for a slow network.
const ROWS: usize = 25;

/// What the address says of the list. What means nothing is left out.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    sort: String,
    after: Option<String>,
    before: Option<String>,
}

impl Asked {
    pub(super) fn query(&self) -> ListQuery {
        let key = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        let after = key(&self.after).map(ListPosition::After);
        ListQuery {
            status: self.status.parse().ok(),
            search: SearchTerms::of(&self.q),
            sort: self.sort.parse().unwrap_or_default(),
            position: after.or_else(|| key(&self.before).map(ListPosition::Before)),
        }
    }

    /// The address of another place in the same list, or of the same rows elsewhere.
    fn address(&self, path: &str, place: Option<(&str, &RowKey)>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", &self.q), ("status", &self.status), ("sort", &self.sort)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some((name, key)) = place {
            query.append_pair(name, &key.to_string());
        }
        format!("{path}?{}", query.finish())
    }
}

/// `GET {base}/invitations`
pub(in crate::web) async fn page(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Markup, AdminError> {
    let (project, query, now) = (visit.project_id(), asked.query(), visit.now);
    let read = state.store.read(move |reader| {
        let page = reader.invitation_page(&project, &query, ROWS, now)?;
        let cut = reader.search_cut(&project, &query.search)?;
        Ok((page, reader.invitation_counts(&project, now)?, cut))
    });
    let (page, counts, cut) = read.await?;
    let words = &visit.words.invitations;
    let view = ListView { state: &state, visit: &visit, asked: &asked, page: &page, counts, cut };
    let content = html! {
        @if visit.may(Role::Member) {
            div.actions {
                a.button.primary #new href=(visit.at("/invitations/new")) data-inline { (words.new) }
                a.button href=(visit.at("/invitations/import")) data-inline { (words.import) }
            }
        }
        (view.filter())
        section #invitations data-live { (view.rows()) }
    };
    Ok(frame::page(&visit, Section::Invitations, words.title.as_str(), &content))
}

struct ListView<'a> {
    state: &'a WebState,
    visit: &'a Visit,
    asked: &'a Asked,
    page: &'a InvitationPage,
    counts: StatusCounts,
    /// What the search left out.
    cut: Option<SearchCut>,
}

impl ListView<'_> {
    fn words(&self) -> &'static InvitationsWords {
        &self.visit.words.invitations
    }

    fn filter(&self) -> Markup {
        let words = self.words();
        let statuses = InvitationStatus::ALL.map(|status| Choice {
            value: status.as_str(),
            label: html! { (self.visit.words.statuses.of(status)) },
            is_disabled: false,
        });
        let all = Choice { value: "", label: html! { (words.all) }, is_disabled: false };
        let statuses: Vec<_> = std::iter::once(all).chain(statuses).collect();
        let sorts = ListSort::ALL.map(|sort| Choice {
            value: sort.as_str(),
            label: html! { (sort_name(sort, words)) },
            is_disabled: false,
        });
        html! {
            form.filter method="get" action=(self.visit.at("/invitations")) role="search" data-inline {
                (field(&Field {
                    name: "q", label: &words.search, kind: Kind::Search, value: &self.asked.q,
                    hint: Some(&words.search_hint), error: None,
                }))
                (select(&Select {
                    name: "status", label: &words.status, choices: &statuses,
                    chosen: &self.asked.status, hint: None, error: None,
                }))
                (select(&Select {
                    name: "sort", label: &words.sort, choices: &sorts,
                    chosen: self.asked.query().sort.as_str(), hint: None, error: None,
                }))
                button #show { (words.show) }
            }
        }
    }

    fn rows(&self) -> Markup {
        let words = self.words();
        html! {
            (self.tallies())
            @if self.page.rows.is_empty() {
                p.card {
                    @if self.counts.total() > 0 {
                        (words.none_found)
                    } @else {
                        (words.none)
                        @if self.visit.may(Role::Member) { " " (words.first) }
                    }
                }
            } @else {
                table.table {
                    thead {
                        tr {
                            @for name in [&words.client, &words.status, &words.number, &words.expires, &words.actions] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody { @for row in &self.page.rows { (self.row(row)) } }
                }
                (self.pages())
            }
            @match self.cut {
                Some(SearchCut::Hits) => p.quiet #cut { (words.many_found.around(MOST_HITS)) },
                Some(SearchCut::Compared) => p.quiet #cut { (words.short_terms.around(MOST_COMPARED)) },
                None => {}
            }
        }
    }

    /// How many stand where; each leads to them.
    fn tallies(&self) -> Markup {
        html! {
            ul.tallies {
                @for status in InvitationStatus::ALL {
                    @let asked = Asked { status: status.as_str().to_owned(), sort: self.asked.sort.clone(), ..Asked::default() };
                    li {
                        a href=(asked.address(&self.visit.at("/invitations"), None)) data-inline
                            aria-current=[(self.asked.status == status.as_str()).then_some("true")] {
                            (self.visit.words.statuses.of(status)) " "
                            strong { (self.counts.of(status)) }
                        }
                    }
                }
            }
        }
    }

    fn row(&self, row: &ListedInvitation) -> Markup {
        let (words, visit) = (self.words(), self.visit);
        let own = format!("/invitations/{}", row.id);
        let name = format!("client-{}", row.id);
        html! {
            tr data-invitation=(row.id) {
                td data-label=(words.client.as_str()) {
                    a #(name) href=(visit.at(&own)) data-inline { (client(row, visit.words)) }
                    @if let (Some(_), Some(email)) = (&row.client_name, &row.client_email) {
                        p.quiet { bdi { (email.as_str()) } }
                    }
                }
                td data-label=(words.status.as_str()) {
                    (status_tag(row.status, visit.words)) " "
                    span.quiet { (moment(row.since, visit.now, &visit.words.moments)) }
                    @if row.status == InvitationStatus::Pending {
                        span.quiet { " · " @if row.viewed_at.is_some() { (words.opened) } @else { (words.unopened) } }
                    }
                    @if let Some(hint) = hint_line(row, visit) { p.advice { (hint) } }
                }
                td data-label=(words.number.as_str()) {
                    @if let Some(it) = &row.number { (number(it)) }
                    @else { span.quiet { (connection_name(row.connection, &visit.words.new_invitation)) } }
                }
                td data-label=(words.expires.as_str()) {
                    @if row.status.is_open() { (moment(row.expires_at, visit.now, &visit.words.moments)) }
                }
                td data-label=(words.actions.as_str()) { div.row-actions { (self.actions(row, &own, &name)) } }
            }
        }
    }

    fn actions(&self, row: &ListedInvitation, own: &str, name: &str) -> Markup {
        let (words, visit) = (self.words(), self.visit);
        let may_act = visit.may(Role::Member);
        html! {
            @if row.status.is_open() { (copy_button(&link(self.state, row), Some(name), visit.words)) }
            @if may_act && can_cancel(row.status) {
                a.button href=(visit.at(&format!("{own}/cancel"))) aria-describedby=(name) data-inline {
                    (words.cancel)
                }
            }
            @if may_act && can_resend(row.status) {
                (super::actions::resend_form(visit, row, Some(name)))
            }
        }
    }

    fn pages(&self) -> Markup {
        let words = self.words();
        let path = self.visit.at("/invitations");
        html! {
            nav.pages aria-label=(words.pages.as_str()) {
                @if let Some(key) = &self.page.before {
                    a.button rel="prev" data-inline href=(self.asked.address(&path, Some(("before", key)))) { (words.previous) }
                }
                @if let Some(key) = &self.page.after {
                    a.button rel="next" data-inline href=(self.asked.address(&path, Some(("after", key)))) { (words.next) }
                }
                a href=(self.asked.address(&self.visit.at("/invitations/export"), None)) { (words.export) }
            }
        }
    }
}

fn sort_name(sort: ListSort, words: &InvitationsWords) -> &Text {
    match sort {
        ListSort::Newest => &words.newest,
        ListSort::Oldest => &words.oldest,
        ListSort::Longest => &words.longest,
        ListSort::Expiry => &words.expiry,
    }
}
