//! The warning that Meta will soon call a number no more.

use maud::{Markup, html};

use crate::domain::Timestamp;
use crate::onboarding::{Attempts, attempts_left};
use crate::store::{AssignedNumber, Reader, StoreError};
use crate::web::words::AttemptWords;

/// How often Meta may still be asked to verify the number of a page.
pub(super) fn of(
    reader: &Reader<'_>,
    number: Option<&AssignedNumber>,
    now: Timestamp,
) -> Result<Attempts, StoreError> {
    number.map_or(Ok(Attempts::Plenty), |number| attempts_left(reader, &number.id, now))
}

/// How many more times Meta calls, where that is worth a warning.
pub(super) fn left(attempts: Attempts) -> Option<usize> {
    match attempts {
        Attempts::Plenty => None,
        Attempts::Few(left) => Some(left),
        Attempts::NoneUntil(_) => Some(0),
    }
}

/// Meta calls a number ten times in 72 hours, and tells nobody when that comes to an end.
pub(super) fn warning(attempts: Attempts, words: &AttemptWords) -> Markup {
    let left = left(attempts);
    let count = html! { strong #attempts-left { (left.unwrap_or_default()) } };
    html! {
        p.notice #attempts-few hidden[left.is_none_or(|left| left == 0)] {
            (words.few.around(count))
        }
        p.notice #attempts-none hidden[left != Some(0)] { (words.none) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::{Tongue, Words};

    fn warning_of(attempts: Attempts) -> String {
        warning(attempts, &Words::of(Tongue::English).attempts).into_string()
    }

    /// Whether the element with this id is not hidden.
    fn is_shown(page: &str, id: &str) -> bool {
        let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap();
        !rest.split_once('>').unwrap().0.contains("hidden")
    }

    #[test]
    fn the_client_is_warned_before_meta_calls_no_more() {
        for (attempts, few, none) in [
            (Attempts::Plenty, false, false),
            (Attempts::Few(3), true, false),
            (Attempts::NoneUntil(Timestamp::from_unix_millis(7)), false, true),
        ] {
            let html = warning_of(attempts);
            assert_eq!(is_shown(&html, "attempts-few"), few, "{attempts:?}");
            assert_eq!(is_shown(&html, "attempts-none"), none, "{attempts:?}");
        }
        let html = warning_of(Attempts::Few(3));
        assert!(html.contains("<strong id=\"attempts-left\">3</strong>"), "{html}");
    }
}
