//! The messages of one call, from the caller's side. Text by hand and only what this caller needs:
//! it must cost next to nothing beside the daemon that is measured. Pure.

use std::net::{IpAddr, SocketAddr};

/// What all calls have in common.
#[derive(Debug, Clone)]
pub(super) struct Party {
    /// The daemon.
    pub(super) callee: SocketAddr,
    /// Ourselves.
    pub(super) caller: SocketAddr,
    /// As Via names it: UDP, TCP or TLS.
    pub(super) transport: &'static str,
    /// Where the audio comes from.
    pub(super) audio: SocketAddr,
    /// Makes Call-IDs and branches differ from those of another run.
    pub(super) run: u32,
}

/// Where an answered call is, and the tag that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialog {
    pub(super) target: String,
    pub(super) to: String,
}

/// The parts of a message that came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) start: Start<'a>,
    pub(super) call: u32,
    /// The method in CSeq.
    pub(super) method: &'a str,
    to: &'a str,
    contact: Option<&'a str>,
    head: &'a str,
    body: &'a str,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start<'a> {
    Response(u16),
    Request(&'a str),
}

impl Party {
    pub(super) fn invite(&self, call: u32, number: &str) -> Vec<u8> {
        let Self { callee, caller, audio, .. } = self;
        let family = if audio.is_ipv4() { "IP4" } else { "IP6" };
        let session = format!(
            "v=0\r\no=- 1 1 IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n",
            address = audio.ip(),
            port = audio.port(),
        );
        let target = format!("sip:{number}@{callee}");
        let dialog = Dialog { to: format!("<{target}>"), target };
        let more = format!(
            "Contact: <sip:bench@{caller}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{session}",
            session.len()
        );
        self.request("INVITE", 1, call, &dialog, &more)
    }

    /// For the 2xx: a transaction of its own (RFC 3261 §13.2.2.4).
    pub(super) fn ack(&self, call: u32, dialog: &Dialog) -> Vec<u8> {
        self.request("ACK", 1, call, dialog, "Content-Length: 0\r\n\r\n")
    }

    pub(super) fn bye(&self, call: u32, dialog: &Dialog) -> Vec<u8> {
        self.request("BYE", 2, call, dialog, "Content-Length: 0\r\n\r\n")
    }

    /// For a refusal: the INVITE's branch again, and the tag of the refusal (§17.1.1.3).
    pub(super) fn ack_of_refusal(&self, call: u32, number: &str, refusal: &Message<'_>) -> Vec<u8> {
        let target = format!("sip:{number}@{}", self.callee);
        let dialog = Dialog { target, to: refusal.to.to_owned() };
        self.with_branch("INVITE", "ACK", 1, call, &dialog, "Content-Length: 0\r\n\r\n")
    }

    /// The answer to a request of the daemon.
    pub(super) fn ok(request: &Message<'_>) -> Vec<u8> {
        let kept = ["Via", "From", "To", "Call-ID", "CSeq"];
        let lines = request.head.split("\r\n").skip(1).filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            kept.iter().any(|kept| name.eq_ignore_ascii_case(kept))
        });
        let lines: String = lines.flat_map(|line| [line, "\r\n"]).collect();
        format!("SIP/2.0 200 OK\r\n{lines}Content-Length: 0\r\n\r\n").into_bytes()
    }

    fn request(&self, method: &str, cseq: u32, call: u32, dialog: &Dialog, more: &str) -> Vec<u8> {
        self.with_branch(method, method, cseq, call, dialog, more)
    }

    fn with_branch(
        &self,
        branch: &str,
        method: &str,
        cseq: u32,
        call: u32,
        Dialog { target, to }: &Dialog,
        more: &str,
    ) -> Vec<u8> {
        let Self { caller, transport, run, .. } = self;
        format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/{transport} {caller};branch=z9hG4bK-{run}-{call}-{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:bench@{caller}>;tag=f{call}\r\nTo: {to}\r\n\
             Call-ID: {call}-{run}\r\nCSeq: {cseq} {method}\r\n{more}"
        )
        .into_bytes()
    }
}

/// How long the first message on a connection is; `None` when it is not all there. The daemon always
/// says Content-Length (RFC 3261 §18.3).
pub(super) fn message_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let values = text.split("\r\n").filter_map(|line| line.split_once(':'));
    let body: usize = values
        .filter(|(name, _)| name.eq_ignore_ascii_case("Content-Length"))
        .find_map(|(_, value)| value.trim().parse().ok())?;
    let length = head.checked_add(body)?;
    (bytes.len() >= length).then_some(length)
}

impl<'a> Message<'a> {
    /// Takes a message apart; `None` when it belongs to no call of ours.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let first = lines.next()?;
        let start = match first.strip_prefix("SIP/2.0 ") {
            Some(status) => Start::Response(status.get(..3)?.parse().ok()?),
            None => Start::Request(first.split(' ').next()?),
        };
        let (mut call, mut method, mut to, mut contact) = (None, None, None, None);
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("Call-ID") {
                call = value.split('-').next()?.parse().ok();
            } else if name.eq_ignore_ascii_case("CSeq") {
                method = value.split(' ').next_back();
            } else if name.eq_ignore_ascii_case("To") {
                to = Some(value);
            } else if name.eq_ignore_ascii_case("Contact") {
                contact = Some(value);
            }
        }
        Some(Self { start, call: call?, method: method?, to: to?, contact, head, body })
    }

    /// The dialog that a 2xx makes; `None` without a Contact.
    pub(super) fn dialog(&self) -> Option<Dialog> {
        let target = self.contact?.split_once('<')?.1.split_once('>')?.0;
        Some(Dialog { target: target.to_owned(), to: self.to.to_owned() })
    }

    /// Where the session description wants the audio.
    pub(super) fn audio(&self) -> Option<SocketAddr> {
        let value = |prefix: &str| self.body.lines().find_map(|line| line.strip_prefix(prefix));
        let address: IpAddr = value("c=IN IP4 ").or(value("c=IN IP6 "))?.trim().parse().ok()?;
        let port = value("m=audio ")?.split(' ').next()?.parse().ok()?;
        Some(SocketAddr::new(address, port))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn party() -> Party {
        Party {
            callee: "127.0.0.1:5060".parse().unwrap(),
            caller: "127.0.0.1:4000".parse().unwrap(),
            transport: "UDP",
            audio: "127.0.0.1:4002".parse().unwrap(),
            run: 9,
        }
    }

    /// What the daemon answers to the INVITE of a call.
    pub(in super::super) fn answer(call: u32, status: u16, method: &str) -> Vec<u8> {
        let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                       m=audio 20000 RTP/AVP 0\r\n";
        format!(
            "SIP/2.0 {status} Reason\r\nVia: SIP/2.0/UDP 127.0.0.1:4000\r\n\
             From: <sip:bench@127.0.0.1:4000>;tag=f{call}\r\nTo: <sip:x@y>;tag=t{call}\r\n\
             Call-ID: {call}-9\r\nCSeq: 1 {method}\r\nContact: <sip:127.0.0.1:5060>\r\n\r\n{session}"
        )
        .into_bytes()
    }

    #[test]
    fn an_answer_tells_the_dialog_and_where_to_speak() {
        let bytes = answer(7, 200, "INVITE");
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(
            (&message.start, message.call, message.method),
            (&Start::Response(200), 7, "INVITE")
        );
        let dialog = message.dialog().unwrap();
        assert_eq!(
            dialog,
            Dialog { target: "sip:127.0.0.1:5060".into(), to: "<sip:x@y>;tag=t7".into() }
        );
        assert_eq!(message.audio(), Some("127.0.0.1:20000".parse().unwrap()));
    }

    #[test]
    fn a_request_of_the_daemon_is_answered_with_its_own_headers() {
        let bye = "BYE sip:bench@127.0.0.1:4000 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=b\r\n\
                   Max-Forwards: 70\r\nFrom: <sip:x@y>;tag=t7\r\nTo: <sip:bench@z>;tag=f7\r\n\
                   Call-ID: 7-9\r\nCSeq: 1 BYE\r\n\r\n";
        let message = Message::parse(bye.as_bytes()).unwrap();
        assert_eq!(message.start, Start::Request("BYE"));
        let ok = String::from_utf8(Party::ok(&message)).unwrap();
        assert_eq!(
            ok,
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=b\r\nFrom: <sip:x@y>;tag=t7\r\n\
             To: <sip:bench@z>;tag=f7\r\nCall-ID: 7-9\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn what_is_of_no_call_of_ours_is_left_alone() {
        for text in ["", "\r\n\r\n", "SIP/2.0 2", "SIP/2.0 200 OK\r\nCall-ID: x\r\n\r\n"] {
            assert_eq!(Message::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_message_on_a_connection_ends_where_its_length_says() {
        let bytes = b"SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabcSIP/2.0 ";
        let length = bytes.len() - "SIP/2.0 ".len();
        assert_eq!(message_length(bytes), Some(length));
        for cut in 0..length {
            assert_eq!(message_length(&bytes[..cut]), None, "{cut}");
        }
        let endless = b"SIP/2.0 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n";
        assert_eq!(message_length(endless), None);
    }
}
