//! What every answer has around its objects: what it lists, and how large the whole query is
//! (API.md §2, §4). Knows no object.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    json::{Id, Text},
    raw::{Raw, object},
};

/// One entry of `results`.
#[derive(Debug, Deserialize)]
pub(super) struct ResultRef<'a> {
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    pub(super) id: Id,
}

object!(pub(super) Meta { count, page_count });

/// How large a query is, as its answer says it.
pub(super) struct Counts {
    /// None when missing, or when the answer contradicts itself.
    pub count: Option<u64>,
    /// None when the answer does not say.
    pub pages: Option<u64>,
}

impl Counts {
    /// From `count` and `meta`, which repeats it.
    ///
    /// # Errors
    /// When one of them is no count.
    pub(super) fn of(count: Raw<'_>, meta: &Meta<'_>) -> Result<Self, serde_json::Error> {
        let count = count.count("count")?;
        let repeated = meta.count.count("meta.count")?;
        let pages = meta.page_count.count("meta.page_count")?;
        let agree = repeated.is_none() || repeated == count;
        Ok(Self { count: count.filter(|_| agree), pages })
    }
}

/// The text of a body. Names may hold bytes that are no text; they are marked, and the rest is read.
pub(super) fn body_text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}
