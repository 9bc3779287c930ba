//! What the pages of the admin have round their content: where one is, where one can go, who one is.

use maud::{Markup, html};

use super::posted::FORM_TOKEN;
use super::visit::{Guest, Place, Visit};
use crate::domain::Role;
use crate::store::Membership;
use crate::web::assets::{ADMIN_SCRIPT, ADMIN_STYLE, COPY_SCRIPT};
use crate::web::layout::{Shell, shell};
use crate::web::words::{FrameWords, Text};

/// The part of the admin that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Section {
    Invitations,
    Senders,
    Numbers,
    Calls,
    Settings,
    /// None of them.
    None,
}

impl Section {
    const ALL: [Self; 5] =
        [Self::Invitations, Self::Senders, Self::Numbers, Self::Calls, Self::Settings];

    /// Whether somebody of this role finds anything there.
    fn is_open_to(self, role: Role) -> bool {
        self != Self::Settings || role == Role::Owner
    }

    /// Its address and its name.
    fn told(self, words: &FrameWords) -> (&'static str, &Text) {
        match self {
            Self::Invitations | Self::None => ("/invitations", &words.invitations),
            Self::Senders => ("/senders", &words.senders),
            Self::Numbers => ("/numbers", &words.numbers),
            Self::Calls => ("/calls", &words.calls),
            Self::Settings => ("/settings", &words.settings),
        }
    }
}

/// A page of a project. `title` is its heading too.
pub(in crate::web) fn page(
    visit: &Visit,
    section: Section,
    title: &str,
    content: &Markup,
) -> Markup {
    let words = &visit.words.frame;
    let is_embedded = matches!(visit.place, Place::Embedded { .. });
    shell(&Shell {
        tongue: visit.tongue,
        title: &format!("{title} · {}", visit.project.name),
        theme: visit.place.theme(),
        styles: &[&ADMIN_STYLE.path],
        scripts: &[&COPY_SCRIPT, &ADMIN_SCRIPT],
        reloads_without_script: false,
        body: html! {
            body.admin data-events=(visit.at("/events")) data-embedded[is_embedded] {
                a.skip href="#main" { (words.skip) }
                header.sidebar {
                    (whose(visit, words))
                    nav aria-label=(words.sections.as_str()) {
                        ul {
                            @for other in Section::ALL.into_iter().filter(|it| it.is_open_to(visit.role)) {
                                @let (path, name) = other.told(words);
                                li {
                                    a href=(visit.at(path)) aria-current=[(other == section).then_some("page")] {
                                        (name)
                                    }
                                }
                            }
                        }
                    }
                    (account(visit, words))
                }
                main #main tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
                p.notice #offline role="status" hidden { (words.offline) }
            }
        },
    })
}

/// The project, and the others that can be chosen.
fn whose(visit: &Visit, words: &FrameWords) -> Markup {
    let others: &[Membership] = match &visit.place {
        Place::Own { projects, .. } => projects,
        Place::Embedded { .. } => &[],
    };
    html! {
        @if others.len() > 1 {
            details.projects {
                summary {
                    span.visually-hidden { (words.project) " " }
                    bdi { (visit.project.name) }
                }
                ul {
                    @for other in others {
                        @let is_here = other.project == visit.project.id;
                        li {
                            a href={ "/p/" (other.project) "/invitations" } aria-current=[is_here.then_some("true")] {
                                bdi { (other.project_name) }
                            }
                        }
                    }
                }
            }
        } @else {
            p.project { bdi { (visit.project.name) } }
        }
    }
}

fn account(visit: &Visit, words: &FrameWords) -> Markup {
    let Place::Own { email, .. } = &visit.place else { return html! {} };
    html! {
        div.account {
            a href="/account" { bdi { (email.as_str()) } }
            (sign_out(visit, words))
        }
    }
}

/// The button that ends the login.
pub(super) fn sign_out(guest: &Guest, words: &FrameWords) -> Markup {
    html! {
        form method="post" action="/sign-out" {
            (token(guest))
            button.plain { (words.sign_out) }
        }
    }
}

/// A page outside of any project. `title` is its heading too.
pub(super) fn plain(guest: &Guest, title: &str, content: &Markup) -> Markup {
    shell(&Shell {
        tongue: guest.tongue,
        title,
        theme: None,
        styles: &[&ADMIN_STYLE.path],
        scripts: &[&COPY_SCRIPT],
        reloads_without_script: false,
        body: html! {
            body {
                main #main {
                    h1 { (title) }
                    (content)
                }
            }
        },
    })
}

/// What each form carries, so that no other site can send it.
pub(in crate::web) fn token(guest: &Guest) -> Markup {
    html! { input type="hidden" name=(FORM_TOKEN) value=(guest.form_token); }
}
