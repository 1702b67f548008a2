//! Reading an answer of several pages to its end, and believing it only when it is whole.

use std::collections::BTreeSet;

use super::error::LookupError;
use crate::api::{AccountPage, ApiError};

/// How often an answer is read whose pages do not add up.
const READINGS: u32 = 3;

/// All rows of an answer, each once, by id. Rows that the answer's own count says are there and that
/// it does not list may be anybody: such an answer is read again, and then not believed.
pub(super) async fn all<T, I: Ord>(
    what: &'static str,
    page: impl AsyncFn(u64) -> Result<AccountPage<T>, ApiError>,
    id: impl Fn(&T) -> I,
) -> Result<(Vec<T>, u64), LookupError> {
    for _ in 0..READINGS {
        if let Some(whole) = read(&page, &id).await? {
            return Ok(whole);
        }
    }
    Err(LookupError::Incomplete { what })
}

/// One reading; none when it does not add up.
async fn read<T, I: Ord>(
    page: &impl AsyncFn(u64) -> Result<AccountPage<T>, ApiError>,
    id: &impl Fn(&T) -> I,
) -> Result<Option<(Vec<T>, u64)>, LookupError> {
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    let mut count = None;
    for number in 1.. {
        let answer = page(number).await?;
        if *count.get_or_insert(answer.count) != answer.count {
            return Ok(None);
        }
        rows.extend(answer.rows.into_iter().filter(|row| seen.insert(id(row))));
        if number >= answer.page_count {
            let whole = u64::try_from(rows.len()).is_ok_and(|rows| rows == answer.count);
            return Ok(whole.then_some((rows, answer.page_count)));
        }
    }
    Ok(None)
}
