//! The report as JSON, and back: `report.json` and `--format json`.
//!
//! The schema is [`RunReport`] itself, marked with [`REPORT_FORMAT`]; another version is refused
//! by its number, never guessed at. Knows no file and no other renderer.

use std::io::{self, Write};

use serde::Deserialize;

use super::{REPORT_FORMAT, RunReport, escape};

/// Why JSON text is not a report that this version reads.
#[derive(Debug, thiserror::Error)]
pub enum ReadReportError {
    /// Not JSON, or without the fields of this format.
    #[error("not a report of format {REPORT_FORMAT}")]
    Damaged(#[source] serde_json::Error),
    /// Written by another version of the tool.
    #[error("the report has format {found}; this version reads format {REPORT_FORMAT}")]
    OtherFormat {
        /// The version found.
        found: u64,
    },
}

/// Writes the report as indented JSON with a line feed at the end.
///
/// # Errors
/// What the writer returns.
pub fn render(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    out.write_all(escape::json(&text).as_bytes())?;
    writeln!(out)
}

/// Only what every version has.
#[derive(Deserialize)]
struct Head {
    format: u64,
}

/// Reads what [`render`] wrote.
///
/// # Errors
/// The text is damaged, or of another format.
pub fn read(text: &[u8]) -> Result<RunReport, ReadReportError> {
    let Head { format: found } = serde_json::from_slice(text).map_err(ReadReportError::Damaged)?;
    // Format 1 had words where later ones have codes as well; its entries are read as they are.
    if found == 0 || found > u64::from(REPORT_FORMAT) {
        return Err(ReadReportError::OtherFormat { found });
    }
    let report = serde_json::from_slice(text).map_err(ReadReportError::Damaged)?;
    // Written again, it is written as this version does.
    Ok(RunReport { format: REPORT_FORMAT, ..report })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{reason, sample};

    fn rendered(report: &RunReport) -> String {
        let mut out = Vec::new();
        render(report, &mut out).expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_report_comes_back_as_it_was() {
        let report = sample::everything();
        let text = rendered(&report);
        assert_eq!(read(text.as_bytes()).expect("readable"), report);
        assert_eq!(rendered(&report), text);
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_is_in_it() {
        let text = rendered(&sample::everything());
        assert!(text.contains("\\u001b[31m") && text.contains("\\u202e"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']));
    }

    #[test]
    fn another_format_is_refused_by_its_number() {
        let text = rendered(&sample::everything()).replacen("\"format\": 2", "\"format\": 7", 1);
        let error = read(text.as_bytes()).expect_err("another format");
        assert_eq!(error.to_string(), "the report has format 7; this version reads format 2");
        // A later version may have changed everything else.
        let error = read(br#"{"format": 3, "runs": []}"#).expect_err("another format");
        assert!(matches!(error, ReadReportError::OtherFormat { found: 3 }));
        for text in ["", "{}", "{\"format\": 1}", "{\"format\": 1"] {
            let error = read(text.as_bytes()).expect_err("damaged");
            assert!(matches!(error, ReadReportError::Damaged(_)), "{text}");
        }
    }

    /// What a report of format 1 had in place of a coded reason.
    fn to_words(value: &mut serde_json::Value) {
        value["format"] = 1.into();
        for entry in value["entries"].as_array_mut().expect("entries") {
            entry["reason"] = entry["reason"]["text"].take();
            entry.as_object_mut().expect("an object").remove("hold");
            if let Some(fate) = entry["fate"].as_object_mut() {
                let reason = fate.remove("reason").expect("a reason");
                fate.insert("detail".to_owned(), reason["text"].clone());
            }
        }
    }

    #[test]
    fn a_report_of_format_1_is_read_with_its_words() {
        let report = sample::everything();
        let mut value = serde_json::to_value(&report).expect("plain");
        to_words(&mut value);
        let old = read(value.to_string().as_bytes()).expect("readable");
        assert_eq!(old.entries.len(), report.entries.len());
        for (old, new) in old.entries.iter().zip(&report.entries) {
            assert_eq!(reason::of_entry(old), reason::of_entry(new));
            assert_eq!(reason::plan_code(&old.reason), "earlier");
        }
    }

    #[test]
    fn every_reason_has_a_code_beside_its_words() {
        let value = serde_json::to_value(sample::everything()).expect("plain");
        let reasons =
            value["entries"].as_array().expect("entries").iter().flat_map(|entry| {
                [&entry["reason"]].into_iter().chain(entry["fate"].get("reason"))
            });
        for reason in reasons {
            let code = reason["code"].as_str().expect("a code");
            let plain = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            assert!(!code.is_empty() && code.chars().all(plain), "{reason}");
            assert!(reason["text"].is_string(), "{reason}");
        }
        let held = &value["entries"][6];
        assert_eq!(
            (&held["reason"]["code"], &held["hold"]["hold"]),
            (&"token_user".into(), &"token_user".into())
        );
    }
}
