//! The words of the pages: one catalogue a language in `assets/languages/` for clients, and one in
//! `assets/languages/admin/` for partners, embedded at build.
//!
//! A field here is a key there. A catalogue that lacks one, has one too many or leaves a gap open is
//! not read, which a test finds; a key that no page uses does not compile.

#![deny(dead_code)]

mod text;
mod tongue;

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::{MetaReason, SignupFailure};

pub(super) use admin::{
    AccountWords, AdminWords, FrameWords, ImportWords, InvitationsWords, MomentWords,
    NewInvitationWords, PasswordWords, TimelineWords,
};
pub(super) use desk::{
    AddressesWords, AuditWords, CallsWords, KeysWords, MembersWords, SettingsWords,
    VerificationWords, WebhookWords,
};
pub(super) use text::{Gapped, Text};
pub(super) use tongue::Tongue;

const ENGLISH: &str = include_str!("../../../assets/languages/en.toml");
const SPANISH: &str = include_str!("../../../assets/languages/es.toml");
const PORTUGUESE: &str = include_str!("../../../assets/languages/pt.toml");

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($key:ident: $kind:ident),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(in crate::web) struct $name { $(pub(in crate::web) $key: $kind),* }
        )*
    };
}

mod admin;
mod desk;

words! {
    /// All words in one language.
    Words {
        page: PageWords,
        signup: SignupWords,
        failures: FailureWords,
        done: DoneWords,
        number: NumberWords,
        code: CodeWords,
        recording: RecordingWords,
        attempts: AttemptWords,
        problems: ProblemWords,
    }
    PageWords { title: Text, title_with: Gapped, invited: Gapped, welcome: Gapped, offline: Text }
    /// Those of the card from which Meta's window is opened.
    SignupWords {
        heading: Text,
        intro: Text,
        needs_account: Text,
        needs_own_number: Text,
        needs_country: Gapped,
        needs_this_page: Text,
        needs_app: Text,
        needs_time: Text,
        trust: Text,
        connect: Text,
        reopen: Text,
        retry: Text,
        open_status: Text,
        open_text: Text,
        finishing_status: Text,
        finishing_text: Text,
        failed_status: Text,
        back: Gapped,
        not_set_up: Text,
        sdk_blocked: Text,
        popup_ready: Text,
        not_sent: Text,
        too_often: Text,
        needs_script: Text,
    }
    /// Why a sign-up failed, and what can be done.
    FailureWords {
        cancelled: Text,
        window_failed: Text,
        code_missed: Text,
        interrupted: Text,
        not_owned: Text,
        number_unclear: Text,
        country_not_allowed: Text,
        invitation_closed: Text,
        internal: Text,
        number_not_eligible: Text,
        token_invalid: Text,
        permission_missing: Text,
        invalid_request: Text,
        rate_limited: Text,
        history_declined: Text,
        code_not_sent: Text,
        code_not_accepted: Text,
        pin_mismatch: Text,
        unavailable: Text,
        unknown: Text,
    }
    DoneWords {
        status: Text,
        text: Text,
        sender: Gapped,
        onward: Gapped,
        onward_soon: Gapped,
        stay: Text,
    }
    NumberWords { heading: Text, choose: Gapped, phone_call: Text, copy: Text, copied: Text }
    /// Those of the card on which the code is read. What is `spoken` is for screen readers.
    CodeWords {
        heading: Text,
        waiting_status: Text,
        waiting_text: Text,
        no_call: Text,
        check_number: Text,
        check_method: Text,
        check_again: Text,
        ringing_status: Text,
        ringing_text: Text,
        listening_status: Text,
        listening_spoken: Text,
        listening_text: Text,
        shown_status: Text,
        shown_spoken: Text,
        copy: Text,
        valid_for: Gapped,
        about_ten_minutes: Text,
        unreadable_status: Text,
        unreadable_spoken: Text,
        heard: Text,
        missing: Text,
        expired_status: Text,
        expired_spoken: Text,
        ask_again: Text,
        earlier: Text,
    }
    RecordingWords { listen: Text, name: Text, open: Text, erased: Text }
    AttemptWords { few: Gapped, none: Text }
    /// Those of the pages for what went wrong.
    ProblemWords {
        unknown_title: Text,
        unknown_text: Text,
        recording_title: Text,
        recording_text: Text,
        cancelled_title: Text,
        cancelled_text: Text,
        expired_title: Text,
        expired_text: Text,
        returned_title: Text,
        returned_text: Text,
        fault_title: Text,
        fault_text: Text,
    }
}

impl Words {
    /// The words of a language.
    pub(super) fn of(tongue: Tongue) -> &'static Self {
        static ALL: LazyLock<[Words; 3]> = LazyLock::new(|| {
            Tongue::ALL.map(|tongue| {
                toml::from_str(catalogue(tongue)).expect("a test reads each catalogue")
            })
        });
        match tongue {
            Tongue::English => &ALL[0],
            Tongue::Spanish => &ALL[1],
            Tongue::Portuguese => &ALL[2],
        }
    }
}

const fn catalogue(tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::English => ENGLISH,
        Tongue::Spanish => SPANISH,
        Tongue::Portuguese => PORTUGUESE,
    }
}

impl FailureWords {
    /// What to tell the client: what happened, and what can be done.
    pub(super) fn of(&self, failure: SignupFailure) -> &Text {
        match failure {
            SignupFailure::Cancelled => &self.cancelled,
            SignupFailure::WindowFailed => &self.window_failed,
            SignupFailure::CodeMissed => &self.code_missed,
            SignupFailure::Interrupted => &self.interrupted,
            SignupFailure::NotOwned => &self.not_owned,
            SignupFailure::NumberUnclear => &self.number_unclear,
            SignupFailure::CountryNotAllowed => &self.country_not_allowed,
            SignupFailure::InvitationClosed => &self.invitation_closed,
            SignupFailure::Internal => &self.internal,
            SignupFailure::Meta(MetaReason::NumberNotEligible) => &self.number_not_eligible,
            SignupFailure::Meta(MetaReason::TokenInvalid) => &self.token_invalid,
            SignupFailure::Meta(MetaReason::PermissionMissing) => &self.permission_missing,
            SignupFailure::Meta(MetaReason::InvalidRequest) => &self.invalid_request,
            SignupFailure::Meta(MetaReason::RateLimited) => &self.rate_limited,
            SignupFailure::Meta(MetaReason::HistoryDeclined) => &self.history_declined,
            SignupFailure::Meta(MetaReason::CodeNotSent) => &self.code_not_sent,
            SignupFailure::Meta(MetaReason::CodeNotAccepted) => &self.code_not_accepted,
            SignupFailure::Meta(MetaReason::PinMismatch) => &self.pin_mismatch,
            SignupFailure::Meta(MetaReason::Unavailable) => &self.unavailable,
            SignupFailure::Meta(MetaReason::Unknown) => &self.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Each key of the catalogues of a language, and its text.
    fn texts(tongue: Tongue) -> BTreeMap<String, String> {
        let [client, admin] =
            [catalogue(tongue), admin::catalogue(tongue)].map(|text| text.parse().unwrap());
        let mut texts = texts_of(client, "client");
        texts.extend(texts_of(admin, "admin"));
        texts
    }

    fn texts_of(sections: toml::Table, of: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (section, keys) in sections {
            for (key, text) in keys.as_table().unwrap() {
                texts.insert(format!("{of}.{section}.{key}"), text.as_str().unwrap().to_owned());
            }
        }
        texts
    }

    /// The names of the gaps in a text.
    fn gaps(text: &str) -> Vec<&str> {
        text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn each_catalogue_can_be_read() {
        for tongue in Tongue::ALL {
            toml::from_str::<Words>(catalogue(tongue)).unwrap_or_else(|error| {
                panic!("{}: {error}", tongue.tag());
            });
            toml::from_str::<AdminWords>(admin::catalogue(tongue)).unwrap_or_else(|error| {
                panic!("admin, {}: {error}", tongue.tag());
            });
        }
        for (wrong, what) in [
            (ENGLISH.replace("offline =", "# offline ="), "missing field `offline`"),
            (ENGLISH.replace("offline =", "online = \"\"\noffline ="), "unknown field `online`"),
            (ENGLISH.replace("{count}", ""), "does not have exactly one gap"),
        ] {
            let error = toml::from_str::<Words>(&wrong).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn no_catalogue_lacks_a_key_or_has_one_too_many_or_other_gaps() {
        let english = texts(Tongue::English);
        for tongue in [Tongue::Spanish, Tongue::Portuguese] {
            let others = texts(tongue);
            let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&others), keys(&english), "{}", tongue.tag());
            for (key, text) in &others {
                assert_eq!(gaps(text), gaps(&english[key]), "{}: {key}", tongue.tag());
            }
        }
    }

    #[test]
    fn nothing_was_left_untranslated_or_badly_spaced() {
        let english = texts(Tongue::English);
        for tongue in Tongue::ALL {
            for (key, text) in texts(tongue) {
                assert!(tongue == Tongue::English || text != english[&key], "{key}");
                assert!(text.trim() == text && !text.contains("  "), "{}: {key}", tongue.tag());
            }
        }
    }

    #[test]
    fn each_failure_has_words_of_its_own() {
        for tongue in Tongue::ALL {
            let failures = &Words::of(tongue).failures;
            let mut told: Vec<_> =
                SignupFailure::ALL.iter().map(|failure| failures.of(*failure).as_str()).collect();
            told.sort_unstable();
            told.dedup();
            assert_eq!(told.len(), SignupFailure::ALL.len());
        }
    }
}
