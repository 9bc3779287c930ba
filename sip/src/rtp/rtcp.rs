//! Reports (RFC 3550 §6): when one is due, what is in ours, and what the peer's say. The packets
//! themselves are `rtcp-types`.

use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk,
    SdesItem, SenderReport,
};

use super::receiver::Reception;
use super::sender::Sender;

/// Mean time between two reports: the minimum, which two parties that talk never exceed (§6.2).
const INTERVAL: f64 = 5.0;
/// Makes up for the randomness (§6.3.1: e - 1.5).
const COMPENSATION: f64 = 1.218_28;
/// More than any report of ours has: sender report, one block, name and farewell.
const LARGEST_REPORT: usize = 128;
/// A round trip that takes longer is a mistake of one of the clocks.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(10);
/// Report blocks count the lost in 24 bits with a sign.
const MOST_LOST: u64 = 0x7f_ffff;

/// The state of the reports of one call.
#[derive(Debug)]
pub(super) struct Reports {
    rng: StdRng,
    /// The same for all of a call, and for no other one (RFC 7022 §4.2).
    name: String,
    began: Instant,
    due: Instant,
    /// Of the peer's last sender report: its time in the middle 32 bits, and when it came.
    peer_report: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    /// Packets expected and received when we reported last.
    reported: (u64, u64),
    packets_reported: u32,
}

/// What came in a compound packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Report,
    /// The peer says that it leaves.
    Farewell,
    Malformed,
}

impl Reports {
    pub(super) fn new(now: Instant, mut rng: StdRng) -> Self {
        let name = format!("{:016x}{:08x}", rng.random::<u64>(), rng.random::<u32>());
        let mut reports = Self {
            rng,
            name,
            began: now,
            due: now,
            peer_report: None,
            round_trip: None,
            reported: (0, 0),
            packets_reported: 0,
        };
        // The first one comes in half the time (§6.2).
        reports.due = now + reports.interval() / 2;
        reports
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Between 0.5 and 1.5 times the mean, so that reports of many calls do not fall together.
    fn interval(&mut self) -> Duration {
        Duration::from_secs_f64(INTERVAL * self.rng.random_range(0.5..1.5) / COMPENSATION)
    }

    pub(super) fn postpone(&mut self, now: Instant) {
        self.due = now + self.interval();
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Writes a compound packet: a sender report if something was sent since the last one, or else
    /// a receiver report; our name; and a farewell at the end of the call (§6.1, §6.4).
    pub(super) fn write(
        &mut self,
        now: Instant,
        sender: &Sender,
        heard: Option<Reception>,
        last: bool,
        packet: &mut Vec<u8>,
    ) {
        let (ssrc, sent) = (sender.ssrc(), sender.sent());
        let block = heard.map(|reception| self.block(now, reception));
        let name = SdesItem::builder(SdesItem::CNAME, &self.name);
        let names = Sdes::builder().add_chunk(SdesChunk::builder(ssrc).add_item(name));
        let compound = if sent.packets == self.packets_reported {
            let report = ReceiverReport::builder(ssrc);
            Compound::builder().add_packet(
                block.into_iter().fold(report, |report, block| report.add_report_block(block)),
            )
        } else {
            let report = SenderReport::builder(ssrc)
                .ntp_timestamp(self.timestamp(now))
                .rtp_timestamp(sender.timestamp())
                .packet_count(sent.packets)
                .octet_count(sent.octets);
            Compound::builder().add_packet(
                block.into_iter().fold(report, |report, block| report.add_report_block(block)),
            )
        };
        let compound = compound.add_packet(names);
        let compound =
            if last { compound.add_packet(Bye::builder().add_source(ssrc)) } else { compound };
        packet.clear();
        packet.resize(LARGEST_REPORT, 0);
        // What is too large to be written is not sent.
        let written = compound.write_into(packet).unwrap_or(0);
        packet.truncate(written);
        self.packets_reported = sent.packets;
    }

    /// §6.4.1, §A.3.
    fn block(&mut self, now: Instant, heard: Reception) -> ReportBlockBuilder {
        let lost = heard.expected.saturating_sub(heard.received).min(MOST_LOST);
        let (expected_before, received_before) = self.reported;
        let expected = heard.expected.saturating_sub(expected_before);
        let received = heard.received.saturating_sub(received_before);
        let fraction = (expected.saturating_sub(received) * 256).checked_div(expected).unwrap_or(0);
        self.reported = (heard.expected, heard.received);
        let (last_report, since) = match self.peer_report {
            Some((timestamp, came)) => (timestamp, now.saturating_duration_since(came)),
            None => (0, Duration::ZERO),
        };
        ReportBlock::builder(heard.ssrc)
            .fraction_lost(u8::try_from(fraction).unwrap_or(u8::MAX))
            .cumulative_lost(u32::try_from(lost).unwrap_or(0))
            .extended_sequence_number(heard.highest_sequence)
            .interarrival_jitter(heard.jitter)
            .last_sender_report_timestamp(last_report)
            .delay_since_last_sender_report_timestamp(middle(ntp(since)))
    }

    /// Takes in a compound packet about us, `ssrc`, and from the source that we hear.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        bytes: &[u8],
        ssrc: u32,
        heard: Option<u32>,
    ) -> Received {
        let Ok(packets) = Compound::parse(bytes) else {
            return Received::Malformed;
        };
        let mut received = Received::Report;
        for packet in packets {
            match packet {
                Ok(Packet::Sr(report)) => {
                    self.peer_report = Some((middle(report.ntp_timestamp()), now));
                    self.learn(now, ssrc, report.report_blocks());
                }
                Ok(Packet::Rr(report)) => self.learn(now, ssrc, report.report_blocks()),
                Ok(Packet::Bye(bye)) => {
                    if heard.is_some_and(|heard| bye.ssrcs().any(|source| source == heard)) {
                        received = Received::Farewell;
                    }
                }
                Ok(_) => {}
                Err(_) => return Received::Malformed,
            }
        }
        received
    }

    /// The round trip, from what the peer says of our last report (§6.4.1).
    fn learn<'a>(
        &mut self,
        now: Instant,
        ssrc: u32,
        mut blocks: impl Iterator<Item = ReportBlock<'a>>,
    ) {
        let Some(block) = blocks.find(|block| block.ssrc() == ssrc) else {
            return;
        };
        let last_report = block.last_sender_report_timestamp();
        if last_report == 0 {
            return;
        }
        let since_report = middle(self.timestamp(now)).wrapping_sub(last_report);
        let round_trip = since_report.checked_sub(block.delay_since_last_sender_report_timestamp());
        let round_trip = round_trip.map(|units| Duration::from_secs(u64::from(units)) / (1 << 16));
        if let Some(round_trip) = round_trip.filter(|time| *time < LONGEST_ROUND_TRIP) {
            self.round_trip = Some(round_trip);
        }
    }

    /// The time in the form of NTP, counted from the call's beginning, as one may who has no
    /// calendar (§4). It begins with a second, since zero would mean that there was no report.
    fn timestamp(&self, now: Instant) -> u64 {
        ntp(now.saturating_duration_since(self.began) + Duration::from_secs(1))
    }
}

/// Seconds and their fraction, 32 bits each.
fn ntp(time: Duration) -> u64 {
    let fraction = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
    // Seconds wrap round by definition, after 136 years.
    (time.as_secs() << 32) | fraction
}

/// The middle 32 bits of a time: units of 1/65,536 s.
fn middle(timestamp: u64) -> u32 {
    (timestamp >> 16) as u32
}
