//! What a listener would say of a call: a mean opinion score from the E-model (ITU-T G.107),
//! simplified to delay and loss as in Cole and Rosenbluth, *Voice over IP Performance Monitoring*
//! (2001).

use std::time::Duration;

/// Transmission rating with nothing wrong (G.107 §7.7).
const BEST_RATING: f64 = 93.2;
/// Robustness of G.711 against loss that nothing conceals (G.113 appendix I). We put silence in the
/// place of what is lost, with every codec.
const LOSS_ROBUSTNESS: f64 = 4.3;
/// A delay above it is noticed more (Cole and Rosenbluth, in milliseconds).
const NOTICED_DELAY: f64 = 177.3;

/// The score, from 1 to 4.4. `loss` is a fraction of all packets, `delay` that of one way.
pub(super) fn opinion_score(loss: f64, delay: Duration) -> f64 {
    let delay = delay.as_secs_f64() * 1_000.0;
    let delay_impairment = 0.024 * delay + 0.11 * (delay - NOTICED_DELAY).max(0.0);
    let percent = loss.clamp(0.0, 1.0) * 100.0;
    let loss_impairment = 95.0 * percent / (percent + LOSS_ROBUSTNESS);
    let rating = (BEST_RATING - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    // G.107 annex B.
    (1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating)).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_model() {
        let score = |loss, delay| {
            let score = opinion_score(loss, Duration::from_millis(delay));
            (score * 100.0).round() / 100.0
        };
        assert_eq!(score(0.0, 0), 4.41);
        assert_eq!(score(0.0, 150), 4.33);
        assert_eq!(score(0.0, 400), 3.05);
        assert_eq!(score(0.01, 0), 3.83);
        assert_eq!(score(0.05, 0), 2.17);
        assert_eq!(score(1.0, 5_000), 1.0);
    }
}
