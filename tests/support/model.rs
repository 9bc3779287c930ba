//! Models to read with.

use std::path::Path;
use std::time::Duration;

use zavud::config::Config;
use zavud::domain::Language;
use zavud::speech::{Care, Heard, Posterior, Recogniser, RecogniserError, SpeechModel, Symbol};

/// The model that is shipped.
pub(crate) fn real_model() -> Box<dyn SpeechModel> {
    let config = Config::shipped(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    zavud::speech::load(&config.speech).unwrap()
}

/// Takes the beginning of the first window for a digit, and hears none from then on.
#[derive(Debug)]
pub(crate) struct MistakenModel;

impl SpeechModel for MistakenModel {
    fn longest_window(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
        Ok(Box::new(Mistaken { is_first: true }))
    }
}

struct Mistaken {
    is_first: bool,
}

impl Recogniser for Mistaken {
    fn read(&mut self, _: &[f32], _: Option<Language>, _: Care) -> Result<Heard, RecogniserError> {
        let digit = Symbol::Digit { posterior: Posterior::of(7, 0.9), at: Duration::ZERO };
        let is_first = std::mem::take(&mut self.is_first);
        Ok(vec![digit; usize::from(is_first)].into())
    }
}

/// Hears no digit in anything: for tests in which nobody speaks.
#[derive(Debug)]
pub(crate) struct DeafModel;

impl SpeechModel for DeafModel {
    fn longest_window(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn recogniser(&self) -> Result<Box<dyn Recogniser>, RecogniserError> {
        Ok(Box::new(Self))
    }
}

impl Recogniser for DeafModel {
    fn read(&mut self, _: &[f32], _: Option<Language>, _: Care) -> Result<Heard, RecogniserError> {
        Ok(Heard::default())
    }
}
