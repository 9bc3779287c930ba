//! Trunks that are known by the certificate they show, wherever they connect from.

use rustls::pki_types::{CertificateDer, ServerName};

/// Whose name stands for which trunk.
#[derive(Debug, Default)]
pub(super) struct PeerCertificates(Vec<(ServerName<'static>, String)>);

impl PeerCertificates {
    /// The name a certificate must be for, and the trunk that it proves.
    pub(super) fn new(names: Vec<(ServerName<'static>, String)>) -> Self {
        Self(names)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The trunk that this chain proves. Its signatures were checked in the handshake; here the name
    /// is (RFC 5922 §7.2, RFC 6125).
    pub(super) fn owner_of(&self, chain: Option<&[CertificateDer<'_>]>) -> Option<String> {
        let certificate = webpki::EndEntityCert::try_from(chain?.first()?).ok()?;
        let is_for =
            |name: &ServerName<'_>| certificate.verify_is_valid_for_subject_name(name).is_ok();
        self.0.iter().find(|(name, _)| is_for(name)).map(|(_, trunk)| trunk.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str) -> CertificateDer<'static> {
        rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert.der().clone()
    }

    #[test]
    fn a_certificate_proves_the_trunk_whose_name_it_is_for() {
        let name = |name: &str| ServerName::try_from(name.to_owned()).unwrap();
        let known = PeerCertificates::new(vec![
            (name("a.example.com"), "a".to_owned()),
            (name("b.example.com"), "b".to_owned()),
        ]);
        assert_eq!(known.owner_of(Some(&[certificate("b.example.com")])).as_deref(), Some("b"));
        assert_eq!(known.owner_of(Some(&[certificate("c.example.com")])), None);
        assert_eq!(known.owner_of(Some(&[CertificateDer::from(vec![1, 2, 3])])), None);
        assert_eq!(known.owner_of(None), None);
    }
}
