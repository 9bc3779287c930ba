//! What a trunk of the configuration means to the endpoint and to the network.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use sip::{
    CallerIdentity, Codec, Credentials, MediaPolicy, Password, Peer, RegistrationConfig,
    SrtpPolicy, Transport, Uri,
};
use tokio_rustls::TlsConnector;

use crate::config::{
    DigestUser, Host, HostName, NoPassword, PasswordSource, Registration, Trunk, TrunkCodec,
    TrunkSrtp, TrunkTransport,
};
use crate::telephony::connections::Stream;
use crate::tls::{UnusableTls, authorities, client_config};

/// A trunk, ready for use.
pub struct TrunkPlan {
    /// Its static addresses, and everything else the endpoint holds it to.
    pub(super) peer: Peer,
    /// Whose addresses it calls from as well.
    pub(super) hosts: Vec<Host>,
    /// What service records of its hosts are asked for.
    pub(super) transport: Transport,
    pub(super) registration: Option<RegistrationPlan>,
    /// The name in its client certificate.
    tls_client_name: Option<ServerName<'static>>,
}

/// Where a trunk registers.
pub(super) struct RegistrationPlan {
    pub(super) config: RegistrationConfig,
    /// Who is spoken to: the registrar, or the proxy before it.
    pub(super) server: Host,
    pub(super) way: Way,
}

/// Over what the server is spoken to.
#[derive(Clone)]
pub(in crate::telephony) enum Way {
    Udp,
    Connection(Stream),
}

/// Why a trunk can not be used.
#[derive(Debug, thiserror::Error)]
#[error("the trunk \"{trunk}\" can not be used: {reason}")]
pub struct UnusableTrunk {
    pub trunk: String,
    pub reason: TrunkProblem,
}

/// What stands in its way.
#[derive(Debug, thiserror::Error)]
pub enum TrunkProblem {
    #[error(transparent)]
    Password(#[from] NoPassword),
    #[error(transparent)]
    Tls(#[from] UnusableTls),
    #[error("the ciphers of TLS can not be used: {0}")]
    Ciphers(#[from] rustls::Error),
    #[error("\"{0}\" is no name that a certificate can be for")]
    CertificateName(String),
    #[error("{0}")]
    Address(#[from] sip::ParseError),
}

impl TrunkPlan {
    /// Reads the passwords and certificates that it needs.
    ///
    /// # Errors
    /// When one of them can not be had.
    pub fn of(trunk: &Trunk) -> Result<Self, UnusableTrunk> {
        plan(trunk).map_err(|reason| UnusableTrunk { trunk: trunk.name.clone(), reason })
    }

    /// The name in its client certificate, and the trunk that it proves.
    pub fn certificate(&self) -> Option<(ServerName<'static>, String)> {
        let name = self.tls_client_name.clone()?;
        Some((name, self.peer.name.clone()))
    }

    /// Whether anything of it has to be looked up or kept up to date.
    pub(super) fn is_static(&self) -> bool {
        self.hosts.is_empty() && self.registration.is_none()
    }
}

fn plan(trunk: &Trunk) -> Result<TrunkPlan, TrunkProblem> {
    let users = trunk.digest.iter().map(|DigestUser { user, password }| {
        Ok(Credentials { user: user.clone(), password: read(password)? })
    });
    let identity = match trunk.trust_identity {
        true => CallerIdentity::Asserted,
        false => CallerIdentity::From,
    };
    let only = trunk.transport.map(transport);
    let peer = Peer::new(&trunk.name, trunk.addresses.clone())
        .with_caller_identity(identity)
        .with_users(users.collect::<Result<_, NoPassword>>()?)
        .with_media(media(trunk))
        .only_over(only);
    let registration =
        trunk.registration.as_ref().map(|one| registration(&trunk.name, one)).transpose()?;
    Ok(TrunkPlan {
        peer,
        hosts: trunk.hosts.clone(),
        transport: only.unwrap_or(Transport::Udp),
        registration,
        tls_client_name: trunk.tls_client_name.as_deref().map(certificate_name).transpose()?,
    })
}

fn registration(trunk: &str, plan: &Registration) -> Result<RegistrationPlan, TrunkProblem> {
    let server = plan.outbound_proxy.as_ref().unwrap_or(&plan.registrar);
    let (way, parameter) = match plan.transport {
        TrunkTransport::Udp => (Way::Udp, ""),
        TrunkTransport::Tcp => (Way::Connection(Stream::Tcp), ";transport=tcp"),
        TrunkTransport::Tls => {
            let config = client_config(authorities(&plan.tls_authorities)?)?;
            let connector = TlsConnector::from(Arc::new(config));
            // What was asked for, not what its records say: those can be forged (RFC 5922 §7.1).
            let name = match &server.name {
                HostName::Domain(name) => certificate_name(name)?,
                HostName::Address(address) => ServerName::from(*address),
            };
            (Way::Connection(Stream::Tls { connector, name }), ";transport=tls")
        }
    };
    let proxy = plan.outbound_proxy.as_ref();
    let proxy = proxy.map(|proxy| Uri::parse(&format!("sip:{proxy};lr{parameter}"))).transpose()?;
    let config = RegistrationConfig {
        peer: trunk.to_owned(),
        address_of_record: Uri::parse(&format!("sip:{}@{}", plan.user, plan.domain))?,
        registrar: Uri::parse(&format!("sip:{}", plan.domain))?,
        outbound_proxy: proxy,
        credentials: Credentials { user: plan.auth_user.clone(), password: read(&plan.password)? },
        realm: plan.realm.clone(),
        expires: plan.expires,
        rewrite_contact: plan.rewrite_contact,
        keep_alive: plan.keep_alive,
    };
    Ok(RegistrationPlan { config, server: server.clone(), way })
}

fn read(password: &PasswordSource) -> Result<Password, NoPassword> {
    Ok(Password::new(password.read()?.reveal()))
}

fn certificate_name(name: &str) -> Result<ServerName<'static>, TrunkProblem> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| TrunkProblem::CertificateName(name.to_owned()))
}

fn media(trunk: &Trunk) -> MediaPolicy {
    let codecs = trunk.codecs.iter().map(|codec| match codec {
        TrunkCodec::Pcmu => Codec::Pcmu,
        TrunkCodec::Pcma => Codec::Pcma,
        TrunkCodec::G722 => Codec::G722,
    });
    let srtp = match trunk.srtp {
        TrunkSrtp::Forbidden => SrtpPolicy::Forbidden,
        TrunkSrtp::Allowed => SrtpPolicy::Allowed,
        TrunkSrtp::Required => SrtpPolicy::Required,
    };
    MediaPolicy { codecs: codecs.collect(), srtp, behind_nat: trunk.symmetric_media }
}

fn transport(transport: TrunkTransport) -> Transport {
    match transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
        TrunkTransport::Tls => Transport::Tls,
    }
}

impl std::fmt::Debug for TrunkPlan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let registers_at = self.registration.as_ref().map(|one| one.server.to_string());
        formatter
            .debug_struct("TrunkPlan")
            .field("peer", &self.peer)
            .field("hosts", &self.hosts)
            .field("registers_at", &registers_at)
            .finish_non_exhaustive()
    }
}
