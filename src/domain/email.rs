//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

/// An e-mail address (RFC 5321 §4.1.2, RFC 6531) without comments, quotes or literal hosts, none of
/// which people have. The domain is in lower case, since that is all the same; the part before it is
/// kept as it was written, since that is up to who gets the mail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// Text that is no e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an e-mail address, such as ann@example.com")]
pub struct InvalidEmail(pub String);

/// RFC 5321 §4.5.3.1.1: bytes before the `@`.
const LONGEST_LOCAL_PART: usize = 64;

/// RFC 5321 §4.5.3.1.3: a path has 256 bytes, with its angle brackets.
const LONGEST: usize = 254;

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    /// Blanks round it are those of copying.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidEmail(text.to_owned());
        let (local, domain) = text.trim().split_once('@').ok_or_else(invalid)?;
        let address = format!("{local}@{}", domain.to_lowercase());
        let is_one = is_local_part(local) && is_domain(domain) && address.len() <= LONGEST;
        if is_one { Ok(Self(address)) } else { Err(invalid()) }
    }
}

fn is_local_part(text: &str) -> bool {
    // RFC 5322 §3.2.3, `atext`, and what RFC 6531 §3.3 adds.
    let is_meant = |character: char| match character {
        '.' | '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~' => true,
        ascii if ascii.is_ascii() => ascii.is_ascii_alphanumeric(),
        other => is_visible(other),
    };
    text.len() <= LONGEST_LOCAL_PART
        && text.split('.').all(|atom| !atom.is_empty())
        && text.chars().all(is_meant)
}

/// A name with a dot: mail to the machine itself is nobody's address here, but often a typing error.
fn is_domain(text: &str) -> bool {
    let is_meant = |character: char| match character {
        '-' => true,
        ascii if ascii.is_ascii() => ascii.is_ascii_alphanumeric(),
        other => is_visible(other),
    };
    let is_label = |label: &str| {
        // RFC 1035 §2.3.4, counted in what a browser would make of it at the earliest.
        (1..=63).contains(&label.chars().count())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(is_meant)
    };
    text.contains('.') && text.split('.').all(is_label)
}

/// Not the marks of direction and of width that copying brings along unseen, and no blanks.
fn is_visible(character: char) -> bool {
    !character.is_whitespace()
        && !character.is_control()
        && !matches!(
            character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fffd}'
        )
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_addresses_that_people_have_and_writes_the_domain_small() {
        for (text, address) in [
            ("ann@example.com", "ann@example.com"),
            (" Ann.Lee+zavud@Mail.Example.COM\n", "Ann.Lee+zavud@mail.example.com"),
            ("o'neil_{x}@a-b.co", "o'neil_{x}@a-b.co"),
            ("jos\u{e9}@espa\u{f1}a.es", "jos\u{e9}@espa\u{f1}a.es"),
            ("1@1.2", "1@1.2"),
        ] {
            assert_eq!(text.parse::<Email>().as_ref().map(Email::as_str), Ok(address));
        }
    }

    #[test]
    fn refuses_what_nobody_can_be_written_to() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let too_long = format!("{}@{}.com", "a".repeat(64), "b.".repeat(92) + "bb");
        assert_eq!(too_long.len(), 255);
        for text in [
            "",
            "@",
            "ann",
            "ann@",
            "@example.com",
            "ann@localhost",
            "ann@@example.com",
            "ann@example@com",
            "ann lee@example.com",
            "Ann <ann@example.com>",
            "ann@example.com, bob@example.com",
            "ann@exam\nple.com",
            "ann@example.com\u{200b}",
            "ann@example..com",
            "ann@.example.com",
            "ann@example.com.",
            "ann@-example.com",
            "ann@exam_ple.com",
            ".ann@example.com",
            "ann.@example.com",
            "an..n@example.com",
            "ann@[192.0.2.1]",
            long_local.as_str(),
            too_long.as_str(),
        ] {
            assert_eq!(text.parse::<Email>(), Err(InvalidEmail(text.to_owned())));
        }
    }
}
