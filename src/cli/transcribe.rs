//! `zavud transcribe`: reads codes out of recordings as if they were calls.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::Failure;
use crate::codes::{Decision, Finding};
use crate::config::Config;
use crate::domain::{Language, SpokenCode};
use crate::speech::{self, Hypothesis, Recogniser, Symbol, audio_file, read_recording};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Recordings, in any format that symphonia reads: WAV, FLAC, Ogg, MP3, MP4, Matroska ...
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The language spoken, as two letters; the shipped model needs no such hint
    #[arg(long)]
    language: Option<Language>,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
    /// Configuration that names the model
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What was read in one recording.
struct Transcript {
    code: Option<Decided>,
    last: Hypothesis,
}

struct Decided {
    code: SpokenCode,
    confidence: f32,
    /// How much of the recording had been heard by then.
    at: Duration,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::load_or_shipped(arguments.config.as_deref())?;
    let model = speech::load(&config.speech).map_err(anyhow::Error::from)?;
    let mut recogniser = model.recogniser().map_err(anyhow::Error::from)?;
    for file in &arguments.files {
        let transcript =
            transcribe(file, recogniser.as_mut(), model.longest_window(), arguments.language)?;
        if arguments.json {
            println!("{}", transcript.json(file));
        } else {
            transcript.print(file);
        }
    }
    Ok(())
}

fn transcribe(
    file: &Path,
    recogniser: &mut dyn Recogniser,
    longest_window: Duration,
    language: Option<Language>,
) -> Result<Transcript, anyhow::Error> {
    let samples = audio_file::read(file)?;
    let mut decision = Decision::default();
    let mut code: Option<Decided> = None;
    let mut last = Hypothesis::default();
    read_recording(&samples, recogniser, longest_window, language, |hypothesis| {
        code = match decision.consider(hypothesis) {
            Finding::Code(found, confidence) => {
                // When the same code is only confirmed, the first moment counts.
                let at = match &code {
                    Some(earlier) if earlier.code == found => earlier.at,
                    Some(_) | None => hypothesis.heard_until,
                };
                Some(Decided { code: found, confidence, at })
            }
            Finding::Partial(_) | Finding::Unreadable(_) => None,
        };
        last = hypothesis.clone();
        code.as_ref().map(|decided| decided.code.clone())
    })?;
    Ok(Transcript { code, last })
}

impl Transcript {
    fn json(&self, file: &Path) -> serde_json::Value {
        let digits: Vec<_> = self
            .last
            .symbols
            .iter()
            .filter_map(|symbol| match *symbol {
                Symbol::Digit { posterior, at } => Some(json!({
                    "digit": posterior.value(),
                    "probability": posterior.probability(),
                    "at_ms": at.as_millis(),
                })),
                Symbol::Break { .. } => None,
            })
            .collect();
        json!({
            "file": file.display().to_string(),
            "code": self.code.as_ref().map(|decided| decided.code.expose()),
            "confidence": self.code.as_ref().map(|decided| decided.confidence),
            "decided_at_ms": self.code.as_ref().map(|decided| decided.at.as_millis()),
            "digits": digits,
        })
    }

    fn print(&self, file: &Path) {
        match &self.code {
            Some(Decided { code, confidence, at }) => println!(
                "{}: code {}, confidence {confidence:.3}, decided at {:.2} s",
                file.display(),
                code.expose(),
                at.as_secs_f32()
            ),
            None => println!("{}: no code", file.display()),
        }
        for symbol in &self.last.symbols {
            let seconds = symbol.at().as_secs_f32();
            match symbol {
                Symbol::Digit { posterior, .. } => {
                    let (value, probability) = (posterior.value(), posterior.probability());
                    println!("  {value}  {seconds:6.2} s  {probability:.3}");
                }
                Symbol::Break { .. } => println!("  -  {seconds:6.2} s"),
            }
        }
    }
}
