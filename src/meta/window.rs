//! What the page reports of Meta's window (Embedded Signup): the answer of `FB.login`, and the data of
//! the `WA_EMBEDDED_SIGNUP` message, in any combination. Anybody with the link can write it, so it is
//! read as a hint: an identifier that is none is left out, and what is unknown is passed over.

use serde::Deserialize;

use super::graph::{AuthorizationCode, NumberId, WabaId};

/// Codes of log-ins are some hundred characters long.
const LONGEST_CODE: usize = 4_096;

/// How the client left the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// With a code.
    WithCode { code: AuthorizationCode, account: Option<WabaId>, number: Option<NumberId> },
    /// At the end, but no code came.
    WithoutCode,
    /// Before the end.
    Early,
    /// Because the window had an error.
    WithError,
    /// Without allowing it.
    Unauthorized,
}

/// A report as it comes. Its strings are never logged.
#[derive(Deserialize)]
pub struct Report {
    /// Our attempt.
    pub signup: String,
    code: Option<String>,
    /// `status` of the answer of `FB.login`.
    status: Option<String>,
    /// `event` of the message.
    event: Option<String>,
    waba_id: Option<String>,
    phone_number_id: Option<String>,
}

impl Report {
    /// How the client left the window.
    pub fn left(self) -> Left {
        let code = self.code.filter(|code| !code.is_empty() && code.len() <= LONGEST_CODE);
        if let Some(code) = code {
            return Left::WithCode {
                code: AuthorizationCode::new(code),
                account: self.waba_id.and_then(|id| id.parse().ok()),
                number: self.phone_number_id.and_then(|id| id.parse().ok()),
            };
        }
        match (self.event.as_deref(), self.status.as_deref()) {
            (Some("ERROR"), _) => Left::WithError,
            (Some(event), _) if event.starts_with("FINISH") => Left::WithoutCode,
            (_, Some("not_authorized")) => Left::Unauthorized,
            (_, _) => Left::Early,
        }
    }
}

impl std::fmt::Debug for Report {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Report").field("signup", &self.signup).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(json: &str) -> Left {
        serde_json::from_str::<Report>(json).unwrap().left()
    }

    #[test]
    fn a_code_counts_whatever_else_is_said() {
        let code = |account: Option<&str>, number: Option<&str>| Left::WithCode {
            code: AuthorizationCode::new("AQB".into()),
            account: account.map(|id| id.parse().unwrap()),
            number: number.map(|id| id.parse().unwrap()),
        };
        for (json, expected) in [
            (r#"{"signup":"s","code":"AQB"}"#, code(None, None)),
            (
                r#"{"signup":"s","code":"AQB","event":"FINISH","waba_id":"1","phone_number_id":"2"}"#,
                code(Some("1"), Some("2")),
            ),
            (
                r#"{"signup":"s","code":"AQB","event":"CANCEL","waba_id":"../1","phone_number_id":""}"#,
                code(None, None),
            ),
        ] {
            assert_eq!(left(json), expected);
        }
    }

    #[test]
    fn without_a_code_the_message_says_why() {
        let long = format!(r#"{{"signup":"s","code":"{}"}}"#, "A".repeat(LONGEST_CODE + 1));
        for (json, expected) in [
            (r#"{"signup":"s","event":"FINISH","waba_id":"1"}"#, Left::WithoutCode),
            (r#"{"signup":"s","event":"FINISH_ONLY_WABA"}"#, Left::WithoutCode),
            (r#"{"signup":"s","event":"CANCEL","current_step":"PERMISSIONS"}"#, Left::Early),
            (r#"{"signup":"s","event":"ERROR","status":"unknown"}"#, Left::WithError),
            (r#"{"signup":"s","status":"not_authorized"}"#, Left::Unauthorized),
            (r#"{"signup":"s","code":""}"#, Left::Early),
            (long.as_str(), Left::Early),
        ] {
            assert_eq!(left(json), expected, "{json}");
        }
    }

    #[test]
    fn a_report_keeps_its_code_to_itself() {
        let report: Report = serde_json::from_str(r#"{"signup":"s","code":"AQB"}"#).unwrap();
        assert_eq!(format!("{report:?}"), r#"Report { signup: "s", .. }"#);
    }
}
