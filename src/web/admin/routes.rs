//! Every route of the admin.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, on};

use super::entrance::{self, Entrance};
use super::{
    account, calls, embed, events, invitations, numbers, password, projects, senders, settings,
    sign_in,
};
use crate::domain::Role;
use crate::web::WebState;
use crate::web::routes::{Access, Routes};

/// The longest form that anybody may send: an address, a password, and the page to come back to.
const LONGEST_FORM: usize = 16 * 1024;

/// The whole admin.
pub(in crate::web) fn routes(state: &WebState) -> Routes {
    let pages = || pages(state);
    Routes::default()
        .merge(of_visitors(state))
        .merge(of_partners(state))
        .nest("/p/{project}", pages())
        .nest("/embed/{login}", pages())
}

/// By which one signs in.
fn of_visitors(state: &WebState) -> Routes {
    let entrance = from_fn_with_state(state.clone(), entrance::to_anybody);
    let (public, link) = (Access::Public, Access::Link);
    Routes::default()
        .add(Method::GET, "/sign-in", public, get(sign_in::page))
        .add(Method::POST, "/sign-in", public, post(sign_in::sign_in))
        .add(Method::GET, "/sign-in/code", public, get(sign_in::code_page))
        .add(Method::POST, "/sign-in/code", public, post(sign_in::code))
        .add(Method::GET, "/password/{link}", link, get(password::page))
        .add(Method::POST, "/password/{link}", link, post(password::set))
        .add(Method::GET, "/embed/open/{link}", link, get(embed::open))
        .around(|router| router.layer(DefaultBodyLimit::max(LONGEST_FORM)).route_layer(entrance))
}

/// What a partner has outside of projects.
fn of_partners(state: &WebState) -> Routes {
    let entrance = from_fn_with_state(state.clone(), entrance::to_partner);
    let partner = Access::Partner;
    Routes::default()
        .add(Method::GET, "/", partner, get(projects::first))
        .add(Method::GET, "/projects", partner, get(projects::page))
        .add(Method::POST, "/sign-out", partner, post(sign_in::sign_out))
        .add(Method::GET, "/account", partner, get(account::page))
        .add(Method::POST, "/account/language", partner, post(account::set_language))
        .add(Method::POST, "/account/password", partner, post(account::change_password))
        .add(Method::POST, "/account/second-factor", partner, post(account::enrol))
        .add(Method::POST, "/account/second-factor/drop", partner, post(account::drop_factor))
        .add(Method::POST, "/account/logins/end", partner, post(account::end_login))
        .add(Method::POST, "/account/logins/end-others", partner, post(account::end_others))
        .around(|router| router.route_layer(entrance))
}

/// The pages of a project.
fn pages(state: &WebState) -> Routes {
    let pages = Pages { state, routes: Routes::default() };
    let pages = pages.get(Role::Viewer, "/events", events::events);
    let pages = senders_pages(invitations_pages(pages));
    settings_pages(calls_pages(numbers_pages(pages))).routes
}

fn invitations_pages(pages: Pages<'_>) -> Pages<'_> {
    let uploads = DefaultBodyLimit::max(invitations::LONGEST_FILE);
    pages
        .get(Role::Viewer, "/invitations", invitations::list)
        .get(Role::Member, "/invitations/new", invitations::new)
        .post(Role::Member, "/invitations/new", invitations::make)
        .get(Role::Viewer, "/invitations/export", invitations::export)
        .get(Role::Member, "/invitations/import", invitations::import)
        .post(Role::Member, "/invitations/import", invitations::check_import.layer(uploads))
        .get(Role::Member, "/invitations/import/{id}", invitations::preview_import)
        .post(Role::Member, "/invitations/import/{id}", invitations::make_import)
        .get(Role::Viewer, "/invitations/{id}", invitations::detail)
        .get(Role::Member, "/invitations/{id}/cancel", invitations::ask_to_cancel)
        .post(Role::Member, "/invitations/{id}/cancel", invitations::cancel)
        .post(Role::Member, "/invitations/{id}/resend", invitations::resend)
}

fn senders_pages(pages: Pages<'_>) -> Pages<'_> {
    let (viewer, member) = (Role::Viewer, Role::Member);
    pages
        .get(viewer, "/senders", senders::list)
        .get(viewer, "/senders/{sender}", senders::detail)
        .post(member, "/senders/{sender}/name", senders::rename)
        .post(member, "/senders/{sender}/default", senders::make_default)
        .post(member, "/senders/{sender}/test", senders::send)
        .post(member, "/senders/{sender}/reconnect", senders::reconnect)
        .get(member, "/senders/{sender}/remove", senders::ask_to_remove)
        .post(member, "/senders/{sender}/remove", senders::remove)
}

fn numbers_pages(pages: Pages<'_>) -> Pages<'_> {
    let (viewer, member) = (Role::Viewer, Role::Member);
    pages
        .get(viewer, "/numbers", numbers::list)
        .post(member, "/numbers", numbers::add)
        .get(viewer, "/numbers/{number}", numbers::detail)
        .post(member, "/numbers/{number}/name", numbers::rename)
        .post(member, "/numbers/{number}/suspend", numbers::suspend)
        .post(member, "/numbers/{number}/resume", numbers::resume)
        .post(member, "/numbers/{number}/verify", numbers::verify)
}

fn calls_pages(pages: Pages<'_>) -> Pages<'_> {
    pages
        .get(Role::Viewer, "/calls", calls::list)
        .get(Role::Viewer, "/calls/{call}", calls::detail)
        // The code can be heard in it.
        .get(Role::Member, "/calls/{call}/recording", calls::recording)
}

fn settings_pages(pages: Pages<'_>) -> Pages<'_> {
    let owner = Role::Owner;
    pages
        .get(owner, "/settings", settings::brand)
        .post(owner, "/settings/company", settings::set_company)
        .post(owner, "/settings/colour", settings::set_colour)
        .post(owner, "/settings/logo", settings::put_logo)
        .get(owner, "/settings/logo/remove", settings::ask_to_remove_logo)
        .post(owner, "/settings/logo/remove", settings::remove_logo)
        .get(owner, "/logo/{version}", settings::logo)
        .get(owner, "/settings/members", settings::members)
        .post(owner, "/settings/members", settings::add_member)
        .post(owner, "/settings/members/{member}/role", settings::set_role)
        .post(owner, "/settings/members/{member}/link", settings::renew_link)
        .get(owner, "/settings/members/{member}/remove", settings::ask_to_remove_member)
        .post(owner, "/settings/members/{member}/remove", settings::remove_member)
        .get(owner, "/settings/keys", settings::keys)
        .post(owner, "/settings/keys", settings::make_key)
        .get(owner, "/settings/keys/{key}/revoke", settings::ask_to_revoke)
        .post(owner, "/settings/keys/{key}/revoke", settings::revoke)
        .get(owner, "/settings/webhook", settings::webhook)
        .post(owner, "/settings/webhook", settings::set_webhook)
        .post(owner, "/settings/webhook/switch", settings::switch_webhook)
        .post(owner, "/settings/webhook/secret", settings::rotate_webhook)
        .post(owner, "/settings/webhook/events/{event}/replay", settings::replay_webhook)
        .get(owner, "/settings/addresses", settings::addresses)
        .post(owner, "/settings/addresses", settings::add_address)
        .post(owner, "/settings/addresses/remove", settings::remove_address)
        .get(owner, "/settings/audit", settings::audit)
        .get(owner, "/settings/audit.csv", settings::audit_file)
}

/// Routes of a project, each with the least role that it takes.
struct Pages<'a> {
    state: &'a WebState,
    routes: Routes,
}

impl Pages<'_> {
    fn get<H: Handler<T, WebState>, T: 'static>(self, role: Role, path: &str, handler: H) -> Self {
        self.add(Method::GET, role, path, get(handler))
    }

    fn post<H: Handler<T, WebState>, T: 'static>(self, role: Role, path: &str, handler: H) -> Self {
        self.add(Method::POST, role, path, post(handler))
    }

    fn add(self, method: Method, role: Role, path: &str, handler: MethodRouter<WebState>) -> Self {
        let entrance = Entrance { state: self.state.clone(), role };
        let guarded = handler.layer(from_fn_with_state(entrance, entrance::to_project));
        let routes = self.routes.add(method, path, Access::Project(role), guarded);
        Self { routes, ..self }
    }
}

/// Of this method alone: what else is asked for is answered by the table.
fn post<H: Handler<T, WebState>, T: 'static>(handler: H) -> MethodRouter<WebState> {
    on(axum::routing::MethodFilter::POST, handler)
}
