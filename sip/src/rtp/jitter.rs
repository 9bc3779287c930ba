//! Interarrival jitter (RFC 3550 §6.4.1, §A.8).

use std::time::{Duration, Instant};

use crate::sdp::CLOCK_RATE;

/// How much the times between packets differ from what their timestamps say, smoothed.
#[derive(Debug, Default)]
pub(super) struct Jitter {
    last: Option<(Instant, u32)>,
    /// In sixteenths of a tick, so that rounding does not keep it from rising (§A.8).
    sixteenths: u64,
}

impl Jitter {
    pub(super) fn arrived(&mut self, now: Instant, timestamp: u32) {
        if let Some((last_arrival, last_timestamp)) = self.last.replace((now, timestamp)) {
            let between = ticks(now.saturating_duration_since(last_arrival));
            let should_be = i64::from(timestamp.wrapping_sub(last_timestamp).cast_signed());
            // A stream that begins anew with its timestamps says nothing about the network.
            let difference = (between - should_be).unsigned_abs().min(u64::from(CLOCK_RATE) * 4);
            self.sixteenths = self.sixteenths + difference - ((self.sixteenths + 8) >> 4);
        }
    }

    /// For a report.
    pub(super) fn ticks(&self) -> u32 {
        u32::try_from(self.sixteenths >> 4).unwrap_or(u32::MAX)
    }

    pub(super) fn duration(ticks: u32) -> Duration {
        Duration::from_micros(u64::from(ticks) * 1_000_000 / u64::from(CLOCK_RATE))
    }
}

/// A time in ticks; a day at most, which no time between two packets is.
fn ticks(time: Duration) -> i64 {
    let micros = i64::try_from(time.min(Duration::from_secs(86_400)).as_micros());
    micros.unwrap_or(0) * i64::from(CLOCK_RATE) / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::origin;

    #[test]
    fn a_steady_stream_has_none_and_an_uneven_one_has_as_much_as_it_is_uneven() {
        let mut steady = Jitter::default();
        let mut uneven = Jitter::default();
        let begin = origin();
        for packet in 0..500_u32 {
            let now = begin + Duration::from_millis(20) * packet;
            steady.arrived(now, packet * 160);
            uneven.arrived(now + Duration::from_millis(10) * (packet % 2), packet * 160);
        }
        assert_eq!(steady.ticks(), 0);
        // 10 ms more and less in turn, which is 80 ticks each time.
        assert!((79..=80).contains(&uneven.ticks()), "{}", uneven.ticks());
        assert_eq!(Jitter::duration(80), Duration::from_millis(10));
    }

    #[test]
    fn leaps_of_the_timestamp_do_no_harm() {
        let mut jitter = Jitter::default();
        for timestamp in [0, u32::MAX, 1 << 31, (1 << 31) - 1, 0] {
            jitter.arrived(origin(), timestamp);
        }
        assert!(jitter.ticks() <= CLOCK_RATE * 4);
    }
}
