//! Tokens by which somebody is let in: of logins and of links that are used once.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::Redact;

/// A secret of 160 random bits. The store keeps its hash alone, and it is looked up by that, so that
/// timing tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(String);

impl SecretToken {
    /// A token, written in hexadecimal.
    pub fn new(random: [u8; 20]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// A token as it came from outside: any text, valid only if the store knows its hash.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store knows it by.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }

    /// What forms of whoever has this token carry, and no other site can know: derived from it, so that
    /// nothing has to be kept, and in one direction, so that a page does not show the token.
    pub fn form_token(&self) -> String {
        let digest = Sha256::new().chain_update(b"form:").chain_update(&self.0).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The SHA-256 of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// As it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Redact for SecretToken {
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redact(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_prints_as_stars_and_neither_hash_nor_form_token_hold_it() {
        let token = SecretToken::new([0xab; 20]);
        assert_eq!((token.expose().len(), format!("{token:?}")), (40, "***".to_owned()));
        assert!(!token.form_token().contains("abab"));
        assert_ne!(token.form_token(), SecretToken::new([0xac; 20]).form_token());
        assert_eq!(token.hash(), SecretToken::from_text("ab".repeat(20)).hash());
    }
}
