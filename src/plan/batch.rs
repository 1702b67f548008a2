//! Cutting creates into requests.

/// The most objects that one bulk create may carry (API.md §1.5).
pub const BATCH_LIMIT: usize = 100;

/// The creates of a run as requests, in order, none larger than [`BATCH_LIMIT`].
pub fn batches<T>(creates: &[T]) -> impl Iterator<Item = &[T]> {
    creates.chunks(BATCH_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_lose_nothing_and_stay_within_the_limit() {
        for (count, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (100, vec![100]),
            (101, vec![100, 1]),
            (250, vec![100, 100, 50]),
        ] {
            let creates: Vec<usize> = (0..count).collect();
            let cut: Vec<&[usize]> = batches(&creates).collect();
            assert_eq!(cut.iter().map(|batch| batch.len()).collect::<Vec<_>>(), sizes);
            assert_eq!(cut.concat(), creates);
        }
    }
}
