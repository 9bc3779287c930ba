//! `zavud check-config`: whether a configuration file can be used.

use std::path::PathBuf;

use super::Failure;
use crate::config::{Config, Problem};

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
    let name =
        arguments.file.as_ref().map_or("the configuration".into(), |f| f.display().to_string());
    println!("{name} is valid");
    Ok(())
}
