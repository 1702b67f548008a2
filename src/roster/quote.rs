//! Finds quotes that damage a file: never closed, or closed and followed by text.
//!
//! The csv crate takes both without a word and glues cells or whole rows together, so that rows
//! vanish. Owns only the quoting rules of RFC 4180; spaces after a closing quote are let pass, as
//! those around any cell are. A quote inside an unquoted cell is a character like any other.

use memchr::{memchr, memchr_iter, memrchr2};

use super::source::count_lines;

/// After so many the file is beyond a list: one lost quote turns all later ones inside out.
const MOST: usize = 100;

/// One damaged cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QuoteDamage {
    /// The line of the quote (0-based, within the text that was scanned).
    pub line: u64,
    /// The line of the quote that opened the cell.
    pub opened: u64,
    /// Which cell of its record, from 0.
    pub cell: usize,
    /// Never closed; otherwise there is text after the closing quote.
    pub unclosed: bool,
}

/// All damage, in the order of the file, at most 100.
pub(super) fn scan(text: &[u8], delimiter: u8) -> Vec<QuoteDamage> {
    let mut scanner = Scanner { text, delimiter, at: 0, line: 0, cell: 0 };
    let mut found = Vec::new();
    while found.len() < MOST && scanner.next_quoted_cell() {
        found.extend(scanner.quoted_cell());
    }
    found
}

/// Everything before `at` is read; `line` and `cell` belong to it.
struct Scanner<'a> {
    text: &'a [u8],
    delimiter: u8,
    at: usize,
    line: u64,
    cell: usize,
}

impl Scanner<'_> {
    /// Goes on behind the next quote that opens a cell; false at the end of the text.
    fn next_quoted_cell(&mut self) -> bool {
        while let Some(ahead) = memchr(b'"', &self.text[self.at..]) {
            let quote = self.at + ahead;
            self.pass_unquoted(quote);
            self.at = quote + 1;
            let before = quote.checked_sub(1).map(|before| self.text[before]);
            if before.is_none_or(|byte| byte == self.delimiter || matches!(byte, b'\n' | b'\r')) {
                return true;
            }
        }
        false
    }

    fn pass_unquoted(&mut self, to: usize) {
        let passed = &self.text[self.at..to];
        self.line += count_lines(passed);
        let record = match memrchr2(b'\n', b'\r', passed) {
            Some(end_of_line) => {
                self.cell = 0;
                &passed[end_of_line + 1..]
            }
            None => passed,
        };
        self.cell += memchr_iter(self.delimiter, record).count();
    }

    /// Reads a cell whose opening quote was just passed, up to what follows its closing quote.
    fn quoted_cell(&mut self) -> Option<QuoteDamage> {
        let opened = self.line;
        let Some(closing) = self.closing_quote() else {
            self.at = self.text.len();
            return Some(QuoteDamage { line: opened, opened, cell: self.cell, unclosed: true });
        };
        self.line += count_lines(&self.text[self.at..closing]);
        self.at = closing + 1;
        let after = self.text[self.at..].iter().find(|byte| **byte != b' ');
        let ends =
            after.is_none_or(|byte| *byte == self.delimiter || matches!(byte, b'\n' | b'\r'));
        (!ends).then_some(QuoteDamage { line: self.line, opened, cell: self.cell, unclosed: false })
    }

    fn closing_quote(&self) -> Option<usize> {
        let mut from = self.at;
        loop {
            let quote = from + memchr(b'"', &self.text[from..])?;
            if self.text.get(quote + 1) != Some(&b'"') {
                return Some(quote);
            }
            from = quote + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damage(text: &str) -> Vec<(u64, usize, bool)> {
        let found = scan(text.as_bytes(), b',');
        found.iter().map(|damage| (damage.line + 1, damage.cell, damage.unclosed)).collect()
    }

    #[test]
    fn sound_quotes_are_no_damage() {
        for text in [
            "",
            "a,b\n1,2\n",
            "\"a\",\"b\"\n\"1\",\"2\"",
            "a,\"x\"\"y\",\"\"\r\n\"\"\"\",2\r\n",
            "a,\"two\nlines, and \"\"more\"\"\"\n",
            "a,in\"side\n1, \"2\n",
            "\"a\" ,b\n",
        ] {
            assert_eq!(damage(text), [], "{text:?}");
        }
    }

    #[test]
    fn an_unclosed_quote_is_found_where_it_was_opened() {
        assert_eq!(damage("a,b\n1,\"2\n3,4\n"), [(2, 1, true)]);
        assert_eq!(damage("a,b\n1,\"2\"\"\n"), [(2, 1, true)]);
        assert_eq!(damage("\""), [(1, 0, true)]);
    }

    #[test]
    fn text_after_a_closing_quote_is_found_each_time() {
        assert_eq!(damage("\"a\"b,c\n1,\"2\"x\n"), [(1, 0, false), (2, 1, false)]);
        assert_eq!(damage("a,\"b\nc\" \"d\",e\n"), [(2, 1, false)]);
    }

    #[test]
    fn cells_are_counted_past_quoted_delimiters_and_lines() {
        assert_eq!(damage("1,\"a,b\n,c\",3,\"4\"x\n"), [(2, 3, false)]);
        assert_eq!(damage("1,2\r\n1,\"a\",\"b\"x"), [(2, 2, false)]);
    }
}
