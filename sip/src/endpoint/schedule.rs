//! Who has to be woken when. One time for each owner.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use super::TimerOwner;

#[derive(Debug, Default)]
pub(super) struct Schedule {
    in_order: BTreeSet<(Instant, TimerOwner)>,
    by_owner: HashMap<TimerOwner, Instant>,
}

impl Schedule {
    /// Sets, moves or removes the time of an owner.
    pub(super) fn set(&mut self, owner: TimerOwner, due: Option<Instant>) {
        let before = match due {
            Some(due) => self.by_owner.insert(owner.clone(), due),
            None => self.by_owner.remove(&owner),
        };
        if before == due {
            return;
        }
        let key = match before {
            Some(before) => {
                let key = (before, owner);
                self.in_order.remove(&key);
                key
            }
            None => (self.by_owner[&owner], owner),
        };
        if let Some(due) = due {
            self.in_order.insert((due, key.1));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.in_order.first().map(|(due, _)| *due)
    }

    /// Takes out the first owner whose time has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<TimerOwner> {
        if self.next()? > now {
            return None;
        }
        let (_, owner) = self.in_order.pop_first()?;
        self.by_owner.remove(&owner);
        Some(owner)
    }
}
