//! `zavud check-config`: whether a configuration file can be used.

use std::path::PathBuf;

use super::Failure;
use crate::config::{Config, ConfigError, Host, Problem, Trunk};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Configuration [default: ./config.toml, or else the shipped one]
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::load_or_shipped(arguments.file.as_deref())?;
    for Problem { key, what } in config.warnings() {
        eprintln!("warning: {key}: {what}");
    }
    let path = arguments.file.clone().unwrap_or_else(|| "the configuration".into());
    let name = path.display().to_string();
    config.check_passwords().map_err(|problems| ConfigError::Invalid { path, problems })?;
    println!("{name} is valid");
    for trunk in &config.sip.trunks {
        println!("trunk {}: {}", trunk.name, summary(trunk));
    }
    Ok(())
}

/// Where a trunk registers, and whom its calls are taken from.
fn summary(trunk: &Trunk) -> String {
    let mut parts = Vec::new();
    if let Some(registration) = &trunk.registration {
        let transport = format!("{:?}", registration.transport).to_lowercase();
        let proxy = registration.outbound_proxy.as_ref();
        let proxy = proxy.map(|proxy| format!(" through {proxy}")).unwrap_or_default();
        let (user, domain, registrar) =
            (&registration.user, &registration.domain, &registration.registrar);
        parts.push(format!("registers {user}@{domain} at {registrar} over {transport}{proxy}"));
    }
    let addresses = trunk.addresses.iter().map(ToString::to_string);
    let from: Vec<String> = addresses.chain(trunk.hosts.iter().map(Host::to_string)).collect();
    if !from.is_empty() {
        parts.push(format!("takes calls from {}", from.join(", ")));
    }
    if let Some(name) = &trunk.tls_client_name {
        parts.push(format!("is whoever shows a certificate for {name}"));
    }
    if !trunk.digest.is_empty() {
        parts.push("asks for a password".to_owned());
    }
    parts.join("; ")
}
