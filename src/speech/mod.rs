//! Reading digits out of telephone audio, while it is being spoken.
//!
//! Frames of many calls go in, a growing [`Hypothesis`] for each call comes out. Between them: the
//! audio is brought to 16 kHz ([`resample`]), voice activity cuts it into windows ([`segmenter`]),
//! a [`Recogniser`] reads each window ([`whisper`]) on a worker thread ([`pool`]), a larger network
//! judges what may be a code ([`cascade`]), and what overlapping windows say is joined again. Of codes
//! it knows their length, and of calls and pages nothing.

mod activity;
pub mod audio_file;
mod backlog;
pub mod cascade;
mod cut;
mod desk;
mod hypothesis;
mod models;
mod pool;
mod posterior;
mod recogniser;
mod recording;
mod resample;
#[cfg(test)]
pub(crate) mod scripted;
mod segmenter;
pub mod whisper;
pub mod whisper_stock;

pub use hypothesis::{Hypothesis, LONGEST_GAP, Symbol};
pub use models::{CannotRead, load};
pub use pool::{Capacity, Hypotheses, Listener, SpeechPool};
pub use posterior::Posterior;
pub use recogniser::{Care, Heard, Recogniser, RecogniserError, SpeechModel};
pub use recording::read_recording;

/// Samples a second of the audio that comes in from a telephone line.
pub const LINE_RATE: u32 = 8_000;

/// Samples a second of the audio that is read.
const READING_RATE: u32 = 16_000;
