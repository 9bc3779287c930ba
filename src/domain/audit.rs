//! The audit log: who did what in a project.

use super::{ApiKeyId, Email};

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditActor {
    /// Somebody who signed in.
    Partner(Email),
    /// A program of the project's, by its key.
    Key(ApiKeyId),
    /// Whoever was let in by a link of the project's own backend.
    Embedded,
    /// Whoever runs the host.
    Operator,
}

impl AuditActor {
    /// The name of its kind in the store, and who it was.
    pub fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Partner(email) => ("partner", Some(email.as_str())),
            Self::Key(key) => ("key", Some(key.as_str())),
            Self::Embedded => ("embed", None),
            Self::Operator => ("operator", None),
        }
    }

    /// From what is in the store; `None` for what this version does not know.
    pub fn from_parts(kind: &str, who: Option<String>) -> Option<Self> {
        match (kind, who) {
            ("partner", Some(email)) => email.parse().ok().map(Self::Partner),
            ("key", Some(key)) => Some(Self::Key(ApiKeyId::from_stored(key))),
            ("embed", None) => Some(Self::Embedded),
            ("operator", None) => Some(Self::Operator),
            _ => None,
        }
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal,)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditAction { $($(#[$doc])* $action),* }

        impl AuditAction {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// The name in the store.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$action => $name),* }
            }
        }
    };
}

actions! {
    InvitationMade = "invitation_made",
    InvitationCancelled = "invitation_cancelled",
    InvitationResent = "invitation_resent",
    /// A test, brought to an end.
    InvitationSimulated = "invitation_simulated",
    /// Many at once, from a file.
    InvitationsImported = "invitations_imported",
    SenderMade = "sender_made",
    SenderRenamed = "sender_renamed",
    SenderMadeDefault = "sender_made_default",
    SenderRemoved = "sender_removed",
    SenderTested = "sender_tested",
    NumberAdded = "number_added",
    NumberNamed = "number_named",
    NumberSuspended = "number_suspended",
    NumberResumed = "number_resumed",
    NumberVerified = "number_verified",
    /// Company, logo, colour or language.
    BrandChanged = "brand_changed",
    /// Where clients may be sent.
    RedirectsChanged = "redirects_changed",
    /// Which sites may have the admin inside of them.
    EmbedOriginsChanged = "embed_origins_changed",
    EmbedLinkMade = "embed_link_made",
    MemberAdded = "member_added",
    MemberRoleChanged = "member_role_changed",
    /// By which a member sets a password.
    MemberLinkMade = "member_link_made",
    MemberRemoved = "member_removed",
    KeyMade = "key_made",
    KeyRevoked = "key_revoked",
    WebhookChanged = "webhook_changed",
    WebhookSecretChanged = "webhook_secret_changed",
    WebhookReplayed = "webhook_replayed",
    MessageSent = "message_sent",
}

/// Text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing that the audit log knows")]
pub struct InvalidAction(pub String);

impl std::str::FromStr for AuditAction {
    type Err = InvalidAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().copied().find(|action| action.as_str() == text);
        named.ok_or_else(|| InvalidAction(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_actor_is_read_back_from_its_parts() {
        let key = ApiKeyId::from_stored("key_1".to_owned());
        let partner = AuditActor::Partner("ann@example.com".parse().unwrap());
        for who in [partner, AuditActor::Key(key), AuditActor::Embedded, AuditActor::Operator] {
            let (kind, name) = who.parts();
            let name = name.map(str::to_owned);
            assert_eq!(AuditActor::from_parts(kind, name).as_ref(), Some(&who));
        }
        assert_eq!(AuditActor::from_parts("partner", None), None);
    }

    #[test]
    fn each_action_is_read_back_from_its_name() {
        for action in AuditAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
        assert_eq!("".parse::<AuditAction>(), Err(InvalidAction(String::new())));
    }
}
