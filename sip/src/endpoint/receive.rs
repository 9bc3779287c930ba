//! What a datagram belongs to: nobody we know, a transaction, a dialog, or nothing yet (RFC 3261
//! §8.2, §12.2.2, §17.2.3).

use std::net::SocketAddr;

use super::{DropReason, Endpoint};
use crate::StatusCode;
use crate::call::{CallHandle, Local, PendingInvite, Reply};
use crate::dialog::DialogId;
use crate::message::{self, HeaderName, Message, Method, ParseFailure, Request, Response};
use crate::transaction::TransactionId;
use crate::transaction::key::{MergeKey, PeerIndex, ServerKey};
use crate::transaction::table::Opening;

impl Endpoint {
    pub(super) fn receive(&mut self, source: SocketAddr, bytes: &[u8]) {
        let Some(peer) = self.peer_of(source) else {
            return self.drop_datagram(source, DropReason::UnknownSource);
        };
        match message::parse(bytes) {
            Ok(Message::Request(request)) => self.receive_request(peer, source, &request),
            Ok(Message::Response(response)) => self.receive_response(source, &response),
            Ok(Message::KeepAlive) => self.drop_datagram(source, DropReason::KeepAlive),
            Err(failure) => self.receive_malformed(source, failure),
        }
    }

    /// 400 without state: the peer, which did not understand how to write, is not trusted to
    /// retransmit in order.
    fn receive_malformed(&mut self, source: SocketAddr, failure: ParseFailure) {
        let ParseFailure { error, answerable } = failure;
        match answerable {
            Some(essentials) => {
                let tag = crate::call::new_tag(&mut self.rng);
                let response = self.local.response(&essentials, source, error.status(), Some(&tag));
                self.transmit(source, response.to_bytes());
            }
            None => self.drop_datagram(source, DropReason::Malformed(error)),
        }
    }

    /// Only requests of ours have responses: BYE, so far.
    fn receive_response(&mut self, source: SocketAddr, response: &Response) {
        let branch = response.essentials.via.unique_branch().unwrap_or_default();
        let Some(request) = self.requests.get_mut(branch) else {
            return self.drop_datagram(source, DropReason::StrayResponse);
        };
        request.transaction.response(self.now, response.status);
        let deadline = request.transaction.deadline();
        self.schedule.set(super::TimerOwner::Request(branch.to_vec()), Some(deadline));
    }

    fn receive_request(&mut self, peer: PeerIndex, source: SocketAddr, request: &Request) {
        let key = ServerKey::of(request, peer);
        let transaction = self.transactions.find(&key);
        let dialog = DialogId::of_request(&request.essentials);
        match (&request.method, transaction) {
            (Method::Ack, transaction) => {
                self.receive_ack(source, request, transaction, dialog.as_ref());
            }
            (_, Some(transaction)) => self.receive_again(source, transaction),
            (Method::Cancel, None) => self.receive_cancel(source, request, key),
            (_, None) => {
                let opening = Opening { key, merge_key: MergeKey::of(request, peer), source };
                match dialog {
                    Some(dialog) => self.receive_in_dialog(&dialog, request, opening),
                    None => self.admit(peer, request, opening),
                }
            }
        }
    }

    /// A retransmission: the last response goes out once more, to where this copy came from.
    fn receive_again(&mut self, source: SocketAddr, transaction: TransactionId) {
        if let Some(response) = self.transactions.retransmitted(transaction) {
            let bytes = response.to_vec();
            self.transmit(source, bytes);
        }
    }

    /// The ACK to a refusal belongs to its transaction, the ACK to a 2xx to its dialog. A peer that
    /// wrongly reuses the branch of its INVITE for the latter is understood as well.
    fn receive_ack(
        &mut self,
        source: SocketAddr,
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
            None => self.drop_datagram(source, DropReason::StrayAck),
        }
    }

    /// §9.2. The 200 to the CANCEL says only that it was understood; the 487 to the INVITE is the
    /// call's.
    fn receive_cancel(&mut self, source: SocketAddr, request: &Request, key: ServerKey) {
        let invite = self.transactions.find(&key.of_cancelled_invite());
        let opening = Opening { key, merge_key: None, source };
        let Some(invite) = invite else {
            return self.refuse(request, opening, StatusCode::NO_SUCH_CALL);
        };
        let call = self.calls.of_invite(invite);
        // The To tag should be that of the response to the INVITE.
        let tag = call
            .and_then(|call| self.calls.get_mut(call))
            .map(|call| call.dialog().local_tag().to_vec());
        let tag = tag.unwrap_or_else(|| crate::call::new_tag(&mut self.rng));
        let response = self.local.response(&request.essentials, source, StatusCode::OK, Some(&tag));
        self.respond(Reply::Other(Box::new(opening)), &response);
        if let Some(call) = call {
            self.step(call, super::Call::cancel);
        }
    }

    fn receive_in_dialog(&mut self, dialog: &DialogId, request: &Request, opening: Opening) {
        if let Method::Other(_) = request.method {
            return self.refuse_method(request, opening);
        }
        let Some(call) = self.calls.of_dialog(dialog) else {
            return self.refuse(request, opening, StatusCode::NO_SUCH_CALL);
        };
        let in_order =
            self.calls.get_mut(call).map(|call| call.dialog_mut().accept(request, opening.source));
        if let Some(Err(_)) = in_order {
            return self.refuse(request, opening, StatusCode::SERVER_INTERNAL_ERROR);
        }
        if let Some(refusal) = self.unsupported_extensions(request, opening.source) {
            return self.refuse_with(request, opening, &refusal);
        }
        match request.method {
            Method::Bye => self.step(call, |call, scene| call.bye(request, opening, scene)),
            Method::Options => self.answer_options(request, opening),
            Method::Invite => self.receive_reinvite(call, request, opening),
            // Neither comes here: receive_request has sorted them out.
            Method::Ack | Method::Cancel | Method::Other(_) => {}
        }
    }

    fn receive_reinvite(&mut self, call: CallHandle, request: &Request, opening: Opening) {
        if let Some(refusal) = self.unreadable_body(request, opening.source) {
            return self.refuse_with(request, opening, &refusal);
        }
        let source = opening.source;
        let Some(transaction) = self.open_invite(request, opening) else {
            return;
        };
        let invite = PendingInvite::new(request, source, transaction);
        self.step(call, |call, scene| call.reinvite(request, &invite, scene));
    }

    /// Begins an INVITE transaction with a 100 (§8.2.6.1). When there is no room, 503 goes out and
    /// nothing is kept.
    pub(super) fn open_invite(
        &mut self,
        request: &Request,
        opening: Opening,
    ) -> Option<TransactionId> {
        let source = opening.source;
        let trying = trying(&self.local, request, source);
        match self.transactions.open_invite(opening, trying.clone()) {
            Some(transaction) => {
                self.transmit(source, trying);
                Some(transaction)
            }
            None => {
                let refusal = self.unavailable(request, source, super::admission::RETRY_WHEN_FULL);
                self.transmit(source, refusal.to_bytes());
                None
            }
        }
    }
}

/// A 100 has no To tag, and gives a Timestamp back (§8.2.6.1).
fn trying(local: &Local, request: &Request, source: SocketAddr) -> Vec<u8> {
    let response = local.response(&request.essentials, source, StatusCode::TRYING, None);
    let timestamps = request.headers.lines(&HeaderName::Timestamp);
    timestamps
        .fold(response, |response, value| response.with(HeaderName::Timestamp, value))
        .to_bytes()
}
