//! How many connections each network has, so that none takes all there are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::Network;

/// What each network may have of the connections.
#[derive(Debug)]
pub(super) struct Shares {
    of_each: usize,
    /// Of networks that have any: there are no more of them than connections.
    taken: Mutex<HashMap<Network, usize>>,
}

/// One connection out of a network's share, which goes back when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    shares: Arc<Shares>,
    network: Network,
}

impl Shares {
    pub(super) fn new(of_each: usize) -> Self {
        Self { of_each, taken: Mutex::default() }
    }

    /// Takes one connection out of a network's share, if there is one left.
    pub(super) fn take(self: &Arc<Self>, network: Network) -> Option<Share> {
        let mut taken = self.lock();
        let of_this_network = taken.get(&network).copied().unwrap_or_default();
        if of_this_network >= self.of_each {
            return None;
        }
        taken.insert(network, of_this_network + 1);
        Some(Share { shares: Arc::clone(self), network })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        // No code panics while it holds the lock.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.lock();
        if let Some(count) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_share_and_what_it_gives_back_can_be_taken_again() {
        let shares = Arc::new(Shares::new(2));
        let network = |text: &str| Network::of(text.parse().unwrap());
        let (one, another) = (network("192.0.2.1"), network("192.0.2.2"));
        let (first, second) = (shares.take(one), shares.take(one));
        assert!(first.is_some() && second.is_some());
        assert!(shares.take(one).is_none());
        assert!(shares.take(another).is_some(), "each has its own");
        drop(first);
        assert!(shares.take(one).is_some());
        drop(second);
        assert!(shares.lock().is_empty(), "who has none is forgotten");
    }
}
