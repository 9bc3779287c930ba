//! Secrets at rest: what the store must keep and nobody may read in its file, such as a token of
//! Meta's. They are encrypted before they go there, with a key that lies elsewhere ([`key_file`]).
//!
//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03): its nonce of 192 bits may be drawn at random for
//! each secret, however many there are. A sealed secret is the number of this format (one byte), the
//! nonce, and ciphertext with tag. Whose secret it is goes into the tag, so that one that is moved
//! to another row does not open.

mod key_file;

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::domain::Sealed;

pub use key_file::{KeyError, load_key, make_key};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The only format so far.
const FORMAT: u8 = 1;

/// What the check value of a database says when it opens.
const CHECK: &[u8] = b"this key belongs to this database";

/// Whose the check value is.
const CHECK_OWNER: &str = "seal_check";

/// Seals secrets and opens them again. Its key is overwritten when it is dropped.
pub struct Seal(XChaCha20Poly1305);

/// A secret that does not open: sealed with another key, for another owner, or damaged. Which one
/// can not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed secret does not open: it is damaged, or was sealed with another key")]
pub struct CannotOpen;

impl Seal {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Seals a secret of `owner`, which names the row and column it is for. `nonce` is random.
    pub fn seal(&self, owner: &str, secret: &[u8], nonce: [u8; NONCE_BYTES]) -> Sealed {
        let payload = Payload { msg: secret, aad: owner.as_bytes() };
        let ciphertext = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("only secrets of 256 GB and more are refused");
        Sealed::from_bytes([&[FORMAT], nonce.as_slice(), &ciphertext].concat())
    }

    /// Opens a secret of `owner`.
    ///
    /// # Errors
    /// When it was sealed with another key or for another owner, or is damaged.
    pub fn open(&self, owner: &str, sealed: &Sealed) -> Result<Vec<u8>, CannotOpen> {
        let bytes = sealed.as_bytes().strip_prefix(&[FORMAT]).ok_or(CannotOpen)?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(CannotOpen)?;
        let payload = Payload { msg, aad: owner.as_bytes() };
        self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| CannotOpen)
    }

    /// A value to keep in the database, by which the key is known again.
    pub fn check_value(&self, nonce: [u8; NONCE_BYTES]) -> Sealed {
        self.seal(CHECK_OWNER, CHECK, nonce)
    }

    /// Whether this is the key that made the check value.
    pub fn made(&self, check_value: &Sealed) -> bool {
        self.open(CHECK_OWNER, check_value).is_ok_and(|opened| opened == CHECK)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seal(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

    #[test]
    fn a_secret_opens_with_its_key_for_its_owner_only() {
        let seal = Seal::new(&[1; KEY_BYTES]);
        let sealed = seal.seal("sender_1.token", b"EAAJ", NONCE);
        assert_eq!(seal.open("sender_1.token", &sealed), Ok(b"EAAJ".to_vec()));
        assert_eq!(seal.open("sender_2.token", &sealed), Err(CannotOpen));
        assert_eq!(Seal::new(&[2; KEY_BYTES]).open("sender_1.token", &sealed), Err(CannotOpen));
    }

    #[test]
    fn damage_to_any_byte_is_noticed() {
        let seal = Seal::new(&[1; KEY_BYTES]);
        let sealed = seal.seal("a", b"123456", NONCE);
        for index in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            assert_eq!(seal.open("a", &Sealed::from_bytes(bytes)), Err(CannotOpen), "byte {index}");
            let cut_off = Sealed::from_bytes(sealed.as_bytes()[..index].to_vec());
            assert_eq!(seal.open("a", &cut_off), Err(CannotOpen), "{index} bytes");
        }
    }

    /// The example of the draft, appendix A.3.1: this is that cipher and no other.
    #[test]
    fn it_is_the_cipher_of_the_draft() {
        let key: [u8; KEY_BYTES] = std::array::from_fn(|index| 0x80 + index as u8);
        let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|index| 0x40 + index as u8);
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
                     for the future, sunscreen would be it.";
        // The draft's additional data are bytes that no name of an owner has.
        let aad: &[u8] = &[0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let payload = Payload { msg: text, aad };
        let sealed = Seal::new(&key).0.encrypt(&XNonce::from(nonce), payload).unwrap();
        let tag: String = sealed[text.len()..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sealed[..4], [0xbd, 0x6d, 0x17, 0x9d]);
        assert_eq!(tag, "c0875924c1c7987947deafd8780acf49");
    }

    #[test]
    fn a_key_is_known_by_its_check_value() {
        let seal = Seal::new(&[1; KEY_BYTES]);
        let check = seal.check_value(NONCE);
        assert_eq!((seal.made(&check), Seal::new(&[2; KEY_BYTES]).made(&check)), (true, false));
        assert_eq!(format!("{seal:?} {check:?}"), "Seal(***) Sealed(74 bytes)");
    }
}
