//! Lists, a page at a time: the newest first, and where the next page begins.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::{ApiError, Problem};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 100;

/// Which page is asked for. It is flattened into the query of each list, so its fields are texts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PageAsked {
    pub(super) cursor: Option<String>,
    pub(super) limit: Option<String>,
}

impl PageAsked {
    /// How many, and older than which.
    ///
    /// # Errors
    /// When the number is none from 1 to 100, or the cursor is that of another list.
    pub(super) fn read<Id>(
        &self,
        parse: impl FnOnce(&str) -> Option<Id>,
    ) -> Result<(Option<Id>, u32), ApiError> {
        let limit = match self.limit.as_deref() {
            None => DEFAULT_LIMIT,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                limit.ok_or_else(|| Problem::of("limit", "Must be a number from 1 to 100."))?
            }
        };
        // What an SDK sends that has nothing to say.
        let cursor = self.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        let before = cursor
            .map(|text| parse(text).ok_or_else(|| Problem::of("cursor", "Is not of this list.")));
        Ok((before.transpose()?, limit))
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    items: Vec<T>,
    /// To be sent as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Of `found`, of which one more was asked for than `limit`.
    pub(super) fn of<R>(
        mut found: Vec<R>,
        limit: u32,
        id: impl Fn(&R) -> String,
        item: impl Fn(R) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = found.len() <= limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| !is_last).map(id);
        Self { items: found.into_iter().map(item).collect(), next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cursor: Option<&str>, limit: Option<&str>) -> Result<(Option<u8>, u32), ApiError> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        PageAsked { cursor: text(cursor), limit: text(limit) }.read(|text| text.parse().ok())
    }

    #[test]
    fn a_page_has_1_to_100_items_and_begins_where_the_one_before_ended() {
        assert_eq!(asked(None, None).unwrap(), (None, 50));
        assert_eq!(asked(Some(""), Some("100")).unwrap(), (None, 100));
        assert_eq!(asked(Some("7"), Some("1")).unwrap(), (Some(7), 1));
        for (cursor, limit) in
            [(None, "0"), (None, "101"), (None, "-1"), (None, "x"), (None, ""), (Some("x"), "1")]
        {
            let refused = asked(cursor, Some(limit));
            assert!(matches!(refused, Err(ApiError::Invalid(_))), "{cursor:?} {limit}");
        }
    }

    #[test]
    fn the_last_page_says_so() {
        let page = |found: Vec<u8>| Page::of(found, 2, u8::to_string, |item| item);
        assert_eq!(page(vec![3, 2, 1]).next_cursor.as_deref(), Some("2"));
        for last in [vec![], vec![1], vec![2, 1]] {
            let page = page(last.clone());
            assert_eq!((page.items, page.next_cursor), (last, None));
        }
    }
}
