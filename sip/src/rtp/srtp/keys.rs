//! Session keys from the master key, and what is done with them (RFC 3711 §4).

use std::fmt;

use aes::Aes128;
use ctr::cipher::{InnerIvInit as _, KeyInit as _, StreamCipher as _};
use ctr::{Ctr128BE, CtrCore};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use super::SrtpError;
use crate::MasterKey;

const KEY: usize = 16;
const SALT: usize = 14;
/// Bytes of the authentication key, as long as the hash (§5.2).
const AUTHENTICATION_KEY: usize = 20;
const BLOCK: usize = 16;

/// What keys are for, by their labels (§4.3.1, §4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Rtp,
    Rtcp,
}

impl Purpose {
    /// Of the encryption key; authentication key and salt follow.
    fn first_label(self) -> u8 {
        match self {
            Self::Rtp => 0,
            Self::Rtcp => 3,
        }
    }
}

/// Cipher, authentication and salt for one direction of RTP or of RTCP.
pub(super) struct SessionKeys {
    cipher: Aes128,
    salt: [u8; SALT],
    authentication: Hmac<Sha1>,
}

impl SessionKeys {
    /// Derived once: no suite of RFC 4568 changes keys in a call without being told.
    pub(super) fn derive(master: &MasterKey, purpose: Purpose) -> Self {
        let label = purpose.first_label();
        let cipher = Aes128::new(&derive::<KEY>(master, label).into());
        let authentication = derive::<AUTHENTICATION_KEY>(master, label + 1);
        Self {
            cipher,
            salt: derive(master, label + 2),
            authentication: Hmac::new_from_slice(&authentication)
                .expect("HMAC takes keys of any length"),
        }
    }

    /// Encrypts, which is the same as to decrypt (§4.1.1).
    pub(super) fn apply_keystream(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        keystream(&self.cipher, counter(&self.salt, ssrc, index), bytes);
    }

    pub(super) fn tag(&self, parts: &[&[u8]]) -> [u8; AUTHENTICATION_KEY] {
        self.mac(parts).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), SrtpError> {
        self.mac(parts).verify_truncated_left(tag).map_err(|_| SrtpError::Authentication)
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha1> {
        parts.iter().fold(self.authentication.clone(), |mac, part| mac.chain_update(part))
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The first counter block for a packet: salt, SSRC and index, each in its place, and 16 bits that
/// count (§4.1.1).
fn counter(salt: &[u8; SALT], ssrc: u32, index: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..SALT].copy_from_slice(salt);
    let place = (u128::from(ssrc) << 64) | (u128::from(index) << 16);
    (u128::from_be_bytes(block) ^ place).to_be_bytes()
}

fn keystream(cipher: &Aes128, counter: [u8; BLOCK], bytes: &mut [u8]) {
    let core = CtrCore::inner_iv_init(cipher.clone(), &counter.into());
    Ctr128BE::<Aes128>::from_core(core).apply_keystream(bytes);
}

/// §4.3.1, with a derivation rate of zero: the keystream under the master key, from the label in
/// its place in the salt.
fn derive<const LENGTH: usize>(master: &MasterKey, label: u8) -> [u8; LENGTH] {
    let (key, salt) = master.as_bytes().split_at(KEY);
    let mut block = [0; BLOCK];
    block[..SALT].copy_from_slice(salt);
    block[SALT - 7] ^= label;
    let mut derived = [0; LENGTH];
    let cipher = Aes128::new_from_slice(key).expect("the key has 16 bytes");
    keystream(&cipher, block, &mut derived);
    derived
}

#[cfg(test)]
mod tests {
    //! RFC 3711 appendix B.

    use super::*;
    use crate::rtp::srtp::tests::hex;

    #[test]
    fn the_keystream_is_that_of_appendix_b_2() {
        let cipher = Aes128::new_from_slice(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
        let salt: [u8; SALT] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().unwrap();
        let mut stream = vec![0; 0xff02 * BLOCK];
        keystream(&cipher, counter(&salt, 0, 0), &mut stream);
        for (block, expected) in [
            (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
            (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
            (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
            (0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
            (0xff00, "362B7C3C6773516318A077D7FC5073AE"),
            (0xff01, "6A2CC3787889374FBEB4C81B17BA6C44"),
        ] {
            assert_eq!(stream[block * BLOCK..(block + 1) * BLOCK], hex(expected), "{block:x}");
        }
    }

    #[test]
    fn the_session_keys_are_those_of_appendix_b_3() {
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6");
        let master = MasterKey::new(master.try_into().unwrap());
        assert_eq!(derive::<KEY>(&master, 0).to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derive::<SALT>(&master, 2).to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(
            derive::<94>(&master, 1).to_vec(),
            hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCE\
                 E049646C43D9327AD175578EF72270986371C10C9A369AC2F94A8C5FBCDDDC25\
                 6D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2")
        );
    }
}
