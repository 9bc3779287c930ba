//! Which packets of a source have come (RFC 3711 §3.3.1, §3.3.2).

/// The newest index, and which of the 128 up to it have come. A copy that is changed takes the
/// place of the original only when the packet was authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReplayWindow {
    newest: Option<u64>,
    /// Bit 0 is the newest one.
    came: u128,
}

/// Indexes have 48 bits.
const END: u64 = 1 << 48;
const CYCLE: u64 = 1 << 16;

impl ReplayWindow {
    /// The index of a packet from its sequence number: the one nearest to the newest (§3.3.1).
    /// `None` where there is none.
    pub(super) fn index_of(&self, sequence: u16) -> Option<u64> {
        let sequence = u64::from(sequence);
        let Some(newest) = self.newest else {
            return Some(sequence);
        };
        let in_this_cycle = newest - newest % CYCLE + sequence;
        let index = if in_this_cycle > newest + CYCLE / 2 {
            in_this_cycle.checked_sub(CYCLE)?
        } else if in_this_cycle + CYCLE / 2 < newest {
            in_this_cycle + CYCLE
        } else {
            in_this_cycle
        };
        (index < END).then_some(index)
    }

    /// The window once this index has come; `None` if it came before, or is too old to tell.
    pub(super) fn with(self, index: u64) -> Option<Self> {
        let Some(newest) = self.newest.filter(|newest| index <= *newest) else {
            let steps = self.newest.map_or(u64::MAX, |newest| index - newest);
            let shift = u32::try_from(steps).unwrap_or(u32::MAX);
            let came = self.came.checked_shl(shift).unwrap_or(0) | 1;
            return Some(Self { newest: Some(index), came });
        };
        let bit = u32::try_from(newest - index).ok().and_then(|age| 1_u128.checked_shl(age))?;
        (self.came & bit == 0).then_some(Self { came: self.came | bit, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(indexes: &[u64]) -> ReplayWindow {
        indexes.iter().fold(ReplayWindow::default(), |window, index| {
            window.with(*index).unwrap_or_else(|| panic!("{index} is refused"))
        })
    }

    #[test]
    fn each_index_counts_once_in_any_order() {
        let window = after(&[5, 3, 132, 6, 260]);
        for index in [132, 260] {
            assert_eq!(window.with(index), None, "{index}");
        }
        assert!(window.with(133).is_some() && window.with(261).is_some());
        // 132 is the oldest that can be told.
        assert_eq!(window.with(131), None);
    }

    #[test]
    fn an_index_is_the_nearest_one() {
        assert_eq!(ReplayWindow::default().index_of(65_535), Some(65_535));
        let before_wrap = after(&[65_530]);
        assert_eq!(before_wrap.index_of(2), Some(CYCLE + 2));
        assert_eq!(before_wrap.index_of(65_500), Some(65_500));
        let after_wrap = after(&[65_530, CYCLE + 2]);
        assert_eq!(after_wrap.index_of(65_531), Some(65_531));
        assert_eq!(after(&[3]).index_of(65_530), None);
        assert_eq!(after(&[END - 1]).index_of(0), None);
    }
}
