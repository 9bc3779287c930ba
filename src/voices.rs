//! The recorded voices of the demo and of the stand-in for Meta, and the call they make of a code.
//! `assets/voices/README.md` says where they come from.

use std::time::Duration;

use crate::domain::{Language, SpokenCode};
use crate::speech::audio_file::{AudioFileError, read_bytes};

/// Samples a second.
const RATE: usize = crate::speech::LINE_RATE as usize;

/// Before the first word, and after the last.
const LEAD: Duration = Duration::from_millis(600);
const TAIL: Duration = Duration::from_millis(2_500);
/// Between the phrase and the code.
const BEFORE_CODE: Duration = Duration::from_millis(500);
const BETWEEN_DIGITS: Duration = Duration::from_millis(250);
const BETWEEN_READINGS: Duration = Duration::from_millis(1_400);

macro_rules! voice {
    ($language:literal) => {
        Voice {
            language: $language,
            intro: include_bytes!(concat!("../assets/voices/", $language, "/intro.flac")),
            again: include_bytes!(concat!("../assets/voices/", $language, "/again.flac")),
            digits: [
                include_bytes!(concat!("../assets/voices/", $language, "/0.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/1.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/2.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/3.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/4.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/5.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/6.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/7.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/8.flac")),
                include_bytes!(concat!("../assets/voices/", $language, "/9.flac")),
            ],
        }
    };
}

static VOICES: [Voice; 3] = [voice!("en"), voice!("es"), voice!("pt")];

/// One language's recordings.
#[derive(Debug)]
pub struct Voice {
    language: &'static str,
    intro: &'static [u8],
    again: &'static [u8],
    digits: [&'static [u8]; 10],
}

/// A call as it is spoken.
#[derive(Debug, Clone)]
pub struct SpokenCall {
    /// At [`crate::speech::LINE_RATE`].
    pub samples: Vec<i16>,
    /// When the last digit of each reading ends, from the beginning.
    pub readings_end: Vec<Duration>,
}

impl Voice {
    /// The voice that speaks `language`.
    pub fn of(language: Language) -> Option<&'static Voice> {
        VOICES.iter().find(|voice| voice.language == language.as_str())
    }

    /// The languages there are voices for.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        VOICES.iter().map(|voice| voice.language)
    }

    /// The call in which this voice speaks `code`, twice, as Meta does.
    ///
    /// # Errors
    /// When a recording is damaged.
    pub fn speak(&self, code: &SpokenCode) -> Result<SpokenCall, AudioFileError> {
        let mut call = SpokenCall { samples: Vec::new(), readings_end: Vec::new() };
        call.pause(LEAD);
        for phrase in [self.intro, self.again] {
            if !call.readings_end.is_empty() {
                call.pause(BETWEEN_READINGS);
            }
            call.say(phrase)?;
            call.pause(BEFORE_CODE);
            for (index, digit) in code.expose().bytes().enumerate() {
                if index > 0 {
                    call.pause(BETWEEN_DIGITS);
                }
                call.say(self.digits[usize::from(digit - b'0')])?;
            }
            call.readings_end.push(call.length());
        }
        call.pause(TAIL);
        Ok(call)
    }
}

impl SpokenCall {
    fn pause(&mut self, length: Duration) {
        let silence = RATE * length.as_millis() as usize / 1_000;
        self.samples.extend(std::iter::repeat_n(0, silence));
    }

    fn say(&mut self, recording: &'static [u8]) -> Result<(), AudioFileError> {
        self.samples.extend(read_bytes(recording, "a recording of the demo's voice")?);
        Ok(())
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / RATE as f64)
    }
}
