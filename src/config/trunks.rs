//! The trunks of `[[sip.trunks]]`: who may call, and where we register. [`Trunk`] is what was written,
//! turned into what can not be wrong; a combination of keys that makes no sense is refused there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::Problem;
use super::host::{Host, HostName};
use super::password::{NoPassword, PasswordSource, Secret};

/// Somebody who calls us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Trunk {
    pub name: String,
    /// `None` for one that is only known by where it calls from.
    pub registration: Option<Registration>,
    pub addresses: Vec<IpNet>,
    pub hosts: Vec<Host>,
    /// The only transport that is taken from it, and spoken to it.
    pub transport: Option<TrunkTransport>,
    /// The name in the client certificate that identifies it, from whatever address.
    pub tls_client_name: Option<String>,
    /// Who of it may call, proven by digest; empty for everybody.
    pub digest: Vec<DigestUser>,
    /// Whether its P-Asserted-Identity is believed.
    pub trust_identity: bool,
    pub codecs: Vec<TrunkCodec>,
    pub srtp: TrunkSrtp,
    /// Whether its audio may come from another address than it or its signalling says.
    pub symmetric_media: bool,
}

/// An account at a registrar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub registrar: Host,
    pub transport: TrunkTransport,
    /// Who vouches for the certificate of its server.
    pub tls_authorities: PathBuf,
    pub outbound_proxy: Option<Host>,
    /// The user part of the address of record.
    pub user: String,
    /// Its host part.
    pub domain: HostName,
    pub auth_user: String,
    pub password: PasswordSource,
    pub realm: Option<String>,
    pub expires: Duration,
    pub rewrite_contact: bool,
    pub keep_alive: Option<Duration>,
}

/// Somebody who may call through a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenUser")]
pub struct DigestUser {
    pub user: String,
    pub password: PasswordSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkTransport {
    Udp,
    Tcp,
    Tls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkCodec {
    Pcmu,
    Pcma,
    G722,
}

/// Whether audio is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkSrtp {
    Forbidden,
    Allowed,
    Required,
}

impl Trunk {
    /// Every password of it, and the key that it stands in.
    fn passwords(&self) -> impl Iterator<Item = (&'static str, &PasswordSource)> {
        let registration = self.registration.iter().map(|one| ("password_file", &one.password));
        registration.chain(self.digest.iter().map(|user| ("digest", &user.password)))
    }

    pub(super) fn resolve_paths(&mut self, directory: &Path) {
        let registration = self.registration.iter_mut().map(|one| &mut one.password);
        let users = self.digest.iter_mut().map(|user| &mut user.password);
        registration.chain(users).for_each(|password| password.resolve(directory));
        if let Some(registration) = &mut self.registration {
            registration.tls_authorities = directory.join(&registration.tls_authorities);
        }
    }

    /// The passwords that can not be had.
    pub(super) fn missing_passwords(&self) -> impl Iterator<Item = (&'static str, NoPassword)> {
        self.passwords().filter_map(|(key, password)| Some((key, password.read().err()?)))
    }
}

/// A name stands for one trunk.
pub(super) fn check_names(trunks: &[Trunk]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let doubles = trunks.iter().enumerate().filter(|(_, trunk)| !seen.insert(&trunk.name));
    doubles
        .map(|(number, trunk)| {
            let what = format!("another trunk is called \"{}\" as well", trunk.name);
            Problem::new(&format!("sip.trunks[{number}].name"), what)
        })
        .collect()
}

/// A trunk as it is written. What a key means stands in `config.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    addresses: Vec<IpNet>,
    #[serde(default)]
    hosts: Vec<Host>,
    transport: Option<TrunkTransport>,
    tls_client_name: Option<String>,
    #[serde(default)]
    digest: Vec<DigestUser>,
    #[serde(default)]
    trust_identity: bool,
    #[serde(default = "all_codecs")]
    codecs: Vec<TrunkCodec>,
    #[serde(default = "allowed")]
    srtp: TrunkSrtp,
    #[serde(default)]
    symmetric_media: bool,
    registrar: Option<Host>,
    tls_authorities: Option<PathBuf>,
    outbound_proxy: Option<Host>,
    user: Option<String>,
    domain: Option<Host>,
    auth_user: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    realm: Option<String>,
    #[serde(default, with = "humantime_serde")]
    expires: Option<Duration>,
    rewrite_contact: Option<bool>,
    #[serde(default, with = "humantime_serde")]
    keep_alive: Option<Duration>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Static,
    Register,
}

fn all_codecs() -> Vec<TrunkCodec> {
    vec![TrunkCodec::Pcmu, TrunkCodec::Pcma, TrunkCodec::G722]
}

fn allowed() -> TrunkSrtp {
    TrunkSrtp::Allowed
}

/// How long a binding is asked for when nothing is said.
const EXPIRES: Duration = Duration::from_secs(3_600);

/// Where Debian keeps the authorities that everybody believes.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Which key of a trunk is wrong, and what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {what}")]
struct WrongTrunk {
    key: &'static str,
    what: String,
}

fn wrong<T>(key: &'static str, what: impl Into<String>) -> Result<T, WrongTrunk> {
    Err(WrongTrunk { key, what: what.into() })
}

impl TryFrom<Written> for Trunk {
    type Error = WrongTrunk;

    fn try_from(mut written: Written) -> Result<Self, WrongTrunk> {
        if written.name.is_empty() || written.name.contains(char::is_control) {
            return wrong("name", "must be a word to call the trunk by");
        }
        let registration = match written.kind {
            Kind::Static => written.refuse_registration()?,
            Kind::Register => Some(written.take_registration()?),
        };
        written.check_media()?;
        let transport = written.transport.or(registration.as_ref().map(|one| one.transport));
        if written.tls_client_name.is_some()
            && !matches!(transport, None | Some(TrunkTransport::Tls))
        {
            return wrong(
                "tls_client_name",
                "only TLS shows certificates, and transport is another",
            );
        }
        Ok(Self {
            name: written.name,
            registration,
            addresses: written.addresses,
            hosts: written.hosts,
            transport,
            tls_client_name: written.tls_client_name,
            digest: written.digest,
            trust_identity: written.trust_identity,
            codecs: written.codecs,
            srtp: written.srtp,
            symmetric_media: written.symmetric_media,
        })
    }
}

impl Written {
    /// A trunk that does not register has none of its keys, and is known by something else.
    fn refuse_registration<T>(&self) -> Result<Option<T>, WrongTrunk> {
        let of_registration = [
            ("registrar", self.registrar.is_some()),
            ("tls_authorities", self.tls_authorities.is_some()),
            ("outbound_proxy", self.outbound_proxy.is_some()),
            ("user", self.user.is_some()),
            ("domain", self.domain.is_some()),
            ("auth_user", self.auth_user.is_some()),
            ("password", self.password.is_some()),
            ("password_file", self.password_file.is_some()),
            ("realm", self.realm.is_some()),
            ("expires", self.expires.is_some()),
            ("rewrite_contact", self.rewrite_contact.is_some()),
            ("keep_alive", self.keep_alive.is_some()),
        ];
        if let Some((key, _)) = of_registration.into_iter().find(|(_, is_there)| *is_there) {
            return wrong(key, "belongs to a trunk with kind = \"register\"");
        }
        if self.addresses.is_empty() && self.hosts.is_empty() && self.tls_client_name.is_none() {
            return wrong(
                "addresses",
                "is needed, or hosts or tls_client_name, to know the trunk by",
            );
        }
        Ok(None)
    }

    fn take_registration(&mut self) -> Result<Registration, WrongTrunk> {
        let Some(registrar) = self.registrar.take() else {
            return wrong("registrar", "is needed with kind = \"register\"");
        };
        let Some(user) = self.user.take() else {
            return wrong("user", "is needed with kind = \"register\"");
        };
        if sip::Uri::parse(&format!("sip:{user}@{registrar}")).is_err()
            || user.is_empty()
            || user.contains(['@', ':', '?'])
        {
            return wrong("user", "must be the user part of a SIP address, such as \"+15550100\"");
        }
        let domain = match self.domain.take() {
            Some(Host { port: Some(_), .. }) => return wrong("domain", "has no port"),
            Some(Host { name, port: None }) => name,
            None => registrar.name.clone(),
        };
        let expires = self.expires.unwrap_or(EXPIRES);
        if !(Duration::from_secs(60)..=Duration::from_secs(86_400)).contains(&expires) {
            return wrong("expires", "must be between 1m and 24h");
        }
        if self.keep_alive.is_some_and(|interval| interval < Duration::from_secs(5)) {
            return wrong("keep_alive", "must be 5s or more");
        }
        Ok(Registration {
            registrar,
            transport: self.transport.unwrap_or(TrunkTransport::Udp),
            tls_authorities: self.tls_authorities.take().unwrap_or_else(|| AUTHORITIES.into()),
            outbound_proxy: self.outbound_proxy.take(),
            domain,
            auth_user: self.auth_user.take().unwrap_or_else(|| user.clone()),
            user,
            password: password_source(self.password.take(), self.password_file.take())?,
            realm: self.realm.take(),
            expires,
            rewrite_contact: self.rewrite_contact.unwrap_or_default(),
            keep_alive: self.keep_alive,
        })
    }

    fn check_media(&self) -> Result<(), WrongTrunk> {
        let different: BTreeSet<_> = self.codecs.iter().collect();
        if self.codecs.is_empty() || different.len() < self.codecs.len() {
            return wrong("codecs", "must name at least one codec, and none of them twice");
        }
        if self.srtp == TrunkSrtp::Required && self.transport != Some(TrunkTransport::Tls) {
            let what = "\"required\" needs transport = \"tls\": its keys travel in the signalling";
            return wrong("srtp", what);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUser {
    user: String,
    password: Option<String>,
    password_file: Option<PathBuf>,
}

impl TryFrom<WrittenUser> for DigestUser {
    type Error = WrongTrunk;

    fn try_from(written: WrittenUser) -> Result<Self, WrongTrunk> {
        if written.user.is_empty() {
            return wrong("user", "must not be empty");
        }
        let password = password_source(written.password, written.password_file)?;
        Ok(Self { user: written.user, password })
    }
}

fn password_source(
    password: Option<String>,
    file: Option<PathBuf>,
) -> Result<PasswordSource, WrongTrunk> {
    match (password, file) {
        (Some(password), None) if password.is_empty() => wrong("password", "must not be empty"),
        (Some(password), None) => Ok(PasswordSource::Inline(Secret::new(password))),
        (None, Some(file)) => Ok(PasswordSource::File(file)),
        (None, None) => wrong("password_file", "is needed, or password"),
        (Some(_), Some(_)) => {
            wrong("password", "stands beside password_file: one of them is enough")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        trunks: Vec<Trunk>,
    }

    fn parse(text: &str) -> Result<Trunk, String> {
        let file: Result<File, _> = toml::from_str(&format!("[[trunks]]\nname = \"a\"\n{text}"));
        file.map(|mut file| file.trunks.remove(0)).map_err(|error| error.message().to_owned())
    }

    const REGISTER: &str = "kind = \"register\"\nregistrar = \"sip.example.com\"\nuser = \"bob\"\n";

    #[test]
    fn a_static_trunk_needs_only_where_it_calls_from() {
        let trunk = parse("addresses = [\"192.0.2.0/24\"]").unwrap();
        let expected = Trunk {
            name: "a".to_owned(),
            registration: None,
            addresses: vec!["192.0.2.0/24".parse().unwrap()],
            hosts: Vec::new(),
            transport: None,
            tls_client_name: None,
            digest: Vec::new(),
            trust_identity: false,
            codecs: vec![TrunkCodec::Pcmu, TrunkCodec::Pcma, TrunkCodec::G722],
            srtp: TrunkSrtp::Allowed,
            symmetric_media: false,
        };
        assert_eq!(trunk, expected);
        assert_eq!(parse("hosts = [\"example.com:5070\"]").unwrap().hosts[0].port, Some(5070));
        let name = parse("tls_client_name = \"a.example.com\"").unwrap().tls_client_name;
        assert_eq!(name.as_deref(), Some("a.example.com"));
    }

    #[test]
    fn a_trunk_that_registers_needs_a_registrar_a_user_and_a_password() {
        let trunk = parse(&format!("{REGISTER}password = \"zanzibar\"")).unwrap();
        assert_eq!(trunk.transport, Some(TrunkTransport::Udp));
        let expected = Registration {
            registrar: "sip.example.com".parse().unwrap(),
            transport: TrunkTransport::Udp,
            tls_authorities: AUTHORITIES.into(),
            outbound_proxy: None,
            user: "bob".to_owned(),
            domain: HostName::Domain("sip.example.com".to_owned()),
            auth_user: "bob".to_owned(),
            password: PasswordSource::Inline(Secret::new("zanzibar".to_owned())),
            realm: None,
            expires: Duration::from_secs(3_600),
            rewrite_contact: false,
            keep_alive: None,
        };
        assert_eq!(trunk.registration, Some(expected));
        assert!(!format!("{trunk:?}").contains("zanzibar"));
    }

    #[test]
    fn keys_that_do_not_go_together_are_refused_by_name() {
        let register = |text: &str| format!("{REGISTER}{text}");
        for (text, key) in [
            (String::new(), "addresses: is needed"),
            ("addresses = [\"::/0\"]\nregistrar = \"a\"".to_owned(), "registrar: belongs to"),
            ("addresses = [\"::/0\"]\nkeep_alive = \"30s\"".to_owned(), "keep_alive: belongs to"),
            ("addresses = [\"::/0\"]\nrewrite_contact = false".to_owned(), "rewrite_contact: "),
            ("kind = \"register\"\nuser = \"a\"".to_owned(), "registrar: is needed"),
            ("kind = \"register\"\nregistrar = \"a\"".to_owned(), "user: is needed"),
            (register(""), "password_file: is needed"),
            (register("password = \"\""), "password: must not"),
            (register("password = \"x\"\npassword_file = \"y\""), "password: stands beside"),
            (register("password = \"x\"\ndomain = \"example.com:1\""), "domain: has no port"),
            (register("password = \"x\"\nexpires = \"10s\""), "expires: must be between"),
            (register("password = \"x\"\nkeep_alive = \"1s\""), "keep_alive: must be"),
            (register("password = \"x\"\nsrtp = \"required\""), "srtp: \"required\" needs"),
            (register("password = \"x\"").replace("bob", "b ob"), "user: must be the user part"),
            (register("password = \"x\"").replace("bob", "b@c"), "user: must be the user part"),
            (
                "hosts = [\"a\"]\ntransport = \"udp\"\ntls_client_name = \"a\"".to_owned(),
                "tls_client_name: only TLS",
            ),
            ("hosts = [\"a\"]\ncodecs = []".to_owned(), "codecs: must name"),
            ("hosts = [\"a\"]\ncodecs = [\"pcmu\", \"pcmu\"]".to_owned(), "codecs: must name"),
            ("hosts = [\"a\"]\ndigest = [{ user = \"b\" }]".to_owned(), "password_file: is needed"),
            ("hosts = [\"a b\"]".to_owned(), "\"a b\" is no host name"),
            ("hosts = [\"a\"]\ntransport = \"sctp\"".to_owned(), "unknown variant `sctp`"),
            ("hosts = [\"a\"]\nadresses = []".to_owned(), "unknown field `adresses`"),
        ] {
            let message = parse(&text).unwrap_err();
            assert!(message.contains(key), "{text}: {message}");
        }
    }
}
