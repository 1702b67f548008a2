//! The runs that are kept, as a table: text, JSON and CSV.
//!
//! One line a run, made from its report, or from what a killed run left. Knows no file and no other
//! renderer.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Format, RunReport, UndoneRun,
    escape::{cell, visible},
    words,
};
use crate::{
    model::Outcome,
    run::{ExitStatus, RunId},
};

/// One run in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    /// The run.
    pub run: RunId,
    /// The command's name, where known.
    pub command: Option<&'static str>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// How long it took, where known.
    pub seconds: Option<u64>,
    /// How it ended, in words.
    pub ended: String,
    /// The process's exit code, where it came to one.
    pub exit: Option<u8>,
    /// Actions of a plan that was not carried out.
    pub planned: usize,
    /// Actions that were applied.
    pub applied: usize,
    /// Actions that ended otherwise, what is held included.
    pub other: usize,
    /// Of these, those that have no known end.
    pub in_doubt: usize,
}

fn ended(report: &RunReport) -> String {
    let ended = words::ending(report);
    match &report.undoes {
        Some(UndoneRun { run, .. }) => format!("undid {run}; {ended}"),
        None => ended,
    }
}

impl RunLine {
    /// A run of which only its name is known.
    #[must_use]
    pub fn bare(run: RunId, ended: String) -> Self {
        let started_at = run.started_at();
        Self {
            run,
            command: None,
            started_at,
            seconds: None,
            ended,
            exit: None,
            planned: 0,
            applied: 0,
            other: 0,
            in_doubt: 0,
        }
    }

    /// The line of a report.
    #[must_use]
    pub fn of(report: &RunReport) -> Self {
        let outcomes = report.outcomes();
        let of = |outcome| outcomes.get(&outcome).copied().unwrap_or(0);
        let passed = report.finished_at.duration_since(report.started_at);
        let with_fate: usize = outcomes.values().sum();
        Self {
            command: Some(words::command(report.command)),
            started_at: Some(report.started_at),
            seconds: Some(u64::try_from(passed.as_secs()).unwrap_or(0)),
            exit: report.exit.map(ExitStatus::code),
            planned: report.entries.len() - with_fate,
            applied: of(Outcome::Applied),
            other: with_fate - of(Outcome::Applied),
            in_doubt: of(Outcome::InDoubt),
            ..Self::bare(report.run.clone(), ended(report))
        }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let Self { run, command, started_at, seconds, ended, exit, .. } = self;
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        [
            run.to_string(),
            command.unwrap_or_default().to_owned(),
            started_at.map(second).unwrap_or_default(),
            number(*seconds).unwrap_or_default(),
            number(exit.map(u64::from)).unwrap_or_default(),
            self.planned.to_string(),
            self.applied.to_string(),
            self.other.to_string(),
            self.in_doubt.to_string(),
            ended.clone(),
        ]
    }
}

/// The columns of the table; `ended` is last because it has no width.
pub const COLUMNS: [&str; 10] = [
    "run", "command", "started", "seconds", "exit", "planned", "applied", "other", "in doubt",
    "ended",
];
const SECONDS: usize = 3;

fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The forms that the table has.
pub const FORMS: [Format; 3] = [Format::Text, Format::Json, Format::Csv];

/// Writes the table; forms other than [`FORMS`] as text.
///
/// # Errors
/// What the writer returns.
pub fn render(lines: &[RunLine], format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => {
            let text = serde_json::to_string_pretty(lines)?;
            writeln!(out, "{}", super::escape::json(&text))
        }
        Format::Csv => {
            let mut table = ::csv::Writer::from_writer(out);
            table.write_record(COLUMNS.map(|name| name.replace(' ', "_")))?;
            for line in lines {
                table.write_record(line.cells().iter().map(|text| cell(text).into_owned()))?;
            }
            table.flush()
        }
        _ => text(lines, out),
    }
}

fn text(lines: &[RunLine], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows[0][SECONDS] = "took".to_owned();
    rows.extend(lines.iter().map(|line| {
        let mut cells = line.cells();
        cells[SECONDS] = line
            .seconds
            .map_or_else(String::new, |seconds| words::duration(Duration::from_secs(seconds)));
        cells
    }));
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS.len() - 1).map(width).collect();
    for row in &rows {
        for (text, width) in row.iter().zip(&widths) {
            write!(out, "{:width$}  ", visible(text))?;
        }
        writeln!(out, "{}", visible(&row[COLUMNS.len() - 1]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn rendered(format: Format) -> String {
        let run: RunId = "20231114T221320Z-00000000".parse().expect("a run");
        let lines = [RunLine::of(&sample::everything()), RunLine::bare(run, "killed".to_owned())];
        let mut out = Vec::new();
        render(&lines, format, &mut out).expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_run_is_a_line_in_every_form() {
        insta::assert_snapshot!(rendered(Format::Text));
        insta::assert_snapshot!("the_runs_as_csv", rendered(Format::Csv));
        let value: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).expect("JSON");
        assert_eq!(value[1]["ended"], "killed");
    }
}
