//! The audit log as a file, for a spreadsheet: read from the store in parts, while it is sent.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;

use super::Visit;
use super::audit::Asked;
use crate::domain::ProjectId;
use crate::store::{AuditEntry, AuditFilter, Store, StoreError};
use crate::web::WebState;

/// Entries that are read at a time.
const PART: u32 = 1_000;

/// The first line. Like all of the file, it is for programs rather than for readers of one language.
const HEADING: &str = "at,who,kind,action,subject\r\n";

/// `GET {base}/settings/audit.csv`
pub(in crate::web::admin) async fn download(
    State(state): State<WebState>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Response {
    let reading = Reading {
        store: state.store,
        project: visit.project_id(),
        filter: asked.filter(),
        next: Next::Heading,
    };
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    (headers, Body::from_stream(unfold(reading, Reading::read))).into_response()
}

/// A file that is being sent.
struct Reading {
    store: Arc<Store>,
    project: ProjectId,
    filter: AuditFilter,
    next: Next,
}

enum Next {
    Heading,
    /// The entries before this one; `None` for the newest.
    Entries(Option<i64>),
    Nothing,
}

impl Reading {
    /// The next part. An error breaks the transfer off: half a file must not be taken for a whole one.
    async fn read(mut self) -> Option<(Result<String, StoreError>, Self)> {
        let before = match self.next {
            Next::Heading => {
                self.next = Next::Entries(None);
                return Some((Ok(HEADING.to_owned()), self));
            }
            Next::Entries(before) => before,
            Next::Nothing => return None,
        };
        let (project, filter) = (self.project.clone(), self.filter.clone());
        let read = self
            .store
            .read(move |reader| reader.audit_entries(&project, &filter, before, PART))
            .await;
        let entries = match read {
            Ok(entries) => entries,
            Err(error) => {
                self.next = Next::Nothing;
                return Some((Err(error), self));
            }
        };
        self.next = match entries.last() {
            Some(last) if entries.len() == PART as usize => Next::Entries(Some(last.number)),
            _ => Next::Nothing,
        };
        Some((Ok(entries.iter().map(line).collect()), self))
    }
}

fn line(entry: &AuditEntry) -> String {
    let (kind, who) = entry.who.parts();
    let at = entry.at.to_string();
    let subject = entry.subject.as_deref().unwrap_or_default();
    let cells = [&at, who.unwrap_or_default(), kind, entry.action.as_str(), subject];
    let mut line = cells.map(cell).join(",");
    line.push_str("\r\n");
    line
}

/// A cell (RFC 4180 §2). What a spreadsheet would take for a formula begins with an apostrophe: names
/// are typed by anybody (OWASP, CSV Injection).
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    if is_formula || text.contains(['"', ',', '\r', '\n']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_text_whatever_stands_in_it() {
        for (text, written) in [
            ("", ""),
            ("Ann", "Ann"),
            ("Söhne, \"Co\"", "\"Söhne, \"\"Co\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("+15550100123", "\"'+15550100123\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
