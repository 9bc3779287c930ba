//! The report as a picture: accuracy by voice above, the distribution of latency below. SVG.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::report::{Counts, Report};
use crate::cli::bench::percentile::Ranked;

const WIDTH: u32 = 900;
const MARGIN: u32 = 16;
/// What a chart needs besides what it shows: a caption, and an axis with its name.
const FRAME: u32 = 90;
const BAR: u32 = 22;
const HISTOGRAM: u32 = 240;

/// Voices that are drawn, the worst ones.
const MOST_VOICES: usize = 60;

/// Latencies that are told apart; the last bar holds those that are longer.
const STEP: Duration = Duration::from_millis(50);
const STEPS: usize = 40;

const EXACT: RGBColor = RGBColor(46, 125, 80);
const NONE: RGBColor = RGBColor(214, 214, 214);
const WRONG: RGBColor = RGBColor(190, 40, 40);

type Drawing<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the report into the file at `path`.
///
/// # Errors
/// When the file can not be written.
pub(super) fn draw(report: &Report, latencies: &Ranked, path: &Path) -> anyhow::Result<()> {
    let voices = worst_voices(report);
    let bars = BAR * u32::try_from(voices.len()).unwrap_or(1).max(1) + FRAME;
    let picture = (WIDTH, bars + HISTOGRAM + FRAME);
    let drawn = (|| {
        let root = SVGBackend::new(path, picture).into_drawing_area();
        root.fill(&WHITE)?;
        let (above, below) = root.split_vertically(bars);
        draw_accuracy(&voices, &above)?;
        draw_latency(&histogram(latencies.durations()), &below)?;
        root.present()?;
        Ok::<(), Box<dyn Error>>(())
    })();
    drawn.map_err(|error| anyhow!("cannot draw {}: {error}", path.display()))
}

/// Voices that spoke a code, those with the least exact calls first.
fn worst_voices(report: &Report) -> Vec<(&str, &Counts)> {
    let share = |counts: &Counts| counts.exact as f64 / counts.with_code() as f64;
    let voices = report.by_voice.iter().filter(|(_, counts)| counts.with_code() > 0);
    let mut voices: Vec<_> = voices.map(|(name, counts)| (name.as_str(), counts)).collect();
    voices.sort_by(|(_, one), (_, other)| share(one).total_cmp(&share(other)));
    voices.truncate(MOST_VOICES);
    voices
}

fn draw_accuracy(voices: &[(&str, &Counts)], area: &Drawing<'_>) -> Result<(), Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(MARGIN)
        .caption("Calls by voice: exact, none (grey), wrong (red)", ("sans-serif", 16))
        .x_label_area_size(32)
        .y_label_area_size(150)
        .build_cartesian_2d(0.0..100.0, (0..voices.len().max(1)).into_segmented())?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        // It looks for ever for an axis of no labels.
        .y_labels(voices.len().max(1))
        .y_label_formatter(&|place| voice_label(voices, place))
        .x_desc("per cent of the calls with a code")
        .draw()?;
    for (row, (_, counts)) in voices.iter().enumerate() {
        let percent = |part: usize| 100.0 * part as f64 / counts.with_code() as f64;
        let (exact, none) = (percent(counts.exact), percent(counts.none));
        let parts =
            [(0.0, exact, EXACT), (exact, exact + none, NONE), (exact + none, 100.0, WRONG)];
        for (from, to, colour) in parts {
            let (top, bottom) = (SegmentValue::Exact(row), SegmentValue::Exact(row + 1));
            let mut bar = Rectangle::new([(from, top), (to, bottom)], colour.filled());
            bar.set_margin(2, 2, 0, 0);
            chart.draw_series([bar])?;
        }
    }
    Ok(())
}

fn voice_label(voices: &[(&str, &Counts)], place: &SegmentValue<usize>) -> String {
    match place {
        SegmentValue::CenterOf(row) | SegmentValue::Exact(row) => {
            voices.get(*row).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
        }
        SegmentValue::Last => String::new(),
    }
}

/// How many latencies fall into each step.
fn histogram(latencies: &[Duration]) -> [usize; STEPS] {
    let mut counts = [0; STEPS];
    for latency in latencies {
        let step = latency.as_millis() / STEP.as_millis();
        counts[usize::try_from(step).unwrap_or(STEPS).min(STEPS - 1)] += 1;
    }
    counts
}

fn draw_latency(counts: &[usize; STEPS], area: &Drawing<'_>) -> Result<(), Box<dyn Error>> {
    let most = counts.iter().copied().max().unwrap_or_default().max(1);
    let step = STEP.as_millis() as u64;
    let mut chart = ChartBuilder::on(area)
        .margin(MARGIN)
        .caption("From the end of the reading to the decision", ("sans-serif", 16))
        .x_label_area_size(40)
        .y_label_area_size(150)
        .build_cartesian_2d(0..step * STEPS as u64, 0..most)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_desc("milliseconds; the last bar holds all that is longer")
        .y_desc("calls")
        .draw()?;
    chart.draw_series(counts.iter().zip(0..).map(|(&count, place)| {
        let from = place * step;
        Rectangle::new([(from, 0), (from + step, count)], EXACT.filled())
    }))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::speech::report::tests::report;

    #[test]
    fn each_latency_is_in_one_bar_and_the_longest_are_in_the_last() {
        let latencies = [0, 49, 50, 1_999, 5_000].map(Duration::from_millis);
        let counts = histogram(&latencies);
        assert_eq!((counts[0], counts[1], counts[STEPS - 1]), (2, 1, 2));
        assert_eq!(counts.iter().sum::<usize>(), latencies.len());
    }

    #[test]
    fn calls_without_a_code_have_a_picture_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.svg");
        let (mut report, latencies) = report();
        report.by_voice.clear();
        draw(&report, &latencies, &path).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("</svg>"));
    }

    #[test]
    fn the_picture_names_each_voice() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.svg");
        let (report, latencies) = report();
        draw(&report, &latencies, &path).unwrap();
        let picture = std::fs::read_to_string(&path).unwrap();
        assert!(picture.starts_with("<svg ") && picture.contains("</svg>"));
        for name in ["anna_de", "bob_en"] {
            assert!(picture.contains(name), "{name} is missing");
        }
        let error = draw(&report, &latencies, Path::new("/gone/report.svg")).unwrap_err();
        assert!(error.to_string().contains("/gone/report.svg"), "{error}");
    }
}
