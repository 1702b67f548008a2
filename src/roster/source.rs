//! The text of a roster and a walk over its records with true line numbers.
//!
//! Owns the BOM, the partial marker and the counting of lines: a record's own position
//! in the csv crate lies before the blank lines that it skips. Knows no column and no value.

use std::sync::Arc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use memchr::memchr_iter;

use super::Delimiter;

/// The first line that makes a roster partial: it never deletes.
pub const PARTIAL_MARKER: &str = "# kantata-sync: partial roster";

/// The first line that makes a roster a patch: it deletes those whose end it states, and nobody else.
pub const PATCH_MARKER: &str = "# kantata-sync: patch roster";

/// How every line begins that this tool writes above a header.
pub(super) const OWN_LINE: &str = "# kantata-sync: ";

const BOM: &str = "\u{feff}";

/// The files that a text was put together from.
#[derive(Debug)]
struct Files {
    lines: Vec<u64>,
    names: Vec<String>,
}

/// A decoded roster file.
#[derive(Debug)]
pub(super) struct Source {
    text: String,
    /// From a sheet: a record is a row, whatever line breaks its cells have.
    is_sheet: bool,
    /// Of several files: their names, and of each record the line.
    files: Option<Arc<Files>>,
    /// Where the header's line begins: after the BOM, the marker and the separator.
    start: usize,
    lines_before: u64,
    pub delimiter: Delimiter,
    /// Marked as not the whole truth, in one way or the other.
    pub partial: bool,
    /// Marked as a patch.
    pub patch: bool,
    /// The first lines are to say what separates cells, and say nothing that could.
    pub bad_separator: Option<u64>,
}

impl Source {
    /// A text from a sheet, in the form that a sheet is given.
    pub fn of_sheet(text: String) -> Self {
        Self::read(text, Delimiter::Comma, true)
    }

    pub fn new(text: String, delimiter: Delimiter) -> Self {
        Self::read(text, delimiter, false)
    }

    /// Records of several files, the header first.
    pub fn of_files(text: String, lines: Vec<u64>, names: Vec<String>) -> Self {
        let files = Some(Arc::new(Files { lines, names }));
        Self { files, ..Self::read(text, Delimiter::Comma, false) }
    }

    /// The names of the files that it was put together from; none where it is one.
    pub fn files(&self) -> &[String] {
        self.files.as_ref().map_or(&[], |files| &files.names)
    }

    fn read(text: String, delimiter: Delimiter, is_sheet: bool) -> Self {
        let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let (partial, patch, bad_separator) = (false, false, None);
        let mut source = Self {
            text,
            is_sheet,
            files: None,
            start,
            lines_before: 0,
            delimiter,
            partial,
            patch,
            bad_separator,
        };
        source.pass_preamble();
        source
    }

    /// Passes the lines that may stand above the header, each once, in any order.
    fn pass_preamble(&mut self) {
        let mut is_separated = false;
        while let Some(line) = self.body_text().split_inclusive('\n').next() {
            let length = line.len();
            let patch = is_marker(line, PATCH_MARKER);
            if !self.partial && (patch || is_marker(line, PARTIAL_MARKER)) {
                (self.partial, self.patch) = (true, patch);
            } else if let (false, Some(separator)) = (is_separated, separator(line)) {
                is_separated = true;
                match separator {
                    Some(delimiter) => self.delimiter = delimiter,
                    None => self.bad_separator = Some(self.lines_before + 1),
                }
            } else {
                return;
            }
            self.start += length;
            self.lines_before += 1;
        }
    }

    fn body_text(&self) -> &str {
        &self.text[self.start..]
    }

    /// The CSV itself: header and rows.
    pub fn body(&self) -> &[u8] {
        &self.text.as_bytes()[self.start..]
    }

    /// What stands above the body, as the file has it.
    pub fn preamble(&self) -> &str {
        &self.text[..self.start]
    }

    /// The same with another body of as many lines above it.
    pub fn with_body(&self, body: &[u8]) -> Self {
        let text = self.preamble().to_owned() + &String::from_utf8_lossy(body);
        Self { text, files: self.files.clone(), ..*self }
    }

    /// Whether it is a sheet, whose lines are its rows.
    pub const fn is_sheet(&self) -> bool {
        self.is_sheet
    }

    /// How many lines come before the body.
    pub const fn lines_before(&self) -> u64 {
        self.lines_before
    }

    pub fn walk(&self) -> Walk<'_> {
        let body = self.body();
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter.byte())
            .buffer_capacity(1 << 16)
            .from_reader(body);
        let record = ByteRecord::new();
        Walk {
            body,
            reader,
            record,
            is_sheet: self.is_sheet,
            lines: self.files.as_ref().map(|files| files.lines.as_slice()),
            lines_before: self.lines_before,
            blank_lines: 0,
            passed_over: 0,
        }
    }
}

/// Whether this tool wrote the file, or the part of one, that these are the bytes of.
pub(super) fn is_marked(bytes: &[u8]) -> bool {
    [PARTIAL_MARKER, PATCH_MARKER].into_iter().any(|marker| bytes.starts_with(marker.as_bytes()))
}

/// Spreadsheets fill the marker's line up with delimiters; which ones, only they know.
fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(is_filling)
}

fn is_filling(rest: &str) -> bool {
    rest.trim_matches([',', ';', '\t', '|', ' ', '\r', '\n']).is_empty()
}

/// What `sep=;` says, the line that spreadsheets read before any other; none within for what
/// separates nothing.
fn separator(line: &str) -> Option<Option<Delimiter>> {
    let line = line.trim_end_matches(['\r', '\n']);
    let bare = line.strip_prefix('"').and_then(|line| line.split_once('"'));
    let (said, filling) = bare.unwrap_or((line, ""));
    let said =
        said.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &said[4..])?;
    let delimiter = said.bytes().next().and_then(Delimiter::of_byte);
    Some(delimiter.filter(|_| is_filling(&said[1..]) && is_filling(filling)))
}

pub(super) fn count_lines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// The records one after the other, in one reused buffer. The header is the first.
pub(super) struct Walk<'a> {
    body: &'a [u8],
    reader: Reader<&'a [u8]>,
    pub record: ByteRecord,
    is_sheet: bool,
    /// Of each record, where they are of several files.
    lines: Option<&'a [u64]>,
    lines_before: u64,
    /// Lines without any cell that is not empty, so far.
    pub blank_lines: usize,
    /// Records that were not wanted, so far.
    pub passed_over: usize,
}

impl Walk<'_> {
    /// Reads the next record whose cells are not all empty; its line, or `None` at the end.
    pub fn advance(&mut self) -> Option<u64> {
        loop {
            let line = self.skip_empty_lines();
            let more = self.reader.read_byte_record(&mut self.record);
            if !more.expect("reading memory into a flexible record cannot fail") {
                return None;
            }
            if !self.record.as_slice().iter().all(u8::is_ascii_whitespace) {
                return Some(line);
            }
            self.blank_lines += 1;
        }
    }

    /// As [`Walk::advance`], but for records that are not wanted, which are counted.
    pub fn advance_where(&mut self, is_wanted: impl Fn(&ByteRecord) -> bool) -> Option<u64> {
        loop {
            let line = self.advance()?;
            if is_wanted(&self.record) {
                return Some(line);
            }
            self.passed_over += 1;
        }
    }

    /// Counts the line ends that the csv crate is about to skip; the line where the record begins.
    fn skip_empty_lines(&mut self) -> u64 {
        let position = self.reader.position();
        if let Some(lines) = self.lines {
            let at = usize::try_from(position.record()).ok();
            return at.and_then(|at| lines.get(at)).copied().unwrap_or_default();
        }
        if self.is_sheet {
            // Not even a blank row is skipped.
            return self.lines_before + position.record() + 1;
        }
        let start = usize::try_from(position.byte()).unwrap_or(self.body.len());
        let rest = &self.body[start.min(self.body.len())..];
        if !matches!(rest.first(), Some(b'\r' | b'\n')) {
            return self.lines_before + position.line();
        }
        let skipped = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let line_ends = skipped.filter(|byte| **byte == b'\n').count();
        // The csv crate ends a record at `\r` and leaves the `\n` of that line to the next one.
        let own = start > 0 && self.body[start - 1] == b'\r' && rest[0] == b'\n';
        self.blank_lines += line_ends - usize::from(own);
        self.lines_before + position.line() + line_ends as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new(text.to_owned(), Delimiter::Comma)
    }

    fn lines(text: &str) -> (Vec<u64>, usize) {
        let source = source(text);
        let mut walk = source.walk();
        let mut lines = Vec::new();
        while let Some(line) = walk.advance() {
            lines.push(line);
        }
        (lines, walk.blank_lines)
    }

    #[test]
    fn lines_are_those_that_an_editor_shows() {
        assert_eq!(lines("a,b\n1,2\n3,4"), (vec![1, 2, 3], 0));
        assert_eq!(lines("a,b\r\n1,2\r\n3,4\r\n"), (vec![1, 2, 3], 0));
        assert_eq!(lines("\n\na,b\n\n1,2\n\n"), (vec![3, 5], 4));
        assert_eq!(lines("\r\na,b\r\n\r\n1,2\r\n\r\n\r\n"), (vec![2, 4], 4));
        assert_eq!(lines("a,b\n,\n , \n1,2\n"), (vec![1, 4], 2));
        assert_eq!(lines("a,\"b\n\nc\"\n1,2\r\n\"x\r\ny\",3\n4,5"), (vec![1, 4, 5, 7], 0));
    }

    #[test]
    fn a_partial_marker_counts_as_a_line() {
        for marked in [
            "# kantata-sync: partial roster\na,b\n1,2\n",
            "\u{feff}# kantata-sync: partial roster,,\r\na,b\r\n1,2\r\n",
            "# kantata-sync: partial roster;;\na,b\n1,2\n",
        ] {
            let found = source(marked);
            assert!(found.partial && !found.patch, "{marked:?}");
            assert_eq!(lines(marked).0, [2, 3], "{marked:?}");
            let patch = marked.replace("partial", "patch");
            let found = source(&patch);
            assert!(found.partial && found.patch, "{patch:?}");
            assert_eq!(lines(&patch).0, [2, 3], "{patch:?}");
        }
        for other in ["a,b\n# kantata-sync: partial roster\n", "# kantata-sync: partial rosters\n"]
        {
            assert!(!source(other).partial, "{other:?}");
        }
    }
}
