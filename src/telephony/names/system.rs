//! The system's name servers (`/etc/resolv.conf`) and its hosts file.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;

use super::{Found, Lookup, LookupError, Srv};

/// Asks them. A system whose configuration can not be read has no names, and says so for each.
pub(in crate::telephony) struct SystemLookup(Result<TokioResolver, LookupError>);

impl SystemLookup {
    /// Reads the system's configuration.
    pub(in crate::telephony) fn open() -> Self {
        let resolver = TokioResolver::builder_tokio().and_then(|mut builder| {
            builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
            builder.build()
        });
        Self(resolver.map_err(|error| LookupError::Failed(error.to_string())))
    }

    fn resolver(&self) -> Result<&TokioResolver, LookupError> {
        self.0.as_ref().map_err(Clone::clone)
    }
}

impl Lookup for SystemLookup {
    async fn srv(&self, name: &str) -> Result<Found<Srv>, LookupError> {
        let answer = self.resolver()?.srv_lookup(name).await.map_err(|error| told(&error))?;
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(Srv {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: srv.target.to_ascii().trim_end_matches('.').to_owned(),
            }),
            _ => None,
        });
        Ok(Found { records: records.collect(), valid_for: remaining(answer.valid_until()) })
    }

    async fn addresses(&self, name: &str) -> Result<Found<IpAddr>, LookupError> {
        let answer = self.resolver()?.lookup_ip(name).await.map_err(|error| told(&error))?;
        Ok(Found { records: answer.iter().collect(), valid_for: remaining(answer.valid_until()) })
    }
}

fn told(error: &NetError) -> LookupError {
    if error.is_no_records_found() {
        LookupError::NotThere
    } else {
        LookupError::Failed(error.to_string())
    }
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
