//! Which project: the one a partner has, or one of several.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};

use super::visit::Person;
use super::{AdminError, frame};
use crate::store::Membership;
use crate::web::WebState;

/// `GET /`: the only project, or all to choose from.
pub(super) async fn first(
    State(state): State<WebState>,
    person: Person,
) -> Result<Response, AdminError> {
    Ok(match memberships(&state, &person).await?.as_slice() {
        [only] => Redirect::to(&home(only)).into_response(),
        _ => Redirect::to("/projects").into_response(),
    })
}

/// `GET /projects`
pub(super) async fn page(
    State(state): State<WebState>,
    person: Person,
) -> Result<Markup, AdminError> {
    let memberships = memberships(&state, &person).await?;
    let words = &person.guest.words.projects;
    let content = html! {
        @if memberships.is_empty() { section.card { p { (words.none) } } }
        @else {
            ul.choices {
                @for membership in &memberships {
                    li {
                        a.card href=(home(membership)) {
                            bdi { (membership.project_name) }
                            span.quiet { (person.guest.words.roles.of(membership.role)) }
                        }
                    }
                }
            }
        }
        p { a href="/account" { (words.account) } }
        (frame::sign_out(&person.guest, &person.guest.words.frame))
    };
    Ok(frame::plain(&person.guest, words.title.as_str(), &content))
}

async fn memberships(state: &WebState, person: &Person) -> Result<Vec<Membership>, AdminError> {
    let partner = person.partner.id.clone();
    Ok(state.store.read(move |reader| reader.memberships_of(&partner)).await?)
}

fn home(membership: &Membership) -> String {
    format!("/p/{}/invitations", membership.project)
}
