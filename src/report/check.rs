//! What a check of a roster found: text with the first of each kind, JSON and CSV with all.
//!
//! Made from the roster alone, or from what made it unreadable. Knows no file and no other renderer.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use serde_json::json;

use super::{
    Format,
    escape::{cell, json as escaped, visible},
};
use crate::roster::{Roster, RosterError, RosterWarning, RowProblem};

/// The forms of a check.
pub const FORMS: [Format; 3] = [Format::Text, Format::Json, Format::Csv];
/// So many problems of a kind stand in the text.
const OF_A_KIND: usize = 20;
/// So many problems stand in the text, of all kinds.
const OF_ALL: usize = 80;
/// So many repeated rows stand in the text.
const WARNINGS: usize = 5;

/// A roster that was checked.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The roster.
    pub roster: &'a Roster,
    /// How many names of people and projects it has that nobody looked up.
    pub not_looked_up: usize,
    /// Projects that the last applied roster had more than twice as many memberships of.
    pub shrunk: Vec<Shrunk>,
}

/// A project that lost more than half of its rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shrunk {
    /// Its id.
    pub workspace: crate::model::WorkspaceId,
    /// Its title.
    pub title: String,
    /// Memberships in the last applied roster.
    pub before: usize,
    /// Memberships in this one.
    pub now: usize,
}

/// Writes what was found.
///
/// # Errors
/// What the writer returns; a format that a check does not have.
pub fn render(checked: &Checked<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => write_json(&value(checked), out),
        Format::Csv => table(checked.roster, out),
        Format::Text | Format::Markdown | Format::Html => text(checked, out),
    }
}

/// Writes why a file is no roster, where that is asked for as JSON; as text the error says it.
///
/// # Errors
/// What the writer returns.
pub fn render_damage(
    path: &Path,
    error: &RosterError,
    format: Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    if format != Format::Json {
        return Ok(());
    }
    let damage = match error {
        RosterError::Damaged { problems, .. } => json!(problems),
        RosterError::Decode { problem, .. } => json!([problem]),
        RosterError::Packed { problem, .. } => json!([problem]),
        _ => json!([]),
    };
    let value = json!({
        "roster": path.display().to_string(),
        "error": error.to_string(),
        "damage": damage,
        "messages": error.messages(),
    });
    write_json(&value, out)
}

fn write_json(value: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", escaped(&format!("{value:#}")))
}

fn value(checked: &Checked<'_>) -> serde_json::Value {
    let Checked { roster, not_looked_up, shrunk } = checked;
    let problem = |problem: &RowProblem| {
        let mut value = json!(problem);
        if *not_looked_up > 0 {
            // Ids stand for spellings here: they are nobody's.
            value.as_object_mut().map(|value| value.remove("freezes"));
        }
        value["code"] = json!(problem.expected.code());
        value["message"] = json!(problem.message().to_string());
        if let Some(repair) = problem.expected.repair() {
            value["repair"] = json!(repair);
        }
        value
    };
    let mut value = json!({
        "roster": roster.path.display().to_string(),
        "rows": roster.rows,
        "blank_lines": roster.blank_lines,
        "invalid_rows": roster.invalid_rows(),
        "partial": roster.desired.is_partial(),
        "dates": roster.desired.dates,
        "problems": roster.problems.iter().map(problem).collect::<Vec<_>>(),
        "counts": counts(roster),
        "warnings": roster.warnings,
        "notes": roster.notes,
        "shrunk": shrunk,
        "names_not_looked_up": not_looked_up,
    });
    if *not_looked_up == 0 {
        value["projects"] = json!(roster.desired.workspaces.len());
    } else {
        let lines = |warning: &RosterWarning| {
            let RosterWarning::Repeated { line, first, key: _ } = warning;
            json!({ "repeated": { "line": line, "first": first } })
        };
        value["warnings"] = roster.warnings.iter().map(lines).collect();
    }
    value
}

/// How many problems there are of each kind.
fn counts(roster: &Roster) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for problem in &roster.problems {
        *counts.entry(problem.expected.code()).or_default() += 1;
    }
    counts
}

fn table(roster: &Roster, out: &mut dyn Write) -> io::Result<()> {
    let mut table = ::csv::Writer::from_writer(out);
    table.write_record(["file", "line", "column", "value", "code", "message", "repair"])?;
    let path = roster.path.display().to_string();
    for problem in &roster.problems {
        let RowProblem { line, column, value, expected, .. } = problem;
        table.write_record([
            &*cell(&path),
            &line.to_string(),
            &*cell(column.as_deref().unwrap_or_default()),
            &*cell(value),
            expected.code(),
            &*cell(&problem.message().to_string()),
            &*cell(&expected.repair().unwrap_or_default()),
        ])?;
    }
    table.flush()
}

fn text(checked: &Checked<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Checked { roster, shrunk, .. } = checked;
    problems(roster, out)?;
    for note in &roster.notes {
        writeln!(out, "{}", visible(&format!("{}: {note}", roster.path.display())))?;
    }
    repeated(roster, out)?;
    for Shrunk { workspace, title, before, now } in shrunk {
        let project = visible(title);
        writeln!(
            out,
            "{project} ({workspace}) had {before} memberships when it was last applied, and has {now}"
        )?;
    }
    Ok(())
}

/// The first problems of each kind, and how many more there are.
fn problems(roster: &Roster, out: &mut dyn Write) -> io::Result<()> {
    let mut written: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut all = 0;
    for problem in &roster.problems {
        let of_kind = written.entry(problem.expected.code()).or_default();
        if *of_kind < OF_A_KIND && all < OF_ALL {
            *of_kind += 1;
            all += 1;
            writeln!(out, "{}", visible(&format!("{}:{problem}", roster.path.display())))?;
        }
    }
    for (kind, count) in counts(roster) {
        let more = count - written.get(kind).copied().unwrap_or_default();
        if more > 0 {
            writeln!(out, "… and {more} more of the kind `{kind}` (`--format csv` has all)")?;
        }
    }
    Ok(())
}

/// The first rows that say what another said, and how many more there are.
fn repeated(roster: &Roster, out: &mut dyn Write) -> io::Result<()> {
    for warning in roster.warnings.iter().take(WARNINGS) {
        writeln!(out, "{}", visible(&format!("{}:{warning}", roster.path.display())))?;
    }
    match roster.warnings.len().saturating_sub(WARNINGS) {
        0 => Ok(()),
        more => writeln!(
            out,
            "… and {more} more rows that say what another said (`--format json` has all)"
        ),
    }
}
