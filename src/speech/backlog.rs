//! The audio of a call that nobody has looked at yet.
//!
//! It fills while a call waits for its turn, or while reading falls behind, and it holds a bounded
//! stretch of the call: the beginning, since that is where the code is.

use std::collections::VecDeque;

use super::{LINE_RATE, READING_RATE};

/// Samples that wait in one call: 2 MB, or two minutes of a telephone line. What comes after them
/// is dropped until some were read, and stands as silence.
const LONGEST: usize = 120 * LINE_RATE as usize;

/// Silence in place of dropped audio is handed out in pieces of this length, at
/// [`READING_RATE`]: 20 ms.
const SILENCE: usize = READING_RATE as usize / 50;

/// Samples as they came from the line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// How many samples of the call came before, counted at [`READING_RATE`].
    pub(super) position: usize,
    pub(super) samples: Vec<i16>,
    pub(super) sample_rate: u32,
}

impl Piece {
    /// How many samples these are at the rate that is read.
    pub(super) fn length(&self) -> usize {
        length_when_read(self.samples.len(), self.sample_rate)
    }
}

/// How many samples `count` of them are at the rate that is read.
pub(super) fn length_when_read(count: usize, sample_rate: u32) -> usize {
    if sample_rate == READING_RATE { count } else { count * (READING_RATE / LINE_RATE) as usize }
}

/// First in, first out.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Piece>,
    samples: usize,
    /// The end of the audio that was taken out, at [`READING_RATE`].
    taken_until: usize,
}

impl Backlog {
    /// Keeps a piece, and says whether there was room for it.
    pub(super) fn push(&mut self, piece: Piece) -> bool {
        let has_room = self.samples + piece.samples.len() <= LONGEST;
        if has_room {
            self.samples += piece.samples.len();
            self.pieces.push_back(piece);
        }
        has_room
    }

    /// The next samples, with silence in the place of those that were lost.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let next = self.pieces.front()?;
        let missing = next.position.saturating_sub(self.taken_until);
        let piece = if missing > 0 {
            let samples = vec![0; missing.min(SILENCE)];
            Piece { position: self.taken_until, samples, sample_rate: READING_RATE }
        } else {
            let piece = self.pieces.pop_front()?;
            self.samples -= piece.samples.len();
            piece
        };
        self.taken_until += piece.length();
        Some(piece)
    }

    /// How many samples wait, at the rates they came with.
    #[cfg(test)]
    pub(super) fn length(&self) -> usize {
        self.samples
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(position: usize, count: usize) -> Piece {
        Piece { position, samples: vec![1; count], sample_rate: LINE_RATE }
    }

    #[test]
    fn lost_samples_stand_as_silence() {
        let mut backlog = Backlog::default();
        assert!(backlog.push(piece(0, 160)) && backlog.push(piece(720, 160)));
        let silence = |position, count| Piece {
            position,
            samples: vec![0; count],
            sample_rate: READING_RATE,
        };
        let pieces: Vec<Piece> = std::iter::from_fn(|| backlog.next()).collect();
        assert_eq!(pieces, [piece(0, 160), silence(320, 320), silence(640, 80), piece(720, 160)]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn the_beginning_is_kept_and_there_is_room_again_when_some_was_taken() {
        let mut backlog = Backlog::default();
        let kept = (0..9_000).take_while(|index| backlog.push(piece(320 * index, 160))).count();
        assert_eq!(kept, LONGEST / 160);
        assert_eq!(backlog.next(), Some(piece(0, 160)));
        assert!(backlog.push(piece(320 * 9_000, 160)));
        assert!(!backlog.push(piece(320 * 9_001, 160)));
    }
}
