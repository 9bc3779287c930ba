//! What may follow the answer of a call out, besides BYE: changes of the session by us, and
//! refreshes by the callee.

use super::{CallOut, CallOutEvent, Change, Output, SessionTimer, State};
use crate::StatusCode;
use crate::call::new_branch;
use crate::dialog::{Dialog, Security};
use crate::message::{
    HeaderName, Method, Refresher, Request, Response, SessionExpires, Via, option_tag,
};
use crate::sdp::Direction;
use crate::transaction::client_table::{ClientTransactions, Expired};

/// Changes of the session.
#[derive(Debug)]
pub(super) struct Later {
    transactions: ClientTransactions<()>,
    /// The change without a final response.
    open: Option<Change>,
    /// Of the description we sent last (RFC 8866 §5.2).
    version: u64,
    direction: Direction,
    /// The last refresh of the callee, and our response. It depends on what we do meanwhile, so it
    /// cannot be made again when the request comes again.
    answered: Option<(Via, Vec<u8>)>,
}

impl Later {
    pub(super) fn new() -> Self {
        Self {
            transactions: ClientTransactions::default(),
            open: None,
            version: 1,
            direction: Direction::SendRecv,
            answered: None,
        }
    }

    /// What was said to this request before. The ACK to a refusal, which has the Via of its INVITE,
    /// is no request that gets an answer.
    pub(super) fn response_to(&self, request: &Request) -> Option<&[u8]> {
        let (via, response) = self.answered.as_ref()?;
        (*via == request.essentials.via && request.method != Method::Ack)
            .then_some(response.as_slice())
    }

    pub(super) fn deadline(&self) -> Option<std::time::Instant> {
        self.transactions.next_deadline()
    }
}

impl CallOut {
    /// Sends a change. Before the answer, after the end, and while another change is open there is
    /// none.
    pub(super) fn change(&mut self, change: Change, timer: SessionTimer) {
        let State::Established(dialog) = &mut self.state else {
            return;
        };
        if self.later.open.is_some() {
            return;
        }
        let (method, direction) = match change {
            Change::Reinvite(direction) => (Method::Invite, Some(direction)),
            Change::Update(direction) => (Method::Update, Some(direction)),
            Change::Refresh => (Method::Update, None),
        };
        let branch = new_branch(&mut self.rng);
        let (flow, request) = dialog.request(method, &self.local.advertised, &branch);
        let mut request = request
            .with(HeaderName::Contact, self.local.contact_value(&flow, dialog.security()))
            .with(HeaderName::Allow, Method::ALLOWED)
            .with(HeaderName::Supported, option_tag::TIMER);
        if let Some(expires) = timer.in_request() {
            request = request.with(HeaderName::SessionExpires, expires.to_bytes());
        }
        if let Some(direction) = direction {
            self.later.version += 1;
            self.later.direction = direction;
            request = request.with_session(self.description());
        }
        self.later.open = Some(change);
        self.transmit(flow, request.to_bytes());
        self.later.transactions.open(self.now, (), flow, request);
    }

    pub(super) fn later_timeout(&mut self) {
        for branch in self.later.transactions.due(self.now) {
            match self.later.transactions.timeout(self.now, &branch) {
                Expired::Retransmit(flow, bytes) => self.transmit(flow, bytes),
                Expired::NoResponse(()) => self.changed(StatusCode::REQUEST_TIMEOUT),
                Expired::Nothing => {}
            }
        }
    }

    pub(super) fn receive_later_response(&mut self, response: &Response) {
        let Some(received) = self.later.transactions.response(self.now, response) else {
            return;
        };
        if let Some((flow, ack)) = received.ack {
            self.transmit(flow, ack);
        }
        if received.tell.is_none() {
            return;
        }
        if response.status.is_success() && response.essentials.cseq.method == Method::Invite {
            self.acknowledge_change(response);
        }
        self.changed(response.status);
    }

    fn acknowledge_change(&mut self, response: &Response) {
        let (State::Established(dialog) | State::Over(Some(dialog))) = &self.state else {
            return;
        };
        let branch = response.essentials.via.unique_branch().unwrap_or_default();
        let ack = ack_of_change(dialog, response, &self.local, branch);
        if let Some(flow) = self.later.transactions.acknowledge(branch, ack.clone()) {
            self.transmit(flow, ack);
        }
    }

    fn changed(&mut self, status: StatusCode) {
        self.later.open = None;
        if let State::Established(_) = self.state {
            self.outputs.push_back(Output::Event(CallOutEvent::Changed(status)));
        }
    }

    pub(super) fn receive_later_request(&mut self, request: &Request) {
        let response = self.answer_later(request).to_bytes();
        self.later.answered = Some((request.essentials.via.clone(), response.clone()));
        self.transmit(self.plan.remote, response);
    }

    /// An INVITE or an UPDATE of the callee in an answered call. It gets what was settled already,
    /// and the session timer that it asks for.
    fn answer_later(&self, request: &Request) -> Response {
        let flow = &self.plan.remote;
        let respond = |status| self.local.response(&request.essentials, *flow, status, None);
        let has_offer = request.method == Method::Invite || !request.body.is_empty();
        let offering = match self.later.open {
            Some(Change::Reinvite(_) | Change::Update(_)) => true,
            Some(Change::Refresh) | None => false,
        };
        if offering && has_offer {
            return respond(StatusCode::REQUEST_PENDING);
        }
        let mut response = respond(StatusCode::OK)
            .with(
                HeaderName::Contact,
                self.local.contact_value(flow, Security::of_target(&self.plan.target)),
            )
            .with(HeaderName::Allow, Method::ALLOWED);
        if let Some(expires) = request.headers.first(&HeaderName::SessionExpires) {
            response = response
                .with(HeaderName::SessionExpires, expires)
                .with(HeaderName::Require, option_tag::TIMER);
        }
        if has_offer { response.with_session(self.description()) } else { response }
    }

    /// The offer of our INVITE, as it is now.
    fn description(&self) -> Vec<u8> {
        let offer = String::from_utf8_lossy(&self.invite.body);
        let lines = offer.lines().map(|line| match line.split_once('=') {
            Some(("o", origin)) => {
                let words = origin.split(' ').enumerate().map(|(index, word)| match index {
                    2 => self.later.version.to_string(),
                    _ => word.to_owned(),
                });
                format!("o={}\r\n", words.collect::<Vec<_>>().join(" "))
            }
            Some(("a", "sendrecv")) => format!("a={}\r\n", self.later.direction.attribute()),
            Some(_) | None => format!("{line}\r\n"),
        });
        lines.collect::<String>().into_bytes()
    }
}

/// The same for each copy of the 2xx, and with a branch that is not that of the INVITE (§13.2.2.4).
fn ack_of_change(
    dialog: &Dialog,
    response: &Response,
    local: &crate::call::Local,
    branch: &[u8],
) -> Vec<u8> {
    let branch = [branch, b"-ack"].concat();
    let (_, ack) = dialog.ack(response.essentials.cseq.number, &local.advertised, &branch);
    ack.to_bytes()
}

impl SessionTimer {
    fn in_request(self) -> Option<SessionExpires> {
        let (seconds, refresher) = match self {
            Self::Off => return None,
            Self::WeRefresh { seconds } => (seconds, Refresher::Uac),
            Self::CalleeRefreshes { seconds } => (seconds, Refresher::Uas),
        };
        Some(SessionExpires { seconds, refresher: Some(refresher) })
    }
}
