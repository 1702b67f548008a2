//! The report as one self-contained page: no network, searchable, filterable, printable.
//!
//! Style and script are compiled in and named by their hashes in the page's content policy, so that
//! nothing else can run or load. `maud` escapes every text. Knows no other renderer.

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::{
    LeftInDoubt, ReportEntry, ReportedProblem, RunReport, escape::visible, facts, loss, reason,
    upcoming, words,
};
use crate::{
    model::{Outcome, WorkspaceId, line_words},
    plan::Change,
    store::REJECTED,
};

const STYLE: &str = include_str!("html.css");
const SCRIPT: &str = include_str!("html.js");

/// Writes the report as an HTML page.
///
/// # Errors
/// What the writer returns.
pub fn render(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("kantata-sync {}: {}", words::command(report.command), report.run);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (title) } (lost(report)) }
                main {
                    (summary(report))
                    (guard(report))
                    (protected(report))
                    (lists(report))
                    (actions(report))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    out.write_all(page.into_string().as_bytes())
}

/// Nothing is loaded and nothing runs but the style and the script of this page.
fn policy() -> String {
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    format!(
        "default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for at in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * at) & 63).unwrap_or(0);
            text.push(if at > group.len() { '=' } else { char::from(DIGITS[digit]) });
        }
    }
    text
}

fn lost(report: &RunReport) -> Markup {
    let lost = words::with_outcome(report, Some(Outcome::Lost));
    html! {
        @if !lost.is_empty() {
            section.alarm role="alert" {
                h2 { "Lost: " (lost.len()) " deleted and not created again" }
                p { "They are in " (REJECTED) ", ready to be corrected and applied again." }
                ul {
                    @for entry in lost {
                        li {
                            (shown(&report.person(entry.key.user))) " on "
                            (shown(&report.project(entry.key.workspace))) ": "
                            (shown(&words::change(entry))) "; " (shown(&reason::of_entry(entry)))
                        }
                    }
                }
            }
        }
    }
}

/// Told by themselves, and rows of the table like all others: it is what people filter.
fn protected(report: &RunReport) -> Markup {
    let words = |entry: &ReportEntry| {
        let (person, project) =
            (report.person(entry.key.user), report.project(entry.key.workspace));
        format!("{person} on {project}: {}; {}", words::action(entry), reason::of_entry(entry))
    };
    list(words::PROTECTED, words::protected(report).into_iter().map(words))
}

fn shown(text: &str) -> Markup {
    html! { bdi { (visible(text).as_ref()) } }
}

fn summary(report: &RunReport) -> Markup {
    html! {
        dl {
            @for (name, value) in facts::facts(report) {
                dt { (name) } dd { (shown(&value)) }
            }
        }
    }
}

fn guard(report: &RunReport) -> Markup {
    html! {
        @if !report.refusals.is_empty() {
            section.alarm {
                h2 { "Withheld by the guard" }
                ul { @for refusal in &report.refusals { li { (shown(&refusal.to_string())) } } }
                p { "Hint: " (words::approve_hint()) }
            }
        }
    }
}

fn lists(report: &RunReport) -> Markup {
    let unreadable = words::unreadable(report).into_iter();
    let unreadable = unreadable.map(|(id, reason)| format!("{}: {reason}", report.project(id)));
    let archived = words::archived(report).into_iter().map(|id| report.project(id));
    let problems = report.problems.iter().map(ReportedProblem::words);
    let title = report.dates.as_ref().map(upcoming::title).unwrap_or_default();
    html! {
        (list(&title, upcoming::lines(report).into_iter()))
        (list("Unreadable projects", unreadable))
        (list("Archived projects", archived))
        (list("Invalid rows", problems))
        (list("Warnings", report.warnings.iter().map(ToString::to_string)))
        @for LeftInDoubt { run, requests } in &report.left_in_doubt {
            (list(&format!("Left in doubt by run {run}"), requests.iter().cloned()))
        }
    }
}

fn list(title: &str, items: impl ExactSizeIterator<Item = String>) -> Markup {
    html! {
        @if items.len() > 0 {
            details open[items.len() <= 20] {
                summary { (title) " (" (items.len()) ")" }
                ul { @for item in items { li { (shown(&item)) } } }
            }
        }
    }
}

fn actions(report: &RunReport) -> Markup {
    let mut entries: Vec<&ReportEntry> = report.entries.iter().collect();
    // What is to be destroyed stands last, as in every form of a plan.
    entries.sort_by_key(|entry| (loss::is_to_be_destroyed(entry), entry.key));
    html! {
        section {
            h2 #actions { "Actions" }
            (filters(report, &entries))
            table aria-labelledby="actions" {
                thead {
                    tr {
                        @for name in [
                            "Project", "Person", "Action", "Change", "Outcome", "Why", "Line", "Ids",
                        ] { th scope="col" { (name) } }
                    }
                }
                tbody #rows { @for entry in entries { (row(report, entry)) } }
            }
        }
    }
}

fn row(report: &RunReport, entry: &ReportEntry) -> Markup {
    let fate = entry.fate.as_ref();
    let planned = entry.change.as_ref().and_then(Change::participation);
    let participation = fate.and_then(|fate| fate.participation).or(planned);
    let action = words::action(entry);
    let outcome = words::outcome(entry);
    html! {
        tr data-project=(entry.key.workspace.number()) data-action=(action) data-outcome=(outcome) {
            td { (shown(&report.project(entry.key.workspace))) }
            td { (shown(&report.person(entry.key.user))) }
            td { b.mark { (words::mark(entry)) } " " (action) }
            td { (shown(&words::change(entry))) }
            td { (outcome) }
            td { (shown(&reason::of_entry(entry))) }
            td { @if let Some(line) = entry.line { (line_words(line).to_string()) } }
            td {
                @if let Some(id) = participation { "participation " (id.number()) " " }
                @if let Some(id) = fate.and_then(|fate| fate.request_id.as_deref()) {
                    "request " (shown(id))
                }
            }
        }
    }
}

fn filters(report: &RunReport, entries: &[&ReportEntry]) -> Markup {
    let projects = entries.chunk_by(|a, b| a.key.workspace == b.key.workspace);
    let projects: Vec<WorkspaceId> = projects.map(|group| group[0].key.workspace).collect();
    let actions = present(entries, words::action);
    let outcomes = present(entries, words::outcome);
    html! {
        form #filters {
            label { "Search " input #text type="search" autocomplete="off"; }
            label { "Person " input #person type="search" autocomplete="off"; }
            label {
                "Project "
                select #project {
                    option value="" { "all" }
                    @for id in projects {
                        option value=(id.number()) { (visible(&report.project(id)).as_ref()) }
                    }
                }
            }
            (choice("Action ", "action", &actions))
            (choice("Outcome ", "outcome", &outcomes))
            button type="reset" { "Show all" }
            output #shown aria-live="polite" { (entries.len()) " of " (entries.len()) }
        }
    }
}

/// The different words that occur, sorted.
fn present(entries: &[&ReportEntry], word: fn(&ReportEntry) -> &'static str) -> Vec<&'static str> {
    let mut words: Vec<_> = entries.iter().map(|entry| word(entry)).collect();
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    words.dedup();
    words
}

fn choice(label: &str, id: &str, words: &[&str]) -> Markup {
    html! {
        label {
            (label)
            select id=(id) {
                option value="" { "all" }
                @for word in words { option value=(word) { (word) } }
            }
        }
    }
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

    /// The page without style and script, a tag a line where a block begins.
    fn outline(report: &RunReport) -> String {
        let page = rendered(report).replace(STYLE, "STYLE").replace(SCRIPT, "SCRIPT");
        ["<head", "<body", "<dt", "<section", "<details", "<form", "<table", "<tr", "<script>"]
            .iter()
            .fold(page, |page, tag| page.replace(tag, &format!("\n{tag}")))
    }

    #[test]
    fn a_run_with_everything() {
        insta::assert_snapshot!(outline(&sample::everything()), @r##"
        <!DOCTYPE html><html lang="en">
        <head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-hVU2CkXjdDXkW1/eNYL5j1ZM1qBFkdTkVOcAy7nbdbc='; script-src 'sha256-5tot6r/dcoPBeM8tco8Yqt1fioRDZFSQ9GK7lOGJLos='; base-uri 'none'; form-action 'none'"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>kantata-sync apply: 20261124T030739Z-000e3d4c</title><style>STYLE</style></head>
        <body>
        <header><h1>kantata-sync apply: 20261124T030739Z-000e3d4c</h1>
        <section class="alarm" role="alert"><h2>Lost: 1 deleted and not created again</h2><p>They are in rejected.csv, ready to be corrected and applied again.</p><ul><li><bdi>Ann\nLee (6)</bdi> on <bdi>=cmd() (102)</bdi>: <bdi>maven → buyer, access edit_tasks</bdi>; <bdi>422: user \u{9b}31mgone</bdi></li></ul></section></header><main><dl>
        <dt>API</dt><dd><bdi>https://api.mavenlink.com/api/v1</bdi></dd>
        <dt>Mode</dt><dd><bdi>mirror</bdi></dd>
        <dt>Roster</dt><dd><bdi>members.csv (11 rows, 1 invalid)</bdi></dd>
        <dt>Time</dt><dd><bdi>2026-11-24T03:07:39Z, took 12 s</bdi></dd>
        <dt>Plan</dt><dd><bdi>1 to create, 2 to update, 1 to delete, 1 to replace; 40 in sync, 2 held, 1 frozen, 1 withheld</bdi></dd>
        <dt>Digest</dt><dd><bdi>0123456789ab</bdi></dd>
        <dt>Result</dt><dd><bdi>1 lost, 1 in doubt, 1 failed, 1 rejected, 1 not stuck, 1 stale, 1 not reached, 1 withheld, 1 frozen, 2 held, 1 applied</bdi></dd>
        <dt>Pace</dt><dd><bdi>120 requests sent, 80 of them writes; 2 answered 429, held 13 s, 3.3 of 4 a second at the end</bdi></dd>
        <dt>Ended</dt><dd><bdi>stopped at its deadline; exit 5, partly applied</bdi></dd></dl>
        <section class="alarm"><h2>Withheld by the guard</h2><ul><li><bdi>plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld</bdi></li></ul><p>Hint: review withheld-deletes.csv, then --approve-deletes</p></section>
        <details open><summary>Protected (kept) (1)</summary><ul><li><bdi>user 4 (name not visible) on =cmd() (102): delete; protected by `*@&lt;partner&gt;.example` in protect.users</bdi></li></ul></details>
        <details open><summary>Unreadable projects (1)</summary><ul><li><bdi>project 103: not visible to this token, or no such project</bdi></li></ul></details>
        <details open><summary>Archived projects (1)</summary><ul><li><bdi>Old (104)</bdi></li></ul></details>
        <details open><summary>Invalid rows (1)</summary><ul><li><bdi>line 7: role: found `boss`, expected `maven` or `buyer`</bdi></li></ul></details>
        <details open><summary>Warnings (1)</summary><ul><li><bdi>project 105 left the roster, 4 memberships no longer managed</bdi></li></ul></details>
        <details open><summary>Left in doubt by run 20261123T030739Z-00000001 (1)</summary><ul><li><bdi>create of 3 memberships on project 101</bdi></li></ul></details>
        <section><h2 id="actions">Actions</h2>
        <form id="filters"><label>Search <input id="text" type="search" autocomplete="off"></label><label>Person <input id="person" type="search" autocomplete="off"></label><label>Project <select id="project"><option value="">all</option><option value="101">Alpha | &lt;script&gt;alert(1)&lt;/script&gt; (101)</option><option value="102">=cmd() (102)</option></select></label><label>Action <select id="action"><option value="">all</option><option value="create">create</option><option value="delete">delete</option><option value="replace">replace</option><option value="update">update</option></select></label><label>Outcome <select id="outcome"><option value="">all</option><option value="applied">applied</option><option value="failed">failed</option><option value="frozen">frozen</option><option value="held">held</option><option value="in doubt">in doubt</option><option value="lost">lost</option><option value="not reached">not reached</option><option value="not stuck">not stuck</option><option value="rejected">rejected</option><option value="stale">stale</option><option value="withheld">withheld</option></select></label><button type="reset">Show all</button><output id="shown" aria-live="polite">12 of 12</output></form>
        <table aria-labelledby="actions"><thead>
        <tr><th scope="col">Project</th><th scope="col">Person</th><th scope="col">Action</th><th scope="col">Change</th><th scope="col">Outcome</th><th scope="col">Why</th><th scope="col">Line</th><th scope="col">Ids</th></tr></thead><tbody id="rows">
        <tr data-project="101" data-action="create" data-outcome="rejected"><td><bdi>Alpha | &lt;script&gt;alert(1)&lt;/script&gt; (101)</bdi></td><td><bdi>\u{1b}[31mRed\u{1b}[0m (7)</bdi></td><td><b class="mark">+</b> create</td><td><bdi>maven, access edit_tasks</bdi></td><td>rejected</td><td><bdi>access_level is not &lt;allowed&gt;</bdi></td><td>2</td><td>request <bdi>req-1</bdi></td></tr>
        <tr data-project="101" data-action="update" data-outcome="not reached"><td><bdi>Alpha | &lt;script&gt;alert(1)&lt;/script&gt; (101)</bdi></td><td><bdi>\u{1b}[31mRed\u{1b}[0m (7)</bdi></td><td><b class="mark">~</b> update</td><td><bdi>team_lead: false → true (after the create)</bdi></td><td>not reached</td><td><bdi>the create was rejected</bdi></td><td>2</td><td></td></tr>
        <tr data-project="101" data-action="update" data-outcome="not stuck"><td><bdi>Alpha | &lt;script&gt;alert(1)&lt;/script&gt; (101)</bdi></td><td><bdi>Bo \u{202e}oB (8)</bdi></td><td><b class="mark">~</b> update</td><td><bdi>access_level: edit_tasks → admin</bdi></td><td>not stuck</td><td><bdi>answered 200, still edit_tasks</bdi></td><td>5</td><td>participation 8 request <bdi>req-3</bdi></td></tr>
        <tr data-project="101" data-action="update" data-outcome="held"><td><bdi>Alpha | &lt;script&gt;alert(1)&lt;/script&gt; (101)</bdi></td><td><bdi>The `Token` (9)</bdi></td><td><b class="mark">~</b> update</td><td><bdi>access_level: edit_tasks → admin</bdi></td><td>held</td><td><bdi>the token's own user</bdi></td><td>6</td><td>participation 9 </td></tr>
        <tr data-project="101" data-action="delete" data-outcome="withheld"><td><bdi>Alpha | &lt;script&gt;alert(1)&lt;/script&gt; (101)</bdi></td><td><bdi>user 10 (name not visible)</bdi></td><td><b class="mark">-</b> delete</td><td><bdi>maven, lead, demoted first</bdi></td><td>withheld</td><td><bdi>on the project, not in the roster; plan deletes 60 of 400 memberships; the limit is 50 (guard.max_deletes); all deletes of this run are withheld</bdi></td><td></td><td>participation 101010 </td></tr>
        <tr data-project="102" data-action="create" data-outcome="applied"><td><bdi>=cmd() (102)</bdi></td><td><bdi>Zoë O'Neil (3)</bdi></td><td><b class="mark">+</b> create</td><td><bdi>maven, access edit_tasks</bdi></td><td>applied</td><td><bdi>in the roster, not on the project</bdi></td><td>3</td><td>request <bdi>req-0</bdi></td></tr>
        <tr data-project="102" data-action="delete" data-outcome="held"><td><bdi>=cmd() (102)</bdi></td><td><bdi>user 4 (name not visible)</bdi></td><td><b class="mark">-</b> delete</td><td><bdi>maven, lead, demoted first</bdi></td><td>held</td><td><bdi>protected by `*@&lt;partner&gt;.example` in protect.users</bdi></td><td></td><td>participation 102004 </td></tr>
        <tr data-project="102" data-action="delete" data-outcome="stale"><td><bdi>=cmd() (102)</bdi></td><td><bdi>-Dash (5)</bdi></td><td><b class="mark">-</b> delete</td><td><bdi>maven</bdi></td><td>stale</td><td><bdi>changed 2026-11-24T03:07:40Z</bdi></td><td></td><td>participation 102005 request <bdi>req-4</bdi></td></tr>
        <tr data-project="102" data-action="replace" data-outcome="lost"><td><bdi>=cmd() (102)</bdi></td><td><bdi>Ann\nLee (6)</bdi></td><td><b class="mark">±</b> replace</td><td><bdi>maven → buyer, access edit_tasks</bdi></td><td>lost</td><td><bdi>422: user \u{9b}31mgone</bdi></td><td>4</td><td>participation 102006 request <bdi>req-5</bdi></td></tr>
        <tr data-project="102" data-action="delete" data-outcome="frozen"><td><bdi>=cmd() (102)</bdi></td><td><bdi>Bo \u{202e}oB (8)</bdi></td><td><b class="mark">-</b> delete</td><td><bdi>maven, lead, demoted first</bdi></td><td>frozen</td><td><bdi>on the project, not in the roster; invalid roster rows of this project: line 7</bdi></td><td></td><td>participation 102008 </td></tr>
        <tr data-project="102" data-action="create" data-outcome="in doubt"><td><bdi>=cmd() (102)</bdi></td><td><bdi>user 11 (name not visible)</bdi></td><td><b class="mark">+</b> create</td><td><bdi>maven, access edit_tasks</bdi></td><td>in doubt</td><td><bdi>no answer</bdi></td><td>9</td><td></td></tr>
        <tr data-project="102" data-action="create" data-outcome="failed"><td><bdi>=cmd() (102)</bdi></td><td><bdi>user 12 (name not visible)</bdi></td><td><b class="mark">+</b> create</td><td><bdi>maven, access edit_tasks</bdi></td><td>failed</td><td><bdi>503 six times</bdi></td><td>10</td><td></td></tr></tbody></table></section></main>
        <script>SCRIPT</script></body></html>
        "##);
    }

    #[test]
    fn outside_text_is_never_markup() {
        let page = rendered(&sample::everything());
        assert_eq!(page.matches("<script>").count(), 1, "only our own");
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert!(page.contains("access_level is not &lt;allowed&gt;"));
        assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{9b}']));
    }

    #[test]
    fn nothing_is_loaded_and_no_style_or_script_stands_outside_its_element() {
        let page = rendered(&sample::everything());
        for loading in ["src=", "href=", "@import", "url(", " style=", " onclick="] {
            assert!(!page.contains(loading), "{loading}");
        }
    }

    #[test]
    fn the_policy_names_exactly_what_stands_in_the_page() {
        let page = rendered(&sample::empty());
        let inside = |open: &str, close: &str| {
            let rest = page.split_once(open).expect("there").1;
            rest.split_once(close).expect("there").0.to_owned()
        };
        let policy = inside("Policy\" content=\"", "\">");
        let style = hash(&inside("<style>", "</style>"));
        let script = hash(&inside("<script>", "</script>"));
        assert!(policy.contains(&format!("style-src {style};")), "{policy}");
        assert!(policy.contains(&format!("script-src {script};")), "{policy}");
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn every_action_is_a_row() {
        let report = sample::everything();
        let page = rendered(&report);
        assert_eq!(page.matches("<tr data-project").count(), report.entries.len());
    }
}
