//! All that a list shows, as CSV.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use tracing::error;

use super::list::Asked;
use crate::domain::{ProjectId, Timestamp};
use crate::onboarding::{export_header, export_row};
use crate::store::{ListPosition, ListQuery, Store};
use crate::web::WebState;
use crate::web::admin::Visit;

/// Invitations that are read at a time.
const BATCH: usize = 500;

/// `GET {base}/invitations/export`
pub(in crate::web) async fn export(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Response {
    let query = ListQuery { position: None, ..asked.query() };
    let writing = Writing {
        store: Arc::clone(&state.store),
        project: visit.project_id(),
        public_url: Arc::clone(&state.public_url),
        now: visit.now,
        next: Some(query),
    };
    let lines = unfold((writing, true), |(writing, is_first)| async move {
        if is_first {
            return Some((Ok::<_, Infallible>(export_header()), (writing, false)));
        }
        let (lines, writing) = writing.next_lines().await?;
        Some((Ok(lines), (writing, false)))
    });
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"invitations.csv\""),
    ];
    (headers, Body::from_stream(lines)).into_response()
}

/// An export on its way. It reads on as fast as its reader does.
struct Writing {
    store: Arc<Store>,
    project: ProjectId,
    public_url: Arc<str>,
    now: Timestamp,
    /// `None` when all was read.
    next: Option<ListQuery>,
}

impl Writing {
    async fn next_lines(mut self) -> Option<(String, Self)> {
        let query = self.next.take()?;
        let (project, asked, now) = (self.project.clone(), query.clone(), self.now);
        let read =
            self.store.read(move |reader| reader.invitation_page(&project, &asked, BATCH, now));
        // What was sent is sent: the file ends too early.
        let page = read.await.inspect_err(|error| error!(%error, "an export broke off")).ok()?;
        let lines = page.rows.iter().map(|row| export_row(row, &self.public_url)).collect();
        self.next =
            page.after.map(|key| ListQuery { position: Some(ListPosition::After(key)), ..query });
        Some((lines, self))
    }
}
