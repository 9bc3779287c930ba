//! An INVITE that has no final response yet: what that response needs.

use super::{Local, TimerRequest};
use crate::dialog::Dialog;
use crate::message::{Essentials, HeaderName, Request, Response};
use crate::transaction::TransactionId;
use crate::{Flow, StatusCode};

#[derive(Debug)]
pub(crate) struct PendingInvite {
    essentials: Essentials,
    record_routes: Vec<Vec<u8>>,
    flow: Flow,
    transaction: TransactionId,
    timer: TimerRequest,
}

impl PendingInvite {
    pub(crate) fn new(request: &Request, flow: Flow, transaction: TransactionId) -> Self {
        Self {
            essentials: request.essentials.clone(),
            record_routes: request
                .headers
                .list(&HeaderName::RecordRoute)
                .map(<[u8]>::to_vec)
                .collect(),
            flow,
            transaction,
            timer: TimerRequest::of(request),
        }
    }

    pub(super) fn refusal(&self, local: &Local, status: StatusCode, tag: &[u8]) -> Response {
        local.response(&self.essentials, self.flow, status, Some(tag))
    }

    /// A 200 with what begins or refreshes a dialog (RFC 3261 §12.1.1, §13.3.1.4).
    pub(super) fn success(&self, local: &Local, dialog: &Dialog, description: &[u8]) -> Response {
        let tag = Some(dialog.local_tag());
        let response = local.response(&self.essentials, self.flow, StatusCode::OK, tag);
        let response = self.record_routes.iter().fold(response, |response, route| {
            response.with(HeaderName::RecordRoute, route.as_slice())
        });
        let response = self.timer.answer(local.reachable(response, &self.flow, dialog.security()));
        response.with_session(description.to_vec())
    }

    /// Of the INVITE, and so of its ACK.
    pub(super) fn cseq(&self) -> u32 {
        self.essentials.cseq.number
    }

    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    pub(super) fn transaction(&self) -> TransactionId {
        self.transaction
    }

    pub(super) fn timer(&self) -> &TimerRequest {
        &self.timer
    }
}
