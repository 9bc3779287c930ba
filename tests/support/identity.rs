//! What a daemon shows over TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zavud::config::Config;
use zavud::telephony::caller::Over;
use zavud::tls::{authorities, client_config};

/// A certificate that vouches for itself, and its key, in files.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    pub(crate) fn make(directory: &Path, name: &str) -> Self {
        let identity = Self {
            certificate: directory.join(format!("{name}.pem")),
            key: directory.join(format!("{name}-key.pem")),
        };
        identity.renew(name);
        identity
    }

    /// Another certificate for the same name, in the same files.
    pub(crate) fn renew(&self, name: &str) {
        let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        std::fs::write(&self.certificate, issued.cert.pem()).unwrap();
        std::fs::write(&self.key, issued.signing_key.serialize_pem()).unwrap();
    }

    pub(crate) fn switch_on(&self, config: &mut Config) {
        config.sip.tls_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.sip.tls_certificate = Some(self.certificate.clone());
        config.sip.tls_key = Some(self.key.clone());
    }

    /// How a caller who believes in nobody else calls.
    pub(crate) fn over_tls(&self) -> Over {
        let config = client_config(authorities(&self.certificate).unwrap()).unwrap();
        Over::Tls { config: Arc::new(config), name: "localhost".try_into().unwrap() }
    }

    /// The same for a caller who shows a certificate of its own.
    pub(crate) fn over_tls_as(&self, caller: &Self) -> Over {
        let chain = CertificateDer::pem_file_iter(&caller.certificate).unwrap();
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(&caller.key).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(authorities(&self.certificate).unwrap())
            .with_client_auth_cert(chain, key)
            .unwrap();
        Over::Tls { config: Arc::new(config), name: "localhost".try_into().unwrap() }
    }
}
