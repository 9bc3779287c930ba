//! RTP (RFC 3550): datagrams to PCM frames and back. Knows nothing of SIP.
//!
//! A receive-only reader needs no playout clock: a packet is passed on as soon as everything before
//! it is there, or has been waited for long enough.

mod framer;
mod g711;
mod receiver;
mod reorder;
mod sender;

pub use receiver::{Receiver, ReceiverConfig, ReceiverStatistics};
pub use sender::{Sender, SenderConfig};

/// Samples a second of every codec here.
pub const SAMPLE_RATE: u32 = 8_000;
/// Samples of a whole frame: 20 ms.
pub const FRAME_SAMPLES: usize = 160;

/// A piece of audio: 20 ms, whatever the packets held. Only the last one of a stream may be
/// shorter.
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
