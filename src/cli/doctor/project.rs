//! The projects in scope: which can be read, what the token's user may do there, what is hidden.

use std::collections::BTreeSet;

use super::Examination;
use crate::{
    api::{ReadParticipations, WORKSPACES_PER_REQUEST},
    model::{LiveSet, LiveWorkspace, Permissions, Seen, Workspace, WorkspaceId},
    report::{findings::Findings, unreadable_words},
};

/// How many projects a line names.
const NAMED: usize = 5;
/// How many lines there are of one kind.
const LINES: usize = 20;

impl Examination<'_> {
    /// What the answers say of the token's rights; what they do not say is unknown.
    pub(super) async fn rights(
        &self,
        api: &impl ReadParticipations,
        workspaces: &BTreeSet<WorkspaceId>,
        found: &mut Findings,
    ) {
        let ids: Vec<WorkspaceId> = workspaces.iter().copied().collect();
        let mut tally = Tally::default();
        for chunk in ids.chunks(WORKSPACES_PER_REQUEST) {
            match api.fetch_workspaces(chunk).await {
                Ok(projects) => tally.add(projects),
                Err(error) => {
                    let detail = format!("cannot be asked on {}: {error}", projects(chunk.len()));
                    found.unknown("rights", detail, UNKNOWN_RIGHTS);
                }
            }
        }
        tally.tell(found);
    }

    /// What the listings show.
    pub(super) fn live(&self, live: &LiveSet, found: &mut Findings) {
        let (mut readable, mut unreadable, mut archived) = (0, Vec::new(), Vec::new());
        // On an empty project nothing is seen, and nothing hidden.
        let mut peopled = 0;
        let mut hidden = Vec::new();
        for (id, state) in &live.workspaces {
            match state {
                LiveWorkspace::Listed(listing) => {
                    readable += 1;
                    peopled += usize::from(!listing.participations.is_empty());
                    let mut rows = listing.participations.iter();
                    if rows.any(|row| row.fields.access_level == Seen::Hidden) {
                        hidden.push(titled(*id, &listing.title));
                    }
                }
                LiveWorkspace::Archived { title } => {
                    archived.push((titled(*id, title), "archived: held, not listed".to_owned()));
                }
                LiveWorkspace::Unreadable { title, reason } => {
                    let name = titled(*id, title.as_deref().unwrap_or_default());
                    unreadable.push((name, unreadable_words(reason)));
                }
            }
        }
        found.ok("projects", format!("{readable} of {} can be read", live.workspaces.len()));
        limited(unreadable, found, |found, name, reason| {
            let advice = "look at the id, and whether the token's user is on the project";
            found.failure(&format!("project {name}"), reason, advice);
        });
        limited(archived, found, |found, name, words| {
            let advice = "take it out of the roster, or restore it in Kantata";
            found.warning(&format!("project {name}"), words, advice);
        });
        access_levels(peopled, &hidden, found);
        for entry in self.looker.settings.protect.unmatched(live.people.values()) {
            let detail = format!("`{entry}` matches nobody on the projects in scope");
            found.warning("protect.users", detail, "correct the entry, or take it out");
        }
    }
}

/// What an answer says of what the token's user may do on a project.
enum Rights {
    Administrator,
    InvitesAndEdits,
    Lacks(String),
    Unknown,
}

const UNKNOWN_RIGHTS: &str =
    "look in Kantata whether the token's user is project administrator there";

/// How many projects there are of each kind.
#[derive(Default)]
struct Tally {
    administrator: usize,
    invites_and_edits: usize,
    unknown: usize,
    lacking: Vec<(String, String)>,
}

impl Tally {
    fn add(&mut self, projects: Vec<Workspace>) {
        for project in projects.into_iter().filter(|project| !project.archived) {
            match rights(project.permissions.clone().visible()) {
                Rights::Administrator => self.administrator += 1,
                Rights::InvitesAndEdits => self.invites_and_edits += 1,
                Rights::Unknown => self.unknown += 1,
                Rights::Lacks(lack) => self.lacking.push((named(&project), lack)),
            }
        }
    }

    fn tell(self, found: &mut Findings) {
        let Self { administrator, invites_and_edits, unknown, lacking } = self;
        if administrator > 0 {
            found.ok("rights", format!("project administrator on {}", projects(administrator)));
        }
        if invites_and_edits > 0 {
            found.ok("rights", format!("may invite and edit on {}", projects(invites_and_edits)));
        }
        if unknown > 0 {
            let detail = format!("on {} the answers do not say", projects(unknown));
            found.unknown("rights", detail, UNKNOWN_RIGHTS);
        }
        limited(lacking, found, |found, name, lack| {
            let advice = "some changes may be refused or held: have the token's user made project administrator";
            found.warning(&format!("rights on {name}"), lack, advice);
        });
    }
}

/// What these words tell; silence is no right.
fn rights(said: Option<Permissions>) -> Rights {
    let Some(Permissions { access_level, flags }) = said else { return Rights::Unknown };
    if flags.get("is_participant") == Some(&false) {
        return Rights::Lacks("the token's user is not on the project".to_owned());
    }
    match access_level.as_deref() {
        Some("admin") => return Rights::Administrator,
        Some(other) => {
            let lack = format!("the token's user has access level `{other}`, not `admin`");
            return Rights::Lacks(lack);
        }
        None => {}
    }
    let needed = ["can_invite", "can_edit"];
    let refused: Vec<&str> =
        needed.into_iter().filter(|name| flags.get(*name) == Some(&false)).collect();
    if !refused.is_empty() {
        return Rights::Lacks(format!("the answer says no to {}", refused.join(", ")));
    }
    if needed.iter().all(|name| flags.contains_key(*name)) {
        return Rights::InvitesAndEdits;
    }
    Rights::Unknown
}

fn access_levels(peopled: usize, hidden: &[String], found: &mut Findings) {
    if hidden.is_empty() {
        if peopled > 0 {
            found.ok("access levels", format!("visible on {}", projects(peopled)));
        }
        return;
    }
    let mut shown = hidden.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if hidden.len() > NAMED {
        shown.push_str(&format!(" and {} more", hidden.len() - NAMED));
    }
    let advice = "managing access_level there will be held: only project administrators see it";
    found.warning("access levels", format!("hidden on {shown}"), advice);
}

/// At most so many lines of a kind, and how many there are besides.
fn limited(
    mut lines: Vec<(String, String)>,
    found: &mut Findings,
    tell: impl Fn(&mut Findings, &str, &str),
) {
    let more = lines.len().saturating_sub(LINES);
    let last = lines.get(LINES).cloned();
    lines.truncate(LINES);
    for (name, words) in &lines {
        tell(found, name, words);
    }
    if let Some((name, words)) = last {
        let besides = if more > 1 { format!(" and {} more", more - 1) } else { String::new() };
        tell(found, &format!("{name}{besides}"), &words);
    }
}

fn projects(count: usize) -> String {
    format!("{count} project{}", if count == 1 { "" } else { "s" })
}

fn named(project: &Workspace) -> String {
    titled(project.id, &project.title)
}

fn titled(id: WorkspaceId, title: &str) -> String {
    if title.is_empty() { id.to_string() } else { format!("{title} ({id})") }
}
