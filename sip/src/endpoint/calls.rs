//! The live calls, by handle, by dialog and by the transaction of their first INVITE.

use std::collections::HashMap;

use crate::call::{Call, CallHandle};
use crate::dialog::DialogId;
use crate::transaction::TransactionId;

#[derive(Debug)]
pub(super) struct Calls {
    by_handle: HashMap<CallHandle, Entry>,
    by_dialog: HashMap<DialogId, CallHandle>,
    by_invite: HashMap<TransactionId, CallHandle>,
    limit: usize,
    last_handle: u64,
}

#[derive(Debug)]
struct Entry {
    /// `None` only while the call takes a step.
    call: Option<Call>,
    dialog: DialogId,
    invite: TransactionId,
}

impl Calls {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            by_handle: HashMap::new(),
            by_dialog: HashMap::new(),
            by_invite: HashMap::new(),
            limit,
            last_handle: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_handle.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.by_handle.len() >= self.limit
    }

    pub(super) fn next_handle(&mut self) -> CallHandle {
        self.last_handle += 1;
        CallHandle(self.last_handle)
    }

    pub(super) fn insert(&mut self, call: Call, invite: TransactionId) {
        let (handle, dialog) = (call.handle(), call.dialog().id());
        self.by_dialog.insert(dialog.clone(), handle);
        self.by_invite.insert(invite, handle);
        self.by_handle.insert(handle, Entry { call: Some(call), dialog, invite });
    }

    pub(super) fn of_dialog(&self, dialog: &DialogId) -> Option<CallHandle> {
        self.by_dialog.get(dialog).copied()
    }

    pub(super) fn of_invite(&self, invite: TransactionId) -> Option<CallHandle> {
        self.by_invite.get(&invite).copied()
    }

    pub(super) fn get_mut(&mut self, handle: CallHandle) -> Option<&mut Call> {
        self.by_handle.get_mut(&handle)?.call.as_mut()
    }

    /// Takes a call out for a step; `put_back` or `forget` must follow.
    pub(super) fn take(&mut self, handle: CallHandle) -> Option<Call> {
        self.by_handle.get_mut(&handle)?.call.take()
    }

    pub(super) fn put_back(&mut self, call: Call) {
        if let Some(entry) = self.by_handle.get_mut(&call.handle()) {
            entry.call = Some(call);
        }
    }

    pub(super) fn forget(&mut self, handle: CallHandle) {
        if let Some(entry) = self.by_handle.remove(&handle) {
            self.by_dialog.remove(&entry.dialog);
            self.by_invite.remove(&entry.invite);
        }
    }
}
