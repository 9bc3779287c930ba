//! The nouns of the product: what everybody here talks about.
//!
//! Known by every module, uses none of them. No I/O, no clock, no randomness: both come in as
//! arguments.

mod api_key;
mod audit;
mod brand;
mod call_quality;
mod colour;
mod connection;
mod country;
mod email;
mod id;
mod invitation;
mod language;
mod logo;
mod message;
mod meta_reason;
mod network;
mod partner;
mod phone_number;
mod redacted;
mod redirect;
mod sealed;
mod secret_token;
mod signup;
mod spoken_code;
mod stage;
mod submission;
mod timestamp;
mod verification;
mod webhook;

pub use api_key::{ApiKey, ApiMode, InvalidApiKey, InvalidMode, InvalidScope, Scope, Scopes};
pub use audit::{AuditAction, AuditActor, InvalidAction};
pub use brand::{Brand, InvalidName, ShownName};
pub use call_quality::{CallQuality, QualityGrade};
pub use colour::{Colour, InvalidColour};
pub use connection::{ConnectionType, InvalidConnection};
pub use country::{Countries, Country, InvalidCountry};
pub use email::{Email, InvalidEmail};
pub use id::{
    ApiKeyId, CallId, EventId, ImportId, InvitationId, LoginId, MessageId, PartnerId,
    PhoneNumberId, ProjectId, SenderId, SignupId, VerificationId, WebhookEventId, WebhookId,
};
pub use invitation::{
    Actor, FailureReason, InvalidActor, InvalidReason, InvalidStatus, InvitationStatus,
    InvitationToken,
};
pub use language::{InvalidLanguage, Language};
pub use logo::{InvalidKind, InvalidLogo, Logo, LogoKind, LogoVersion};
pub use message::{InvalidMessageStatus, MessageStatus};
pub use meta_reason::{InvalidMetaReason, MetaReason};
pub use network::Network;
pub use partner::{InvalidRole, InvalidTheme, Role, Theme};
pub use phone_number::{
    InvalidNumberStatus, InvalidPhoneNumber, NotPasted, NumberStatus, PhoneNumber,
};
pub use redacted::{Redact, Redacted};
pub use redirect::{
    InvalidRedirect, InvalidState, OriginPurpose, RedirectState, RedirectTarget, RedirectUrl,
    Redirects, SiteOrigin,
};
pub use sealed::Sealed;
pub use secret_token::{SecretToken, TokenHash};
pub use signup::{InvalidFailure, InvalidStep, SignupFailure, SignupState, SignupStep};
pub use spoken_code::{CODE_LENGTH, InvalidCode, SpokenCode};
pub use stage::{CallOutcome, CodeStage, HeardDigit, InvalidOutcome, Recording};
pub use submission::{InvalidSubmission, Submission};
pub use timestamp::Timestamp;
pub use verification::{
    CallPurpose, InvalidVerificationFailure, InvalidVerificationStep, VerificationFailure,
    VerificationStep,
};
pub use webhook::{
    InvalidSignatures, InvalidWebhookEvent, InvalidWebhookUrl, Signatures, WebhookEventKind,
    WebhookEvents, WebhookSecret, WebhookUrl,
};
