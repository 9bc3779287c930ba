//! `zavud bench speech`: how many codes are read right, how soon, and what that costs. Reads the
//! recordings of a folder as if they were calls, and holds what was found against what was spoken.
//!
//! [`manifest`] says what is spoken in each call, [`recordings`] decodes its audio and [`packets`]
//! brings it along as RTP would. [`readers`] reads it into a [`transcript`], which [`judgement`]
//! judges; [`report`] counts, and [`tables`], [`plot`] and [`dump`] show it. [`curve`] decides again
//! by other thresholds, and [`stock`] is what the reader is compared with.

mod curve;
mod dump;
mod judgement;
mod manifest;
mod packets;
mod plot;
mod readers;
mod recordings;
mod report;
mod stock;
mod tables;
mod transcript;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::percentile::Ranked;
use super::usage::Process;
use crate::cli::Failure;
use crate::config::Config;
use crate::speech::whisper::WhisperModel;
use crate::speech::whisper_stock::StockModel;
use crate::speech::{self, Capacity, SpeechPool};

use curve::Curve;
use manifest::Call;
use readers::{Reader, Recognisers};
use recordings::{Recording, Recordings};
use report::{Cost, Report, Tally};
use transcript::Transcript;

/// Calls at the same time, at most: five times what the daemon is meant for.
const MOST_CONCURRENT: usize = 1_000;

/// What calls that begin together are spread over: they end in turn then, as real ones do.
const FIRST_CALLS: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder of recordings, with a manifest.jsonl: one call a line, {"file", "code" or null,
    /// "language", "voice", "condition", "code_ends_ms": [...]}
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    /// Let each call last as long as it does, and read it as the daemon would
    #[arg(long)]
    realtime: bool,
    /// Calls at the same time; 1 without this, and without --realtime one for each processor
    #[arg(long, value_name = "N")]
    concurrent: Option<usize>,
    /// Only so many calls, spread evenly over the manifest
    #[arg(long, value_name = "N")]
    calls: Option<usize>,
    /// Draw accuracy by voice and the distribution of latency, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Write what was heard in each call, and what was shown when, as JSON lines
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Write how the calls would count if they were decided by other thresholds, as JSON lines
    #[arg(long, value_name = "FILE", conflicts_with = "stock")]
    curve: Option<PathBuf>,
    /// Configuration that names the model
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Model to read with alone, in place of those of the configuration
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Read with this Whisper file as it is, each call once when it is over: to compare
    #[arg(long, value_name = "FILE", conflicts_with_all = ["realtime", "concurrent", "model"])]
    stock: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let concurrent = arguments.concurrent()?;
    let config = Config::load_or_shipped(arguments.config.as_deref())?;
    let calls = manifest::load(&arguments.folder).map_err(anyhow::Error::from)?;
    let calls = arguments.choose(calls)?;
    let reader = arguments.reader(&config, concurrent)?;
    // One thread: pacing takes next to nothing, and the processors are for reading.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let (report, latencies) = runtime.block_on(arguments.measure(calls, &reader, concurrent))?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report).map_err(anyhow::Error::from)?);
    } else {
        print!("{report}");
    }
    if let Some(path) = &arguments.plot {
        plot::draw(&report, &latencies, path)?;
    }
    Ok(())
}

impl Arguments {
    fn concurrent(&self) -> Result<usize, Failure> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let usual = if self.realtime || self.stock.is_some() { 1 } else { processors };
        let concurrent = self.concurrent.unwrap_or(usual);
        if (1..=MOST_CONCURRENT).contains(&concurrent) {
            Ok(concurrent)
        } else {
            Err(Failure::Usage(format!("--concurrent must be between 1 and {MOST_CONCURRENT}")))
        }
    }

    /// The calls to be read.
    fn choose(&self, calls: Vec<Call>) -> Result<Vec<Call>, Failure> {
        match self.calls {
            Some(0) => Err(Failure::Usage("--calls must be at least 1".to_owned())),
            Some(count) if count < calls.len() => Ok(spread(calls, count)),
            Some(_) | None => Ok(calls),
        }
    }

    fn reader(&self, config: &Config, concurrent: usize) -> anyhow::Result<Reader> {
        if let Some(path) = &self.stock {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            return Ok(Reader::Stock(Arc::new(Mutex::new(StockModel::load(path, threads)?))));
        }
        let speech = &config.speech;
        let model = match &self.model {
            Some(path) => Box::new(WhisperModel::load(path, "")?),
            None => speech::load(speech)?,
        };
        let capacity = Capacity { threads: speech.threads, max_calls: speech.max_calls };
        Ok(if self.realtime {
            Reader::Paced(Arc::new(SpeechPool::start(model.as_ref(), capacity)?))
        } else {
            Reader::Unpaced(Arc::new(Recognisers::of(model, concurrent)?))
        })
    }

    /// Reads all calls, so many at a time. Waits for recordings and for calls.
    async fn measure(
        &self,
        calls: Vec<Call>,
        reader: &Reader,
        concurrent: usize,
    ) -> anyhow::Result<(Report, Ranked)> {
        let progress = self.progress(calls.len());
        let mut dump = self.dump.as_deref().map(create).transpose()?;
        let mut curve = self.curve.as_deref().map(create).transpose()?.map(Curve::new);
        let process = Process::own();
        let cost_before = process.processor_time()?;
        let mut recordings = Recordings::of(calls)?;
        let mut running = JoinSet::new();
        let mut tally = Tally::default();
        let mut begun = 0_u32;
        loop {
            while running.len() < concurrent
                && let Some(recording) = recordings.next().await?
            {
                let is_first = (begun as usize) < concurrent;
                let spread = FIRST_CALLS.mul_f64(f64::from(begun) / concurrent as f64);
                let delay = if is_first { spread } else { Duration::ZERO };
                running.spawn(read(reader.clone(), recording, delay));
                begun += 1;
            }
            let Some(done) = running.join_next().await else { break };
            let (recording, transcript) = done??;
            let call = &recording.call;
            let judgement = judgement::judge(call, &transcript.events);
            tally.count(call, &judgement, recording.length());
            if let Some(dump) = &mut dump {
                writeln!(dump, "{}", dump::line(call, &transcript, &judgement))?;
            }
            if let Some(curve) = &mut curve {
                curve.count(call, &transcript);
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        if let Some(curve) = curve {
            curve.write()?;
        }
        let decoding = recordings.processor_time()?;
        let processor_time = (process.processor_time()? - cost_before).saturating_sub(decoding);
        let peak_memory_bytes = process.peak_memory()?;
        Ok(tally.report(Cost { processor_time, peak_memory_bytes }))
    }

    /// A bar on the terminal, if there is one.
    fn progress(&self, calls: usize) -> ProgressBar {
        if self.json {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} calls, {eta} to go")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(calls as u64).with_style(style)
    }
}

/// Reads one call, and gives it back with what was read.
async fn read(
    reader: Reader,
    recording: Recording,
    delay: Duration,
) -> anyhow::Result<(Arc<Recording>, Transcript)> {
    let recording = Arc::new(recording);
    let transcript = reader.read(&recording, delay).await;
    let transcript = transcript.with_context(|| format!("cannot read {}", recording.call.file))?;
    Ok((recording, transcript))
}

fn create(path: &Path) -> anyhow::Result<std::io::BufWriter<std::fs::File>> {
    let file = std::fs::File::create(path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(std::io::BufWriter::new(file))
}

/// `count` of `all`, evenly.
fn spread<T>(all: Vec<T>, count: usize) -> Vec<T> {
    let total = all.len();
    let is_chosen = |index: usize| (index + 1) * count / total > index * count / total;
    let chosen = all.into_iter().enumerate().filter(|(index, _)| is_chosen(*index));
    chosen.map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_all_are_taken_evenly() {
        assert_eq!(spread((0..10).collect(), 3), [3, 6, 9]);
        assert_eq!(spread((0..10).collect(), 10), (0..10).collect::<Vec<_>>());
        assert_eq!(spread((0..1_000).collect(), 400).len(), 400);
    }
}
