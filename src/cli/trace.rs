//! `zavud trace`: what was said in a call, as a ladder.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;

use super::Failure;
use crate::config::Config;
use crate::control::{Answer, CallTrace, Question, TracedMessage, ask};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The call: our id, as logs have it, or its SIP Call-ID
    #[arg(value_name = "CALL-ID")]
    call: String,
    /// Show phone numbers in full
    #[arg(long)]
    numbers: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Configuration of the daemon that is asked
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::load_or_shipped(arguments.config.as_deref())?;
    let question = Question::Trace { call: arguments.call, numbers: arguments.numbers };
    let answer = ask(&config.control_socket(), &question).await.map_err(anyhow::Error::from)?;
    let trace = match answer {
        Answer::Trace(trace) => trace,
        Answer::Nothing(reason) => return Err(anyhow!(reason).into()),
        _ => return Err(anyhow!("the daemon answered another question").into()),
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&trace).map_err(anyhow::Error::from)?);
    } else {
        print!("{}", drawn(&trace));
    }
    Ok(())
}

/// The ladder: the peer on the left, we on the right.
fn drawn(trace: &CallTrace) -> String {
    let unknown = || "unknown".to_owned();
    let mut text = format!(
        "call {} from {} to {}\n",
        trace.sip_call_id,
        trace.caller.clone().unwrap_or_else(unknown),
        trace.called.clone().unwrap_or_else(unknown)
    );
    for message in &trace.messages {
        text += &rung(message);
        text.push('\n');
    }
    text
}

fn rung(message: &TracedMessage) -> String {
    let TracedMessage { after_us, sent, transport, remote, what, cseq } = message;
    let seconds = Duration::from_micros(*after_us).as_secs_f64();
    let arrow = if *sent { "<--" } else { "-->" };
    let remote = remote.to_string();
    // A request says in its first word what CSeq repeats.
    let cseq =
        if cseq.ends_with(what.as_str()) { cseq.split(' ').next().unwrap_or(cseq) } else { cseq };
    format!("{seconds:9.4} s  {transport} {remote:21} {arrow}  {what} ({cseq})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_shows_who_said_what_when() {
        let message = |after_us, sent, what: &str, cseq: &str| TracedMessage {
            after_us,
            sent,
            transport: "UDP".to_owned(),
            remote: "192.0.2.10:5060".parse().unwrap(),
            what: what.to_owned(),
            cseq: cseq.to_owned(),
        };
        let trace = CallTrace {
            sip_call_id: "a@b".to_owned(),
            caller: Some("+***99@192.0.2.10".to_owned()),
            called: None,
            messages: vec![
                message(0, false, "INVITE", "1 INVITE"),
                message(1_240, true, "200 OK", "1 INVITE"),
                message(12_001_500, false, "BYE", "2 BYE"),
            ],
        };
        assert_eq!(
            drawn(&trace),
            "call a@b from +***99@192.0.2.10 to unknown\n\
             \x20  0.0000 s  UDP 192.0.2.10:5060       -->  INVITE (1)\n\
             \x20  0.0012 s  UDP 192.0.2.10:5060       <--  200 OK (1 INVITE)\n\
             \x20 12.0015 s  UDP 192.0.2.10:5060       -->  BYE (2)\n"
        );
    }
}
