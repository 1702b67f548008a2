//! Reading a journal back, whatever a kill left of its end.

use std::collections::BTreeMap;

use super::{
    Entry, JOURNAL_FORMAT, Request, RequestResult,
    line::{Sum, read_line, stated_sum},
};
use crate::{plan::Digest, run::RunId};

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalReadError {
    /// It cannot be read.
    #[error("cannot read the journal `{place}`")]
    Read {
        /// Where, as a person finds it.
        place: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It has no whole header.
    #[error("the journal has no header")]
    NoHeader,
    /// A later version of the tool wrote it.
    #[error("the journal has format {found}; this version reads up to {JOURNAL_FORMAT}")]
    Newer {
        /// Its format.
        found: u32,
    },
}

/// How many damaged lines a message names.
const NAMED: usize = 5;

/// A journal as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The run.
    pub run: RunId,
    /// The plan that it carried out.
    pub digest: Digest,
    /// The API.
    pub base_url: String,
    /// Everything behind the header.
    pub entries: Vec<Entry>,
    /// Whether the last line was torn, as a kill leaves it.
    pub torn: bool,
    /// Lines (from 1) that are no entry, or do not follow the line before: something was altered
    /// there, or lost before it. Their entries are not among `entries`.
    pub damaged: Vec<usize>,
}

impl Journal {
    /// Whether the run came to its end.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::End { .. }))
    }

    /// What is wrong with its lines, in words; none when nothing is.
    #[must_use]
    pub fn damage_words(&self) -> Option<String> {
        let lines: Vec<String> = self.damaged.iter().take(NAMED).map(usize::to_string).collect();
        let more = if self.damaged.len() > NAMED { ", …" } else { "" };
        let which = if lines.len() == 1 { "line" } else { "lines" };
        (!lines.is_empty()).then(|| {
            format!(
                "the journal is damaged at {which} {}{more}: altered there, or something before is lost",
                lines.join(", ")
            )
        })
    }

    /// Requests that have no known end: an intent without an answer, or with an unknown one
    /// that was never settled.
    #[must_use]
    pub fn in_doubt(&self) -> Vec<&Request> {
        let mut open = BTreeMap::new();
        for entry in &self.entries {
            match entry {
                Entry::Intent { seq, request } => {
                    open.insert(*seq, request);
                }
                Entry::Outcome { seq, result } => {
                    if open.get(seq).is_some_and(|request| is_answered(request, result)) {
                        open.remove(seq);
                    }
                }
                Entry::Settled { seq, unknown, .. } if unknown.is_empty() => {
                    open.remove(seq);
                }
                Entry::Rejected { .. }
                | Entry::Looked { .. }
                | Entry::Administrator { .. }
                | Entry::Header { .. }
                | Entry::Settled { .. }
                | Entry::End { .. } => {}
            }
        }
        open.into_values().collect()
    }
}

/// Whether an answer leaves nothing open: of a bulk create every row must be named or settled.
fn is_answered(request: &Request, result: &RequestResult) -> bool {
    let rows = match request {
        Request::Create { memberships } => memberships.len(),
        Request::Update { .. } | Request::Delete { .. } => 0,
    };
    match result {
        RequestResult::Unknown { .. } => false,
        RequestResult::NotDone { .. } | RequestResult::Gone { .. } => true,
        RequestResult::Refused { .. } => rows <= 1,
        RequestResult::Done { present, .. } => present.len() >= rows,
    }
}

/// Reads a journal; a torn last line is tolerated, and damaged lines are named and left out.
///
/// # Errors
/// See [`JournalReadError`].
pub fn parse_journal(bytes: &[u8]) -> Result<Journal, JournalReadError> {
    let ends_whole = bytes.last().is_none_or(|byte| *byte == b'\n');
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let mut lines = lines.filter(|(_, line)| !line.is_empty()).peekable();
    let (at, first) = lines.next().ok_or(JournalReadError::NoHeader)?;
    let Ok(Entry::Header { format, run, digest, base_url, .. }) = serde_json::from_slice(first)
    else {
        return Err(header_problem(first));
    };
    let mut journal =
        Journal { run, digest, base_url, entries: Vec::new(), torn: false, damaged: Vec::new() };
    if format > JOURNAL_FORMAT {
        return Err(JournalReadError::Newer { found: format });
    }
    let mut chain = Chain { sums: format >= SUMS_SINCE, before: Some(Sum::START) };
    if chain.entry(first).is_none() {
        journal.damaged.push(at + 1);
    }
    while let Some((at, line)) = lines.next() {
        match chain.entry(line) {
            Some(entry) => journal.entries.push(entry),
            None if lines.peek().is_none() && !ends_whole => journal.torn = true,
            None => journal.damaged.push(at + 1),
        }
    }
    Ok(journal)
}

/// The format from which on each line has a sum.
const SUMS_SINCE: u32 = 2;

/// The lines read so far, as the next one has to follow them.
struct Chain {
    sums: bool,
    /// The sum that the last line states; none where it states none.
    before: Option<Sum>,
}

impl Chain {
    /// The entry of the next line, where it is whole and follows.
    fn entry(&mut self, line: &[u8]) -> Option<Entry> {
        if !self.sums {
            return serde_json::from_slice(line).ok();
        }
        // One altered line must not make all behind it doubtful: they follow what it states.
        let stated = stated_sum(line).map(|(sum, _)| sum);
        let before = std::mem::replace(&mut self.before, stated);
        read_line(line, before?)
    }
}

/// A header of a later format may not even parse.
fn header_problem(line: &[u8]) -> JournalReadError {
    let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    let format = value.as_ref().and_then(|value| value["format"].as_u64());
    match format.and_then(|format| u32::try_from(format).ok()) {
        Some(found) if found > JOURNAL_FORMAT => JournalReadError::Newer { found },
        _ => JournalReadError::NoHeader,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::journal_text;

    const HEADER: &str = r#"{"entry":"header","format":1,"run":"20231114T221320Z-00000000","started_at":"2023-11-14T22:13:20Z","digest":"abcdefabcdef","tool":"0.1.0","base_url":"http://localhost"}"#;
    const INTENT: &str = r#"{"entry":"intent","seq":0,"request":{"request":"update","key":{"workspace":1,"user":2},"id":3,"drift":[{"field":"can_invite","before":false,"after":true}]}}"#;
    const UNKNOWN: &str =
        r#"{"entry":"outcome","seq":0,"result":{"result":"unknown","message":"cut"}}"#;
    const DONE: &str =
        r#"{"entry":"outcome","seq":0,"result":{"result":"done","present":[],"request_id":null}}"#;

    fn read(lines: &[&str], end: &str) -> Result<Journal, JournalReadError> {
        parse_journal(format!("{}{end}", lines.join("\n")).as_bytes())
    }

    #[test]
    fn an_intent_without_a_known_end_is_in_doubt() {
        for lines in [&[HEADER, INTENT][..], &[HEADER, INTENT, UNKNOWN]] {
            let journal = read(lines, "\n").expect("a journal");
            let words: Vec<String> = journal.in_doubt().iter().map(|one| one.words()).collect();
            assert_eq!(words, ["update of project 1 user 2"]);
        }
        assert!(read(&[HEADER, INTENT, DONE], "\n").expect("a journal").in_doubt().is_empty());
    }

    #[test]
    fn a_torn_last_line_is_tolerated_and_a_torn_middle_is_named() {
        let journal = read(&[HEADER, INTENT, &DONE[..30]], "").expect("a journal");
        assert!(journal.torn && journal.damaged.is_empty());
        assert_eq!(journal.in_doubt().len(), 1);
        let damaged = read(&[HEADER, &INTENT[..30], DONE], "\n").expect("a journal");
        assert_eq!((damaged.damaged, damaged.entries.len()), (vec![2], 1));
    }

    /// Five lines as this version writes them.
    fn written() -> Vec<String> {
        let entries: Vec<Entry> =
            [&HEADER.replace("\"format\":1", "\"format\":2"), INTENT, UNKNOWN, INTENT, DONE]
                .iter()
                .map(|line| serde_json::from_str(line).expect("an entry"))
                .collect();
        let text = journal_text(&entries).expect("plain");
        String::from_utf8(text).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    fn damage(change: impl FnOnce(&mut Vec<String>)) -> Vec<usize> {
        let mut lines = written();
        change(&mut lines);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        read(&lines, "\n").expect("a journal").damaged
    }

    #[test]
    fn a_line_that_was_altered_lost_doubled_or_moved_is_named() {
        assert!(damage(|_| ()).is_empty());
        assert_eq!(damage(|lines| lines[2] = lines[2].replace("cut", "cat")), [3]);
        assert_eq!(damage(|lines| drop(lines.remove(2))), [3]);
        assert_eq!(damage(|lines| lines.insert(2, lines[1].clone())), [3]);
        assert_eq!(damage(|lines| lines.swap(2, 3)), [3, 4, 5]);
        assert_eq!(damage(|lines| lines[1] = UNKNOWN.to_owned()), [2, 3]);
        assert_eq!(damage(|lines| lines[0] = lines[0].replace("localhost", "elsewhere")), [1]);
    }

    #[test]
    fn a_later_format_is_refused_by_number() {
        let newer = HEADER.replace("\"format\":1", "\"format\":9");
        assert!(matches!(read(&[&newer], "\n"), Err(JournalReadError::Newer { found: 9 })));
        assert!(matches!(read(&[], ""), Err(JournalReadError::NoHeader)));
        assert!(matches!(read(&[INTENT], "\n"), Err(JournalReadError::NoHeader)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse_journal(&bytes);
        }

        #[test]
        fn a_journal_cut_anywhere_after_its_header_reads(cut in 0..400_usize) {
            let text = [HEADER, INTENT, UNKNOWN, INTENT, DONE, ""].join("\n");
            let cut = (HEADER.len() + 1 + cut).min(text.len());
            prop_assert!(parse_journal(&text.as_bytes()[..cut]).is_ok());
        }
    }
}
