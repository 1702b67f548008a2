//! `check --fix`: the roster again, in a file of its own, with what can be repaired without guessing.

use std::path::Path;

use super::{Failure, output};
use crate::{
    report::check::{FixedTo, problem_cell},
    roster::{Encoding, Fix, Fixed, Known, ParsedRoster, ReaderSettings, Roster},
    run::ExitStatus,
    store::WholeFile,
};

/// Endings of files that are no CSV, whatever is written into them.
const OTHER_FORMS: [&str; 9] = ["xlsx", "xls", "ods", "gz", "zst", "json", "html", "htm", "md"];

/// The file that is to be written, open by now.
pub(super) struct Fixing<'a> {
    path: &'a Path,
    file: WholeFile,
    /// The encoding that rosters are said to have.
    encoding: Option<Encoding>,
}

/// What is known of a roster's names, and how many of them nobody looked up.
type Understood = (Known, usize);

impl<'a> Fixing<'a> {
    pub(super) fn open(path: &'a Path, settings: &ReaderSettings) -> Result<Self, Failure> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if OTHER_FORMS.iter().any(|other| ending.eq_ignore_ascii_case(other)) {
            let message = format!("`--fix` writes CSV, and `{}` ends otherwise", path.display());
            return Err(Failure::usage(&message, "name a file that ends in `.csv`"));
        }
        Ok(Self { path, file: WholeFile::open(path)?, encoding: settings.encoding })
    }

    /// Writes the repaired roster; it, how many of its names nobody looked up, and what was done.
    pub(super) fn fix(
        self,
        parsed: ParsedRoster,
        know: impl FnOnce(&ParsedRoster) -> Result<Understood, Failure>,
    ) -> Result<(Roster, usize, Option<FixedTo>), Failure> {
        let Some(fix) = Fix::new(parsed) else {
            return Err(Failure::usage(
                "the configuration says what this list has in its column `problem`, which is where `--fix` marks rows",
                "give the column another header",
            ));
        };
        let unread = |error| Failure::new(ExitStatus::Unexpected, anyhow::Error::new(error));
        let (known, not_looked_up) = know(&fix.repaired().map_err(unread)?)?;
        let fixed = fix.settle(&known).map_err(unread)?;
        self.file.write(|out| fixed.write(problem_cell, out))?;
        if let Some(other) = self.encoding.filter(|named| *named != Encoding::Utf8) {
            let path = self.path.display();
            output::say(&format!(
                "note: `{path}` is UTF-8; `--encoding utf-8` reads it where {other} is configured\n"
            ));
        }
        let rows = fixed.repaired_rows();
        let Fixed { mut roster, repairs, .. } = fixed;
        roster.path = self.path.to_owned();
        let to = FixedTo { path: self.path.display().to_string(), rows, repairs };
        Ok((roster, not_looked_up, Some(to)))
    }
}
