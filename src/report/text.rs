//! The report for terminals and logs: what is lost first, then the plan by project, then everything
//! that was left alone or went wrong with its reason, then a summary. What a plan destroys stands
//! last and whole, below everything else: it is what a person reads before a question.
//!
//! Meaning is carried by `+ ~ - ±` and words, colour only repeats it. Nothing is wrapped.
//! Knows no other renderer.

use std::{
    fmt,
    io::{self, Write},
};

use super::{
    LeftInDoubt, ReportEntry, RunReport, escape::visible, loss, part, reason, upcoming, words,
};
use crate::{
    model::{Outcome, line_words},
    plan::{Change, Digest},
    store::REJECTED,
};

/// How the text form looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Colour the marks and headings.
    pub color: bool,
    /// List everything, what was applied and ids included.
    pub verbose: bool,
    /// Show at most so many lines of a list (of a project's actions, of invalid rows, …), but every
    /// delete and replacement that is to be sent, or was.
    pub limit: Option<usize>,
}

/// So many invalid rows are shown where not everything is asked for.
const PROBLEMS: usize = 20;

/// What is listed after the plan, in this order; `lost` stands before everything else.
const SECTIONS: [(Outcome, &str); 9] = [
    (Outcome::InDoubt, "In doubt: it is not known whether it happened"),
    (Outcome::Failed, "Failed: every attempt failed, and it is certain that nothing was done"),
    (Outcome::Rejected, "Rejected: the server refused"),
    (Outcome::NotStuck, "Not stuck: answered as done, but the value did not change"),
    (Outcome::Stale, "Stale: changed by somebody else since the plan"),
    (Outcome::NotReached, "Not reached"),
    (Outcome::Held, "Held: policy forbids it, or something is not known"),
    (Outcome::Frozen, "Frozen: a problem nearby forbids it"),
    (Outcome::Withheld, "Withheld by the guard"),
];

/// Writes the report as text.
///
/// # Errors
/// What the writer returns.
pub fn render(report: &RunReport, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { report, style, out };
    page.lost()?;
    page.header()?;
    page.entries("Plan: creates and updates", &loss::planned(report, false))?;
    for (outcome, title) in SECTIONS {
        if outcome == Outcome::Held {
            page.entries(words::PROTECTED, &words::protected(report))?;
        }
        let mut entries = words::with_outcome(report, Some(outcome));
        entries.retain(|entry| !words::is_protected(entry));
        page.entries(title, &entries)?;
    }
    if style.verbose {
        page.entries("Applied", &words::with_outcome(report, Some(Outcome::Applied)))?;
    }
    page.projects()?;
    page.problems()?;
    page.upcoming()?;
    page.warnings()?;
    page.left_in_doubt()?;
    page.summary()?;
    page.destroyed()
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Red,
    Green,
    Yellow,
    Magenta,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Magenta => "35",
        }
    }
}

struct Page<'a> {
    report: &'a RunReport,
    style: Style,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    fn paint(&self, paint: Paint, text: &str) -> String {
        if self.style.color {
            format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
        } else {
            text.to_owned()
        }
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(Paint::Bold, text);
        writeln!(self.out, "\n{text}")
    }

    fn lost(&mut self) -> io::Result<()> {
        let lost = words::with_outcome(self.report, Some(Outcome::Lost));
        if lost.is_empty() {
            return Ok(());
        }
        let people = words::plural(lost.len(), "membership");
        let title = format!("LOST: {people} deleted and not created again; see {REJECTED}");
        let title = self.paint(Paint::Red, &title);
        writeln!(self.out, "{title}")?;
        for entry in lost {
            let (project, line) = (self.project(entry), self.line(entry));
            writeln!(self.out, "  {project}\n    {line}")?;
        }
        writeln!(self.out)
    }

    fn header(&mut self) -> io::Result<()> {
        let report = self.report;
        let command = words::command(report.command);
        let first = format!("kantata-sync {} {command}, run {}", visible(&report.tool), report.run);
        let first = self.paint(Paint::Bold, &first);
        writeln!(self.out, "{first}")?;
        writeln!(self.out, "  api     {}", visible(&report.base_url))?;
        writeln!(self.out, "  mode    {}", report.mode)?;
        let (subject, about) = words::subject(report);
        writeln!(self.out, "  {:<7} {}", subject.to_lowercase(), visible(&about))?;
        if let Some(day) = upcoming::day(report) {
            writeln!(self.out, "  day     {day}")?;
        }
        if let Some(part) = part::head(report) {
            writeln!(self.out, "  part    {}", visible(&part))?;
        }
        let took = words::took(report);
        writeln!(self.out, "  time    {:.0}, took {took}", report.started_at)
    }

    /// A section with a heading for each project.
    fn entries(&mut self, title: &str, entries: &[&ReportEntry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.heading(&format!("{title} ({})", entries.len()))?;
        self.by_project(entries)
    }

    fn by_project(&mut self, entries: &[&ReportEntry]) -> io::Result<()> {
        let mut is_cut = false;
        for project in entries.chunk_by(|a, b| a.key.workspace == b.key.workspace) {
            let heading = self.project(project[0]);
            writeln!(self.out, "  {heading}")?;
            let (shown, left_out) = self.cut(project);
            for entry in shown {
                let line = self.line(entry);
                writeln!(self.out, "    {line}")?;
            }
            if !left_out.is_empty() {
                is_cut = true;
                writeln!(self.out, "    … and {} in this project", loss::more(&left_out))?;
            }
        }
        if is_cut {
            writeln!(self.out, "  -v shows all, and so does --output FILE of a dry run")?;
        }
        Ok(())
    }

    /// What of a project's entries is shown and what is only counted: never a delete or replacement
    /// that is to be sent or was.
    fn cut<'e>(&self, entries: &[&'e ReportEntry]) -> (Vec<&'e ReportEntry>, Vec<&'e ReportEntry>) {
        let mut room = self.limit();
        entries.iter().partition(|entry| {
            if loss::is_destroyed(entry) {
                return true;
            }
            let fits = room > 0;
            room = room.saturating_sub(1);
            fits
        })
    }

    fn limit(&self) -> usize {
        self.style.limit.filter(|_| !self.style.verbose).unwrap_or(usize::MAX)
    }

    /// Below it comes the question, if one comes: nothing stands between but the counts.
    fn destroyed(&mut self) -> io::Result<()> {
        let entries = loss::planned(self.report, true);
        let Some(note) = loss::note(self.report) else { return Ok(()) };
        self.heading(&format!("Plan: deletes and replacements ({})", entries.len()))?;
        let note = self.paint(Paint::Red, &note);
        writeln!(self.out, "  {note}")?;
        self.by_project(&entries)?;
        writeln!(self.out)?;
        self.fact("in all", Some(words::counts(self.report)))
    }

    fn project(&self, entry: &ReportEntry) -> String {
        let name = self.report.project(entry.key.workspace);
        self.paint(Paint::Bold, &visible(&name))
    }

    /// `+ create   Name (id)  maven, access edit_tasks`, and why where that says more.
    fn line(&self, entry: &ReportEntry) -> String {
        let word = if entry.change.is_some() { words::action(entry) } else { "none" };
        let paint = match words::mark(entry) {
            "+" => Paint::Green,
            "-" => Paint::Red,
            "±" => Paint::Magenta,
            _ => Paint::Yellow,
        };
        let action = self.paint(paint, &format!("{} {word:<7}", words::mark(entry)));
        let person = self.report.person(entry.key.user);
        let change = words::change(entry);
        let why = self.why(entry);
        let mut line = format!("{action}  {}", visible(&person));
        for (text, before) in [(change, "  "), (why, "; "), (self.ids(entry), "  ")] {
            let before = if line.ends_with(' ') { "" } else { before };
            if !text.is_empty() {
                line.push_str(before);
                line.push_str(&visible(&text));
            }
        }
        line
    }

    /// Why, in short: planned changes are explained by their values, and which limit withheld a
    /// delete is said once, in the summary.
    fn why(&self, entry: &ReportEntry) -> String {
        let fate = entry.fate.as_ref();
        match fate.map(|fate| fate.outcome) {
            _ if self.style.verbose => reason::of_entry(entry),
            None if entry.change.as_ref().is_some_and(|change| !change.destroys()) => String::new(),
            Some(Outcome::Applied) => String::new(),
            Some(Outcome::Withheld) => reason::of_plan(&entry.reason),
            Some(Outcome::Frozen) => fate.map(reason::of_fate).unwrap_or_default(),
            _ => reason::of_entry(entry),
        }
    }

    /// Where to look it up: the roster's line and the request that decided it.
    fn ids(&self, entry: &ReportEntry) -> String {
        let mut ids = Vec::new();
        let request = entry.fate.as_ref().and_then(|fate| fate.request_id.as_ref());
        if let (Some(line), true) = (entry.line, request.is_some() || self.style.verbose) {
            ids.push(format!("line {}", line_words(line)));
        }
        if self.style.verbose {
            let planned = entry.change.as_ref().and_then(Change::participation);
            let record = entry.fate.as_ref().and_then(|fate| fate.participation).or(planned);
            ids.extend(record.map(|id| format!("participation {id}")));
        }
        ids.extend(request.map(|id| format!("request {id}")));
        if ids.is_empty() { String::new() } else { format!("[{}]", ids.join(", ")) }
    }

    /// The first lines of a list, and how many more there are.
    fn limited<T>(
        &mut self,
        indent: &str,
        items: &[T],
        line: impl Fn(&Self, &T) -> String,
    ) -> io::Result<()> {
        let limit = self.limit();
        for item in items.iter().take(limit) {
            let line = line(self, item);
            writeln!(self.out, "{indent}{line}")?;
        }
        match items.len().saturating_sub(limit) {
            0 => Ok(()),
            more => {
                writeln!(self.out, "{indent}… and {more} more; --output FILE or -v shows all")
            }
        }
    }

    fn projects(&mut self) -> io::Result<()> {
        let report = self.report;
        let unreadable = words::unreadable(report);
        if !unreadable.is_empty() {
            self.heading(&format!("Unreadable projects ({})", unreadable.len()))?;
            self.limited("  ", &unreadable, |_, (id, reason)| {
                visible(&format!("{}: {reason}", report.project(*id))).into_owned()
            })?;
        }
        let archived = words::archived(report);
        if !archived.is_empty() {
            self.heading(&format!("Archived projects ({})", archived.len()))?;
            self.limited("  ", &archived, |_, id| visible(&report.project(*id)).into_owned())?;
        }
        Ok(())
    }

    fn problems(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.problems.is_empty() {
            return Ok(());
        }
        self.heading(&format!("Invalid rows ({})", report.problems.len()))?;
        // A list of others may be wrong from top to bottom: few, as other forms have all.
        let limit = if self.style.verbose { usize::MAX } else { PROBLEMS.min(self.limit()) };
        for problem in report.problems.iter().take(limit) {
            let file = problem.file.as_ref().unwrap_or(&report.roster);
            let words = format!("{file}:{}: {}", problem.line, problem.message);
            writeln!(self.out, "  {}", visible(&words))?;
        }
        match report.problems.len().saturating_sub(limit) {
            0 => Ok(()),
            more => {
                writeln!(self.out, "  … and {more} more; --output FILE or -v shows all")
            }
        }
    }

    /// Few, whatever else is shown: the other forms have all.
    fn upcoming(&mut self) -> io::Result<()> {
        let lines = upcoming::lines(self.report);
        let Some(dates) = self.report.dates.as_ref().filter(|_| !lines.is_empty()) else {
            return Ok(());
        };
        self.heading(&format!("{} ({})", upcoming::title(dates), lines.len()))?;
        let limit = if self.style.verbose { usize::MAX } else { upcoming::SHOWN.min(self.limit()) };
        for line in lines.iter().take(limit) {
            writeln!(self.out, "  {}", visible(line))?;
        }
        match lines.len().saturating_sub(limit) {
            0 => Ok(()),
            more => writeln!(self.out, "  … and {more} more; -v or another format shows all"),
        }
    }

    fn warnings(&mut self) -> io::Result<()> {
        let report = self.report;
        if report.warnings.is_empty() {
            return Ok(());
        }
        self.heading(&format!("Warnings ({})", report.warnings.len()))?;
        self.limited("  ", &report.warnings, |_, warning| {
            visible(&warning.to_string()).into_owned()
        })
    }

    fn left_in_doubt(&mut self) -> io::Result<()> {
        for LeftInDoubt { run, requests } in &self.report.left_in_doubt {
            self.heading(&format!("Left in doubt by run {run} ({})", requests.len()))?;
            self.limited("  ", requests, |_, request| visible(request).into_owned())?;
        }
        Ok(())
    }

    fn summary(&mut self) -> io::Result<()> {
        let report = self.report;
        self.heading("Summary")?;
        self.fact("plan", report.digest.as_ref().map(|_| words::counts(report)))?;
        self.fact("takes", words::forecast(report))?;
        self.fact("digest", report.digest.as_ref().map(Digest::short))?;
        self.fact("result", words::outcomes(report))?;
        self.fact("pace", words::pace(&report.pace))?;
        for refusal in &report.refusals {
            self.fact("guard", Some(refusal))?;
        }
        self.fact("hint", (!report.refusals.is_empty()).then(words::approve_hint))?;
        self.fact("note", words::create_note(report))?;
        self.fact("ended", words::ended(report))
    }

    fn fact(&mut self, name: &str, value: Option<impl fmt::Display>) -> io::Result<()> {
        let Some(value) = value else { return Ok(()) };
        writeln!(self.out, "  {name:<7} {}", visible(&value.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Counts, Reason},
        report::sample,
    };

    fn rendered(report: &RunReport, style: Style) -> String {
        let mut out = Vec::new();
        render(report, style, &mut out).expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(rendered(&sample::empty(), Style::default()), @r##"
        kantata-sync 0.1.0 plan, run 20261124T030739Z-000e3d4c
          api     https://api.mavenlink.com/api/v1
          mode    mirror
          roster  members.csv (40 rows)
          time    2026-11-24T03:07:39Z, took 12 s

        Summary
          plan    nothing to do; 40 in sync
          digest  0123456789ab
          ended   complete; exit 0, done or in sync
        "##);
    }

    #[test]
    fn a_plan() {
        insta::assert_snapshot!(rendered(&sample::plan(), Style::default()), @r##"
        kantata-sync 0.1.0 plan, run 20261124T030739Z-000e3d4c
          api     https://api.mavenlink.com/api/v1
          mode    mirror
          roster  members.csv (40 rows)
          time    2026-11-24T03:07:39Z, took 12 s

        Plan: creates and updates (4)
          Alpha | <script>alert(1)</script> (101)
            + create   \u{1b}[31mRed\u{1b}[0m (7)  maven, access edit_tasks
            ~ update   \u{1b}[31mRed\u{1b}[0m (7)  team_lead: false → true (after the create)
            ~ update   Bo \u{202e}oB (8)  access_level: edit_tasks → admin
          =cmd() (102)
            + create   Zoë O'Neil (3)  maven, access edit_tasks

        Protected (kept) (1)
          =cmd() (102)
            - delete   user 4 (name not visible)  maven, lead, demoted first; protected by `*@<partner>.example` in protect.users

        Held: policy forbids it, or something is not known (1)
          Alpha | <script>alert(1)</script> (101)
            ~ update   The `Token` (9)  access_level: edit_tasks → admin; the token's own user

        Frozen: a problem nearby forbids it (1)
          =cmd() (102)
            - delete   Bo \u{202e}oB (8)  maven, lead, demoted first; invalid roster rows of this project: line 7

        Withheld by the guard (1)
          Alpha | <script>alert(1)</script> (101)
            - delete   user 10 (name not visible)  maven, lead, demoted first; on the project, not in the roster

        Unreadable projects (1)
          project 103: not visible to this token, or no such project

        Archived projects (1)
          Old (104)

        Summary
          plan    1 to create, 2 to update, 1 to delete, 1 to replace; 40 in sync, 2 held, 1 frozen, 1 withheld
          takes   481 requests, about 3 min at 4 a second
          digest  0123456789ab
          guard   plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld
          hint    review withheld-deletes.csv, then --approve-deletes
          ended   complete; exit 4, the guard withheld something

        Plan: deletes and replacements (2)
          1 delete and 1 replacement destroy these people's assignments, scheduled and allocated hours on the project; nothing brings them back
          =cmd() (102)
            - delete   -Dash (5)  maven; on the project, not in the roster
            ± replace  Ann\nLee (6)  maven → buyer, access edit_tasks; on the other side of the project; a replacement loses the person's assignments, scheduled and allocated hours there

          in all  1 to create, 2 to update, 1 to delete, 1 to replace; 40 in sync, 2 held, 1 frozen, 1 withheld
        "##);
    }

    #[test]
    fn a_run_with_everything() {
        insta::assert_snapshot!(rendered(&sample::everything(), Style::default()), @r##"
        LOST: 1 membership deleted and not created again; see rejected.csv
          =cmd() (102)
            ± replace  Ann\nLee (6)  maven → buyer, access edit_tasks; 422: user \u{9b}31mgone  [line 4, request req-5]

        kantata-sync 0.1.0 apply, run 20261124T030739Z-000e3d4c
          api     https://api.mavenlink.com/api/v1
          mode    mirror
          roster  members.csv (11 rows, 1 invalid)
          time    2026-11-24T03:07:39Z, took 12 s

        In doubt: it is not known whether it happened (1)
          =cmd() (102)
            + create   user 11 (name not visible)  maven, access edit_tasks; no answer

        Failed: every attempt failed, and it is certain that nothing was done (1)
          =cmd() (102)
            + create   user 12 (name not visible)  maven, access edit_tasks; 503 six times

        Rejected: the server refused (1)
          Alpha | <script>alert(1)</script> (101)
            + create   \u{1b}[31mRed\u{1b}[0m (7)  maven, access edit_tasks; access_level is not <allowed>  [line 2, request req-1]

        Not stuck: answered as done, but the value did not change (1)
          Alpha | <script>alert(1)</script> (101)
            ~ update   Bo \u{202e}oB (8)  access_level: edit_tasks → admin; answered 200, still edit_tasks  [line 5, request req-3]

        Stale: changed by somebody else since the plan (1)
          =cmd() (102)
            - delete   -Dash (5)  maven; changed 2026-11-24T03:07:40Z  [request req-4]

        Not reached (1)
          Alpha | <script>alert(1)</script> (101)
            ~ update   \u{1b}[31mRed\u{1b}[0m (7)  team_lead: false → true (after the create); the create was rejected

        Protected (kept) (1)
          =cmd() (102)
            - delete   user 4 (name not visible)  maven, lead, demoted first; protected by `*@<partner>.example` in protect.users

        Held: policy forbids it, or something is not known (1)
          Alpha | <script>alert(1)</script> (101)
            ~ update   The `Token` (9)  access_level: edit_tasks → admin; the token's own user

        Frozen: a problem nearby forbids it (1)
          =cmd() (102)
            - delete   Bo \u{202e}oB (8)  maven, lead, demoted first; invalid roster rows of this project: line 7

        Withheld by the guard (1)
          Alpha | <script>alert(1)</script> (101)
            - delete   user 10 (name not visible)  maven, lead, demoted first; on the project, not in the roster

        Unreadable projects (1)
          project 103: not visible to this token, or no such project

        Archived projects (1)
          Old (104)

        Invalid rows (1)
          members.csv:7: role: found `boss`, expected `maven` or `buyer`

        Warnings (1)
          project 105 left the roster, 4 memberships no longer managed

        Left in doubt by run 20261123T030739Z-00000001 (1)
          create of 3 memberships on project 101

        Summary
          plan    1 to create, 2 to update, 1 to delete, 1 to replace; 40 in sync, 2 held, 1 frozen, 1 withheld
          digest  0123456789ab
          result  1 lost, 1 in doubt, 1 failed, 1 rejected, 1 not stuck, 1 stale, 1 not reached, 1 withheld, 1 frozen, 2 held, 1 applied
          pace    120 requests sent, 80 of them writes; 2 answered 429, held 13 s, 3.3 of 4 a second at the end
          guard   plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld
          hint    review withheld-deletes.csv, then --approve-deletes
          ended   stopped at its deadline; exit 5, partly applied
        "##);
    }

    #[test]
    fn protected_people_who_are_wanted_away_are_not_among_the_held() {
        let text = rendered(&sample::plan(), Style::default());
        let (_, rest) = text.split_once(words::PROTECTED).expect("the heading");
        let (protected, held) = rest.split_once("\nHeld:").expect("the heading");
        assert!(protected.contains("- delete   user 4") && !held.contains("user 4"), "{text}");
        // An update of the token's own user is held as before.
        assert!(held.contains("~ update   The `Token` (9)") && !protected.contains("(9)"));
    }

    #[test]
    fn verbose_lists_what_was_applied_and_ids() {
        let style = Style { verbose: true, limit: Some(0), ..Style::default() };
        let text = rendered(&sample::everything(), style);
        let applied = text.split("Applied (1)").nth(1).expect("the section");
        assert!(
            applied.contains("+ create   Zoë O'Neil (3)  maven, access edit_tasks"),
            "{applied}"
        );
        assert!(text.contains("participation 101010"), "{text}");
        assert!(!text.contains("more; --output"), "{text}");
    }

    /// A plan that creates so many memberships in one project.
    fn creates(count: u64) -> RunReport {
        let entry =
            |user| sample::entry(sample::key(101, user), None, sample::create(), Reason::NotLive);
        let creates = usize::try_from(count).expect("small");
        let counts = Counts { creates, ..Counts::default() };
        RunReport { entries: (1..=count).map(entry).collect(), counts, ..sample::empty() }
    }

    #[test]
    fn long_lists_are_cut() {
        let text = rendered(&creates(200), Style { limit: Some(20), ..Style::default() });
        assert_eq!(text.matches("+ create").count(), 20);
        assert!(text.contains("    … and 180 more creates in this project\n"), "{text}");
        assert!(text.contains("-v shows all"), "{text}");
        let exact = rendered(&creates(20), Style { limit: Some(20), ..Style::default() });
        assert!(!exact.contains("more") && !exact.contains("-v shows all"), "{exact}");
    }

    /// The plan of the sample, a hundred times over.
    fn long_plan() -> RunReport {
        let mut report = sample::plan();
        report.entries = std::iter::repeat_n(report.entries, 100).flatten().collect();
        report
    }

    #[test]
    fn what_is_to_be_destroyed_is_never_cut_and_nothing_but_the_counts_is_below_it() {
        let style = Style { limit: Some(1), ..Style::default() };
        let text = rendered(&long_plan(), style);
        let (above, below) =
            text.split_once("\nPlan: deletes and replacements (200)\n").expect("it");
        assert_eq!(above.matches("Summary\n").count(), 1);
        assert!(!above.contains("(5)") && !above.contains("± replace"), "{above}");
        assert_eq!(
            (below.matches("- delete ").count(), below.matches("± replace").count()),
            (100, 100)
        );
        let (_, rest) =
            below.rsplit_once("± replace").or(below.rsplit_once("- delete")).expect("one");
        assert_eq!(rest.lines().count(), 3, "{rest}");
        assert!(
            rest.lines().last().expect("counts").starts_with("  in all  1 to create"),
            "{rest}"
        );
        // What the guard keeps back is not sent: its list may be cut, with a count.
        assert!(above.contains("    … and 99 more deletes in this project\n"), "{above}");
        assert!(above.contains("    … and 99 more creates in this project\n"), "{above}");
        let more = "    … and 99 more creates and 200 more updates in this project\n";
        assert!(above.contains(more), "{above}");
    }

    #[test]
    fn a_delete_that_went_wrong_is_not_cut_either_and_failures_stay_first() {
        let mut report = sample::everything();
        let stale = |entry: &&ReportEntry| {
            entry.fate.as_ref().is_some_and(|fate| fate.outcome == Outcome::Stale)
        };
        let stale = report.entries.iter().find(stale).expect("one").clone();
        report.entries.extend(std::iter::repeat_n(stale, 99));
        let text = rendered(&report, Style { limit: Some(1), ..Style::default() });
        let (_, rest) = text.split_once("\nStale: ").expect("the section");
        let (stale, _) = rest.split_once("\n\n").expect("an end");
        assert_eq!(stale.matches("- delete ").count(), 100, "{text}");
        assert!(!text.contains("Plan: deletes"), "{text}");
        assert!(text.trim_end().lines().last().expect("a line").starts_with("  ended "), "{text}");
    }

    #[test]
    fn from_25_creates_on_there_is_a_note_about_mails() {
        let note = "not documented whether Kantata mails";
        assert!(!rendered(&creates(24), Style::default()).contains(note));
        assert!(rendered(&creates(25), Style::default()).contains(note));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let plain = rendered(&sample::everything(), Style::default());
        assert!(!plain.contains('\u{1b}'));
        let style = Style { color: true, ..Style::default() };
        let colored = rendered(&sample::everything(), style);
        let mut stripped = colored.clone();
        for code in [0, 1, 31, 32, 33, 35] {
            stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_ne!(colored, plain);
        assert_eq!(stripped, plain);
    }

    #[test]
    fn outside_text_cannot_reach_the_terminal() {
        let text = rendered(&sample::everything(), Style { verbose: true, ..Style::default() });
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(acts), "{text}");
        assert!(text.contains("Ann\\nLee") && text.contains("\\u{1b}[31mRed"), "{text}");
    }
}
