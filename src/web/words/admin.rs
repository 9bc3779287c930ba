//! The words of the partner's admin: a section of the catalogue is a part of a page.

use std::sync::LazyLock;

use serde::Deserialize;

use super::desk::{
    AddressesWords, AuditWords, BrandWords, CallsWords, KeysWords, MembersWords, NumbersWords,
    ReasonWords, SendersWords, SettingsWords, VerificationWords, WebhookWords,
};
use super::{Gapped, Text, Tongue};
use crate::domain::{InvitationStatus, Role};

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
        invitations: InvitationsWords,
        statuses: StatusWords,
        new_invitation: NewInvitationWords,
        invitation: InvitationWords,
        timeline: TimelineWords,
        import: ImportWords,
        senders: SendersWords,
        numbers: NumbersWords,
        verification: VerificationWords,
        calls: CallsWords,
        settings: SettingsWords,
        brand: BrandWords,
        members: MembersWords,
        keys: KeysWords,
        webhook: WebhookWords,
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
    /// The list.
    InvitationsWords {
        title: Text,
        new: Text,
        import: Text,
        export: Text,
        search: Text,
        search_hint: Text,
        status: Text,
        all: Text,
        sort: Text,
        newest: Text,
        oldest: Text,
        longest: Text,
        expiry: Text,
        show: Text,
        none: Text,
        first: Text,
        none_found: Text,
        many_found: Gapped,
        short_terms: Gapped,
        client: Text,
        unnamed: Text,
        number: Text,
        expires: Text,
        actions: Text,
        copy: Text,
        copied: Text,
        cancel: Text,
        resend: Text,
        previous: Text,
        next: Text,
        pages: Text,
        opened: Text,
        unopened: Text,
        reach_out: Gapped,
        stuck: Gapped,
    }
    StatusWords {
        pending: Text,
        in_progress: Text,
        completed: Text,
        failed: Text,
        expired: Text,
        cancelled: Text,
    }
    NewInvitationWords {
        title: Text,
        client_name: Text,
        client_name_hint: Text,
        client_email: Text,
        client_email_hint: Text,
        connection: Text,
        client_number: Text,
        client_number_hint: Text,
        preassigned: Text,
        preassigned_hint: Text,
        coexistence: Text,
        coexistence_hint: Text,
        number: Text,
        choose_number: Text,
        free: Text,
        taken: Text,
        taken_by: Gapped,
        no_numbers: Text,
        language: Text,
        language_hint: Text,
        of_browser: Text,
        days: Text,
        days_hint: Text,
        make: Text,
        wrong: Text,
        bad_name: Text,
        bad_email: Text,
        bad_connection: Text,
        missing_number: Text,
        number_not_usable: Text,
        number_being_verified: Text,
        bad_days: Text,
        refused: Text,
    }
    /// The page of one.
    InvitationWords {
        link: Text,
        link_hint: Text,
        qr: Text,
        details: Text,
        client: Text,
        email: Text,
        connection: Text,
        number: Text,
        countries: Text,
        language: Text,
        made: Text,
        expires: Text,
        sender: Text,
        sender_hint: Text,
        whatsapp_name: Text,
        what_went_wrong: Text,
        client_was_told: Gapped,
        reach_out_more: Text,
        stuck_more: Text,
        cancel_title: Text,
        cancel_text: Text,
        cancel_now: Text,
        keep: Text,
        resend_text: Text,
        changed: Gapped,
        cannot: Gapped,
        number_taken: Gapped,
        number_being_verified: Text,
        back: Text,
        timeline: Text,
    }
    TimelineWords {
        made: Text,
        opened: Text,
        begun: Text,
        completed: Text,
        failed: Gapped,
        expired: Text,
        cancelled: Text,
        resent: Text,
        attempt_failed: Gapped,
        finishing: Text,
        rang: Text,
        rang_from: Gapped,
        code_read: Text,
        code_withdrawn: Text,
        ended_read: Gapped,
        ended_unreadable: Text,
        ended_silent: Text,
        ended_abandoned: Text,
        ended_failed: Text,
        ended_interrupted: Text,
        client_left: Text,
        not_authorized: Text,
        abandoned: Text,
        our_fault: Text,
    }
    ImportWords {
        title: Text,
        intro: Text,
        columns: Text,
        file: Text,
        pasted: Text,
        pasted_hint: Text,
        preview: Text,
        preview_title: Text,
        good_rows: Gapped,
        bad_rows: Gapped,
        ignored: Gapped,
        line: Text,
        client: Text,
        problem: Text,
        more: Gapped,
        sample: Text,
        make: Gapped,
        nothing: Text,
        again: Text,
        made_title: Text,
        made: Gapped,
        not_made: Gapped,
        over: Text,
        empty: Text,
        utf16: Text,
        not_utf8: Gapped,
        not_text: Text,
        missing_column: Gapped,
        column_twice: Gapped,
        too_many_rows: Gapped,
        nobody: Text,
        too_many_cells: Text,
        too_long: Gapped,
        bad_name: Text,
        bad_email: Gapped,
        bad_connection: Gapped,
        bad_number: Gapped,
        unknown_number: Gapped,
        number_taken: Gapped,
        number_twice: Gapped,
        no_number: Text,
        number_not_needed: Text,
        bad_language: Gapped,
        bad_days: Gapped,
    }
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

impl StatusWords {
    pub(in crate::web) fn of(&self, status: InvitationStatus) -> &Text {
        match status {
            InvitationStatus::Pending => &self.pending,
            InvitationStatus::InProgress => &self.in_progress,
            InvitationStatus::Completed => &self.completed,
            InvitationStatus::Failed => &self.failed,
            InvitationStatus::Expired => &self.expired,
            InvitationStatus::Cancelled => &self.cancelled,
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
