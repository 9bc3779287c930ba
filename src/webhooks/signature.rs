//! How a receiver knows that it is us: `X-Zavu-Signature`. Pure.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::{Signatures, Timestamp, WebhookSecret};

/// The header of a body that is sent at `at`. With several secrets, as while one takes the place of another,
/// each has its own signatures, the newest first: any that is right will do.
pub fn signature(
    secrets: &[WebhookSecret],
    signatures: Signatures,
    at: Timestamp,
    body: &[u8],
) -> String {
    let seconds = at.unix_millis().div_euclid(1_000);
    let mut header = format!("t={seconds}");
    let (has_v1, has_v2) = match signatures {
        Signatures::V1 => (true, false),
        Signatures::Both => (true, true),
        Signatures::V2 => (false, true),
    };
    for secret in secrets {
        if has_v1 {
            header += &format!(",v1={}", hmac(secret, &[body]));
        }
        if has_v2 {
            header += &format!(",v2={}", hmac(secret, &[format!("{seconds}.").as_bytes(), body]));
        }
    }
    header
}

fn hmac(secret: &WebhookSecret, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","type":"invitation.status_changed"}"#;
    const AT: Timestamp = Timestamp::from_unix_millis(1_795_000_000_999);

    /// `printf '%s' BODY | openssl dgst -sha256 -hmac whsec_0123`
    const V1: &str = "b1d96d19961ec337687b05b88281f05c2358990cbab3dd42be233c6ea1e3f631";
    /// The same of `1795000000.BODY`.
    const V2: &str = "726b93350379d9005b124b3565c170839519d03bfb54011a453064d6e8985dfc";
    /// The same with whsec_old.
    const V2_EARLIER: &str = "d60efe44c0b2fbb838c8606cd532f0ae1e7ee83487d85dce21158a8203c04993";

    fn signed(secrets: &[&str], signatures: Signatures) -> String {
        let secrets: Vec<_> =
            secrets.iter().map(|text| WebhookSecret::from_text((*text).to_owned())).collect();
        signature(&secrets, signatures, AT, BODY)
    }

    #[test]
    fn each_version_is_the_one_that_the_documentation_has() {
        for (signatures, expected) in [
            (Signatures::V1, format!("t=1795000000,v1={V1}")),
            (Signatures::V2, format!("t=1795000000,v2={V2}")),
            (Signatures::Both, format!("t=1795000000,v1={V1},v2={V2}")),
        ] {
            assert_eq!(signed(&["whsec_0123"], signatures), expected);
        }
    }

    #[test]
    fn while_a_secret_takes_the_place_of_another_both_sign() {
        let expected = format!("t=1795000000,v2={V2},v2={V2_EARLIER}");
        assert_eq!(signed(&["whsec_0123", "whsec_old"], Signatures::V2), expected);
    }
}
