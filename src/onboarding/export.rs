//! Invitations as lines of CSV, for a spreadsheet. Pure.

use crate::store::ListedInvitation;

/// What the columns are called. The first ones are those of an import.
const HEADER: [&str; 13] = [
    "client_name",
    "client_email",
    "connection",
    "number",
    "id",
    "status",
    "failure",
    "created_at",
    "status_since",
    "viewed_at",
    "expires_at",
    "sender_id",
    "link",
];

/// The first line. It begins with a byte order mark: without one spreadsheets read UTF-8 as something
/// else.
pub fn export_header() -> String {
    format!("\u{feff}{}", line(&HEADER.map(str::to_owned)))
}

/// The line of one invitation. Its link stands there while it can be used.
pub fn export_row(invitation: &ListedInvitation, public_url: &str) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let is_open = invitation.status.is_open();
    let link = is_open.then(|| format!("{public_url}/i/{}", invitation.token.expose()));
    line(&[
        text(&invitation.client_name),
        text(&invitation.client_email.as_ref().map(ToString::to_string)),
        invitation.connection.as_str().to_owned(),
        text(&invitation.number.as_ref().map(ToString::to_string)),
        invitation.id.to_string(),
        invitation.status.as_str().to_owned(),
        text(&invitation.failure.map(|failure| failure.as_str().to_owned())),
        invitation.created_at.to_string(),
        invitation.since.to_string(),
        text(&invitation.viewed_at.map(|at| at.to_string())),
        invitation.expires_at.to_string(),
        text(&invitation.sender.as_ref().map(ToString::to_string)),
        text(&link),
    ])
}

/// RFC 4180 §2.
fn line(cells: &[String]) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let record = cells.iter().map(|cell| inert(cell));
    writer.write_record(record).expect("writing to memory does not fail");
    let bytes = writer.into_inner().expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("made of text")
}

/// As text and never as a formula: a spreadsheet computes what begins like one, and a client may call
/// themselves whatever they like (OWASP, CSV Injection).
fn inert(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ConnectionType, InvitationId, InvitationStatus, InvitationToken, Timestamp,
    };

    fn invitation(name: &str) -> ListedInvitation {
        let at = Timestamp::from_unix_millis(1_794_000_000_000);
        ListedInvitation {
            id: InvitationId::from_stored("inv_1".to_owned()),
            client_name: Some(name.to_owned()),
            client_email: Some("ann@example.com".parse().unwrap()),
            status: InvitationStatus::Pending,
            failure: None,
            connection: ConnectionType::Preassigned,
            number: Some("+15550100123".parse().unwrap()),
            token: InvitationToken::from_text("t0k3n".to_owned()),
            created_at: at,
            since: at,
            expires_at: at,
            viewed_at: None,
            sender: None,
        }
    }

    #[test]
    fn a_line_holds_what_the_list_does_and_a_link_only_while_it_opens_something() {
        let at = "2026-11-06T21:20:00.000Z";
        let open = export_row(&invitation("Acme, \"Inc\""), "https://z.example");
        assert_eq!(
            open,
            format!(
                "\"Acme, \"\"Inc\"\"\",ann@example.com,preassigned,'+15550100123,inv_1,pending,,\
                 {at},{at},,{at},,https://z.example/i/t0k3n\r\n"
            )
        );
        let closed = ListedInvitation { status: InvitationStatus::Cancelled, ..invitation("Acme") };
        assert!(export_row(&closed, "https://z.example").ends_with(&format!("{at},,\r\n")));
        assert_eq!(export_header().matches(',').count(), 12);
    }

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            let line = export_row(&invitation(name), "");
            assert!(line.starts_with(&format!("'{name},")), "{line}");
        }
    }
}
