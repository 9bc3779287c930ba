//! Settings: how the project shows itself, who may do what in it, and what was done. For owners.

mod addresses;
mod audit;
mod audit_file;
mod brand;
mod keys;
mod members;
mod webhook;

use maud::{Markup, html};

use super::frame::{self, Section};
use super::{AdminError, Visit};
use crate::web::words::{SettingsWords, Text};

pub(super) use addresses::{add_address, page as addresses, remove_address};
pub(super) use audit::page as audit;
pub(super) use audit_file::download as audit_file;
pub(super) use brand::{
    ask_to_remove_logo, logo, page as brand, put_logo, remove_logo, set_colour, set_company,
};
pub(super) use keys::{ask_to_revoke, make as make_key, page as keys, revoke};
pub(super) use members::{
    add as add_member, ask_to_remove as ask_to_remove_member, page as members,
    remove as remove_member, renew_link, set_role,
};

pub(super) use webhook::{
    page as webhook, replay as replay_webhook, rotate as rotate_webhook, set as set_webhook,
    switch as switch_webhook,
};

/// A part of the settings: a page of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Brand,
    Members,
    Keys,
    Webhook,
    Addresses,
    Audit,
}

impl Part {
    const ALL: [Self; 6] =
        [Self::Brand, Self::Members, Self::Keys, Self::Webhook, Self::Addresses, Self::Audit];

    const fn path(self) -> &'static str {
        match self {
            Self::Brand => "/settings",
            Self::Members => "/settings/members",
            Self::Keys => "/settings/keys",
            Self::Webhook => "/settings/webhook",
            Self::Addresses => "/settings/addresses",
            Self::Audit => "/settings/audit",
        }
    }

    fn name(self, words: &SettingsWords) -> &Text {
        match self {
            Self::Brand => &words.brand,
            Self::Members => &words.members,
            Self::Keys => &words.keys,
            Self::Webhook => &words.webhook,
            Self::Addresses => &words.addresses,
            Self::Audit => &words.audit,
        }
    }
}

/// A page of the settings, with the others beside it.
fn page(visit: &Visit, part: Part, content: &Markup) -> Markup {
    let words = &visit.words.settings;
    let content = html! {
        nav.parts aria-label=(words.parts.as_str()) {
            ul {
                @for other in Part::ALL {
                    li {
                        a href=(visit.at(other.path())) data-inline
                            aria-current=[(other == part).then_some("page")] {
                            (other.name(words))
                        }
                    }
                }
            }
        }
        (content)
    };
    frame::page(visit, Section::Settings, part.name(words).as_str(), &content)
}
