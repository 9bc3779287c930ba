//! Option tags: the names of extensions (RFC 3261 §19.2).

/// The value of our Supported header. `100rel` since a caller may require it (RFC 3262): we say
/// nothing between 100 and 200, so that no provisional response of ours is ever to be sent
/// reliably. `timer` is RFC 4028.
pub(crate) const SUPPORTED: &str = "100rel, timer";

/// The extension of session timers.
pub(crate) const TIMER: &str = "timer";

/// Whether an extension may be required of us.
pub(crate) fn is_supported(tag: &[u8]) -> bool {
    SUPPORTED.split(", ").any(|supported| tag.eq_ignore_ascii_case(supported.as_bytes()))
}
