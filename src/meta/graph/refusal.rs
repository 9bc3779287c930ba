//! What can be wrong with an answer, and what it means in plain words.

use serde::Deserialize;

use crate::domain::MetaReason;

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Meta could not be reached: nothing was asked of it.
    #[error("Meta cannot be reached: {0}")]
    Unreachable(String),
    /// It was asked and gave no answer in time, or none that is whole. Whether it did what it was
    /// asked for is not known.
    #[error("Meta did not answer: {0}")]
    NoAnswer(String),
    /// It answered something else than its reference says: a page of a proxy, for example.
    #[error("Meta answered with status {status} and something that is not of its Graph API")]
    NotUnderstood { status: u16 },
    /// It said no.
    #[error(transparent)]
    Refused(Refusal),
}

impl GraphError {
    /// What happened, as far as it makes a difference for the client.
    pub fn reason(&self) -> MetaReason {
        match self {
            Self::NotUnderstood { status: 429 } => MetaReason::RateLimited,
            Self::Unreachable(_) | Self::NoAnswer(_) | Self::NotUnderstood { .. } => {
                MetaReason::Unavailable
            }
            Self::Refused(refusal) => refusal.reason,
        }
    }
}

/// An error of the Graph API ("Handle Errors" in its reference). Its message is left out: it may
/// quote a number, and the codes say the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Meta refused: {reason:?} (code {code}, subcode {subcode:?}, trace {trace:?})")]
pub struct Refusal {
    pub reason: MetaReason,
    pub code: i64,
    pub subcode: Option<i64>,
    /// What Meta's support asks for (`fbtrace_id`).
    pub trace: Option<String>,
    /// Whether Meta says that trying again may help.
    pub is_transient: bool,
}

impl MetaReason {
    /// What Meta's codes mean. A subcode says more than its code, so it is looked at first.
    fn of(code: i64, subcode: Option<i64>) -> Self {
        let named = subcode.and_then(Self::of_code).or_else(|| Self::of_code(code));
        named.unwrap_or(Self::Unknown)
    }

    fn of_code(code: i64) -> Option<Self> {
        Some(match code {
            136_021 | 136_024 => Self::NumberNotEligible,
            190 | 463 => Self::TokenInvalid,
            10 | 200..=299 => Self::PermissionMissing,
            100 => Self::InvalidRequest,
            4 | 80_007 | 130_429 | 2_494_158 => Self::RateLimited,
            2_593_109 => Self::HistoryDeclined,
            2_388_091 => Self::CodeNotSent,
            2_388_093 => Self::CodeNotAccepted,
            133_005 => Self::PinMismatch,
            1 | 2 => Self::Unavailable,
            _ => return None,
        })
    }
}

/// Reads the body of an answer that is no success.
pub(super) fn read(status: u16, body: &[u8]) -> GraphError {
    #[derive(Deserialize)]
    struct Envelope {
        error: Body,
    }
    #[derive(Deserialize)]
    struct Body {
        code: i64,
        error_subcode: Option<i64>,
        fbtrace_id: Option<String>,
        #[serde(default)]
        is_transient: bool,
    }
    let Ok(Envelope { error }) = serde_json::from_slice(body) else {
        return GraphError::NotUnderstood { status };
    };
    let reason = match MetaReason::of(error.code, error.error_subcode) {
        MetaReason::Unknown if status == 429 => MetaReason::RateLimited,
        MetaReason::Unknown if error.is_transient || status >= 500 => MetaReason::Unavailable,
        known => known,
    };
    GraphError::Refused(Refusal {
        reason,
        code: error.code,
        subcode: error.error_subcode,
        trace: error.fbtrace_id,
        is_transient: error.is_transient,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(status: u16, code: i64, subcode: Option<i64>) -> MetaReason {
        let body = serde_json::json!({
            "error": {
                "message": "(#1) +15551234567", "type": "OAuthException", "code": code,
                "error_subcode": subcode, "fbtrace_id": "AbC", "is_transient": false,
            },
        });
        let error = read(status, body.to_string().as_bytes());
        assert!(!format!("{error} {error:?}").contains("555"), "{error:?}");
        error.reason()
    }

    #[test]
    fn each_code_worth_plain_words_has_its_reason() {
        for (code, subcode, expected) in [
            (136_024, None, MetaReason::NumberNotEligible),
            (100, Some(136_021), MetaReason::NumberNotEligible),
            (190, None, MetaReason::TokenInvalid),
            (190, Some(463), MetaReason::TokenInvalid),
            (200, None, MetaReason::PermissionMissing),
            (100, None, MetaReason::InvalidRequest),
            (100, Some(33), MetaReason::InvalidRequest),
            (4, None, MetaReason::RateLimited),
            (4, Some(2_494_158), MetaReason::RateLimited),
            (100, Some(2_593_109), MetaReason::HistoryDeclined),
            (100, Some(2_388_091), MetaReason::CodeNotSent),
            (100, Some(2_388_093), MetaReason::CodeNotAccepted),
            (133_005, None, MetaReason::PinMismatch),
            (100, Some(133_005), MetaReason::PinMismatch),
            (2, None, MetaReason::Unavailable),
            (999_999, None, MetaReason::Unknown),
        ] {
            assert_eq!(reason(400, code, subcode), expected, "{code} {subcode:?}");
        }
        assert_eq!(reason(429, 999_999, None), MetaReason::RateLimited);
        assert_eq!(reason(503, 999_999, None), MetaReason::Unavailable);
    }

    #[test]
    fn what_is_no_error_of_graph_is_not_taken_for_one() {
        for body in
            ["", "<html>", "null", "{}", "{\"error\":\"no\"}", "{\"error\":{\"code\":\"4\"}}"]
        {
            assert_eq!(read(502, body.as_bytes()), GraphError::NotUnderstood { status: 502 });
        }
    }
}
