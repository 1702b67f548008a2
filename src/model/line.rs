//! The lines of several files as one order of numbers: those of the first are as they are, those of each
//! later one begin a thousand million further on. No file is as long.
//!
//! Knows no file.

use std::fmt;

const OF_A_FILE: u64 = 1_000_000_000;

/// The number of a line of one of several files, counted from 0.
#[must_use]
pub const fn line_of_file(file: usize, line: u64) -> u64 {
    file as u64 * OF_A_FILE + line
}

/// Which file a line is of, counted from 0, and which of its lines it is.
#[must_use]
pub const fn file_and_line(line: u64) -> (usize, u64) {
    ((line / OF_A_FILE) as usize, line % OF_A_FILE)
}

/// `7`, or `7 of roster 2`: rosters are in the order in which they were named.
#[must_use]
pub fn line_words(line: u64) -> impl fmt::Display {
    fmt::from_fn(move |f| match file_and_line(line) {
        (0, line) => write!(f, "{line}"),
        (file, line) => write!(f, "{line} of roster {}", file + 1),
    })
}
