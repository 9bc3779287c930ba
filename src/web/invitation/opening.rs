//! That the client opened the link, as the partner is told.
//!
//! A chat that shows a preview of a link asks for its page too, and means nothing by it. A browser says
//! that somebody goes there (Fetch Metadata, `Sec-Fetch-Dest`) where the site is secure; anywhere else the
//! script of the page, which asks for its live updates, has to do.

use axum::http::HeaderMap;

use crate::onboarding::record_opening;
use crate::store::Invitation;
use crate::web::WebState;

/// Whether a page was asked for by somebody who is about to see it.
pub(super) fn is_visit(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    // What is loaded ahead of time may never be looked at.
    says("sec-fetch-dest", "document") && !headers.contains_key("sec-purpose")
}

/// Has it recorded, once. Nobody waits for it.
pub(super) async fn record(state: &WebState, invitation: &Invitation) {
    if invitation.viewed_at.is_some() {
        return;
    }
    let (project, id, now) = (invitation.project.clone(), invitation.id.clone(), state.clock.now());
    state.store.write_behind(move |writer| record_opening(writer, &project, &id, now)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_goes_there_is_a_visit_and_a_preview_is_none() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap())
            });
            pairs.collect::<HeaderMap>()
        };
        assert!(is_visit(&headers(&[("sec-fetch-dest", "document")])));
        let prefetch = [("sec-fetch-dest", "document"), ("sec-purpose", "prefetch")];
        assert!(!is_visit(&headers(&prefetch)));
        assert!(!is_visit(&headers(&[("sec-fetch-dest", "image")])));
        assert!(!is_visit(&headers(&[("user-agent", "WhatsApp/2")])));
    }
}
