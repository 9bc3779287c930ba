//! What faces the phone network, as it is configured.

use std::sync::Arc;

use super::certificates::Certificates;
use crate::config::{Config, Sip};
use crate::telephony::{TelephonyConfig, TlsConfig, TrunkPlan};
use crate::tls::{Certificate, authorities};

/// What the phone is given.
///
/// # Errors
/// When a trunk makes no sense, or authorities can not be read.
pub(super) fn telephony_config(
    config: &Config,
    certificates: &Certificates,
) -> anyhow::Result<TelephonyConfig> {
    let Config { sip, rtp, .. } = config;
    Ok(TelephonyConfig {
        listen: sip.listen,
        tls: tls_config(sip, certificates.sip.as_ref())?,
        advertise: sip.advertised_addresses(),
        max_calls: sip.max_calls,
        max_connections: sip.max_connections,
        max_connections_per_address: sip.max_connections_per_address,
        trunks: sip.trunks.iter().map(TrunkPlan::of).collect::<Result<_, _>>()?,
        rtp_address: rtp.address,
        rtp_ports: (rtp.first_port, rtp.last_port),
        rtp_port_rest: rtp.port_rest,
        media_timeout: rtp.media_timeout,
        reorder_window: rtp.reorder_window,
        comfort_silence: rtp.comfort_silence,
        trace_bytes: sip.trace_bytes(),
    })
}

fn tls_config(
    sip: &Sip,
    certificate: Option<&Arc<Certificate>>,
) -> anyhow::Result<Option<TlsConfig>> {
    let (Some(listen), Some(certificate)) = (sip.tls_listen, certificate) else { return Ok(None) };
    let client_authorities = sip.tls_client_authorities.as_deref().map(authorities).transpose()?;
    let certificate = Arc::clone(certificate);
    Ok(Some(TlsConfig { listen, certificate, client_authorities }))
}
