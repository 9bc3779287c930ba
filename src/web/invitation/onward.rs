//! Where the client goes when the sign-up is over: on, or back.
//!
//! Both places stand in the page from the start, hidden until it is known where they lead. The script
//! goes on by itself, shortly after; without one there is the link.

use maud::{Markup, Render, html};

use crate::domain::{InvitationId, RedirectTarget, SignupState};
use crate::onboarding::reason_of;
use crate::store::{Reader, StoreError};
use crate::web::words::{DoneWords, SignupWords};

/// Where the client of an invitation goes in this state of the sign-up.
pub(super) fn target(
    reader: &Reader<'_>,
    invitation: &InvitationId,
    state: &SignupState,
) -> Result<Option<RedirectTarget>, StoreError> {
    Ok(match state {
        SignupState::NotBegun | SignupState::Open | SignupState::Finishing => None,
        SignupState::Failed { failure } => {
            reader.redirects_of(invitation)?.after_failure(invitation, reason_of(*failure))
        }
        SignupState::Done { sender } => {
            reader.redirects_of(invitation)?.after_success(invitation, sender)
        }
    })
}

/// The way on when WhatsApp is connected.
pub(in crate::web) struct Onward<'a> {
    pub(in crate::web) words: &'a DoneWords,
    pub(in crate::web) target: Option<&'a RedirectTarget>,
}

impl Render for Onward<'_> {
    fn render(&self) -> Markup {
        let Self { words, target } = self;
        html! {
            p #no-onward hidden[target.is_some()] { (words.text) }
            div #onward hidden[target.is_none()] {
                // Only the script goes on by itself, so it is the script that says so.
                p #onward-soon hidden { (words.onward_soon.around(host(*target))) }
                a.button.primary href=[target.map(RedirectTarget::url)] rel="noreferrer" {
                    (words.onward.around(host(*target)))
                }
                button #stay type="button" hidden { (words.stay) }
            }
        }
    }
}

/// The way back when an attempt failed.
pub(super) fn back(target: Option<&RedirectTarget>, words: &SignupWords) -> Markup {
    html! {
        p #back hidden[target.is_none()] {
            a href=[target.map(RedirectTarget::url)] rel="noreferrer" {
                (words.back.around(host(target)))
            }
        }
    }
}

fn host(target: Option<&RedirectTarget>) -> Markup {
    html! { bdi data-host { (target.map(RedirectTarget::host).unwrap_or_default()) } }
}
