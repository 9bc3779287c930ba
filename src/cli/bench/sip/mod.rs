//! `zavud bench sip`: what load the phone side of the daemon stands on this machine. Starts a
//! daemon as a second process and calls it over loopback.
//!
//! [`host`] is that daemon, [`load`] what it is put under, [`callers`] (with the messages of
//! [`dialogue`]) and [`voice`] are the other end, [`Process`] asks the system what it cost, and
//! [`report`] says so.

mod callers;
mod dialogue;
mod host;
mod line;
mod load;
mod report;
mod voice;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand::RngExt as _;
use tokio::time::sleep_until;

use super::percentile::millis;
use super::usage::Process;
use crate::cli::Failure;
use callers::{Callers, Tally, Wish};
use dialogue::Party;
use host::Host;
use line::Line;
use load::Load;
use report::{Audio, Daemon, Percentiles, Report};
use voice::Voices;

/// How often the daemon's memory is looked at.
const SAMPLE: Duration = Duration::from_millis(200);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Calls that begin in a second, evenly
    #[arg(long, value_name = "N", default_value_t = 100.0)]
    calls_per_second: f64,
    /// Calls that go on at the same time, once so many have begun; 0: each is ended at once
    #[arg(long, value_name = "M", default_value_t = 0)]
    concurrent: u32,
    /// How long calls begin
    #[arg(long, value_name = "S", default_value_t = 10)]
    seconds: u64,
    /// Send audio in each call: G.711, 50 packets a second
    #[arg(long)]
    media: bool,
    /// Over what
    #[arg(long, default_value = "udp")]
    transport: Transport,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// Its name in Via (RFC 3261 §20.42).
    fn in_via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

impl Arguments {
    fn load(&self) -> Result<Load, Failure> {
        let refused = |what: &str| Err(Failure::Usage(what.to_owned()));
        if !(0.1..=100_000.0).contains(&self.calls_per_second) {
            return refused("--calls-per-second must be between 0.1 and 100000");
        }
        if self.concurrent > 10_000 {
            return refused("--concurrent must be at most 10000: so many RTP ports there are");
        }
        if !(1..=86_400).contains(&self.seconds) {
            return refused("--seconds must be between 1 and 86400");
        }
        Ok(Load {
            calls_per_second: self.calls_per_second,
            concurrent: self.concurrent,
            length: Duration::from_secs(self.seconds),
        })
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let load = arguments.load()?;
    // One thread: the daemon needs the other core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let report = runtime.block_on(measure(load, arguments.transport, arguments.media))?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report).map_err(anyhow::Error::from)?);
    } else {
        println!("{report}");
    }
    Ok(())
}

async fn measure(load: Load, transport: Transport, media: bool) -> anyhow::Result<Report> {
    let host = Host::start(&load).await?;
    let process = host.process();
    let line = Line::open(&host, transport).await?;
    let audio = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let party = Party {
        callee: host.sip,
        caller: line.local(),
        transport: transport.in_via(),
        audio: audio.local_addr()?,
        run: rand::rng().random(),
    };
    let voices = if media { Some(Voices::start(audio)?) } else { None };
    let mut memory = Memory { process, idle: process.memory()?, at_peak: 0, peak: 0 };
    let (began, cost_before) = (Instant::now(), process.processor_time()?);

    let callers = Callers::new(load, party, began);
    let tally = drive(callers, line, voices.as_ref(), &mut memory).await?;

    let lasted = began.elapsed();
    let cost = process.processor_time()? - cost_before;
    let spoken = voices.map(Voices::stop);
    let heard = host.audio_of(tally.completed).await?;
    let dropped = match transport {
        Transport::Udp => Some(process.dropped_datagrams(host.sip.port())?),
        Transport::Tcp | Transport::Tls => None,
    };
    Ok(Report {
        transport: transport.in_via(),
        calls_per_second: load.calls_per_second,
        concurrent: load.concurrent,
        seconds: load.length.as_secs_f64(),
        calls: tally.begun,
        completed: tally.completed,
        failures: tally.failures.iter().map(|(fault, &n)| (fault.to_string(), n)).collect(),
        retransmissions: tally.retransmissions,
        sip_datagrams_dropped: dropped,
        until_trying_ms: Percentiles::of(tally.until_trying),
        until_answer_ms: Percentiles::of(tally.until_answer),
        audio: spoken.map(|spoken| Audio {
            packets_sent: spoken.packets,
            packets_received: heard.packets,
            packets_lost: spoken.packets.saturating_sub(heard.packets),
            frames_dropped: heard.overflowed_frames,
            latest_packet_ms: millis(spoken.latest),
        }),
        daemon: Daemon {
            cores_used: cost.as_secs_f64() / lasted.as_secs_f64(),
            processor_ms_per_call: millis(cost) / f64::from(tally.begun.max(1)),
            idle_bytes: memory.idle,
            peak_calls: memory.peak,
            bytes_at_peak: memory.at_peak,
            bytes_per_call: memory.per_call().filter(|_| load.concurrent > 0),
            bytes_at_end: process.memory()?,
        },
        latest_start_ms: millis(tally.latest_start),
    })
}

/// Sees all calls through. Waits on the line and on time.
async fn drive(
    mut callers: Callers,
    mut line: Line,
    voices: Option<&Voices>,
    memory: &mut Memory,
) -> anyhow::Result<Tally> {
    let mut next_sample = Instant::now();
    loop {
        let now = Instant::now();
        callers.advance(now);
        while let Some(wish) = callers.next_wish() {
            match (wish, voices) {
                (Wish::Send(bytes), _) => line.send(&bytes).await?,
                (Wish::Speak { call, to, until }, Some(voices)) => voices.speak(call, to, until),
                (Wish::Hush { call }, Some(voices)) => voices.hush(call),
                (Wish::Speak { .. } | Wish::Hush { .. }, None) => {}
            }
        }
        line.flush().await?;
        if now >= next_sample {
            memory.sample(callers.live())?;
            next_sample = now + SAMPLE;
        }
        let Some(wake_at) = callers.wake_at() else { return Ok(callers.into_tally()) };
        tokio::select! {
            received = line.receive(|message| callers.handle(Instant::now(), message)) => received?,
            () = sleep_until(wake_at.min(next_sample).into()) => {}
        }
    }
}

/// The daemon's memory, idle and with the most calls.
struct Memory {
    process: Process,
    idle: u64,
    at_peak: u64,
    peak: u32,
}

impl Memory {
    /// What each call added, when the most lived.
    fn per_call(&self) -> Option<u64> {
        self.at_peak.saturating_sub(self.idle).checked_div(u64::from(self.peak))
    }

    fn sample(&mut self, live: usize) -> anyhow::Result<()> {
        let live = u32::try_from(live).unwrap_or(u32::MAX);
        if live > self.peak {
            (self.peak, self.at_peak) = (live, self.process.memory()?);
        }
        Ok(())
    }
}
