//! The reverse of a run: what its journal proves that it did, taken back where live is still as the
//! run left it; everything else is held with its reason.
//!
//! Pure: a journal and a live set in, a plan out.

mod reverse;
mod touched;

use std::collections::{BTreeMap, BTreeSet};

use reverse::Reversal;
use touched::{Did, Touched, touched};

use crate::{
    journal::Journal,
    model::{
        DesiredSet, Fields, LOST_WITH_A_RECORD, LiveSet, LiveWorkspace, MembershipKey, Role,
        UserId, WorkspaceId,
    },
    plan::{Change, Held, HoldReason, Plan, Policy, Reason, plan_with},
    run::RunId,
};

/// What a run did, to be reversed; there is no undo of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The run.
    pub run: RunId,
    /// Names of the people it concerned, as far as its report has them: who was deleted is in no
    /// listing now.
    names: BTreeMap<UserId, String>,
    touched: BTreeMap<MembershipKey, Touched>,
}

impl Undo {
    /// Reads what a run did; none when it wrote nothing that had an effect.
    #[must_use]
    pub fn of(journal: &Journal, names: BTreeMap<UserId, String>) -> Option<Self> {
        let touched = touched(journal);
        (!touched.is_empty()).then(|| Self { run: journal.run.clone(), names, touched })
    }

    /// How many memberships it touched.
    #[must_use]
    pub fn membership_count(&self) -> usize {
        self.touched.len()
    }

    /// Whom the run deleted, as they were; who was on no visible side is left out.
    pub fn deleted(&self) -> impl Iterator<Item = (MembershipKey, Role, Fields)> {
        self.touched.iter().filter_map(|(key, touched)| match &touched.did {
            Did::Delete(live) => Some((*key, live.role.visible()?, live.fields.as_wishes())),
            Did::Create | Did::Update(_) => None,
        })
    }

    pub(super) fn workspaces(&self) -> BTreeSet<WorkspaceId> {
        self.touched.keys().map(|key| key.workspace).collect()
    }

    /// What has to change for live to be as before the run.
    pub(super) fn plan(&self, live: &LiveSet, policy: &Policy) -> Plan {
        let (desired, held) = self.desired(live);
        let mut plan = plan_with(&desired, live, policy, held, reversed);
        self.add_names(&mut plan);
        plan
    }

    /// How live should be, and what is left alone of that.
    fn desired(&self, live: &LiveSet) -> (DesiredSet, Vec<Held>) {
        let mut reversal = Reversal::default();
        for (key, touched) in &self.touched {
            match live.workspaces.get(&key.workspace) {
                Some(LiveWorkspace::Listed(listing)) => {
                    reversal.membership(*key, touched, listing.of(key.user));
                }
                Some(LiveWorkspace::Archived { .. }) => {
                    reversal.hold(*key, None, HoldReason::Archived);
                }
                // Nothing is planned for it.
                Some(LiveWorkspace::Unreadable { .. }) | None => {}
            }
        }
        reversal.into_desired(self.workspaces())
    }

    /// Adds the names of people whom no listing shows any more.
    fn add_names(&self, plan: &mut Plan) {
        let actions = plan.actions.iter().map(|action| action.key);
        for key in actions.chain(plan.held.iter().map(|held| held.key)) {
            if let Some(name) = self.names.get(&key.user) {
                plan.people.entry(key.user).or_insert_with(|| name.clone());
            }
        }
    }
}

/// Why something is in the plan, in the words of an undo.
fn reversed(reason: Reason) -> Reason {
    match reason {
        Reason::NotLive => Reason::DeletedByRun,
        Reason::Differs => Reason::UpdatedByRun,
        Reason::NotDesired => Reason::CreatedByRun,
        Reason::RoleDiffers => Reason::ReplacedByRun,
        other => other,
    }
}

/// What a person should know of an undo before it is carried out.
pub(super) fn warnings(plan: &Plan) -> Vec<String> {
    let created: Vec<&Fields> = plan
        .actions
        .iter()
        .filter_map(|action| match &action.change {
            Change::Create { spec } => Some(&spec.fields),
            _ => None,
        })
        .collect();
    let mut warnings = Vec::new();
    if !created.is_empty() {
        warnings.push(format!(
            "memberships created again: {}; the {LOST_WITH_A_RECORD} that they had do not come back",
            created.len()
        ));
    }
    let unknown = created.iter().filter(|fields| fields.access_level.is_none()).count();
    if unknown > 0 {
        warnings.push(format!(
            "memberships of these whose access level the run could not see: {unknown}; they get the account's default"
        ));
    }
    if !plan.actions.is_empty() {
        let again = "the next apply of the same roster does it all again, unless the roster is corrected first";
        warnings.push(again.to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        journal::{CreateRow, Entry, PresentRow, Request, RequestResult, parse_journal},
        model::{
            AccessLevel, Listing, LiveFields, MembershipSpec, Participation, ParticipationId,
            Person, Seen, Unnamed,
        },
    };

    const HEADER: &str = r#"{"entry":"header","format":1,"run":"20231114T221320Z-00000000","started_at":"2023-11-14T22:13:20Z","digest":"abcdefabcdef","tool":"0.1.0","base_url":"http://localhost"}"#;

    fn key(user: u64) -> MembershipKey {
        let workspace = WorkspaceId::new(1).expect("not 0");
        MembershipKey { workspace, user: UserId::new(user).expect("not 0") }
    }

    fn row(user: u64, id: u64, at: i64) -> Participation {
        Participation {
            id: ParticipationId::new(id).expect("not 0"),
            key: key(user),
            role: Seen::Visible(Role::Maven),
            fields: LiveFields {
                access_level: Seen::Visible(AccessLevel::EditTasks),
                ..LiveFields::default()
            },
            created_at: None,
            updated_at: Timestamp::from_second(at).ok(),
        }
    }

    fn live(participations: Vec<Participation>) -> LiveSet {
        let token_user =
            Person { id: key(99).user, name: String::new(), email: None, disabled: Seen::Hidden };
        let listing = Listing {
            title: "Atlas".to_owned(),
            participations,
            userless: Vec::new(),
            listed_at: Timestamp::UNIX_EPOCH,
            pages: 1,
        };
        let workspaces = BTreeMap::from([(key(1).workspace, LiveWorkspace::Listed(listing))]);
        LiveSet { token_user, workspaces, people: BTreeMap::new() }
    }

    fn create(user: u64) -> Request {
        let fields = Fields { access_level: Some(AccessLevel::EditTasks), ..Fields::default() };
        let spec = MembershipSpec { role: Role::Maven, fields };
        Request::Create { memberships: vec![CreateRow { key: key(user), spec }] }
    }

    fn undo(requests: Vec<(Request, RequestResult, Option<Entry>)>) -> Option<Undo> {
        let mut journal = parse_journal(HEADER.as_bytes()).expect("a journal");
        for (seq, (request, result, settled)) in (0..).zip(requests) {
            journal.entries.push(Entry::Intent { seq, request });
            journal.entries.push(Entry::Outcome { seq, result });
            journal.entries.extend(settled);
        }
        Undo::of(&journal, BTreeMap::new())
    }

    fn done(row: &Participation) -> RequestResult {
        RequestResult::Done { present: vec![row.into()], request_id: None }
    }

    /// Who is to go, and why who is held is.
    fn reversal(undo: &Option<Undo>, rows: Vec<Participation>) -> (usize, Vec<String>) {
        let (desired, held) = undo.as_ref().expect("something was done").desired(&live(rows));
        let words = held.iter().map(|held| held.reason.to_string()).collect();
        let Unnamed::DeleteOnly(deletes) = desired.unnamed else { panic!("an undo") };
        (deletes.len(), words)
    }

    #[test]
    fn who_was_created_goes_only_as_the_run_left_him() {
        let made = row(2, 7, 1000);
        let undo = undo(vec![(create(2), done(&made), None)]);
        assert_eq!(reversal(&undo, vec![made.clone()]), (1, vec![]));
        assert_eq!(
            reversal(&undo, vec![row(2, 7, 1060)]),
            (1, vec![]),
            "the server's own afterwork"
        );
        for (changed, why) in [
            (row(2, 7, 1061), "somebody touched it at 1970-01-01T00:17:41Z"),
            (row(2, 8, 1000), "another record, participation 8, is there now"),
            (
                Participation { role: Seen::Visible(Role::Buyer), ..made.clone() },
                "role: maven → buyer",
            ),
        ] {
            let (leaving, words) = reversal(&undo, vec![changed]);
            assert_eq!(leaving, 0);
            assert_eq!(words, [format!("changed since the run that is undone: {why}")]);
        }
        assert_eq!(reversal(&undo, vec![]), (0, vec![]), "gone already");
    }

    #[test]
    fn what_is_not_proved_to_be_the_runs_own_work_is_held() {
        let made = row(2, 7, 1000);
        let unknown = RequestResult::Unknown { message: "cut".to_owned() };
        let refused = RequestResult::Refused { message: "taken".to_owned() };
        let settled = Entry::Settled {
            seq: 0,
            present: vec![PresentRow::from(&made)],
            absent: Vec::new(),
            unknown: Vec::new(),
        };
        let held = (0, vec![HoldReason::LeftInDoubt.to_string()]);
        let never_read_back = undo(vec![(create(2), unknown.clone(), None)]);
        assert_eq!(reversal(&never_read_back, vec![made.clone()]), held);
        let somebody_elses = undo(vec![(create(2), refused, Some(settled.clone()))]);
        assert_eq!(reversal(&somebody_elses, vec![made.clone()]), held);
        let read_back = undo(vec![(create(2), unknown, Some(settled))]);
        assert_eq!(reversal(&read_back, vec![made]), (1, vec![]));
    }

    #[test]
    fn a_request_that_was_not_done_is_not_undone() {
        let not_done = RequestResult::NotDone { message: "401".to_owned() };
        assert_eq!(undo(vec![(create(2), not_done, None)]), None);
    }

    #[test]
    fn a_journal_without_sightings_is_held_against_what_was_wished() {
        let made = row(2, 7, 1000);
        let present = vec![PresentRow { key: key(2), id: made.id, seen: None }];
        let early =
            undo(vec![(create(2), RequestResult::Done { present, request_id: None }, None)]);
        assert_eq!(reversal(&early, vec![row(2, 7, 9999)]), (1, vec![]));
        let mut moved = made;
        moved.fields.access_level = Seen::Visible(AccessLevel::Admin);
        assert_eq!(reversal(&early, vec![moved]).0, 0);
    }
}
