//! The words of the partner's admin: a section of the catalogue is a part of a page.

use std::sync::LazyLock;

use serde::Deserialize;

use super::desk::{
    AddressesWords, AuditWords, BrandWords, CallsWords, KeysWords, MembersWords, NumbersWords,
    ReasonWords, SendersWords, SettingsWords, VerificationWords,
};
use super::{Gapped, Text, Tongue};
use crate::domain::Role;

const ENGLISH: &str = include_str!("../../../assets/languages/admin/en.toml");
const SPANISH: &str = include_str!("../../../assets/languages/admin/es.toml");
const PORTUGUESE: &str = include_str!("../../../assets/languages/admin/pt.toml");

words! {
    /// All words of the admin in one language.
    AdminWords {
        frame: FrameWords,
        problems: AdminProblemWords,
        sign_in: SignInWords,
        password: PasswordWords,
        account: AccountWords,
        projects: ProjectsWords,
        roles: RoleWords,
        moments: MomentWords,
        senders: SendersWords,
        numbers: NumbersWords,
        verification: VerificationWords,
        calls: CallsWords,
        settings: SettingsWords,
        brand: BrandWords,
        members: MembersWords,
        keys: KeysWords,
        addresses: AddressesWords,
        audit: AuditWords,
        reasons: ReasonWords,
    }
    /// What stands round each page.
    FrameWords {
        skip: Text,
        sections: Text,
        project: Text,
        invitations: Text,
        senders: Text,
        numbers: Text,
        calls: Text,
        settings: Text,
        sign_out: Text,
        offline: Text,
    }
    AdminProblemWords {
        embed_over_title: Text,
        embed_over_text: Text,
        not_found_title: Text,
        not_found_text: Text,
        forbidden_title: Text,
        forbidden_text: Text,
        forged_title: Text,
        forged_text: Text,
        too_often_title: Text,
        too_often_text: Text,
        unreadable_title: Text,
        unreadable_text: Text,
        fault_title: Text,
        fault_text: Text,
    }
    SignInWords {
        title: Text,
        email: Text,
        password: Text,
        sign_in: Text,
        wrong: Text,
        forgotten: Text,
        code_title: Text,
        code: Text,
        code_hint: Text,
        wrong_code: Text,
    }
    PasswordWords {
        title: Text,
        of_account: Gapped,
        new: Text,
        hint: Text,
        set: Text,
        short: Text,
        long: Text,
        monotonous: Text,
        over_title: Text,
        over_text: Text,
    }
    AccountWords {
        title: Text,
        projects: Text,
        language: Text,
        of_browser: Text,
        save: Text,
        password: Text,
        before: Text,
        change: Text,
        wrong_password: Text,
        second_factor: Text,
        scan: Text,
        qr: Text,
        type_instead: Text,
        switch_on: Text,
        is_on: Text,
        switch_off: Text,
        logins: Text,
        this_one: Text,
        end: Text,
        end_others: Text,
    }
    ProjectsWords { title: Text, none: Text, account: Text }
    RoleWords { owner: Text, member: Text, viewer: Text }
    MomentWords {
        just_now: Text,
        soon: Text,
        minutes_ago: Gapped,
        hours_ago: Gapped,
        days_ago: Gapped,
        in_minutes: Gapped,
        in_hours: Gapped,
        in_days: Gapped,
    }
}

impl AdminWords {
    /// The words of a language.
    pub(in crate::web) fn of(tongue: Tongue) -> &'static Self {
        static ALL: LazyLock<[AdminWords; 3]> = LazyLock::new(|| {
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

impl RoleWords {
    pub(in crate::web) fn of(&self, role: Role) -> &Text {
        match role {
            Role::Owner => &self.owner,
            Role::Member => &self.member,
            Role::Viewer => &self.viewer,
        }
    }
}

pub(super) const fn catalogue(tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::English => ENGLISH,
        Tongue::Spanish => SPANISH,
        Tongue::Portuguese => PORTUGUESE,
    }
}
