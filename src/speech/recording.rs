//! Reading a recording as if it were a call.

use super::segmenter::Segmenter;
use super::{Hypothesis, LINE_RATE, Recogniser, RecogniserError};
use crate::domain::{Language, SpokenCode};
use std::time::Duration;

/// Samples a packet of 20 ms brings.
const PACKET: usize = LINE_RATE as usize / 50;

/// Reads a recording packet by packet, and tells `hear` each hypothesis a call would have brought,
/// the final one last; `hear` says what it takes for the code by now. The reading itself takes no time
/// on the recording's clock: the result does not depend on how fast or busy the machine is.
///
/// # Errors
/// When the model fails.
pub fn read_recording(
    samples: &[i16],
    recogniser: &mut dyn Recogniser,
    longest_window: Duration,
    language: Option<Language>,
    mut hear: impl FnMut(&Hypothesis) -> Option<SpokenCode>,
) -> Result<(), RecogniserError> {
    let mut segmenter = Segmenter::new(longest_window);
    let mut read_what_is_due = |segmenter: &mut Segmenter| {
        while segmenter.due().is_some()
            && let Some(window) = segmenter.window()
        {
            segmenter.accept(recogniser.read(&window.samples, language, window.care)?);
            segmenter.code_is(hear(&segmenter.hypothesis()));
        }
        if segmenter.quiet_step_reached() || segmenter.is_complete() {
            segmenter.code_is(hear(&segmenter.hypothesis()));
        }
        Ok(())
    };
    for packet in samples.chunks(PACKET) {
        segmenter.push(packet, LINE_RATE);
        read_what_is_due(&mut segmenter)?;
    }
    segmenter.finish();
    read_what_is_due(&mut segmenter)
}
