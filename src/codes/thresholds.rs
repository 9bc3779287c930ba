//! From where on a code is believed.

use std::time::Duration;

/// What a decision asks for. The shipped values are those of [`Thresholds::default`]; how they were
/// found stands in `models/README.md`, "Thresholds".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// One reading alone is a code from this joint confidence on, where its rhythm is even.
    pub clear: f32,
    /// Readings that agree are a code from this joint confidence on, and one alone that is out of rhythm.
    pub agreed: f32,
    /// A code that was shown is taken back below this joint confidence.
    pub withdrawn: f32,
    /// No digit of one reading is believed more than this, whatever the model says.
    pub most_belief: f32,
    /// A digit below this is marked as uncertain on the page.
    pub sure_digit: f32,
    /// The shortest pause after a reading that is over. A slow voice is waited for longer.
    pub pause: Duration,
    /// Where no pause can be heard: how much is read behind a reading without another digit.
    pub no_digit_for: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            clear: 0.98,
            agreed: 0.99,
            withdrawn: 0.6,
            most_belief: 0.999,
            sure_digit: 0.9,
            pause: Duration::from_millis(200),
            no_digit_for: Duration::from_millis(600),
        }
    }
}
