//! What came in, and what a message belongs to: nobody we know, a transaction, a dialog, or nothing yet (RFC 3261
//! §8.2, §12.2.2, §17.2.3).

use std::net::SocketAddr;

use super::{DropReason, Endpoint, Output, Received, TimerOwner};
use crate::call::{CallHandle, Local, PendingInvite, RefreshOutcome, Reply};
use crate::dialog::DialogId;
use crate::message::{self, Frame, HeaderName, Message, Method, ParseFailure, Request, Response};
use crate::transaction::TransactionId;
use crate::transaction::key::{MergeKey, PeerIndex, ServerKey};
use crate::transaction::table::Opening;
use crate::{ConnectionId, Flow, StatusCode, Transport};

impl Endpoint {
    pub(super) fn receive_datagram(&mut self, source: SocketAddr, bytes: &[u8]) {
        let flow = Flow::udp(source);
        match self.peer_of(source.ip(), Transport::Udp) {
            Some(peer) => self.receive(peer, flow, bytes),
            None => self.drop_message(flow, DropReason::UnknownSource),
        }
    }

    /// A stranger's connection is closed before a byte of it is read.
    pub(super) fn connected(&mut self, flow: Flow, proven: Option<&str>) {
        let Some(connection) = flow.connection() else {
            return;
        };
        let peer = match proven {
            Some(name) => self.peer_named(name),
            None => self.peer_of(flow.remote.ip(), flow.transport()),
        };
        match peer {
            Some(peer) => {
                self.connections.insert(self.now, connection, flow, peer);
                self.reschedule_connection(connection);
            }
            None => {
                self.drop_message(flow, DropReason::UnknownSource);
                self.outputs.push_back(Output::Close(connection));
            }
        }
    }

    pub(super) fn receive_stream(&mut self, id: ConnectionId, bytes: &[u8]) {
        if let Some(connection) = self.connections.get_mut(id) {
            connection.framer.push(bytes);
        }
        // Looked up each time: what a message causes may close the connection.
        while let Some(connection) = self.connections.get_mut(id) {
            let (flow, peer) = (connection.flow, connection.peer);
            match connection.framer.next() {
                Ok(Some(Frame::Message(message))) => {
                    connection.message_ended();
                    self.receive(peer, flow, &message);
                }
                // RFC 5626 §4.4.1.
                Ok(Some(Frame::Ping)) => self.transmit(flow, b"\r\n".to_vec()),
                Ok(Some(Frame::Pong)) => {}
                Ok(None) => {
                    connection.heard(self.now);
                    return self.reschedule_connection(id);
                }
                Err(failure) => {
                    // Where the next message begins is not known any more (§18.3).
                    self.receive_malformed(flow, failure);
                    self.close(id);
                }
            }
        }
    }

    pub(super) fn disconnected(&mut self, id: ConnectionId) {
        self.connections.remove(id);
        self.schedule.set(TimerOwner::Connection(id), None);
        self.registrar_disconnected(id);
    }

    /// Its time to send something, or to end what it began, may be over.
    pub(super) fn connection_timeout(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        if self.now < connection.deadline() {
            return self.reschedule_connection(id);
        }
        // A registrar may well have nothing to say from one refresh to the next, and it is we who
        // keep its connection.
        if self.registrations.use_connection(id) && !connection.framer.is_inside_message() {
            connection.heard(self.now);
            return self.reschedule_connection(id);
        }
        let flow = connection.flow;
        self.drop_message(flow, DropReason::TooSlow);
        self.close(id);
    }

    fn close(&mut self, id: ConnectionId) {
        self.disconnected(id);
        self.outputs.push_back(Output::Close(id));
    }

    fn reschedule_connection(&mut self, id: ConnectionId) {
        let deadline = self.connections.get_mut(id).map(|connection| connection.deadline());
        self.schedule.set(TimerOwner::Connection(id), deadline);
    }

    fn receive(&mut self, peer: PeerIndex, flow: Flow, bytes: &[u8]) {
        if self.reports_received {
            self.outputs.push_back(Output::Received(Received::new(flow, bytes)));
        }
        match message::parse(bytes) {
            Ok(Message::Request(request)) => self.receive_request(peer, flow, &request),
            Ok(Message::Response(response)) => self.receive_response(flow, &response),
            Ok(Message::KeepAlive) => self.drop_message(flow, DropReason::KeepAlive),
            Err(failure) => self.receive_malformed(flow, failure),
        }
    }

    /// 400 without state: the peer, which did not understand how to write, is not trusted to
    /// retransmit in order.
    fn receive_malformed(&mut self, flow: Flow, failure: ParseFailure) {
        let ParseFailure { error, answerable } = failure;
        match answerable {
            Some(essentials) => {
                let tag = crate::call::new_tag(&mut self.rng);
                let response = self.local.response(&essentials, flow, error.status(), Some(&tag));
                self.transmit(flow, response.to_bytes());
            }
            None => self.drop_message(flow, DropReason::Malformed(error)),
        }
    }

    fn receive_response(&mut self, flow: Flow, response: &Response) {
        let branch = response.essentials.via.unique_branch().unwrap_or_default();
        if let Some(registration) = self.registrations.of_branch(branch) {
            return self.step_registration(registration, |registration, stage| {
                registration.response(response, stage);
            });
        }
        let Some(received) = self.requests.response(self.now, response) else {
            return self.drop_message(flow, DropReason::StrayResponse);
        };
        if let Some((flow, ack)) = received.ack {
            self.transmit(flow, ack);
        }
        // The call of a BYE is over by now, and a step of it does nothing.
        if let Some(call) = received.tell {
            let outcome = RefreshOutcome::Response(response);
            self.step(call, |call, scene| call.refresh_ended(outcome, scene));
        }
        self.reschedule_request(branch.to_vec());
    }

    fn receive_request(&mut self, peer: PeerIndex, flow: Flow, request: &Request) {
        let key = ServerKey::of(request, peer);
        let transaction = self.transactions.find(&key);
        let dialog = DialogId::of_request(&request.essentials);
        match (&request.method, transaction) {
            (Method::Ack, transaction) => {
                self.receive_ack(flow, request, transaction, dialog.as_ref());
            }
            (_, Some(transaction)) => self.receive_again(flow, transaction),
            (Method::Cancel, None) => self.receive_cancel(flow, request, key),
            (_, None) => {
                let opening = Opening { key, merge_key: MergeKey::of(request, peer), flow };
                match dialog {
                    Some(dialog) => self.receive_in_dialog(&dialog, request, opening),
                    None => self.admit(peer, request, opening),
                }
            }
        }
    }

    /// A retransmission: the last response goes out once more, to where this copy came from.
    fn receive_again(&mut self, flow: Flow, transaction: TransactionId) {
        if let Some(response) = self.transactions.retransmitted(transaction) {
            let bytes = response.to_vec();
            self.transmit(flow, bytes);
        }
    }

    /// The ACK to a refusal belongs to its transaction, the ACK to a 2xx to its dialog. A peer that
    /// wrongly reuses the branch of its INVITE for the latter is understood as well.
    fn receive_ack(
        &mut self,
        flow: Flow,
        request: &Request,
        transaction: Option<TransactionId>,
        dialog: Option<&DialogId>,
    ) {
        if let Some(id) = transaction
            && self.transactions.acknowledged(self.now, id)
        {
            return self.reschedule_transaction(id);
        }
        match dialog.and_then(|dialog| self.calls.of_dialog(dialog)) {
            Some(call) => self.step(call, |call, scene| call.acknowledge(request, scene)),
            None => self.drop_message(flow, DropReason::StrayAck),
        }
    }

    /// §9.2. The 200 to the CANCEL says only that it was understood; the 487 to the INVITE is the
    /// call's.
    fn receive_cancel(&mut self, flow: Flow, request: &Request, key: ServerKey) {
        let invite = self.transactions.find(&key.of_cancelled_invite());
        let opening = Opening { key, merge_key: None, flow };
        let Some(invite) = invite else {
            return self.refuse(request, opening, StatusCode::NO_SUCH_CALL);
        };
        let call = self.calls.of_invite(invite);
        // The To tag should be that of the response to the INVITE.
        let tag = call
            .and_then(|call| self.calls.get_mut(call))
            .map(|call| call.dialog().local_tag().to_vec());
        let tag = tag.unwrap_or_else(|| crate::call::new_tag(&mut self.rng));
        let response = self.local.response(&request.essentials, flow, StatusCode::OK, Some(&tag));
        self.respond(Reply::Other(Box::new(opening)), &response);
        if let Some(call) = call {
            self.step(call, super::Call::cancel);
        }
    }

    fn receive_in_dialog(&mut self, dialog: &DialogId, request: &Request, opening: Opening) {
        if let Method::Other(_) = request.method {
            return self.refuse_method(request, opening);
        }
        if let Some(refusal) = self.unsupported_scheme(request, opening.flow) {
            return self.refuse_with(request, opening, &refusal);
        }
        let Some(call) = self.calls.of_dialog(dialog) else {
            return self.refuse(request, opening, StatusCode::NO_SUCH_CALL);
        };
        let in_order =
            self.calls.get_mut(call).map(|call| call.dialog_mut().accept(request, opening.flow));
        if let Some(Err(_)) = in_order {
            return self.refuse(request, opening, StatusCode::SERVER_INTERNAL_ERROR);
        }
        let flow = opening.flow;
        let refusal = self
            .unsupported_extensions(request, flow)
            .or_else(|| self.interval_too_small(request, flow));
        if let Some(refusal) = refusal {
            return self.refuse_with(request, opening, &refusal);
        }
        match request.method {
            Method::Bye => self.step(call, |call, scene| call.bye(request, opening, scene)),
            Method::Options => self.answer_options(request, opening),
            Method::Invite => self.receive_reinvite(call, request, opening),
            Method::Update => self.receive_update(call, request, opening),
            // We send no provisional response reliably, so there is nothing to acknowledge (RFC
            // 3262 §3).
            Method::Prack => self.refuse(request, opening, StatusCode::NO_SUCH_CALL),
            // Neither comes here: receive_request has sorted them out.
            Method::Ack | Method::Cancel | Method::Other(_) => {}
        }
    }

    fn receive_reinvite(&mut self, call: CallHandle, request: &Request, opening: Opening) {
        if let Some(refusal) = self.unreadable_body(request, opening.flow) {
            return self.refuse_with(request, opening, &refusal);
        }
        let flow = opening.flow;
        let Some(transaction) = self.open_invite(request, opening) else {
            return;
        };
        let invite = PendingInvite::new(request, flow, transaction);
        self.step(call, |call, scene| call.reinvite(request, &invite, scene));
    }

    fn receive_update(&mut self, call: CallHandle, request: &Request, opening: Opening) {
        if let Some(refusal) = self.unreadable_body(request, opening.flow) {
            return self.refuse_with(request, opening, &refusal);
        }
        self.step(call, |call, scene| call.update(request, opening, scene));
    }

    /// Begins an INVITE transaction with a 100 (§8.2.6.1). When there is no room, 503 goes out and
    /// nothing is kept.
    pub(super) fn open_invite(
        &mut self,
        request: &Request,
        opening: Opening,
    ) -> Option<TransactionId> {
        let flow = opening.flow;
        let trying = trying(&self.local, request, flow);
        match self.transactions.open_invite(opening, trying.clone()) {
            Some(transaction) => {
                self.transmit(flow, trying);
                Some(transaction)
            }
            None => {
                let refusal = self.unavailable(request, flow, super::admission::RETRY_WHEN_FULL);
                self.transmit(flow, refusal.to_bytes());
                None
            }
        }
    }
}

/// A 100 has no To tag, and gives a Timestamp back (§8.2.6.1).
fn trying(local: &Local, request: &Request, flow: Flow) -> Vec<u8> {
    let response = local.response(&request.essentials, flow, StatusCode::TRYING, None);
    let timestamps = request.headers.lines(&HeaderName::Timestamp);
    timestamps
        .fold(response, |response, value| response.with(HeaderName::Timestamp, value))
        .to_bytes()
}
