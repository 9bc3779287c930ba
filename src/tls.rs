//! What TLS is made of, for every module that speaks it: certificates from PEM files, and the
//! configurations of both ends. A leaf.
//!
//! A certificate can be read again while the program runs ([`Certificate::reload`]): handshakes from
//! then on show the new one, and open connections are not touched.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// Certificate chain and private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A file that can not be used for TLS.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {} for TLS: {reason}", path.display())]
pub struct UnusableTls {
    pub path: PathBuf,
    pub reason: String,
}

impl UnusableTls {
    fn new(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// The certificate a server shows.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads it.
    ///
    /// # Errors
    /// When a file can not be read, or the key does not belong to the certificate.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, UnusableTls> {
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(Arc::new(Self { files, current }))
    }

    /// Reads it again.
    ///
    /// # Errors
    /// Those of [`Certificate::load`]; the one that was in use stays so.
    pub fn reload(&self) -> Result<(), UnusableTls> {
        let fresh = Arc::new(read(&self.files)?);
        // Whoever held the lock did nothing but copy or replace a pointer.
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What a server asks of those who connect.
#[derive(Debug)]
pub enum ClientCertificates {
    NotAsked,
    /// One that these authorities vouch for is taken; none at all is taken too.
    Optional(RootCertStore),
}

/// The configuration of a server. No protocol is negotiated (ALPN): SIP peers are known to refuse
/// it, and HTTP/1.1 needs none.
///
/// # Errors
/// When the authorities for client certificates can not be used.
pub fn server_config(
    certificate: Arc<Certificate>,
    clients: ClientCertificates,
) -> Result<ServerConfig, UnusableTls> {
    let path = certificate.files.certificate.clone();
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| UnusableTls::new(&path, &error))?;
    let builder = match clients {
        ClientCertificates::NotAsked => builder.with_no_client_auth(),
        ClientCertificates::Optional(roots) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
                .allow_unauthenticated()
                .build()
                .map_err(|error| UnusableTls::new(&path, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    Ok(builder.with_cert_resolver(certificate))
}

/// The configuration of a client that believes these authorities.
///
/// # Errors
/// Never for the ciphers built in here; the type is rustls's.
pub fn client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Reads the authorities in a PEM file.
///
/// # Errors
/// When the file can not be read, or holds none.
pub fn authorities(path: &Path) -> Result<RootCertStore, UnusableTls> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| UnusableTls::new(path, &error))?;
    }
    if roots.is_empty() {
        return Err(UnusableTls::new(path, &"it holds no certificate"));
    }
    Ok(roots)
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, UnusableTls> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| UnusableTls::new(&files.key, &error))?;
    CertifiedKey::from_der(chain, key, &provider())
        .map_err(|error| UnusableTls::new(&files.certificate, &error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, UnusableTls> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| UnusableTls::new(path, &error))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
