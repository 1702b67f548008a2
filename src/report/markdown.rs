//! The report as Markdown, for wikis, issues and chat: a summary and tables.
//!
//! What a plan destroys stands last. Outside text is escaped so that it shows as it is: no markup, no HTML, no broken table.
//! Knows no other renderer.

use std::io::{self, Write};

use super::{
    LeftInDoubt, ReportEntry, ReportedProblem, RunReport, escape::markdown, facts, loss, reason,
    upcoming, words,
};
use crate::model::{Outcome, line_words};

/// Writes the report as Markdown.
///
/// # Errors
/// What the writer returns.
pub fn render(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let command = words::command(report.command);
    writeln!(out, "# kantata-sync {command}: {}", report.run)?;
    lost(report, out)?;
    summary(report, out)?;
    guard(report, out)?;
    actions(words::PROTECTED, report, &words::protected(report), out)?;
    let others = report.entries.iter().filter(|entry| !words::is_protected(entry));
    let mut entries: Vec<&ReportEntry> =
        others.filter(|entry| !loss::is_to_be_destroyed(entry)).collect();
    entries.sort_by_key(|entry| entry.key);
    actions("Actions", report, &entries, out)?;
    let unreadable = words::unreadable(report).into_iter();
    list(
        "Unreadable projects",
        unreadable.map(|(id, reason)| format!("{}: {reason}", report.project(id))),
        out,
    )?;
    let archived = words::archived(report).into_iter();
    list("Archived projects", archived.map(|id| report.project(id)), out)?;
    let problems = report.problems.iter();
    list("Invalid rows", problems.map(ReportedProblem::words), out)?;
    let title = report.dates.as_ref().map(upcoming::title).unwrap_or_default();
    list(&title, upcoming::lines(report).into_iter(), out)?;
    list("Warnings", report.warnings.iter().map(ToString::to_string), out)?;
    for LeftInDoubt { run, requests } in &report.left_in_doubt {
        list(&format!("Left in doubt by run {run}"), requests.iter().cloned(), out)?;
    }
    actions("Deletes and replacements", report, &loss::planned(report, true), out)
}

fn lost(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let lost = words::with_outcome(report, Some(Outcome::Lost));
    actions("Lost: deleted and not created again", report, &lost, out)
}

fn summary(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for (name, value) in facts::facts(report) {
        writeln!(out, "- **{name}**: {}", markdown(&value))?;
    }
    Ok(())
}

fn guard(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    if report.refusals.is_empty() {
        return Ok(());
    }
    list("Guard", report.refusals.iter().map(ToString::to_string), out)?;
    writeln!(out, "\nHint: {}", words::approve_hint())
}

fn list(
    title: &str,
    items: impl ExactSizeIterator<Item = String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if items.len() == 0 {
        return Ok(());
    }
    writeln!(out, "\n## {title} ({})\n", items.len())?;
    for item in items {
        writeln!(out, "- {}", markdown(&item))?;
    }
    Ok(())
}

fn actions(
    title: &str,
    report: &RunReport,
    entries: &[&ReportEntry],
    out: &mut dyn Write,
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {title} ({})\n", entries.len())?;
    writeln!(out, "| | Project | Person | Action | Change | Outcome | Why | Line |")?;
    writeln!(out, "|---|---|---|---|---|---|---|---:|")?;
    for entry in entries {
        let line = entry.line.map(|line| line_words(line).to_string()).unwrap_or_default();
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {} | {line} |",
            words::mark(entry),
            markdown(&report.project(entry.key.workspace)),
            markdown(&report.person(entry.key.user)),
            words::action(entry),
            markdown(&words::change(entry)),
            words::outcome(entry),
            markdown(&reason::of_entry(entry)),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn rendered(report: &RunReport) -> String {
        let mut out = Vec::new();
        render(report, &mut out).expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_run_with_everything() {
        insta::assert_snapshot!(rendered(&sample::everything()), @r##"
        # kantata-sync apply: 20261124T030739Z-000e3d4c

        ## Lost: deleted and not created again (1)

        | | Project | Person | Action | Change | Outcome | Why | Line |
        |---|---|---|---|---|---|---|---:|
        | `±` | =cmd() (102) | Ann\\nLee (6) | replace | maven → buyer, access edit_tasks | lost | 422: user \\u{9b}31mgone | 4 |

        - **API**: https://api.mavenlink.com/api/v1
        - **Mode**: mirror
        - **Roster**: members.csv (11 rows, 1 invalid)
        - **Time**: 2026-11-24T03:07:39Z, took 12 s
        - **Plan**: 1 to create, 2 to update, 1 to delete, 1 to replace; 40 in sync, 2 held, 1 frozen, 1 withheld
        - **Digest**: 0123456789ab
        - **Result**: 1 lost, 1 in doubt, 1 failed, 1 rejected, 1 not stuck, 1 stale, 1 not reached, 1 withheld, 1 frozen, 2 held, 1 applied
        - **Pace**: 120 requests sent, 80 of them writes; 2 answered 429, held 13 s, 3.3 of 4 a second at the end
        - **Ended**: stopped at its deadline; exit 5, partly applied

        ## Guard (1)

        - plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld

        Hint: review withheld-deletes.csv, then --approve-deletes

        ## Protected (kept) (1)

        | | Project | Person | Action | Change | Outcome | Why | Line |
        |---|---|---|---|---|---|---|---:|
        | `-` | =cmd() (102) | user 4 (name not visible) | delete | maven, lead, demoted first | held | protected by \`\*@&lt;partner&gt;.example\` in protect.users |  |

        ## Actions (11)

        | | Project | Person | Action | Change | Outcome | Why | Line |
        |---|---|---|---|---|---|---|---:|
        | `+` | Alpha \| &lt;script&gt;alert(1)&lt;/script&gt; (101) | \\u{1b}\[31mRed\\u{1b}\[0m (7) | create | maven, access edit_tasks | rejected | access_level is not &lt;allowed&gt; | 2 |
        | `~` | Alpha \| &lt;script&gt;alert(1)&lt;/script&gt; (101) | \\u{1b}\[31mRed\\u{1b}\[0m (7) | update | team_lead: false → true (after the create) | not reached | the create was rejected | 2 |
        | `~` | Alpha \| &lt;script&gt;alert(1)&lt;/script&gt; (101) | Bo \\u{202e}oB (8) | update | access_level: edit_tasks → admin | not stuck | answered 200, still edit_tasks | 5 |
        | `~` | Alpha \| &lt;script&gt;alert(1)&lt;/script&gt; (101) | The \`Token\` (9) | update | access_level: edit_tasks → admin | held | the token's own user | 6 |
        | `-` | Alpha \| &lt;script&gt;alert(1)&lt;/script&gt; (101) | user 10 (name not visible) | delete | maven, lead, demoted first | withheld | on the project, not in the roster; plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld |  |
        | `+` | =cmd() (102) | Zoë O'Neil (3) | create | maven, access edit_tasks | applied | in the roster, not on the project | 3 |
        | `-` | =cmd() (102) | -Dash (5) | delete | maven | stale | changed 2026-11-24T03:07:40Z |  |
        | `±` | =cmd() (102) | Ann\\nLee (6) | replace | maven → buyer, access edit_tasks | lost | 422: user \\u{9b}31mgone | 4 |
        | `-` | =cmd() (102) | Bo \\u{202e}oB (8) | delete | maven, lead, demoted first | frozen | on the project, not in the roster; invalid roster rows of this project: line 7 |  |
        | `+` | =cmd() (102) | user 11 (name not visible) | create | maven, access edit_tasks | in doubt | no answer | 9 |
        | `+` | =cmd() (102) | user 12 (name not visible) | create | maven, access edit_tasks | failed | 503 six times | 10 |

        ## Unreadable projects (1)

        - project 103: not visible to this token, or no such project

        ## Archived projects (1)

        - Old (104)

        ## Invalid rows (1)

        - line 7: role: found \`boss\`, expected \`maven\` or \`buyer\`

        ## Warnings (1)

        - project 105 left the roster, 4 memberships no longer managed

        ## Left in doubt by run 20261123T030739Z-00000001 (1)

        - create of 3 memberships on project 101
        "##);
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(rendered(&sample::empty()), @r##"
        # kantata-sync plan: 20261124T030739Z-000e3d4c

        - **API**: https://api.mavenlink.com/api/v1
        - **Mode**: mirror
        - **Roster**: members.csv (40 rows)
        - **Time**: 2026-11-24T03:07:39Z, took 12 s
        - **Plan**: nothing to do; 40 in sync
        - **Digest**: 0123456789ab
        - **Ended**: complete; exit 0, done or in sync
        "##);
    }

    #[test]
    fn every_table_row_has_the_same_cells() {
        let text = rendered(&sample::everything());
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 10);
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 9, "{row}");
        }
        assert!(!text.contains("<script>"));
    }
}
