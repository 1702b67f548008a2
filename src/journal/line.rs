//! One line of a journal: an entry as a JSON object whose last member is its checksum.
//!
//! A line's sum covers its own text and the sum of the line before, so that a line that was lost,
//! altered, doubled or moved is seen, and where. The first line follows nothing. Journals of
//! format 1 have no sums. Pure: bytes in, values out.

use sha2::{Digest as _, Sha256};

use super::Entry;

/// The sum of a line, as the line states it: 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum([u8; Sum::DIGITS]);

/// What stands between an entry's last member and the digits of its sum.
const BEFORE_SUM: &[u8] = br#","sum":""#;
/// What stands behind them.
const AFTER_SUM: &[u8] = br#""}"#;

impl Sum {
    const DIGITS: usize = 16;
    /// What the first line follows.
    pub(super) const START: Self = Self([b'0'; Self::DIGITS]);

    /// The sum of an entry's text (without its closing brace) behind a line with this sum.
    fn follow(self, text: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(self.0).chain_update(text).finalize();
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 0xf)];
        let mut digits = [0; Self::DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(hash) {
            pair[0] = digit(byte >> 4);
            pair[1] = digit(byte);
        }
        Self(digits)
    }
}

/// The line of an entry behind a line with this sum, its end of line included; and its own sum.
pub(super) fn write_line(entry: &Entry, before: Sum) -> Result<(Vec<u8>, Sum), serde_json::Error> {
    let mut line = serde_json::to_vec(entry)?;
    line.pop(); // the closing brace: an entry is an object with at least one member
    let sum = before.follow(&line);
    line.extend_from_slice(BEFORE_SUM);
    line.extend_from_slice(&sum.0);
    line.extend_from_slice(AFTER_SUM);
    line.push(b'\n');
    Ok((line, sum))
}

/// The sum that a line states, and the text that it covers; none where the line has no sum.
pub(super) fn stated_sum(line: &[u8]) -> Option<(Sum, &[u8])> {
    let rest = line.strip_suffix(AFTER_SUM)?;
    let (rest, digits) = rest.split_last_chunk::<{ Sum::DIGITS }>()?;
    Some((Sum(*digits), rest.strip_suffix(BEFORE_SUM)?))
}

/// The entry of a line, if it is whole and follows a line with this sum.
pub(super) fn read_line(line: &[u8], before: Sum) -> Option<Entry> {
    let (sum, text) = stated_sum(line)?;
    if before.follow(text) != sum {
        return None;
    }
    serde_json::from_slice(line).ok()
}

/// The text of a journal of these entries, the header first.
///
/// # Errors
/// When an entry is no JSON, which none of this tool's is.
pub fn journal_text<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<Vec<u8>, serde_json::Error> {
    let (mut text, mut before) = (Vec::new(), Sum::START);
    for entry in entries {
        let (line, sum) = write_line(entry, before)?;
        text.extend(line);
        before = sum;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Ended;

    fn entry() -> Entry {
        Entry::End { result: Ended::Complete }
    }

    #[test]
    fn a_line_is_one_json_object_and_reads_back_behind_its_own_predecessor_only() {
        let (first, sum) = write_line(&entry(), Sum::START).expect("plain");
        let (second, _) = write_line(&entry(), sum).expect("plain");
        let (first, second) = (first.trim_ascii_end(), second.trim_ascii_end());
        let value: serde_json::Value = serde_json::from_slice(first).expect("JSON");
        assert_eq!(value["entry"], "end");
        assert_eq!(read_line(first, Sum::START), Some(entry()));
        assert_eq!(read_line(second, sum), Some(entry()));
        assert_eq!(read_line(second, Sum::START), None);
        assert_ne!(first, second);
    }

    #[test]
    fn any_altered_byte_is_seen() {
        let (line, _) = write_line(&entry(), Sum::START).expect("plain");
        let line = line.trim_ascii_end();
        for at in 0..line.len() {
            let mut altered = line.to_vec();
            altered[at] ^= 1;
            assert_eq!(read_line(&altered, Sum::START), None, "byte {at}");
            assert_eq!(read_line(&line[..at], Sum::START), None, "cut at {at}");
        }
    }
}
