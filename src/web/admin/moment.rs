//! Moments as people say them: how long ago, or in how long; the exact one stands beside it.

use std::time::Duration;

use maud::{Markup, html};

use crate::domain::Timestamp;
use crate::web::words::{Gapped, MomentWords};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A moment, seen from `now`.
pub(in crate::web) fn moment(at: Timestamp, now: Timestamp, words: &MomentWords) -> Markup {
    let exact = at.to_string();
    // Seconds are enough, and a letter between date and time is for machines.
    let shown = exact.get(..19).map_or(exact.clone(), |text| text.replace('T', " ") + " UTC");
    html! { time datetime=(exact) title=(shown) { (relative(at, now, words)) } }
}

fn relative(at: Timestamp, now: Timestamp, words: &MomentWords) -> Markup {
    let is_ahead = at > now;
    let away = if is_ahead { at.since(now) } else { now.since(at) };
    let filled = |past: &Gapped, ahead: &Gapped, unit: Duration| {
        let count = away.as_secs() / unit.as_secs();
        if is_ahead { ahead.around(count) } else { past.around(count) }
    };
    if away < MINUTE {
        html! { @if is_ahead { (words.soon) } @else { (words.just_now) } }
    } else if away < HOUR {
        filled(&words.minutes_ago, &words.in_minutes, MINUTE)
    } else if away < 2 * DAY {
        filled(&words.hours_ago, &words.in_hours, HOUR)
    } else {
        filled(&words.days_ago, &words.in_days, DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::{AdminWords, Tongue};

    #[test]
    fn a_moment_is_told_by_how_far_away_it_is() {
        let words = &AdminWords::of(Tongue::English).moments;
        let now = Timestamp::from_unix_millis(1_794_000_000_000);
        let told = |at| relative(at, now, words).into_string();
        assert_eq!(told(now), "just now");
        assert_eq!(told(now - MINUTE), "1 min ago");
        assert_eq!(told(now - 90 * MINUTE), "1 h ago");
        assert_eq!(told(now - 47 * HOUR), "47 h ago");
        assert_eq!(told(now - 48 * HOUR), "2 days ago");
        assert_eq!(told(now + 7 * DAY), "in 7 days");
        assert_eq!(told(now + MINUTE / 2), "in a moment");
        let page = moment(now, now, words).into_string();
        assert!(
            page.contains(
                "datetime=\"2026-11-06T21:20:00.000Z\" title=\"2026-11-06 21:20:00 UTC\""
            )
        );
    }
}
