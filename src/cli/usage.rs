//! Arguments that clap does not take: told like every other error, in the form that they ask for.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{Failure, failure, output};
use crate::{
    run::ExitStatus,
    talk::{self, Form},
};

/// From this likeness on (Jaro-Winkler, 0 to 1) two names are taken for each other.
const NEAR: f64 = 0.85;

/// Ends as clap does: help and version 0, wrong usage 2.
pub(super) fn end(mut error: clap::Error, raw: &[OsString]) -> ExitStatus {
    let raw = Raw(raw);
    talk::set_form(if raw.wants_json() { Form::Json } else { Form::Text });
    let without = suggest_well(&mut error);
    let text = error.render().to_string();
    let result = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::print(text.as_bytes()).map(|()| ExitStatus::Done)
        }
        _ => Err(match without {
            Some(name) => failure(error.kind(), &text)
                .hint(format!("the {name} is given without a flag, and `--help` lists the flags")),
            None => failure(error.kind(), &text),
        }),
    };
    failure::close(result, raw.is_quiet())
}

/// Drops what clap suggests in the place of an unknown flag where the two are not alike, or the flag is
/// the name of something that is given without one, which is returned.
fn suggest_well(error: &mut clap::Error) -> Option<&'static str> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.trim_start_matches('-').to_owned()),
        Some(ContextValue::StyledStr(text)) => Some(text.to_string()),
        _ => None,
    };
    let is_near = |a: &str, b: &str| strsim::jaro_winkler(a, b) >= NEAR;
    let flag = text(ContextKind::InvalidArg)?;
    let usage = text(ContextKind::Usage).unwrap_or_default();
    let takes = |name: &&str| usage.contains(&name.to_uppercase()) && is_near(&flag, name);
    let without = ["roster", "run"].into_iter().find(takes);
    let suggested = text(ContextKind::SuggestedArg);
    if without.is_some() || suggested.is_some_and(|suggested| !is_near(&flag, &suggested)) {
        let misleading = [ContextKind::SuggestedArg, ContextKind::Suggested, ContextKind::Usage];
        misleading.into_iter().for_each(|kind| drop(error.remove(kind)));
    }
    without
}

/// The first paragraph as the error, the rest line by line.
fn failure(kind: ErrorKind, text: &str) -> Failure {
    let help = kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let (first, rest) = match text.split_once("\n\n") {
        _ if help => ("no command was given", text),
        Some(parts) => parts,
        None => (text, ""),
    };
    let first: Vec<&str> = first.lines().map(str::trim).collect();
    let message = first.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let rest = rest.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let details = rest.map(str::to_owned).collect();
    Failure { details, ..Failure::new(ExitStatus::Usage, anyhow::anyhow!(message)) }
}

/// Arguments that could not be parsed: what they say of the log is looked for word by word.
struct Raw<'a>(&'a [OsString]);

impl Raw<'_> {
    /// What may be a flag: all before a bare `--`.
    fn words(&self) -> impl Iterator<Item = &OsStr> {
        self.0.iter().skip(1).map(OsString::as_os_str).take_while(|word| *word != "--")
    }

    fn wants_json(&self) -> bool {
        let after = self.words().skip(1).chain([OsStr::new("")]);
        self.words().zip(after).any(|(word, next)| {
            word == "--log-format=json" || (word == "--log-format" && next == "json")
        })
    }

    fn is_quiet(&self) -> bool {
        self.words().any(|word| word == "-q" || word == "--quiet")
    }
}
