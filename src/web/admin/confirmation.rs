//! The page that asks before something is done that can not be taken back. It is a page rather than a
//! dialogue, so that it asks without scripts as well.

use maud::{Markup, html};

use super::Visit;
use super::frame::{self, Section};
use crate::web::words::Text;

/// What is asked.
pub(in crate::web) struct Question<'a> {
    pub(in crate::web) section: Section,
    pub(in crate::web) title: &'a str,
    /// What will have happened.
    pub(in crate::web) content: Markup,
    /// Where the answer goes, below the admin.
    pub(in crate::web) action: &'a str,
    pub(in crate::web) yes: &'a Text,
    pub(in crate::web) no: &'a Text,
    /// Where to go instead, below the admin.
    pub(in crate::web) back: &'a str,
}

pub(in crate::web) fn ask(visit: &Visit, question: &Question<'_>) -> Markup {
    let content = html! {
        section.card {
            (question.content)
            form #confirm method="post" action=(visit.at(question.action)) data-inline {
                (frame::token(visit))
                div.row {
                    button.danger { (question.yes) }
                    a href=(visit.at(question.back)) data-inline { (question.no) }
                }
            }
        }
    };
    frame::page(visit, question.section, question.title, &content)
}
