//! What a run found and did, as one value, and one renderer for each form of it.
//!
//! Pure: a renderer gets a value and a writer; it opens no files and knows no other renderer.
//! Wording that several share is in `words`, the escaping of outside text in `escape`.
//! `report.json` is the value itself, in a versioned schema.

pub mod called;
pub mod check;
pub mod csv;
mod difference;
mod entry;
mod escape;
mod facts;
pub mod findings;
pub mod handover;
pub mod html;
pub mod json;
mod loss;
pub mod markdown;
mod part;
mod planned;
mod reason;
pub mod roster;
pub mod runs;
#[cfg(test)]
mod sample;
pub mod text;
mod trouble;
mod upcoming;
mod value;
mod warning;
mod words;
pub mod work;

use std::{fmt, io, io::Write, iter, path::Path, str::FromStr};

pub use difference::{Difference, differences};
pub use entry::{EntryReason, ReportEntry};
pub use escape::{json as json_visible, visible};
pub use part::words as part_words;
pub use reason::unreadable as unreadable_words;
pub use trouble::trouble;
pub use value::{
    LeftInDoubt, OriginalRow, PaceReport, REPORT_FORMAT, ReportedCommand, ReportedProblem,
    RowStatus, RunReport, UndoneRun,
};
pub use warning::RunWarning;

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// For terminals and logs.
    Text,
    /// The value itself.
    Json,
    /// The table of results.
    Csv,
    /// For wikis and chat.
    Markdown,
    /// One self-contained page.
    Html,
    /// A workbook of a spreadsheet: rosters alone.
    Xlsx,
}

/// A word or file ending that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no format (`text`, `json`, `csv`, `markdown` or `html`; `xlsx` for rosters)")]
pub struct FormatError {
    /// What was found.
    pub text: String,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Json, Self::Csv, Self::Markdown, Self::Html, Self::Xlsx];

    /// The word of `--format`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Xlsx => "xlsx",
        }
    }

    /// The format that a file's ending names: `txt`, `log`, `json`, `csv`, `md`, `html`, or a
    /// word of `--format`; case does not matter.
    ///
    /// # Errors
    /// No ending, or one that names no format.
    pub fn of_path(path: &Path) -> Result<Self, FormatError> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("txt" | "log") => Ok(Self::Text),
            Some("md") => Ok(Self::Markdown),
            Some("htm") => Ok(Self::Html),
            Some(ending) => ending.parse(),
            None => Err(FormatError { text: path.display().to_string() }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let found = Self::ALL.into_iter().find(|format| format.word() == text);
        found.ok_or_else(|| FormatError { text: text.to_owned() })
    }
}

/// Renders a report in any format; `style` is for text only. As CSV it has the actions alone:
/// who has the roster's lines calls [`csv::results`] with them.
///
/// # Errors
/// What the writer returns.
pub fn render(
    report: &RunReport,
    format: Format,
    style: text::Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, style, out),
        Format::Json => json::render(report, out),
        Format::Csv => csv::results(report, &[], iter::empty::<OriginalRow>(), out),
        Format::Markdown => markdown::render(report, out),
        Format::Html => html::render(report, out),
        Format::Xlsx => Err(no_workbook()),
    }
}

/// Nothing but a roster is a workbook.
fn no_workbook() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "this has no form `xlsx`, which rosters alone have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_endings_name_formats() {
        for format in Format::ALL {
            assert_eq!(format.word().parse(), Ok(format));
        }
        for (path, format) in [
            ("report.txt", Format::Text),
            ("a.b/report.MD", Format::Markdown),
            ("report.html", Format::Html),
            ("report.json", Format::Json),
            ("results.csv", Format::Csv),
        ] {
            assert_eq!(Format::of_path(Path::new(path)), Ok(format), "{path}");
        }
        for path in ["report", "report.pdf", ".html"] {
            assert!(Format::of_path(Path::new(path)).is_err(), "{path}");
        }
    }
}
