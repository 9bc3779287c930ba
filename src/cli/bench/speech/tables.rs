//! The report as people read it.

use std::collections::BTreeMap;
use std::fmt;

use super::report::{Counts, Report};

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, with_code, exact, wrong, none, without_code, false_alarms, .. } = self;
        writeln!(formatter, "calls     {calls}: {with_code} with a code, {without_code} without")?;
        writeln!(
            formatter,
            "codes     {exact} exact ({}), {wrong} wrong ({}), {none} none; {false_alarms} false \
             alarms; {} taken back",
            share(*exact, *with_code),
            share(*wrong, *with_code),
            self.taken_back
        )?;
        let latency = &self.latency_ms;
        writeln!(
            formatter,
            "decided   p50 {}, p95 {}, at most {} after the reading",
            millis(latency.p50),
            millis(latency.p95),
            millis(latency.max)
        )?;
        let partial = &self.partial_latency_ms;
        writeln!(
            formatter,
            "digits    p50 {}, p95 {} after each was spoken",
            millis(partial.p50),
            millis(partial.p95)
        )?;
        writeln!(
            formatter,
            "processor {:.3} s a call, {:.4} s a second of audio",
            self.cpu_seconds_per_call, self.cpu_seconds_per_audio_second
        )?;
        writeln!(formatter, "memory    {:.1} MB at most", self.peak_memory_mb)?;
        table(formatter, "voice", &self.by_voice)?;
        table(formatter, "condition", &self.by_condition)?;
        table(formatter, "language", &self.by_language)
    }
}

fn table(
    formatter: &mut fmt::Formatter<'_>,
    what: &str,
    groups: &BTreeMap<String, Counts>,
) -> fmt::Result {
    let names = groups.keys().map(String::as_str).chain([what]);
    let width = names.map(|name| name.chars().count()).max().unwrap_or_default();
    writeln!(formatter)?;
    writeln!(
        formatter,
        "{what:<width$} {:>6} {:>6} {:>8} {:>6} {:>8} {:>6} {:>6}",
        "calls", "exact", "", "wrong", "", "none", "alarms"
    )?;
    for (name, counts) in groups {
        let Counts { exact, wrong, none, calls, false_alarms } = counts;
        let (right, false_ones) =
            (share(*exact, counts.with_code()), share(*wrong, counts.with_code()));
        writeln!(
            formatter,
            "{name:<width$} {calls:>6} {exact:>6} {right:>8} {wrong:>6} {false_ones:>8} {none:>6} \
             {false_alarms:>6}"
        )?;
    }
    Ok(())
}

fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{:.2} %", 100.0 * part as f64 / whole as f64)
}

fn millis(figure: Option<f64>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.0} ms"))
}

#[cfg(test)]
mod tests {
    use crate::cli::bench::speech::report::tests::report;

    #[test]
    fn people_read_the_same_figures() {
        let expected = "\
calls     5: 3 with a code, 2 without
codes     1 exact (33.33 %), 1 wrong (33.33 %), 1 none; 1 false alarms; 1 taken back
decided   p50 250 ms, p95 250 ms, at most 250 ms after the reading
digits    p50 100 ms, p95 300 ms after each was spoken
processor 0.500 s a call, 0.0500 s a second of audio
memory    123.5 MB at most

voice    calls  exact           wrong            none alarms
anna_de      2      1  50.00 %      1  50.00 %      0      0
bob_en       3      0   0.00 %      0   0.00 %      1      1

condition  calls  exact           wrong            none alarms
clean          1      1 100.00 %      0   0.00 %      0      0
gsm            2      0   0.00 %      1  50.00 %      1      0
negative       2      0        -      0        -      0      1

language  calls  exact           wrong            none alarms
de            2      1  50.00 %      1  50.00 %      0      0
en            3      0   0.00 %      0   0.00 %      1      1
";
        assert_eq!(report().0.to_string(), expected);
    }
}
