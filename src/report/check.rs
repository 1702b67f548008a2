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
    words::plural,
};
use crate::{
    model::file_and_line,
    roster::{ColumnPurpose, ColumnUse, Repair, Roster, RosterError, RosterWarning, RowProblem},
};

/// The forms of a check.
pub const FORMS: [Format; 3] = [Format::Text, Format::Json, Format::Csv];
/// So many problems of a kind stand in the text at most.
const OF_A_KIND: usize = 20;
/// So many lines the text has at most: with the summary, no check has a hundred.
const LINES: usize = 88;
/// So many of whatever else there may be many of stand in the text.
const OTHERS: usize = 5;

/// A roster that was checked.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The roster.
    pub roster: &'a Roster,
    /// How many names of people and projects it has that nobody looked up.
    pub not_looked_up: usize,
    /// Projects that the last applied roster had more than twice as many memberships of.
    pub shrunk: Vec<Shrunk>,
    /// Where it was repaired.
    pub fixed: Option<FixedTo>,
}

/// A roster that was written again with what could be repaired.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FixedTo {
    /// To which file.
    pub path: String,
    /// How many rows are right that were wrong.
    pub rows: usize,
    /// All that was repaired.
    pub repairs: Vec<Repair>,
}

impl FixedTo {
    /// What was done, and how much is left of these.
    #[must_use]
    pub fn summary(&self, left: usize) -> String {
        let Self { path, rows, repairs } = self;
        let others = repairs.iter().filter(|repair| !repair.was_wrong).count();
        let left = match left {
            0 => "nothing is left to do".to_owned(),
            left => format!("{} left, marked in the column `problem`", plural(left, "wrong row")),
        };
        let (rows, others) = (plural(*rows, "row"), plural(others, "other cell"));
        visible(&format!(
            "{path}: {rows} repaired, {others} written as the tool writes them; {left}"
        ))
        .into_owned()
            + "\n"
    }
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
        Format::Text | Format::Markdown | Format::Html | Format::Xlsx => text(checked, out),
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
        RosterError::Workbook { problem, .. } => json!([problem]),
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
    let Checked { roster, not_looked_up, shrunk, fixed } = checked;
    let mut value = json!({
        "roster": roster.path.display().to_string(),
        "rows": roster.rows,
        "blank_lines": roster.blank_lines,
        "invalid_rows": roster.invalid_rows(),
        "partial": roster.desired.is_partial(),
        "dates": roster.desired.dates,
        "problems": roster.problems.iter().map(|one| problem_value(one, *not_looked_up)).collect::<Vec<_>>(),
        "counts": counts(roster),
        "warnings": roster.warnings,
        "notes": roster.notes,
        "shrunk": shrunk,
        "names_not_looked_up": not_looked_up,
        "columns": roster.columns(),
        "people": roster.desired.people(),
    });
    if let Some(fixed) = fixed {
        value["fixed"] = json!(fixed);
    }
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

fn problem_value(problem: &RowProblem, not_looked_up: usize) -> serde_json::Value {
    let mut value = json!(problem);
    if not_looked_up > 0 {
        // Ids stand for spellings here: they are nobody's.
        value.as_object_mut().map(|value| value.remove("freezes"));
    }
    value["code"] = json!(problem.expected.code());
    value["message"] = json!(problem.message().to_string());
    if let Some(repair) = problem.expected.repair() {
        value["repair"] = json!(repair);
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
    for problem in &roster.problems {
        let RowProblem { line, column, value, expected, .. } = problem;
        table.write_record([
            &*cell(&roster.file_of(*line)),
            &file_and_line(*line).1.to_string(),
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
    let Checked { roster, shrunk, fixed, .. } = checked;
    let mut others = Vec::new();
    fixed.as_ref().map_or(Ok(()), |fixed| repairs(fixed, &mut others))?;
    for note in &roster.notes {
        writeln!(others, "{}", visible(&format!("{}: {note}", roster.path.display())))?;
    }
    repeated(roster, &mut others)?;
    lost_much(shrunk, &mut others)?;
    let lines = others.iter().filter(|byte| **byte == b'\n').count();
    problems(roster, LINES.saturating_sub(lines), out)?;
    out.write_all(&others)
}

/// The first projects that lost more than half, and how many more there are.
fn lost_much(shrunk: &[Shrunk], out: &mut dyn Write) -> io::Result<()> {
    for Shrunk { workspace, title, before, now } in shrunk.iter().take(OTHERS) {
        let project = visible(title);
        writeln!(
            out,
            "{project} ({workspace}) had {before} memberships when it was last applied, and has {now}"
        )?;
    }
    match shrunk.len().saturating_sub(OTHERS) {
        0 => Ok(()),
        more => {
            writeln!(
                out,
                "… and {more} more projects lost more than half (`--format json` has all)"
            )
        }
    }
}

/// The first problems of each kind, and how many more there are, in so many lines.
fn problems(roster: &Roster, lines: usize, out: &mut dyn Write) -> io::Result<()> {
    let counts = counts(roster);
    // Each kind gets its share, and a line that counts the rest.
    let of_a_kind = OF_A_KIND.min((lines / counts.len().max(1)).saturating_sub(1)).max(1);
    let mut written: BTreeMap<&'static str, usize> = BTreeMap::new();
    for problem in &roster.problems {
        let of_kind = written.entry(problem.expected.code()).or_default();
        if *of_kind < of_a_kind {
            *of_kind += 1;
            writeln!(out, "{}", visible(&format!("{}:{problem}", roster.file_of(problem.line))))?;
        }
    }
    for (kind, count) in counts {
        let more = count - written.get(kind).copied().unwrap_or_default();
        if more > 0 {
            writeln!(out, "… and {more} more of the kind `{kind}` (`--format csv` has all)")?;
        }
    }
    Ok(())
}

/// The first repairs of rows that were wrong, and how many more there are.
fn repairs(fixed: &FixedTo, out: &mut dyn Write) -> io::Result<()> {
    let wrong = || fixed.repairs.iter().filter(|repair| repair.was_wrong);
    for Repair { line, column, before, after, was_wrong: _ } in wrong().take(OTHERS) {
        let words = format!("{}:{line}: {column}: `{before}` is `{after}` now", fixed.path);
        writeln!(out, "{}", visible(&words))?;
    }
    match wrong().count().saturating_sub(OTHERS) {
        0 => Ok(()),
        more => writeln!(out, "… and {more} more cells repaired (`--format json` has all)"),
    }
}

/// What stands in the column `problem` of a row.
#[must_use]
pub fn problem_cell(problems: &[RowProblem]) -> String {
    let words: Vec<String> = problems.iter().map(|problem| problem.message().to_string()).collect();
    cell(&words.join("; ")).into_owned()
}

/// What becomes of the columns, in lines.
#[must_use]
pub fn columns(roster: &Roster) -> String {
    let columns = roster.columns();
    let line = |purpose: ColumnPurpose| {
        let of_purpose = columns.iter().filter(|column| column.purpose == purpose);
        let words: Vec<String> = of_purpose.map(column_in_words).collect();
        (!words.is_empty()).then(|| format!("  {:9}{}\n", purpose_word(purpose), words.join(", ")))
    };
    let lines: String = ColumnPurpose::ALL.into_iter().filter_map(line).collect();
    if lines.is_empty() { lines } else { format!("columns\n{lines}") }
}

const fn purpose_word(purpose: ColumnPurpose) -> &'static str {
    match purpose {
        ColumnPurpose::Names => "who",
        ColumnPurpose::Managed => "managed",
        ColumnPurpose::Dates => "dates",
        ColumnPurpose::Chooses => "chooses",
        ColumnPurpose::Ignored => "ignored",
    }
}

/// `role`, ``role (`Rolle`, words mapped)``, ``access_level (always `edit_tasks`)``.
fn column_in_words(used: &ColumnUse) -> String {
    let ColumnUse { purpose: _, column, header, mapped, words, default } = used;
    let shown = |text: &String| visible(text).into_owned();
    let header = header.as_ref().map(shown);
    let Some(column) = column else { return format!("`{}`", header.unwrap_or_default()) };
    let notes: Vec<String> = [
        header.filter(|_| *mapped).map(|header| format!("`{header}`")),
        words.then(|| "words mapped".to_owned()),
        default.as_ref().map(shown).map(|value| format!("always `{value}`, by default")),
    ]
    .into_iter()
    .flatten()
    .collect();
    if notes.is_empty() { (*column).to_owned() } else { format!("{column} ({})", notes.join(", ")) }
}

/// The first rows that say what another said, and how many more there are.
fn repeated(roster: &Roster, out: &mut dyn Write) -> io::Result<()> {
    for warning in roster.warnings.iter().take(OTHERS) {
        writeln!(out, "{}", visible(&format!("{}:{warning}", roster.file_of(warning.line()))))?;
    }
    match roster.warnings.len().saturating_sub(OTHERS) {
        0 => Ok(()),
        more => writeln!(
            out,
            "… and {more} more rows that say what another said (`--format json` has all)"
        ),
    }
}
