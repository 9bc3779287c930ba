//! Errors, by whose doing they are. Hostile or broken input always ends in one of these, never in a
//! panic.
//!
//! [`ParseError`]: the bytes are no message. [`PeerMisbehaved`]: the message is well formed, and
//! breaks the protocol. [`PeerIncompatible`]: the peer keeps the rules, and has nothing in common
//! with us.

use thiserror::Error;

use crate::StatusCode;

/// Bytes that cannot be read as a SIP message: the doing of whoever wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The datagram is larger than a message may be.
    #[error("message of {bytes} bytes")]
    TooLarge {
        /// Size of the datagram.
        bytes: usize,
    },
    /// The head does not end in an empty line.
    #[error("the head of the message does not end")]
    HeadNotEnded,
    /// The first line is neither a Request-Line nor a Status-Line (RFC 3261 §7.1, §7.2).
    #[error("malformed start line")]
    StartLine,
    /// The first line names another version than SIP/2.0.
    #[error("the message is not of SIP/2.0")]
    Version,
    /// A URI cannot be read.
    #[error("malformed URI")]
    Uri,
    /// More headers than a message may have.
    #[error("more than {limit} headers")]
    TooManyHeaders {
        /// The cap.
        limit: usize,
    },
    /// More Via or Route values than a message may have.
    #[error("more than {limit} values of {header}")]
    TooManyHops {
        /// `Via` or `Route`.
        header: &'static str,
        /// The cap.
        limit: usize,
    },
    /// A line, unfolded, is longer than a line may be.
    #[error("a line of more than {limit} bytes")]
    LineTooLong {
        /// The cap.
        limit: usize,
    },
    /// A line holds a CR that ends it for some readers and not for others (RFC 3261 §25.1).
    #[error("a CR without a LF")]
    BareCarriageReturn,
    /// A header line has no colon or no name.
    #[error("a header line without a name")]
    HeaderLine,
    /// A header every message must have is missing.
    #[error("no {header}")]
    MissingHeader {
        /// Its name.
        header: &'static str,
    },
    /// A header cannot be read.
    #[error("malformed {header}")]
    Header {
        /// Its name.
        header: &'static str,
    },
    /// A header that may stand once stands more than once.
    #[error("{header} stands more than once")]
    RepeatedHeader {
        /// Its name.
        header: &'static str,
    },
    /// Content-Length promises more than the datagram holds.
    #[error("Content-Length of {declared}, and {available} bytes of body")]
    BodyTruncated {
        /// The promise.
        declared: u64,
        /// What there is.
        available: usize,
    },
    /// The method of CSeq is not the method of the request (RFC 3261 §8.1.1.5).
    #[error("the method of CSeq is not that of the request")]
    CSeqMethod,
}

impl ParseError {
    /// The status a readable sender is told.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Self::TooLarge { .. }
            | Self::HeadNotEnded
            | Self::StartLine
            | Self::Uri
            | Self::TooManyHeaders { .. }
            | Self::TooManyHops { .. }
            | Self::LineTooLong { .. }
            | Self::BareCarriageReturn
            | Self::HeaderLine
            | Self::MissingHeader { .. }
            | Self::Header { .. }
            | Self::RepeatedHeader { .. }
            | Self::BodyTruncated { .. }
            | Self::CSeqMethod => StatusCode::BAD_REQUEST,
        }
    }
}

/// A well-formed message that breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PeerMisbehaved {
    /// We made an offer, and the message that must carry the answer has no body (RFC 3264 §5).
    #[error("the answer to our offer is missing")]
    AnswerMissing,
    /// The answer has another number of media lines than the offer (RFC 3264 §6), or a payload type
    /// we did not offer.
    #[error("the answer does not fit our offer")]
    AnswerMismatch,
    /// The session description cannot be read (RFC 8866).
    #[error("malformed session description")]
    SessionDescription,
}

/// A peer that keeps the rules and has nothing in common with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PeerIncompatible {
    /// No audio line that is RTP with an address and a port.
    #[error("no usable audio line")]
    NoAudio,
    /// An audio line, and no codec of it is ours.
    #[error("no common codec")]
    NoCommonCodec,
    /// An audio line with SRTP where the policy of the peer forbids it, without where it requires
    /// it, or with no key that we can use (RFC 4568).
    #[error("no common encryption")]
    Encryption,
}

impl PeerIncompatible {
    /// The code of the Warning header that says so (RFC 3261 §20.43).
    pub(crate) fn warning_code(self) -> u16 {
        match self {
            Self::NoAudio => 304,
            Self::NoCommonCodec => 305,
            Self::Encryption => 302,
        }
    }
}

/// Why no session came of an offer or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NegotiationError {
    /// The peer broke the protocol.
    #[error(transparent)]
    Misbehaved(#[from] PeerMisbehaved),
    /// The peer has nothing in common with us.
    #[error(transparent)]
    Incompatible(#[from] PeerIncompatible),
}
