//! `zavud sender`: what messages are sent from.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::Failure;
use crate::config::Config;
use crate::control::{Answer, ListedSender, Question, TestMessage, ask};
use crate::domain::PhoneNumber;

/// What a test message says, unless told otherwise.
const TEXT: &str = "This is a test message. The number that sends it is connected to WhatsApp.";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Configuration of the daemon that is asked
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the senders of all projects
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Send a test message. WhatsApp delivers it to whoever has written to the sender within a day
    Test {
        /// The sender, by its id
        #[arg(value_name = "SENDER")]
        sender: String,
        /// Who receives it, with country code
        #[arg(long, value_name = "+NUMBER", value_parser = PhoneNumber::from_pasted)]
        to: PhoneNumber,
        /// What it says
        #[arg(long, default_value = TEXT)]
        text: String,
    },
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::load_or_shipped(arguments.config.as_deref())?;
    let socket = config.control_socket();
    match arguments.command {
        Command::List { json } => list(&socket, json).await,
        Command::Test { sender, to, text } => {
            let message = TestMessage { sender, to: to.to_string(), text };
            send(&socket, message).await
        }
    }
}

async fn list(socket: &Path, json: bool) -> Result<(), Failure> {
    let senders = match asked(socket, &Question::Senders).await? {
        Answer::Senders(senders) => senders,
        _ => return Err(anyhow!("the daemon answered another question").into()),
    };
    if json {
        println!("{}", serde_json::to_string(&senders).map_err(anyhow::Error::from)?);
    } else if senders.is_empty() {
        println!("There is no sender yet: one is made when a client has connected.");
    } else {
        senders.iter().for_each(|sender| println!("{}", line(sender)));
    }
    Ok(())
}

async fn send(socket: &Path, message: TestMessage) -> Result<(), Failure> {
    match asked(socket, &Question::SendTest(message)).await? {
        Answer::Done(words) => println!("{words}"),
        _ => return Err(anyhow!("the daemon answered another question").into()),
    }
    Ok(())
}

/// The answer; a reason why there is none is a failure.
async fn asked(socket: &Path, question: &Question) -> Result<Answer, Failure> {
    match ask(socket, question).await.map_err(anyhow::Error::from)? {
        Answer::Nothing(reason) => Err(anyhow!(reason).into()),
        answer => Ok(answer),
    }
}

fn line(sender: &ListedSender) -> String {
    let ListedSender { id, project, name, phone_number, is_default } = sender;
    let default = if *is_default { ", its default" } else { "" };
    format!("{id}  {phone_number}  {name} (project {project}{default})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_told_in_a_line() {
        let sender = |is_default| ListedSender {
            id: "snd_7".to_owned(),
            project: "Acme".to_owned(),
            name: "Ana's Caf\u{e9}".to_owned(),
            phone_number: "+15550100123".to_owned(),
            is_default,
        };
        assert_eq!(line(&sender(false)), "snd_7  +15550100123  Ana's Caf\u{e9} (project Acme)");
        assert!(line(&sender(true)).ends_with("(project Acme, its default)"));
    }
}
