//! What `doctor` found, line by line: text, JSON and CSV.
//!
//! Every line says whether it is well, what was looked at, what was seen, and what to do; the text
//! ends with how many there are of each. Knows no file and no other renderer.

use std::{
    fmt,
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::{
    Format,
    escape::{cell, visible},
    words,
};

/// Whether something is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingLevel {
    /// It is.
    Ok,
    /// It cannot be known from here: a run may do what it should, or not.
    Unknown,
    /// A run works, but not as somebody may expect.
    Warning,
    /// A run will fail, in whole or in part.
    Failure,
}

impl FindingLevel {
    /// All of them, from well to bad.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Unknown, Self::Warning, Self::Failure];

    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }

    /// `3 ok`, `1 warning`, `2 warnings`.
    fn counted(self, count: usize) -> String {
        match self {
            Self::Ok | Self::Unknown => format!("{count} {}", self.word()),
            Self::Warning | Self::Failure => words::plural(count, self.word()),
        }
    }
}

impl fmt::Display for FindingLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether it is well.
    pub level: FindingLevel,
    /// What was looked at.
    pub what: String,
    /// What was seen.
    pub detail: String,
    /// What to do.
    pub advice: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: FindingLevel, what: &str, detail: String, advice: Option<&str>) {
        let advice = advice.map(str::to_owned);
        self.0.push(Finding { level, what: what.to_owned(), detail, advice });
    }

    /// Something is well.
    pub fn ok(&mut self, what: &str, detail: impl Into<String>) {
        self.add(FindingLevel::Ok, what, detail.into(), None);
    }

    /// It cannot be known from here.
    pub fn unknown(&mut self, what: &str, detail: impl Into<String>, advice: &str) {
        self.add(FindingLevel::Unknown, what, detail.into(), Some(advice));
    }

    /// A run works, but not as somebody may expect.
    pub fn warning(&mut self, what: &str, detail: impl Into<String>, advice: &str) {
        self.add(FindingLevel::Warning, what, detail.into(), Some(advice));
    }

    /// A run will fail, in whole or in part.
    pub fn failure(&mut self, what: &str, detail: impl Into<String>, advice: &str) {
        self.add(FindingLevel::Failure, what, detail.into(), Some(advice));
    }

    /// How many are of this level.
    #[must_use]
    pub fn count(&self, level: FindingLevel) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }
}

/// The forms that findings have.
pub const FORMS: [Format; 3] = [Format::Text, Format::Json, Format::Csv];

/// A duration for people: `12 s`, `42 min`, `2 h 5 min`.
#[must_use]
pub fn in_words(duration: Duration) -> String {
    words::duration(duration)
}

/// Writes the findings; forms other than [`FORMS`] as text.
///
/// # Errors
/// What the writer returns.
pub fn render(findings: &Findings, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&findings.0)?;
            writeln!(out, "{}", super::escape::json(&text))
        }
        Format::Csv => {
            let mut table = ::csv::Writer::from_writer(out);
            table.write_record(["level", "what", "detail", "advice"])?;
            for Finding { level, what, detail, advice } in &findings.0 {
                let advice = advice.as_deref().unwrap_or_default();
                let level = level.to_string();
                let cells = [level.as_str(), what, detail, advice];
                table.write_record(cells.map(|text| cell(text).into_owned()))?;
            }
            table.flush()
        }
        _ => text(findings, out),
    }
}

fn text(findings: &Findings, out: &mut dyn Write) -> io::Result<()> {
    for Finding { level, what, detail, advice } in &findings.0 {
        write!(out, "{level:7}  {}: {}", visible(what), visible(detail))?;
        match advice {
            Some(advice) => writeln!(out, "; {}", visible(advice))?,
            None => writeln!(out)?,
        }
    }
    let counted = FindingLevel::ALL.map(|level| (level, findings.count(level)));
    let present = counted.into_iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = present.map(|(level, count)| level.counted(count)).collect();
    writeln!(out, "in all   {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_the_same_and_outside_text_cannot_act() {
        let mut findings = Findings::default();
        findings.ok("lock", "free");
        findings.unknown("rights", "not said", "look in Kantata");
        findings.warning("project =Cove (3)", "arch\u{1b}ived", "remove it");
        findings.failure("connection", "none", "look at the network");
        let rendered = |format| {
            let mut out = Vec::new();
            render(&findings, format, &mut out).expect("memory");
            String::from_utf8(out).expect("UTF-8")
        };
        insta::assert_snapshot!(rendered(Format::Text), @r"
        ok       lock: free
        unknown  rights: not said; look in Kantata
        warning  project =Cove (3): arch\u{1b}ived; remove it
        failure  connection: none; look at the network
        in all   1 ok, 1 unknown, 1 warning, 1 failure
        ");
        insta::assert_snapshot!(rendered(Format::Csv), @r"
        level,what,detail,advice
        ok,lock,free,
        unknown,rights,not said,look in Kantata
        warning,project =Cove (3),arch\u{1b}ived,remove it
        failure,connection,none,look at the network
        ");
        let value: serde_json::Value = serde_json::from_str(&rendered(Format::Json)).expect("JSON");
        let levels = ["ok", "unknown", "warning", "failure"];
        for (at, level) in levels.into_iter().enumerate() {
            assert_eq!(value[at]["level"], level);
        }
        assert!(!rendered(Format::Json).contains('\u{1b}'));
        assert_eq!(
            (findings.count(FindingLevel::Ok), findings.count(FindingLevel::Failure)),
            (1, 1)
        );
    }
}
