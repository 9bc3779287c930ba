//! The responses of the callee to INVITE, CANCEL and BYE.

use super::{CallOut, CallOutEnd, CallOutEvent, Output, State, Wish};
use crate::StatusCode;
use crate::dialog::Dialog;
use crate::message::{Method, Response};
use crate::transaction::client_table::ack_of_refusal;

impl CallOut {
    pub(super) fn receive_response(&mut self, response: &Response) {
        let branch = response.essentials.via.unique_branch();
        let is_ours = branch == self.invite.essentials.via.unique_branch();
        match &response.essentials.cseq.method {
            Method::Invite if is_ours => self.receive_invite_response(response),
            Method::Cancel if is_ours => {
                let cancel = self.cancel.as_mut().and_then(|cancel| cancel.transaction.as_mut());
                if let Some(transaction) = cancel {
                    transaction.response(self.now, response.status);
                }
            }
            Method::Bye => {
                if let Some(bye) =
                    self.bye.as_mut().filter(|bye| branch == Some(bye.branch.as_slice()))
                {
                    bye.transaction.response(self.now, response.status);
                }
            }
            Method::Invite | Method::Update => self.receive_later_response(response),
            Method::Cancel | Method::Ack | Method::Options | Method::Prack | Method::Other(_) => {}
        }
    }

    fn receive_invite_response(&mut self, response: &Response) {
        if response.status.is_provisional() {
            self.receive_provisional(response.status);
        } else if response.status.is_success() {
            self.receive_success(response);
        } else {
            self.receive_refusal(response);
        }
    }

    fn receive_provisional(&mut self, status: StatusCode) {
        let State::Inviting(wish) = self.state else {
            return;
        };
        let Some(transaction) = &mut self.invite_transaction else {
            return;
        };
        transaction.provisional();
        match wish {
            Wish::Talk if status != StatusCode::TRYING => {
                self.outputs.push_back(Output::Event(CallOutEvent::Ringing));
            }
            Wish::Talk => {}
            Wish::GiveUp => self.send_cancel(),
        }
    }

    /// Every 2xx gets an ACK, the first one makes the dialog (§13.2.2.4).
    fn receive_success(&mut self, response: &Response) {
        let wish = match &self.state {
            State::Inviting(wish) => *wish,
            State::Established(dialog) | State::Over(Some(dialog)) => {
                if dialog.is_with(&response.essentials.to) {
                    let (flow, ack) = self.ack(dialog);
                    self.transmit(flow, ack);
                }
                return;
            }
            State::Over(None) => return,
        };
        if let Some(transaction) = &mut self.invite_transaction {
            transaction.accepted(self.now);
        }
        let dialog = Dialog::of_client(&self.invite, response, self.plan.remote);
        let (flow, ack) = self.ack(&dialog);
        self.transmit(flow, ack);
        match (wish, self.offer.settle(response.session())) {
            (Wish::Talk, Ok(media)) => {
                self.state = State::Established(dialog);
                self.outputs.push_back(Output::Event(CallOutEvent::Answered(media)));
            }
            (Wish::Talk, Err(error)) => self.leave(dialog, CallOutEnd::UnusableAnswer(error)),
            (Wish::GiveUp, _) => self.leave(dialog, CallOutEnd::Cancelled),
        }
    }

    fn receive_refusal(&mut self, response: &Response) {
        let Some(transaction) = &mut self.invite_transaction else {
            return;
        };
        if let Some(ack) = transaction.ack_of_refusal() {
            let ack = ack.to_vec();
            return self.transmit(self.plan.remote, ack);
        }
        let State::Inviting(wish) = self.state else {
            return;
        };
        let ack = ack_of_refusal(&self.invite, response).to_bytes();
        transaction.refused(self.now, ack.clone());
        self.transmit(self.plan.remote, ack);
        let event = match wish {
            Wish::GiveUp if response.status == StatusCode::REQUEST_TERMINATED => {
                CallOutEvent::Ended(CallOutEnd::Cancelled)
            }
            Wish::GiveUp | Wish::Talk => CallOutEvent::Refused(response.status),
        };
        self.end(None, event);
    }
}
