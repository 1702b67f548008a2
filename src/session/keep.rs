//! What every run keeps: its report and its tables; files that would be empty are not made.

use super::{Audience, Session};
use crate::{
    report::{OriginalRow, RowStatus, RunReport, csv, json},
    roster::{RecordStatus, Roster, RosterHeader},
    store::{Medium, OwnRun, RunFile, StoreError},
};

/// The names of the roster's columns.
#[must_use]
pub fn original_header(roster: Option<&Roster>) -> &[String] {
    roster.map_or(&[], Roster::header)
}

/// The roster's rows as the tables need them.
pub fn original_rows(roster: Option<&Roster>) -> impl Iterator<Item = OriginalRow> + '_ {
    let records =
        roster.into_iter().flat_map(|roster| roster.records().map(move |record| (roster, record)));
    records.map(|(roster, record)| {
        let status = match (record.status, record.key) {
            (RecordStatus::RepeatOf(line), _) => RowStatus::DuplicateOf(line),
            (RecordStatus::OtherPeriod(line), _) => RowStatus::OtherPeriod(line),
            (RecordStatus::NotNow(why), Some(key)) => RowStatus::NotNow(key, why),
            (RecordStatus::Valid, Some(key)) => RowStatus::Valid(key),
            _ => RowStatus::Invalid(invalid_words(roster, record.line)),
        };
        let cells = record.cells.iter().map(str::to_owned).collect();
        OriginalRow { line: record.line, cells, status }
    })
}

fn invalid_words(roster: &Roster, line: u64) -> String {
    let start = roster.problems.partition_point(|problem| problem.line < line);
    let of_line = roster.problems[start..].iter().take_while(|problem| problem.line == line);
    let words: Vec<String> = of_line.map(ToString::to_string).collect();
    words.join("; ")
}

impl<M: Medium, A: Audience> Session<'_, M, A> {
    /// Keeps the report, and the tables of it.
    pub(super) fn keep(&self, report: &RunReport) -> Result<Vec<RunFile>, StoreError> {
        let run = self.room()?;
        let rows = self.rows();
        keep(run, report, rows.as_deref(), self.settings.roster.delimiter.byte())
    }
}

fn keep<M: Medium>(
    run: &OwnRun<M>,
    report: &RunReport,
    roster: Option<&Roster>,
    delimiter: u8,
) -> Result<Vec<RunFile>, StoreError> {
    let mut kept = vec![RunFile::Report];
    run.write(RunFile::Report, |out| json::render(report, out))?;
    if roster.is_some() || !report.entries.is_empty() {
        kept.push(RunFile::Results);
        run.write(RunFile::Results, |out| {
            csv::results(report, original_header(roster), original_rows(roster), out)
        })?;
    }
    let header = RosterHeader {
        names: original_header(roster),
        delimiter,
        patch: roster.is_some_and(|roster| roster.desired.is_patch()),
    };
    let mut rejected = Vec::new();
    let rows = csv::rejected(report, &header, original_rows(roster), &mut rejected)
        .map_err(StoreError::of("render", run.place()))?;
    if rows > 0 {
        kept.push(RunFile::Rejected);
        run.write(RunFile::Rejected, |out| out.write_all(&rejected))?;
    }
    let mut withheld = Vec::new();
    let rows = csv::withheld(report, report.finished_at, &mut withheld)
        .map_err(StoreError::of("render", run.place()))?;
    if rows > 0 {
        kept.push(RunFile::Withheld);
        run.write(RunFile::Withheld, |out| out.write_all(&withheld))?;
    }
    Ok(kept)
}
