//! A Whisper model as it is, used as anybody would at first: the whole call, once, when it is over,
//! and the six digits out of its text. What the reader is compared with.

use std::time::Instant;

use super::packets::Packets;
use super::recordings::Recording;
use super::transcript::Transcript;
use crate::codes::Finding;
use crate::domain::{CODE_LENGTH, SpokenCode};
use crate::speech::whisper_stock::StockModel;

/// What may stand between two digits of a code: "4, 8, 1", "48 15 29", "4-8-1-5-2-9.".
const SEPARATORS: [char; 7] = [' ', '\n', ',', '.', '-', '–', '…'];

/// Reads the call after its end.
///
/// # Errors
/// When the model fails.
pub(super) fn read(recording: &Recording, model: &mut StockModel) -> anyhow::Result<Transcript> {
    let samples: Vec<i16> =
        Packets::of(&recording.samples).flat_map(|frame| frame.samples).collect();
    let began = Instant::now();
    let text = model.transcribe(&samples, recording.call.language)?;
    let finding = code_in(&text)
        .map_or_else(|| Finding::Unreadable(Vec::new()), |code| Finding::Code(code, 1.0));
    let mut transcript = Transcript::default();
    transcript.find(finding, recording.length() + began.elapsed());
    Ok(transcript)
}

/// The first run of exactly six digits, or of six that are said again at once. Numbers in words
/// are words.
fn code_in(text: &str) -> Option<SpokenCode> {
    let without_separators = text.replace(SEPARATORS, "");
    without_separators.split(|letter: char| !letter.is_ascii_digit()).find_map(|run| {
        let code = run.get(..CODE_LENGTH)?;
        let is_code = run.len().is_multiple_of(CODE_LENGTH)
            && run.as_bytes().chunks(CODE_LENGTH).all(|part| part == code.as_bytes());
        is_code.then(|| code.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_found_however_they_are_written() {
        for text in [
            " Your code is 4, 8, 1, 5, 2, 9.",
            " Your code is 481-529. Goodbye.",
            " 4 8 1 5 2 9. 4 8 1 5 2 9.",
            " Press 1 to hear it. Your code: 48 15 29",
        ] {
            let code = code_in(text).map(|code| code.expose().to_owned());
            assert_eq!(code.as_deref(), Some("481529"), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_code() {
        for text in [
            "",
            " Your code is 48152.",
            " Your code is 4, 8, 1, 5, 2, 9, 7.",
            " Your code is four, eight, one, five, two, nine.",
            " 4 8 1 5 2 9. 4 8 1 5 2 8.",
            " Call 555 1234 in 10 minutes.",
        ] {
            assert!(code_in(text).is_none(), "{text}");
        }
    }
}
