//! When a receiver that did not answer is tried again. Pure.

use std::time::Duration;

/// How long after each failed try the next one is, until there are no more.
const WAITS: [Duration; 5] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(4 * 60 * 60),
];

/// By how much of itself a wait may be longer: what failed together is not tried together.
const JITTER: f64 = 0.1;

/// How long to wait after so many failed tries; `None` when that were enough. `chance` is drawn from 0 to
/// 1.
pub(super) fn wait_after(failed: u32, chance: f64) -> Option<Duration> {
    let index = usize::try_from(failed.checked_sub(1)?).ok()?;
    let wait = WAITS.get(index)?;
    Some(wait.mul_f64(1.0 + JITTER * chance.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_tried_five_times_again_and_never_before_its_time() {
        let minutes = |failed, chance| wait_after(failed, chance).map(|wait| wait.as_secs() / 60);
        let waits: Vec<_> = (1..=6).map(|failed| minutes(failed, 0.0)).collect();
        assert_eq!(waits, [Some(1), Some(5), Some(15), Some(60), Some(240), None]);
        let latest: Vec<_> = (1..=5).map(|failed| minutes(failed, 1.0)).collect();
        assert_eq!(latest, [Some(1), Some(5), Some(16), Some(66), Some(264)]);
        assert_eq!((wait_after(0, 0.5), wait_after(u32::MAX, 0.5)), (None, None));
    }
}
