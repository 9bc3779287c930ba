//! When a registration does something next. All of it is spread by chance, so that a registrar that
//! comes back does not meet everybody at once.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

/// The wait after everything failed once, doubled each time (RFC 5626 §4.5).
const BASE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(1_800);

/// The wait after a refusal that will not change by itself, such as 403. An account is often locked
/// for a while after wrong passwords, so less would make it worse.
const SLOW: Duration = Duration::from_secs(1_200);

/// A connection that stood for this long was sound, and its end is no sign of trouble (RFC 5626
/// §4.5, min-regtime).
pub(super) const SOUND_AFTER: Duration = Duration::from_secs(120);

/// No registrar is believed that wants us away for longer.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// No binding is taken to last longer, and none is asked for.
pub(super) const LONGEST_BINDING: Duration = Duration::from_secs(86_400);

/// A binding is renewed after 50 to 80 % of its time.
pub(super) fn refresh(granted: Duration, rng: &mut StdRng) -> Duration {
    granted.mul_f64(rng.random_range(0.5..=0.8))
}

/// How long to wait when every server failed, so many times in a row.
pub(super) fn backoff(failures: u32, rng: &mut StdRng) -> Duration {
    let doubled = BASE.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    half_to_all(doubled.min(LONGEST), rng)
}

/// How long to wait after a refusal that a person has to look at.
pub(super) fn slow(rng: &mut StdRng) -> Duration {
    half_to_all(SLOW, rng)
}

fn half_to_all(longest: Duration, rng: &mut StdRng) -> Duration {
    longest.mul_f64(rng.random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::simulation::long_seed;

    #[test]
    fn waits_double_from_half_a_minute_to_half_an_hour_and_differ() {
        let mut rng = StdRng::from_seed(long_seed(1));
        for (failures, longest) in
            [(0, 30), (1, 60), (2, 120), (5, 960), (6, 1_800), (31, 1_800), (u32::MAX, 1_800)]
        {
            let waits: Vec<Duration> = (0..100).map(|_| backoff(failures, &mut rng)).collect();
            let allowed = Duration::from_secs(longest) / 2..=Duration::from_secs(longest);
            assert!(waits.iter().all(|wait| allowed.contains(wait)), "{failures}: {waits:?}");
            assert_ne!(waits[0], waits[1]);
        }
    }

    #[test]
    fn a_binding_is_renewed_between_half_and_four_fifths_of_its_time() {
        let mut rng = StdRng::from_seed(long_seed(2));
        let all: Vec<f64> =
            (0..1_000).map(|_| refresh(Duration::from_secs(100), &mut rng).as_secs_f64()).collect();
        assert!(all.iter().all(|one| (50.0..=80.0).contains(one)), "{all:?}");
        assert!(all.iter().any(|one| *one < 52.0) && all.iter().any(|one| *one > 78.0));
    }
}
