//! The command line: one file a subcommand. Says what went wrong, with the file, key or port and
//! what to do about it, and tells it by the exit code as well.

mod bench;
mod call;
mod check_config;
mod database;
mod demo;
mod failure;
mod invitation;
mod key;
mod number;
pub mod page_watcher;
mod partner;
mod project;
mod sender;
mod serve;
mod trace;
mod transcribe;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

pub use failure::Failure;

/// Reads the WhatsApp verification code out of Meta's phone call and shows it live on the
/// invitation page.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    Serve(serve::Arguments),
    /// Show everything at work: a call speaks a code, and the invitation page shows it
    Demo(demo::Arguments),
    /// Make projects, and say how they show themselves to clients
    Project(project::Arguments),
    /// Say who may sign in to the admin
    Partner(partner::Arguments),
    /// Make invitations
    Invitation(invitation::Arguments),
    /// Keys of the REST API
    Key(key::Arguments),
    /// Say whether a configuration can be used
    CheckConfig(check_config::Arguments),
    /// Place a test call
    Call(call::Arguments),
    /// Phone numbers that calls come in on
    Number(number::Arguments),
    /// What messages are sent from
    Sender(sender::Arguments),
    /// Show what was said in a call: who sent which SIP message when
    Trace(trace::Arguments),
    /// Read codes out of recordings
    Transcribe(transcribe::Arguments),
    /// Measure what load this machine stands
    Bench(bench::Arguments),
}

/// Runs the command that the program was started with.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return failure::report_usage(&error),
    };
    let result = match cli.command {
        Command::Serve(arguments) => wait_for(serve::run(arguments)),
        Command::Demo(arguments) => wait_for(demo::run(arguments)),
        Command::Project(arguments) => wait_for(project::run(arguments)),
        Command::Partner(arguments) => wait_for(partner::run(arguments)),
        Command::Invitation(arguments) => wait_for(invitation::run(arguments)),
        Command::Key(arguments) => wait_for(key::run(arguments)),
        Command::CheckConfig(arguments) => check_config::run(&arguments),
        Command::Call(arguments) => wait_for(call::run(arguments)),
        Command::Number(arguments) => wait_for(number::run(arguments)),
        Command::Sender(arguments) => wait_for(sender::run(arguments)),
        Command::Trace(arguments) => wait_for(trace::run(arguments)),
        Command::Transcribe(arguments) => transcribe::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn wait_for(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(command)
}
