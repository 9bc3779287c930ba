//! The certificates that are shown.

use std::sync::Arc;

use tracing::{error, info};

use crate::config::Config;
use crate::tls::Certificate;

/// The certificates that are shown, where TLS is switched on.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) sip: Option<Arc<Certificate>>,
    pub(super) web: Option<Arc<Certificate>>,
}

impl Certificates {
    /// Those that are configured.
    ///
    /// # Errors
    /// When one can not be used.
    pub(super) fn load(config: &Config) -> anyhow::Result<Self> {
        let sip = config.sip.tls().map(Certificate::load).transpose()?;
        let web = config.web.tls().map(Certificate::load).transpose()?;
        Ok(Self { sip, web })
    }

    /// Reads them again. One that can not be used is reported, and the one before stays.
    pub(super) fn reload(&self) {
        for (of, certificate) in [("sip", &self.sip), ("web", &self.web)] {
            match certificate.as_ref().map(|certificate| certificate.reload()) {
                Some(Ok(())) => info!(of, "the TLS certificate was read again"),
                Some(Err(error)) => error!(of, %error, "the TLS certificate stays as it was"),
                None => {}
            }
        }
    }
}
