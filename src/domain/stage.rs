//! What the client's page shows of the code, and how a call can end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CallId, SpokenCode, Timestamp};

/// One digit as it was heard.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardDigit {
    /// 0 to 9.
    pub digit: u8,
    /// Whether the reader would stand by it. The page marks those it would not.
    pub sure: bool,
}

impl fmt::Debug for HeardDigit {
    /// A digit is a sixth of a code: it stays out of the logs as well.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.sure { "*" } else { "?" })
    }
}

/// The recording of a call, as its page may offer it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    /// There never was one.
    #[default]
    None,
    /// The client may listen to it.
    Kept {
        call: CallId,
        /// When we erase it.
        until: Timestamp,
    },
    /// It was erased.
    Erased,
}

impl Recording {
    /// What the page offers at `now`: a recording is there until its last moment, whether or not
    /// its file was erased yet.
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Kept { until, .. } if until <= now => Self::Erased,
            Self::None | Self::Kept { .. } | Self::Erased => self,
        }
    }

    /// What the page offers once it is erased.
    pub fn erased(&self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Kept { .. } | Self::Erased => Self::Erased,
        }
    }
}

/// The code stage of the invitation page. The newest one stored is the one that is shown.
///
/// Its JSON form is both the detail of a stored event and the data of a server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum CodeStage {
    /// No call yet.
    Waiting,
    /// A call came in and is being answered.
    Ringing,
    /// The call is answered; these digits of the reading in progress were heard so far.
    Listening {
        /// In the order they were spoken.
        digits: Vec<HeardDigit>,
    },
    /// The code was read.
    Code {
        /// The six digits.
        code: SpokenCode,
        /// When Meta stops accepting it and we erase it.
        valid_until: Timestamp,
    },
    /// The call ended and no code could be read with confidence.
    Unreadable {
        /// What was heard of it: shown as doubtful, never as the code.
        digits: Vec<HeardDigit>,
        /// What was said, to listen to.
        #[serde(default)]
        recording: Recording,
    },
    /// The code that was read is no longer valid.
    Expired,
}

impl CodeStage {
    /// What the page shows at `now`: a code is one until its last moment, whether or not it was
    /// erased yet, and so with a recording.
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Code { valid_until, .. } if valid_until <= now => Self::Expired,
            Self::Unreadable { digits, recording } => {
                Self::Unreadable { digits, recording: recording.at(now) }
            }
            Self::Waiting
            | Self::Ringing
            | Self::Listening { .. }
            | Self::Code { .. }
            | Self::Expired => self,
        }
    }

    /// What the page shows once the digits are erased. A recording never outlives them.
    pub fn without_digits(&self) -> Self {
        match self {
            Self::Waiting => Self::Waiting,
            Self::Ringing => Self::Ringing,
            Self::Listening { .. } => Self::Listening { digits: Vec::new() },
            Self::Unreadable { recording, .. } => {
                Self::Unreadable { digits: Vec::new(), recording: recording.erased() }
            }
            Self::Code { .. } | Self::Expired => Self::Expired,
        }
    }
}

/// How a call ended: each has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallOutcome {
    /// The code was read.
    CodeRead,
    /// Something was spoken, but no code could be read with confidence.
    Unreadable,
    /// Nobody spoke.
    Silent,
    /// The caller gave up before we answered.
    Abandoned,
    /// The call broke: no media, no acknowledgement, or a failure of ours.
    Failed,
    /// The daemon stopped while the call was going on.
    Interrupted,
}

/// Text that names no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the outcome of a call")]
pub struct InvalidOutcome(pub String);

impl CallOutcome {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::CodeRead,
        Self::Unreadable,
        Self::Silent,
        Self::Abandoned,
        Self::Failed,
        Self::Interrupted,
    ];

    /// The name in the store and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeRead => "code_read",
            Self::Unreadable => "unreadable",
            Self::Silent => "silent",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl FromStr for CallOutcome {
    type Err = InvalidOutcome;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|outcome| outcome.as_str() == text);
        named.ok_or_else(|| InvalidOutcome(text.to_owned()))
    }
}

impl fmt::Display for CallOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_back_from_its_stored_form() {
        let stages = [
            (CodeStage::Waiting, r#"{"stage":"waiting"}"#),
            (
                CodeStage::Listening { digits: vec![HeardDigit { digit: 4, sure: false }] },
                r#"{"stage":"listening","digits":[{"digit":4,"sure":false}]}"#,
            ),
            (
                CodeStage::Code {
                    code: "481529".parse().unwrap(),
                    valid_until: Timestamp::from_unix_millis(7),
                },
                r#"{"stage":"code","code":"481529","valid_until":7}"#,
            ),
            (
                CodeStage::Unreadable { digits: Vec::new(), recording: Recording::Erased },
                r#"{"stage":"unreadable","digits":[],"recording":"erased"}"#,
            ),
            (
                CodeStage::Unreadable {
                    digits: Vec::new(),
                    recording: Recording::Kept {
                        call: CallId::from_stored("call_7".to_owned()),
                        until: Timestamp::from_unix_millis(7),
                    },
                },
                r#"{"stage":"unreadable","digits":[],"recording":{"kept":{"call":"call_7","until":7}}}"#,
            ),
        ];
        for (stage, json) in stages {
            assert_eq!(serde_json::to_string(&stage).unwrap(), json);
            assert_eq!(serde_json::from_str::<CodeStage>(json).unwrap(), stage);
        }
    }

    #[test]
    fn a_recording_is_offered_until_its_last_moment() {
        let kept = Recording::Kept {
            call: CallId::from_stored("call_7".to_owned()),
            until: Timestamp::from_unix_millis(7),
        };
        let stage = |recording| CodeStage::Unreadable { digits: Vec::new(), recording };
        let at = |millis| stage(kept.clone()).at(Timestamp::from_unix_millis(millis));
        assert_eq!((at(6), at(7)), (stage(kept.clone()), stage(Recording::Erased)));
        assert_eq!(stage(kept.clone()).without_digits(), stage(Recording::Erased));
        assert_eq!(stage(Recording::None).without_digits(), stage(Recording::None));
    }

    #[test]
    fn a_stage_keeps_its_digits_out_of_logs() {
        let stage = CodeStage::Listening { digits: vec![HeardDigit { digit: 4, sure: true }] };
        assert_eq!(format!("{stage:?}"), "Listening { digits: [*] }");
    }
}
