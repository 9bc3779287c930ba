//! The configuration file: read, checked, and turned into types that can not be wrong.
//!
//! The shipped `config.toml` is the only place where a default is written: a file given by the
//! operator is laid over it, key by key. A leaf: anyone may use its structs.

mod error;
mod host;
mod meta;
mod password;
mod sections;
mod trunks;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use error::{ConfigError, Problem};
pub use host::{Host, HostName, NoHost};
pub use meta::{Meta, MetaMode};
pub use password::{NoPassword, PasswordSource, Secret};
pub use sections::{
    Api, Calls, Codes, Control, Log, LogFormat, Recordings, Rtp, Secrets, Sip, Speech, Store, Web,
    Webhooks,
};
pub use trunks::{DigestUser, Registration, Trunk, TrunkCodec, TrunkSrtp, TrunkTransport};

/// The shipped configuration, and so all defaults.
const DEFAULTS: &str = include_str!("../../config.toml");

/// Everything the daemon can be told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub sip: Sip,
    pub rtp: Rtp,
    pub calls: Calls,
    pub codes: Codes,
    pub recordings: Recordings,
    pub speech: Speech,
    pub store: Store,
    pub secrets: Secrets,
    pub meta: Meta,
    pub web: Web,
    pub api: Api,
    pub webhooks: Webhooks,
    pub control: Control,
    pub log: Log,
}

impl Config {
    /// Reads the file at `path`, lays it over the defaults and checks the result. Relative paths
    /// in it are resolved against its directory.
    ///
    /// # Errors
    /// When the file can not be read, is no TOML, has an unknown key or a value that does not
    /// fit: the error names the file and the key.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::from_text(&text, path, directory)
    }

    /// The shipped configuration, with relative paths resolved against `directory`.
    ///
    /// # Errors
    /// Never with the file as it is shipped; a test holds that.
    pub fn shipped(directory: &Path) -> Result<Self, ConfigError> {
        Self::from_text("", Path::new("config.toml"), directory)
    }

    /// The file at `path`. Without one, `config.toml` in the current directory, or else the shipped
    /// configuration with its relative paths resolved where the shipped model lies, which is
    /// looked for in the current directory and from the program upwards.
    ///
    /// # Errors
    /// Those of [`Config::load`].
    pub fn load_or_shipped(path: Option<&Path>) -> Result<Self, ConfigError> {
        match path {
            Some(path) => Self::load(path),
            None if Path::new("config.toml").is_file() => Self::load(Path::new("config.toml")),
            None => Self::shipped(&installation()),
        }
    }

    fn from_text(text: &str, path: &Path, directory: &Path) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            message: error.to_string(),
        };
        let mut merged: toml::Table = DEFAULTS.parse().map_err(syntax)?;
        lay_over(&mut merged, text.parse().map_err(syntax)?);

        let mut config: Config = serde_path_to_error::deserialize(merged).map_err(|error| {
            let key = error.path().to_string();
            let what = error.into_inner().message().to_owned();
            ConfigError::Invalid { path: path.to_owned(), problems: vec![Problem { key, what }] }
        })?;
        config.resolve_paths(directory);

        let problems = config.check();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Invalid { path: path.to_owned(), problems })
        }
    }

    /// The socket that an operator asks the running daemon over.
    pub fn control_socket(&self) -> PathBuf {
        self.control.socket.clone().unwrap_or_else(|| self.store.path.with_extension("sock"))
    }

    /// Where the key lies that secrets in the database are sealed with.
    pub fn key_file(&self) -> PathBuf {
        self.secrets.key_file.clone().unwrap_or_else(|| self.store.path.with_extension("key"))
    }

    /// Where recordings of calls lie.
    pub fn recordings_directory(&self) -> PathBuf {
        let beside = || self.store.path.with_extension("recordings");
        self.recordings.directory.clone().unwrap_or_else(beside)
    }

    /// How long a recording is kept after its call.
    pub fn keep_recordings_for(&self) -> Duration {
        self.recordings.keep_for.unwrap_or(self.codes.valid_for)
    }

    /// Whether the passwords in files can be had. Done apart from [`Config::load`], since a
    /// configuration is often written where its passwords are not.
    ///
    /// # Errors
    /// The keys of the passwords that can not be had.
    pub fn check_passwords(&self) -> Result<(), Vec<Problem>> {
        let trunks = self.sip.trunks.iter().enumerate();
        let problems = trunks.flat_map(|(number, trunk)| {
            trunk.missing_passwords().map(move |(key, error)| {
                Problem::new(&format!("sip.trunks[{number}].{key}"), error.to_string())
            })
        });
        let of_meta = [
            ("meta.app_secret_file", self.meta.app_secret()),
            ("meta.webhook_verify_token_file", self.meta.webhook_verify_token()),
            ("meta.system_token_file", self.meta.system_token()),
        ];
        let of_meta = of_meta
            .into_iter()
            .filter_map(|(key, source)| Some(Problem::new(key, source?.read().err()?.to_string())));
        let problems: Vec<Problem> = problems.chain(of_meta).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// What fits its type but not its purpose.
    fn check(&self) -> Vec<Problem> {
        let recordings = self.recordings.check(&self.codes);
        let (sip, rtp, speech) = (self.sip.check(), self.rtp.check(), self.speech.check());
        let reach = self.check_reach().into_iter().collect();
        [sip, rtp, reach, recordings, speech, self.meta.check(), self.web.check(), self.api.check()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Trunks send audio to the address that they are told for calls as well.
    fn check_reach(&self) -> Option<Problem> {
        let mut told = self.sip.advertised_addresses().into_iter();
        let is_elsewhere = told.any(|told| !told.is_loopback() && !told.is_unspecified());
        let what = "hears this host alone, and trunks are told to send audio to sip.advertise: write \
                    here the local address that it arrives at";
        (self.rtp.address.is_loopback() && is_elsewhere).then(|| Problem::new("rtp.address", what))
    }

    /// What can be used and is a risk on this host.
    pub fn warnings(&self) -> Vec<Problem> {
        self.rtp.warnings()
    }

    fn resolve_paths(&mut self, directory: &Path) {
        let resolve = |path: &mut PathBuf| *path = directory.join(&*path);
        self.speech.resolve_paths(directory);
        resolve(&mut self.store.path);
        self.control.socket.as_mut().map(resolve);
        self.recordings.directory.as_mut().map(resolve);
        let secrets = [
            &mut self.secrets.key_file,
            &mut self.meta.app_secret_file,
            &mut self.meta.webhook_verify_token_file,
            &mut self.meta.system_token_file,
        ];
        secrets.into_iter().flatten().for_each(|path| password::resolve(path, directory));
        resolve(&mut self.meta.authorities);
        resolve(&mut self.webhooks.authorities);
        let tls = [
            &mut self.sip.tls_certificate,
            &mut self.sip.tls_key,
            &mut self.sip.tls_client_authorities,
            &mut self.web.tls_certificate,
            &mut self.web.tls_key,
        ];
        tls.into_iter().flatten().for_each(resolve);
        self.sip.trunks.iter_mut().for_each(|trunk| trunk.resolve_paths(directory));
    }
}

/// The directory that `models/` lies in, for a program started without a configuration file.
pub fn installation() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let above_program = program.ancestors().skip(1).map(Path::to_owned);
    std::iter::once(PathBuf::new())
        .chain(above_program)
        .find(|directory| directory.join("models").is_dir())
        .unwrap_or_default()
}

/// Writes each value of `upper` into `lower`; tables are merged, everything else is replaced.
fn lay_over(lower: &mut toml::Table, upper: toml::Table) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::from_text(text, Path::new("/etc/zavud.toml"), Path::new("/etc"))
    }

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_is_valid_and_its_paths_follow_it() {
        let config = parse("").unwrap();
        assert_eq!(config.sip.listen, "127.0.0.1:5060".parse().unwrap());
        assert_eq!(config.store.path, Path::new("/etc/zavud.db"));
        assert_eq!(config.control_socket(), Path::new("/etc/zavud.sock"));
        assert_eq!(config.recordings_directory(), Path::new("/etc/zavud.recordings"));
        assert_eq!(config.key_file(), Path::new("/etc/zavud.key"));
        assert_eq!(config.keep_recordings_for(), config.codes.valid_for);
        assert_eq!(config.sip.trace_bytes(), 4_000_000);
        assert_eq!(config.web.tls(), None);
    }

    #[test]
    fn each_optional_key_of_the_shipped_file_is_known() {
        let uncommented: String = DEFAULTS
            .lines()
            .map(|line| {
                if let Some(table) = line.strip_prefix("# [[") {
                    return format!("[[{table}\n");
                }
                let key = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = "));
                match key {
                    Some((key, _)) if key.chars().all(|c| c == '_' || c.is_ascii_lowercase()) => {
                        format!("{}\n", &line[2..])
                    }
                    _ => format!("{line}\n"),
                }
            })
            .collect();
        // Whoever advertises another address receives audio on another one, too.
        let uncommented = uncommented.replace("\naddress = \"127.0.0.1\"", "\naddress = \"::\"");
        let config = parse(&uncommented).unwrap();
        let advertised: [std::net::IpAddr; 2] =
            ["203.0.113.7", "2001:db8::7"].map(|address| address.parse().unwrap());
        assert_eq!(config.sip.advertised_addresses(), advertised);
        assert!(config.sip.tls().is_some() && config.sip.tls_client_authorities.is_some());
        assert!(config.web.tls().is_some());
        assert_eq!(config.control_socket(), Path::new("/run/zavud/zavud.sock"));
        assert_eq!(config.recordings_directory(), Path::new("/var/lib/zavud/recordings"));
        assert_eq!(config.key_file(), Path::new("$CREDENTIALS_DIRECTORY/zavud.key"));
        assert_eq!(config.keep_recordings_for(), Duration::from_secs(600));
        let [loopback, carrier] = config.sip.trunks.as_slice() else {
            panic!("{:?}", config.sip.trunks)
        };
        assert_eq!((loopback.transport, loopback.digest.len()), (Some(TrunkTransport::Tls), 1));
        let registration = carrier.registration.as_ref().expect("it registers");
        assert_eq!(registration.auth_user, "account-17");
        let password = PasswordSource::File("/etc/zavud/carrier.password".into());
        assert_eq!((&registration.password, &loopback.digest[0].password), (&password, &password));
        let problems = config.check_passwords().unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        let expected = [
            "sip.trunks[0].digest",
            "sip.trunks[1].password_file",
            "meta.app_secret_file",
            "meta.webhook_verify_token_file",
            "meta.system_token_file",
        ];
        assert_eq!(keys, expected);
        assert_eq!(config.meta.app_id.as_deref(), Some("1234567890"));
        assert_eq!(config.meta.config_id.as_deref(), Some("2345678901"));
        assert_eq!(config.meta.stand_in_origin.as_deref(), Some("http://127.0.0.1:8090"));
    }

    /// What a trunk means without a key is what its comment in the shipped file says.
    #[test]
    fn the_trunk_keys_of_the_shipped_file_have_their_defaults() {
        let written = parse("[[sip.trunks]]\nname = \"a\"\naddresses = [\"::1/128\"]").unwrap();
        let spelled = parse(
            "[[sip.trunks]]\nname = \"a\"\nkind = \"static\"\naddresses = [\"::1/128\"]\n\
            trust_identity = false\ncodecs = [\"pcmu\", \"pcma\", \"g722\"]\nsrtp = \"allowed\"\n\
            symmetric_media = false",
        );
        assert_eq!(written.sip.trunks, spelled.unwrap().sip.trunks);
    }

    #[test]
    fn a_wrong_trunk_is_named_with_its_place_and_its_key() {
        let trunk = "[[sip.trunks]]\nname = \"a\"\naddresses = [\"::1/128\"]\n";
        let message = refusal(&format!("{trunk}{trunk}"));
        assert!(message.contains("sip.trunks[1].name: another trunk is called \"a\""), "{message}");
        let message = refusal(&format!("{trunk}user = \"bob\""));
        assert!(message.contains("sip.trunks[0]: user: belongs to"), "{message}");
    }

    #[test]
    fn a_file_overrides_only_the_keys_it_names() {
        let config = parse("[sip]\nmax_calls = 3\n[codes]\nvalid_for = \"5m\"").unwrap();
        assert_eq!(config.sip.max_calls, 3);
        assert_eq!(config.sip.listen, "127.0.0.1:5060".parse().unwrap());
        assert_eq!(config.codes.valid_for, Duration::from_secs(300));
    }

    #[test]
    fn calls_are_read_unless_a_file_says_otherwise() {
        assert!(parse("").unwrap().speech.enabled);
        assert!(!parse("[speech]\nenabled = false").unwrap().speech.enabled);
        assert!(refusal("[speech]\nenabled = \"no\"").contains("speech.enabled"));
    }

    #[test]
    fn a_wrong_key_is_named_with_its_file() {
        let message = refusal("[speech]\nmodle = \"x.bin\"");
        assert!(message.contains("/etc/zavud.toml"), "{message}");
        assert!(message.contains("speech.modle: unknown field"), "{message}");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_with_its_key() {
        let message = refusal("[sip]\nlisten = \"nowhere\"");
        assert!(message.contains("sip.listen"), "{message}");
        let message = refusal("[sip]\ntrace_megabytes = -1");
        assert!(message.contains("sip.trace_megabytes"), "{message}");
        let message = refusal("[rtp]\nmedia_timeout = 20");
        assert!(message.contains("rtp.media_timeout"), "{message}");
    }

    #[test]
    fn values_that_can_not_work_together_are_explained() {
        for (text, key) in [
            ("[sip]\nlisten = \"0.0.0.0:5060\"", "sip.advertise"),
            ("[sip]\nadvertise = [\"192.0.2.1\", \"192.0.2.2\"]", "sip.advertise"),
            ("[sip]\ntls_listen = \"127.0.0.1:5061\"", "sip.tls_listen"),
            ("[sip]\ntls_key = \"key.pem\"", "sip.tls_certificate"),
            ("[sip]\nmax_connections = 0", "sip.max_connections"),
            ("[sip]\nadvertise = [\"203.0.113.7\"]", "rtp.address"),
            ("[sip]\ntls_client_authorities = \"ca.pem\"", "sip.tls_client_authorities"),
            (
                "[[sip.trunks]]\nname = \"a\"\ntls_client_name = \"a.example\"",
                "sip.trunks[0].tls_client_name",
            ),
            (
                "[[sip.trunks]]\nname = \"a\"\naddresses = [\"192.0.2.1/32\"]\ntransport = \"tls\"",
                "sip.trunks[0].transport",
            ),
            ("[rtp]\nfirst_port = 30000\nlast_port = 20000", "rtp.last_port"),
            ("[rtp]\nport_rest = \"1h\"", "rtp.port_rest"),
            ("[web]\ntls_key = \"key.pem\"", "web.tls_certificate"),
            ("[web]\nmax_connections_per_address = 0", "web.max_connections_per_address"),
            ("[api]\nrequests_per_minute = 0", "api.requests_per_minute"),
            ("[web]\npublic_url = \"invite.example.com\"", "web.public_url"),
            ("[meta]\napp_id = \"1\"", "meta.app_secret_file"),
            ("[meta]\napp_secret_file = \"x\"", "meta.app_id"),
            ("[meta]\nmode = \"test\"", "meta.mode"),
            ("[meta]\nsandbox_listen = \"0.0.0.0:8081\"", "meta.sandbox_listen"),
            ("[meta]\nconfig_id = \"1\"", "meta.config_id"),
            ("[meta]\nwebhook_verify_token_file = \"x\"", "meta.webhook_verify_token_file"),
            ("[meta]\nsystem_token_file = \"x\"", "meta.system_token_file"),
            ("[meta]\nsdk_url = \"http://sdk.example.com/sdk.js\"", "meta.sdk_url"),
            ("[meta]\nstand_in_origin = \"https://example.com\"", "meta.stand_in_origin"),
            ("[meta]\ngraph_url = \"http://graph.example.com\"", "meta.graph_url"),
            ("[meta]\ngraph_url = \"https://graph.example.com/\"", "meta.graph_url"),
            ("[meta]\ngraph_url = \"graph.example.com\"", "meta.graph_url"),
            ("[meta]\ngraph_version = \"25\"", "meta.graph_version"),
            ("[meta]\ntimeout = \"0s\"", "meta.timeout"),
            ("[meta]\ntimeout = \"31s\"", "meta.timeout"),
            ("[recordings]\nkeep_for = \"11m\"", "recordings.keep_for"),
            ("[speech]\nthreads = 0", "speech.threads"),
            ("[speech]\nmax_calls = 0", "speech.max_calls"),
            ("[speech]\nmodel_sha256 = \"abc\"", "speech.model_sha256"),
            ("[speech]\njudge_sha256 = \"abc\"", "speech.judge_sha256"),
        ] {
            let message = refusal(text);
            assert!(message.contains(key), "{text}: {message}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let message = Config::load(Path::new("/nowhere/zavud.toml")).unwrap_err().to_string();
        assert!(message.contains("/nowhere/zavud.toml"), "{message}");
    }
}
