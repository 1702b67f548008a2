//! What can be seen without the API: configuration, state folder, lock, roster.

use std::{fs, path::Path};

use jiff::Timestamp;

use crate::{
    chain::chain,
    cli::{output, setup},
    config::{Configuration, Settings},
    report::findings::Findings,
    roster::{Known, ParsedRoster, Roster},
    store::{Folder, Shared},
};

pub(super) fn configuration(configuration: &Configuration, found: &mut Findings) {
    let Configuration { settings, file, .. } = configuration;
    let file = match file {
        Some(file) => format!("from {}", file.display()),
        None => "no file; defaults, environment and flags alone".to_owned(),
    };
    let profile = settings.profile.as_ref().map(|name| format!(", profile `{name}`"));
    found.ok("configuration", format!("{file}{}", profile.unwrap_or_default()));
    let origin = configuration.origin("base_url").map(|origin| format!(" (from {origin})"));
    let origin = origin.unwrap_or_default();
    found.ok("base URL", format!("{}{origin}", settings.base_url));
}

pub(super) fn state(settings: &Settings, found: &mut Findings) {
    const ELSEWHERE: &str = "`--state-dir DIR` or `state_dir` names another place";
    let path = settings.state_folder();
    let state = match Shared::open(Folder::at(&path)) {
        Ok(state) => state,
        Err(error) => return found.failure("state folder", chain(&error), ELSEWHERE),
    };
    if let Err(error) = tempfile::NamedTempFile::new_in(&path) {
        let detail = format!("cannot write: {error}");
        return found.failure("state folder", detail, ELSEWHERE);
    }
    let shown = path.display().to_string();
    match open_to_others(&path) {
        None => found.ok("state folder", format!("{shown} is writable and private")),
        Some(mode) => {
            let detail = format!("{shown} is open to others (mode {mode:04o})");
            found.warning("state folder", detail, "run `chmod 700` on it");
        }
    }
    match state.is_locked() {
        Ok(false) => found.ok("lock", "free"),
        Ok(true) => {
            let advice = "a second one exits 7, or waits with `--wait-lock`";
            let whose = state.holder().map(|holder| format!(": {holder}")).unwrap_or_default();
            found.warning("lock", format!("another run is under way{whose}"), advice);
        }
        Err(error) => {
            let advice = "an apply needs this lock: check whom the file belongs to";
            found.unknown("lock", chain(&error), advice);
        }
    }
    if let (_, Some(damage)) = state.memory(Timestamp::now()) {
        found.warning("memory", damage, "the next apply writes a new one");
    }
    last_run(&state, found);
}

fn last_run(state: &Shared<Folder>, found: &mut Findings) {
    let journal = match state.last_journal() {
        Ok(Some((_, Ok(journal)))) => journal,
        Ok(Some((run, Err(error)))) => {
            let detail = format!("the journal of {run}: {error}");
            let advice =
                "what it left in doubt is not known; the next apply starts from what is live";
            return found.warning("last apply", detail, advice);
        }
        Ok(None) => return,
        Err(error) => {
            let advice = "what the last apply left in doubt is not known";
            return found.unknown("last apply", chain(&error), advice);
        }
    };
    if let Some(damage) = journal.damage_words() {
        let detail = format!("run {}: {damage}", journal.run);
        return found.warning(
            "last apply",
            detail,
            "`kantata-sync show RUN` shows what is known of it",
        );
    }
    let in_doubt = journal.in_doubt().len();
    if in_doubt > 0 {
        let detail = format!("{} left in doubt: {in_doubt} requests", journal.run);
        let advice = "`kantata-sync show` says which; the next apply starts from what is live";
        found.warning("last apply", detail, advice);
    }
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

/// The roster, where one is named and can be used at all; its names may have to be looked up.
pub(super) fn roster(
    path: Option<&Path>,
    settings: &Settings,
    found: &mut Findings,
) -> Option<ParsedRoster> {
    match ParsedRoster::read(path?, &setup::reader_settings(settings)) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            let advice = "`kantata-sync check` lists everything that is wrong with it";
            found.failure("roster", chain(&error), advice);
            None
        }
    }
}

/// The roster, where this is what its names mean.
pub(super) fn settled(parsed: ParsedRoster, known: &Known, found: &mut Findings) -> Roster {
    let roster = parsed.settle(known);
    let (rows, projects) = (roster.rows, roster.desired.workspaces.len());
    let partial = output::marked(&roster.desired);
    let detail = format!("{}: {rows} rows, {projects} projects{partial}", roster.path.display());
    match roster.invalid_rows() {
        0 => found.ok("roster", detail),
        invalid => {
            let advice = "`kantata-sync check` lists them; nobody is removed from their projects, and a run exits 5";
            found.failure("roster", format!("{detail}; {invalid} invalid"), advice);
        }
    }
    roster
}
