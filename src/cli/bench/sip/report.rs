//! What is printed in the end: for people, and as JSON. Pure.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::cli::bench::percentile::Ranked;

/// Everything that was measured. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    pub(super) transport: &'static str,
    pub(super) calls_per_second: f64,
    pub(super) concurrent: u32,
    pub(super) seconds: f64,
    pub(super) calls: u32,
    pub(super) completed: u32,
    /// Calls that did not go as they should, by what happened.
    pub(super) failures: BTreeMap<String, u32>,
    /// Messages that we had to send again.
    pub(super) retransmissions: u32,
    /// SIP datagrams that the daemon did not read in time. `None` on streams.
    pub(super) sip_datagrams_dropped: Option<u64>,
    pub(super) until_trying_ms: Option<Percentiles>,
    pub(super) until_answer_ms: Option<Percentiles>,
    pub(super) audio: Option<Audio>,
    pub(super) daemon: Daemon,
    /// How far this side was behind its own plan, at worst: figures mean little when it is much.
    pub(super) latest_start_ms: f64,
}

/// The audio of all calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Audio {
    pub(super) packets_sent: u64,
    /// By the daemon, which has decoded them.
    pub(super) packets_received: u64,
    pub(super) packets_lost: u64,
    /// Decoded, and thrown away because nobody took them.
    pub(super) frames_dropped: u64,
    pub(super) latest_packet_ms: f64,
}

/// What the daemon's process took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Daemon {
    /// Processor time while the load lasted, of one core.
    pub(super) cores_used: f64,
    pub(super) processor_ms_per_call: f64,
    pub(super) idle_bytes: u64,
    /// When the most calls lived, and how many they were.
    pub(super) peak_calls: u32,
    pub(super) bytes_at_peak: u64,
    /// `None` where calls do not last: what is measured then is what outlives them.
    pub(super) bytes_per_call: Option<u64>,
    pub(super) bytes_at_end: u64,
}

/// Of a set of durations, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Percentiles {
    /// `None` of nothing.
    pub(super) fn of(durations: Vec<Duration>) -> Option<Self> {
        let ranked = Ranked::of(durations);
        Some(Self {
            p50: ranked.percentile(50)?,
            p95: ranked.percentile(95)?,
            p99: ranked.percentile(99)?,
            max: ranked.max()?,
        })
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p95, p99, max } = self;
        write!(formatter, "p50 {p50:.2} ms, p95 {p95:.2} ms, p99 {p99:.2} ms, at most {max:.2} ms")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transport, calls, completed, retransmissions, daemon, .. } = self;
        writeln!(
            formatter,
            "load      {} calls a second, {} at a time, for {} s over {transport}",
            self.calls_per_second, self.concurrent, self.seconds
        )?;
        writeln!(formatter, "calls     {completed} of {calls} answered and ended")?;
        for (fault, count) in &self.failures {
            writeln!(formatter, "failed    {count} {fault}")?;
        }
        for (name, percentiles) in
            [("to 100", self.until_trying_ms), ("to 200", self.until_answer_ms)]
        {
            if let Some(percentiles) = percentiles {
                writeln!(formatter, "{name}    {percentiles}")?;
            }
        }
        let dropped = self.sip_datagrams_dropped.unwrap_or_default();
        writeln!(formatter, "SIP       {retransmissions} sent again, {dropped} dropped unread")?;
        if let Some(audio) = self.audio {
            writeln!(
                formatter,
                "audio     {} packets sent, at most {:.1} ms late; {} received, {} lost, {} frames dropped",
                audio.packets_sent,
                audio.latest_packet_ms,
                audio.packets_received,
                audio.packets_lost,
                audio.frames_dropped
            )?;
        }
        writeln!(
            formatter,
            "processor {:.3} ms a call, {:.2} cores",
            daemon.processor_ms_per_call, daemon.cores_used
        )?;
        if let Some(bytes) = daemon.bytes_per_call {
            let (kilobytes, calls) = (bytes as f64 / 1e3, daemon.peak_calls);
            writeln!(formatter, "memory    {kilobytes:.1} kB a call with {calls} calls")?;
        }
        writeln!(
            formatter,
            "          {:.1} MB idle, {:.1} MB with the most calls, {:.1} MB in the end",
            daemon.idle_bytes as f64 / 1e6,
            daemon.bytes_at_peak as f64 / 1e6,
            daemon.bytes_at_end as f64 / 1e6,
        )?;
        write!(formatter, "this side at most {:.1} ms behind its plan", self.latest_start_ms)
    }
}
