//! RTP (RFC 3550): datagrams to PCM frames and back. Knows nothing of SIP.
//!
//! [`Session`] is the media of one call; [`Receiver`] and [`Sender`] are its two directions, for
//! who needs only one.
//!
//! A receive-only reader needs no playout clock: a packet is passed on as soon as everything before
//! it is there, or has been waited for long enough.

mod codec;
mod framer;
mod jitter;
mod latch;
mod quality;
mod receiver;
mod reorder;
mod rtcp;
mod sender;
mod session;
mod silence;
mod srtp;

pub use receiver::{Receiver, ReceiverConfig, ReceiverStatistics};
pub use sender::{Sender, SenderConfig};
pub use session::{Event, Input, Output, Port, Session, SessionConfig, Statistics};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use srtp::{Inbound, Outbound};

use std::time::Duration;

/// Samples a second of G.711. Those of G.722 are twice as many: [`Codec::sample_rate`].
///
/// [`Codec::sample_rate`]: crate::Codec::sample_rate
pub const SAMPLE_RATE: u32 = 8_000;
/// Samples of a whole frame of G.711: 20 ms.
pub const FRAME_SAMPLES: usize = 160;
/// What a frame lasts.
const FRAME: Duration = Duration::from_millis(20);
/// Ticks of the RTP timestamp in a frame, with every codec.
const FRAME_TICKS: u32 = 160;

/// A piece of audio: 20 ms, whatever the packets held. Only the last one of a stream, and the last
/// one before its sample rate changes, may be shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcmFrame {
    /// Linear samples, mono.
    pub samples: Vec<i16>,
    /// Samples a second.
    pub sample_rate: u32,
    /// Whether some of the samples were lost, and silence stands in for them.
    pub gap: bool,
}

#[cfg(test)]
mod tests;
