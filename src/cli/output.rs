//! Where reports go: stdout in one form, files in the form their ending names.
//!
//! Files are opened before the first request, so that a run never ends without a place for what it
//! did; they are renamed into place when they are whole.

use std::{
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
};

use super::{Arguments, Command, Common, Failure, arguments::Color};
use crate::{
    model::DesiredSet,
    report::{self, Format, RunReport, csv, html, json, markdown, text},
    roster::Roster,
    run::ExitStatus,
    session::{original_header, original_rows},
    store::WholeFile,
    talk::{self, Form},
};

pub(super) use crate::talk::say;

/// Writes to stdout; a reader that went away is no error of ours.
pub(super) fn print(bytes: &[u8]) -> Result<(), Failure> {
    // On a terminal the data stands below what was said before.
    talk::flush();
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error).context("cannot write to stdout");
            Err(Failure::new(ExitStatus::Unexpected, error))
        }
        _ => Ok(()),
    }
}

/// What the marker of a roster's first line means, for a summary.
pub(super) fn marked(desired: &DesiredSet) -> &'static str {
    match (desired.is_patch(), desired.is_partial()) {
        (true, _) => "; a patch roster: deletes only whose end it states",
        (false, true) => "; a partial roster: never deletes",
        (false, false) => "",
    }
}

/// Fails with wrong usage where a form is asked for that only rosters have.
pub(super) fn check_forms(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, command } = arguments;
    let is_workbook = |path: &PathBuf| Format::of_path(path) == Ok(Format::Xlsx);
    let wanted = common.format == Format::Xlsx || common.output.iter().any(is_workbook);
    if !wanted || matches!(command, Command::Export(_) | Command::Handover(_)) {
        return Ok(());
    }
    let hint = "`export` and `handover` write rosters as workbooks; reports have other forms";
    Err(Failure::usage("this command has no form `xlsx`", hint))
}

/// The places that a report goes to.
pub(super) struct Outputs {
    format: Format,
    style: text::Style,
    files: Vec<(Format, WholeFile)>,
}

fn color(common: &Common, terminal: bool) -> bool {
    match common.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

/// How many lines of a list a terminal shows before `… and N more`.
const TERMINAL_LIMIT: usize = 40;

fn style(common: &Common, terminal: bool) -> text::Style {
    let verbose = common.verbose > 0;
    let limit = (terminal && !verbose).then_some(TERMINAL_LIMIT);
    text::Style { color: color(common, terminal), verbose, limit }
}

impl Outputs {
    /// Whether every `--output` file has an ending that names a form.
    pub(super) fn check(common: &Common) -> Result<(), Failure> {
        let form = |path: &PathBuf| Format::of_path(path).map(drop);
        let checked = common.output.iter().try_for_each(form);
        checked.map_err(|error| Failure::new(ExitStatus::Usage, error))
    }

    /// Opens every `--output` file.
    pub(super) fn open(common: &Common) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in &common.output {
            let format =
                Format::of_path(path).map_err(|error| Failure::new(ExitStatus::Usage, error))?;
            files.push((format, WholeFile::open(path)?));
        }
        let style = style(common, io::stdout().is_terminal());
        Ok(Self { format: common.format, style, files })
    }

    /// Writes the report to every file, and says what stdout is to get.
    pub(super) fn write(self, report: &RunReport, roster: Option<&Roster>) -> Written {
        self.files(|form, out| render(report, roster, form, out))
    }

    /// Writes whatever this renders everywhere.
    pub(super) fn write_each(
        self,
        render: impl Fn((Format, text::Style), &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        Failure::joined(self.files(render).print()).map_or(Ok(()), Err)
    }

    /// Every file is tried, whatever becomes of the others.
    fn files(
        self,
        render: impl Fn((Format, text::Style), &mut dyn Write) -> io::Result<()>,
    ) -> Written {
        let style = text::Style { color: false, verbose: true, limit: None };
        let write =
            |(format, file): (Format, WholeFile)| file.write(|out| render((format, style), out));
        let failures =
            self.files.into_iter().map(write).filter_map(Result::err).map(Failure::from).collect();
        let mut page = Vec::new();
        let page = render((self.format, self.style), &mut page).map(|()| page);
        Written { failures, page: page.map_err(Failure::from) }
    }

    /// The same, where what is written has only some of the forms.
    pub(super) fn only(self, forms: &[Format]) -> Result<Self, Failure> {
        let named = self.files.iter().map(|(format, _)| format).chain([&self.format]);
        let Some(other) = named.into_iter().find(|format| !forms.contains(format)) else {
            return Ok(self);
        };
        let words: Vec<&str> = forms.iter().map(|format| format.word()).collect();
        let message = format!("this command has no form `{other}`");
        Err(Failure::usage(&message, &format!("its forms: {}", words.join(", "))))
    }
}

/// What was written to files, and what is still to be printed: a reader of stdout may take its time,
/// so this comes when nobody waits for the run any more.
#[must_use]
pub(super) struct Written {
    failures: Vec<Failure>,
    page: Result<Vec<u8>, Failure>,
}

impl Written {
    /// Prints it; whatever could not be written anywhere.
    pub(super) fn print(self) -> Vec<Failure> {
        let Self { mut failures, page } = self;
        failures.extend(page.and_then(|page| print(&page)).err());
        failures
    }
}

fn render(
    report: &RunReport,
    roster: Option<&Roster>,
    (format, style): (Format, text::Style),
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(report, style, out),
        Format::Json => json::render(report, out),
        Format::Csv => csv::results(report, original_header(roster), original_rows(roster), out),
        Format::Markdown => markdown::render(report, out),
        Format::Html => html::render(report, out),
        Format::Xlsx => report::render(report, format, style, out),
    }
}

/// The plan as text for stderr, before a person is asked or an apply begins.
pub(super) fn plan_page(common: &Common, report: &RunReport) -> io::Result<String> {
    let terminal = io::stderr().is_terminal();
    let mut page = Vec::new();
    let style = style(common, terminal);
    let color = style.color && talk::form() == Form::Text;
    let style = text::Style { limit: Some(TERMINAL_LIMIT), color, ..style };
    text::render(report, style, &mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
