//! What a final response to a REGISTER leads to (RFC 3261 §10.2.7, §10.2.8).

use std::time::Duration;

use super::pace::{self, SOUND_AFTER};
use super::states::{Outstanding, Registered, Registering, Removing, State};
use super::{Account, Bound, Effect, RegistrationEvent, RegistrationFailure, Stage, reading};
use crate::StatusCode;
use crate::message::Response;

impl Registering {
    /// A final response.
    pub(super) fn answered(
        mut self: Box<Self>,
        response: &Response,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> State {
        if account.config.rewrite_contact {
            let written = stage.local.advertised.address_for(&self.link.flow);
            self.link.seen_from = reading::seen_from(response, written).or(self.link.seen_from);
        }
        match response.status {
            status if status.is_success() => self.accepted(response, account, stage),
            status if status.is_challenge() => {
                match account.authenticator.challenged(response, stage.rng) {
                    Ok(()) => account.ask(self.link, self.tried, None, stage),
                    Err(_) => State::later(RegistrationFailure::Refused(status), account, stage),
                }
            }
            StatusCode::INTERVAL_TOO_BRIEF => self.too_brief(response, account, stage),
            status if is_of_this_server(status) => {
                let wait = reading::retry_after(response).unwrap_or_default();
                account.left_alone_for = account.left_alone_for.max(wait);
                State::next_server(RegistrationFailure::Refused(status), account, stage)
            }
            status => State::later(RegistrationFailure::Refused(status), account, stage),
        }
    }

    fn accepted(
        self: Box<Self>,
        response: &Response,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> State {
        let Self { link, request: Outstanding { contact, .. }, mut tried } = *self;
        if account.leaving {
            return account.remove(link, contact, stage);
        }
        // The server sees another address than the one it has just bound. Once only: a NAT that
        // changes it for each request is beyond help.
        if account.contact(&link, stage) != contact && !tried.other_contact {
            tried.other_contact = true;
            return account.ask(link, tried, Some(&contact), stage);
        }
        let granted = reading::granted(response, &contact, account.expires);
        if granted.is_zero() {
            return State::later(RegistrationFailure::NothingGranted, account, stage);
        }
        account.left_alone_for = Duration::ZERO;
        if stage.now.saturating_duration_since(link.since) >= SOUND_AFTER {
            account.failures = 0;
        }
        stage.effects.push(Effect::Event(RegistrationEvent::Registered(Bound {
            flow: link.flow,
            granted,
            contact: contact.clone(),
            service_route: reading::service_route(response),
        })));
        State::Registered(Box::new(Registered {
            link,
            contact,
            refresh_at: stage.now + pace::refresh(granted, stage.rng),
            keep_alive_at: account.config.keep_alive.map(|interval| stage.now + interval),
        }))
    }

    /// §10.2.8.
    fn too_brief(
        mut self: Box<Self>,
        response: &Response,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> State {
        match reading::shortest(response) {
            Some(shortest) if shortest > account.expires && !self.tried.longer => {
                account.expires = shortest;
                self.tried.longer = true;
                account.ask(self.link, self.tried, None, stage)
            }
            Some(_) | None => {
                State::later(RegistrationFailure::Refused(response.status), account, stage)
            }
        }
    }
}

/// What tells of the server and not of the account.
fn is_of_this_server(status: StatusCode) -> bool {
    status == StatusCode::REQUEST_TIMEOUT || (500..600).contains(&status.code())
}

impl Removing {
    /// A final response. Whatever it is, unless it asks who we are, there is nothing left to do.
    pub(super) fn answered(
        self: Box<Self>,
        response: &Response,
        account: &mut Account,
        stage: &mut Stage<'_>,
    ) -> State {
        if response.status.is_challenge()
            && account.authenticator.challenged(response, stage.rng).is_ok()
        {
            return account.remove(self.link, self.request.contact, stage);
        }
        if !response.status.is_success() {
            stage.fail(RegistrationFailure::Refused(response.status), None);
        }
        State::over(stage)
    }
}
