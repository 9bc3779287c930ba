//! What is to be done next in a verification, as a table. Pure.

use std::time::Duration;

use crate::domain::{Language, PhoneNumber, VerificationStep};
use crate::onboarding::arrival::Arrival;

/// How long a call is waited for. As a rule it comes within seconds; a code that comes later than this is
/// one that nobody reckons with any more.
pub(super) const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing: it is over.
    Rest,
    /// To see which number it is, and whether it has to be verified at all.
    Look,
    /// To ask Meta for the call.
    Request,
    /// To wait until a call has brought a code, or for long enough.
    Listen,
    /// To hand the code in.
    Submit,
    /// To see what became of a code that was perhaps handed in.
    LookUp,
}

/// What follows on `step`. A call is asked for once, since it rings and Meta counts it; a code is handed
/// in once, since Meta counts wrong ones.
pub(super) const fn next(step: VerificationStep, arrival: Arrival) -> Action {
    use VerificationStep as At;
    match (step, arrival) {
        (At::Begun, _) => Action::Look,
        (At::Requesting, Arrival::Fresh) => Action::Request,
        // If Meta was asked, it calls. If it was not, nobody does, and in the end that is said.
        (At::Requesting, Arrival::AfterACrash) | (At::Waiting, _) => Action::Listen,
        (At::Heard, _) => Action::Submit,
        (At::Submitting, _) => Action::LookUp,
        (At::Verified | At::Failed, _) => Action::Rest,
    }
}

/// The voices that we ask Meta for: of languages that the reader was taught.
const LOCALES: &[(&str, &str)] = &[
    ("en", "en_US"),
    ("es", "es_ES"),
    ("pt", "pt_BR"),
    ("fr", "fr_FR"),
    ("it", "it_IT"),
    ("de", "de_DE"),
    ("ru", "ru_RU"),
];

/// In which locale Meta is to speak to us: that of the number's country, if we understand it well.
pub(super) fn locale_of(number: &PhoneNumber) -> &'static str {
    let spoken = Language::of_number(number);
    let known =
        LOCALES.iter().find(|(language, _)| spoken.is_some_and(|it| it.as_str() == *language));
    known.map_or("en_US", |(_, locale)| locale)
}

/// The language of [`locale_of`].
pub(super) fn language_of(number: &PhoneNumber) -> Option<Language> {
    locale_of(number).split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_call_nor_a_code_is_asked_for_again_after_a_crash() {
        for step in VerificationStep::ALL {
            let action = next(step, Arrival::AfterACrash);
            assert_ne!(action, Action::Request, "{step:?}");
            // A code that is still in the store was not handed in: taking it out comes first.
            assert_eq!(action == Action::Submit, step == VerificationStep::Heard, "{step:?}");
            assert_eq!(action == Action::Rest, step.is_over(), "{step:?}");
        }
    }

    #[test]
    fn meta_speaks_to_us_in_a_language_that_we_understand() {
        for (number, locale, language) in [
            ("+15550100123", "en_US", "en"),
            ("+5511987654321", "pt_BR", "pt"),
            ("+34600000001", "es_ES", "es"),
            // Nobody has taught us Japanese, and a Swiss number tells no language.
            ("+81312345678", "en_US", "en"),
            ("+41441234567", "en_US", "en"),
        ] {
            let number = number.parse().unwrap();
            assert_eq!(locale_of(&number), locale);
            assert_eq!(language_of(&number).map(|it| it.to_string()).as_deref(), Some(language));
        }
    }
}
