//! Sequences of what can happen to an endpoint, as a script: a letter that says what, and a
//! character that says on which line, how long, or which. Scripts are text, so that those in the
//! corpus can be read and written by hand, and other bytes mean nothing.
//!
//! `i0 a0 k0 b0` is a call that is answered and ended by its caller; `i0 a0 t? t?` is one whose
//! caller vanished.

use std::time::Duration;

use super::stage::{OFFER, Stage};
use crate::{CallCommand, Readiness, StatusCode};

/// Headers a request can have, by the argument of `g`.
const HEADERS: [&str; 16] = [
    "Require: 100rel\r\n",
    "Supported: 100rel, timer\r\n",
    "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n",
    "Require: timer\r\nSession-Expires: 90;refresher=uac\r\n",
    "Session-Expires: 1\r\nMin-SE: 90\r\n",
    "Record-Route: <sip:192.0.2.66>, <sip:192.0.2.67;lr>\r\n",
    "Record-Route: <sip:192.0.2.66;lr>\r\nRecord-Route: <no uri\r\n",
    "Contact: *\r\n",
    "Content-Type: text/plain\r\n",
    "Content-Type: multipart/mixed;boundary=a\r\n",
    "Content-Encoding: gzip\r\n",
    "RAck: 1 1 INVITE\r\n",
    "Via: SIP/2.0/TCP 192.0.2.66;branch=z9hG4bKlower\r\n",
    "Timestamp: 1\r\n",
    "Diversion: <sip:+15550101@192.0.2.66>\r\nP-Called-Party-ID: <tel:+15550102>\r\n",
    "Replaces: 0.0;to-tag=a;from-tag=0\r\n",
];

/// Plays a script. What the calls of it come to, `Stage` watches over; in the end nothing is left.
pub fn operations(script: &[u8]) {
    let mut player = Player { stage: Stage::new(), header: "", harm: Harm::None };
    let mut rest = script;
    while let [verb, behind @ ..] = rest {
        rest = behind;
        if verb.is_ascii_alphabetic()
            && let [argument, behind @ ..] = rest
        {
            rest = behind;
            player.play(*verb, *argument);
        }
    }
    player.stage.end();
}

struct Player {
    stage: Stage,
    /// What the next request has more.
    header: &'static str,
    /// What happens to the next request.
    harm: Harm,
}

#[derive(Clone, Copy)]
enum Harm {
    None,
    Cut { after: usize },
    LineLost(usize),
    LineTwice(usize),
}

impl Player {
    fn play(&mut self, verb: u8, argument: u8) {
        let line = usize::from(argument % 4);
        match verb {
            b'i' => self.request("INVITE", line, OFFER),
            b'j' => self.request("INVITE", line, ""),
            b'k' => self.request("ACK", line, ""),
            b'l' => self.request("ACK", line, OFFER),
            b'b' => self.request("BYE", line, ""),
            b'c' => self.request("CANCEL", line, ""),
            b'o' => self.request("OPTIONS", line, ""),
            b'u' => self.request("UPDATE", line, OFFER),
            b'v' => self.request("UPDATE", line, ""),
            b'p' => self.request("PRACK", line, ""),
            b'q' => self.request("PRACK", line, OFFER),
            b's' => self.request("SUBSCRIBE", line, ""),
            b'r' => drop(self.stage.send_again()),
            b'y' => drop(self.stage.respond(StatusCode::OK)),
            b'n' => drop(self.stage.respond(StatusCode::NO_SUCH_CALL)),
            b'z' => drop(self.stage.respond(StatusCode::TRYING)),
            b'a' => drop(self.stage.answer(line)),
            b'f' => drop(self.stage.command(line, CallCommand::Refuse(StatusCode::BUSY_HERE))),
            b'h' => drop(self.stage.command(line, CallCommand::HangUp)),
            // From two milliseconds to a minute: '0' to '?'.
            b't' => self.stage.pass(Duration::from_millis(2 << (argument % 16))),
            b'w' => self.set_readiness(argument),
            b'd' => self.stage.speak_over_connection(false),
            b'e' => self.stage.speak_over_connection(true),
            b'm' => self.stage.connect(),
            b'x' => self.stage.disconnect(),
            b'g' => self.header = HEADERS[usize::from(argument) % HEADERS.len()],
            b'C' => self.harm = Harm::Cut { after: usize::from(argument) * 4 },
            b'L' => self.harm = Harm::LineLost(usize::from(argument % 16)),
            b'T' => self.harm = Harm::LineTwice(usize::from(argument % 16)),
            _ => {}
        }
    }

    fn request(&mut self, method: &str, line: usize, body: &str) {
        let header = std::mem::take(&mut self.header);
        let message = self.stage.request(method, line, header, body.as_bytes());
        let harm = std::mem::replace(&mut self.harm, Harm::None);
        self.stage.send(harm.done_to(message));
    }

    fn set_readiness(&mut self, argument: u8) {
        self.stage.set_readiness(match argument % 2 {
            0 => Readiness::Ready,
            _ => Readiness::NotReady { retry_after: Duration::from_secs(1) },
        });
    }
}

impl Harm {
    fn done_to(self, mut message: Vec<u8>) -> Vec<u8> {
        let lines = |message: &[u8]| -> Vec<Vec<u8>> {
            message.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect()
        };
        match self {
            Self::None => message,
            Self::Cut { after } => {
                message.truncate(after);
                message
            }
            Self::LineLost(number) => {
                let mut lines = lines(&message);
                lines.drain(number.min(lines.len())..(number + 1).min(lines.len()));
                lines.concat()
            }
            Self::LineTwice(number) => {
                let mut lines = lines(&message);
                if let Some(line) = lines.get(number).cloned() {
                    lines.insert(number, line);
                }
                lines.concat()
            }
        }
    }
}
