//! The reverse of a run: what its journal proves that it did, taken back where live is still as the
//! run left it; everything else is held with its reason.
//!
//! Pure but for [`undo_of`], which reads what is kept: a journal and a live set in, a plan out.

mod kept;
mod reverse;
mod touched;

use std::collections::{BTreeMap, BTreeSet};

pub use kept::{NoUndo, undo_of};
use reverse::{Reversal, Reversed};
use touched::{Did, Touched, at, touched};

use crate::{
    journal::Journal,
    model::{Fields, LiveSet, LiveWorkspace, MembershipKey, Role, UserId, WorkspaceId},
    plan::{Action, Change, HoldReason, Plan, Policy, Reason, plan_with},
    report::RunWarning,
    run::RunId,
};

/// What a run did, to be reversed; there is no undo of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The run.
    pub run: RunId,
    reported: ReportedFacts,
    /// Whether its journal may have been longer: it has no end.
    cut: bool,
    touched: BTreeMap<MembershipKey, Touched>,
}

/// What the report of a run says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportedFacts {
    /// Names of the people it concerned: who was deleted is in no listing now.
    pub names: BTreeMap<UserId, String>,
    /// The memberships of which it says that something was applied.
    pub applied: BTreeSet<MembershipKey>,
}

impl Undo {
    /// Reads what a run did; none when it wrote nothing that had an effect. What its report tells and
    /// its journal does not is not proved.
    #[must_use]
    pub fn of(journal: &Journal, reported: ReportedFacts) -> Option<Self> {
        let mut touched = touched(journal);
        for key in &reported.applied {
            at(&mut touched, *key, Did::Unrecorded);
        }
        let cut = journal.torn || !journal.ended();
        (!touched.is_empty()).then(|| Self { run: journal.run.clone(), reported, cut, touched })
    }

    /// How many memberships it touched.
    #[must_use]
    pub fn membership_count(&self) -> usize {
        self.touched.len()
    }

    /// Whom the run deleted, as they were; who was on no visible side is left out.
    pub fn deleted(&self) -> impl Iterator<Item = (MembershipKey, Role, Fields)> {
        self.touched.iter().filter_map(|(key, touched)| match &touched.did {
            Did::Delete(live) => Some((*key, live.role.visible()?, live.fields.as_desired())),
            Did::Create | Did::Update(_) | Did::Unrecorded => None,
        })
    }

    pub(super) fn workspaces(&self) -> BTreeSet<WorkspaceId> {
        self.touched.keys().map(|key| key.workspace).collect()
    }

    /// What has to change for live to be as before the run.
    pub(super) fn plan(&self, live: &LiveSet, policy: &Policy) -> Plan {
        let Reversed { desired, held, as_before } = self.reversed(live);
        let mut plan = plan_with(&desired, live, policy, held, in_words_of_undo);
        plan.counts.in_sync += as_before;
        self.add_names(&mut plan);
        plan
    }

    fn reversed(&self, live: &LiveSet) -> Reversed {
        let mut reversal = Reversal::of(self.run.started_at());
        for (key, touched) in &self.touched {
            match live.workspaces.get(&key.workspace) {
                Some(LiveWorkspace::Listed(listing)) => reversal.membership(*key, touched, listing),
                Some(LiveWorkspace::Archived { .. }) => {
                    reversal.hold(*key, None, HoldReason::Archived);
                }
                Some(LiveWorkspace::Unreadable { .. }) | None => {
                    reversal.hold(*key, None, HoldReason::Unreadable);
                }
            }
        }
        reversal.finish(self.workspaces())
    }

    /// Adds the names of people whom no listing shows any more.
    fn add_names(&self, plan: &mut Plan) {
        let actions = plan.actions.iter().map(|action| action.key);
        for key in actions.chain(plan.held.iter().map(|held| held.key)) {
            if let Some(name) = self.reported.names.get(&key.user) {
                plan.people.entry(key.user).or_insert_with(|| name.clone());
            }
        }
    }
}

/// Why something is in the plan, in the words of an undo.
fn in_words_of_undo(reason: Reason) -> Reason {
    match reason {
        Reason::NotLive => Reason::DeletedByRun,
        Reason::Differs => Reason::UpdatedByRun,
        Reason::NotDesired => Reason::CreatedByRun,
        Reason::RoleDiffers => Reason::ReplacedByRun,
        other => other,
    }
}

impl Undo {
    /// What a person should know of it before it is carried out.
    pub(super) fn warnings(&self, plan: &Plan) -> Vec<RunWarning> {
        let created = |action: &Action| match action.change {
            Change::Create { spec } => Some(spec.fields),
            _ => None,
        };
        let created: Vec<Fields> = plan.actions.iter().filter_map(created).collect();
        let unknown = created.iter().filter(|fields| fields.access_level.is_none()).count();
        let kept: BTreeSet<MembershipKey> = plan.held.iter().map(|held| held.key).collect();
        let (created, kept, all) = (created.len(), kept.len(), self.touched.len());
        let warnings = [
            (kept > 0).then_some(RunWarning::NotTakenBack { touched: all, held: kept }),
            self.cut.then(|| RunWarning::JournalCut { run: self.run.clone() }),
            (created > 0).then_some(RunWarning::CreatedAgain { memberships: created }),
            (unknown > 0).then_some(RunWarning::LevelUnknown { memberships: unknown }),
            (!plan.actions.is_empty()).then_some(RunWarning::DoneAgainByTheRoster),
        ];
        warnings.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        journal::{Entry, PresentRow, Request, RequestResult, parse_journal},
        model::{
            AccessLevel, Drift, Field, FieldValue, Listing, LiveFields, Membership, MembershipSpec,
            Participation, ParticipationId, Person, Seen, Unnamed, sample,
        },
    };

    const HEADER: &str = r#"{"entry":"header","format":1,"run":"20231114T221320Z-00000000","started_at":"2023-11-14T22:13:20Z","digest":"abcdefabcdef","tool":"0.1.0","base_url":"http://localhost"}"#;

    fn key(user: u64) -> MembershipKey {
        sample::key(1, user)
    }

    /// When the run started.
    const START: i64 = 1_700_000_000;

    /// A record that the run made, last touched so many seconds later.
    fn row(user: u64, id: u64, later: i64) -> Participation {
        Participation {
            id: ParticipationId::new(id).expect("not 0"),
            key: key(user),
            role: Seen::Visible(Role::Maven),
            fields: LiveFields {
                access_level: Seen::Visible(AccessLevel::EditTasks),
                team_lead: Seen::Visible(false),
                ..LiveFields::default()
            },
            created_at: Timestamp::from_second(START).ok(),
            updated_at: Timestamp::from_second(START + later).ok(),
        }
    }

    fn lead(mut row: Participation) -> Participation {
        row.fields.team_lead = Seen::Visible(true);
        row
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
        Request::Create { memberships: vec![Membership { key: key(user), spec }] }
    }

    fn undo(requests: Vec<(Request, RequestResult, Option<Entry>)>) -> Option<Undo> {
        let mut journal = parse_journal(HEADER.as_bytes()).expect("a journal");
        for (seq, (request, result, settled)) in (0..).zip(requests) {
            journal.entries.push(Entry::Intent { seq, request });
            journal.entries.push(Entry::Outcome { seq, result });
            journal.entries.extend(settled);
        }
        Undo::of(&journal, ReportedFacts::default())
    }

    fn done(row: &Participation) -> RequestResult {
        RequestResult::Done { present: vec![PresentRow::from(row).made(true)], request_id: None }
    }

    fn settled(seq: u64, present: Vec<PresentRow>, absent: Vec<MembershipKey>) -> Option<Entry> {
        Some(Entry::Settled { seq, present, absent, unknown: Vec::new(), why: Vec::new() })
    }

    fn promotion(user: u64, from: u64) -> Request {
        let (before, after) = (FieldValue::Flag(false), FieldValue::Flag(true));
        let drift = vec![Drift { field: Field::TeamLead, before, after }];
        let takes_lead_from = Some(key(from).user);
        let id = ParticipationId::new(user).expect("not 0");
        Request::Update { key: key(user), id, drift, takes_lead_from }
    }

    /// What is to be deleted, what is desired, and why what is held is.
    fn reversal(
        undo: &Option<Undo>,
        rows: Vec<Participation>,
    ) -> (usize, Vec<(u64, Fields)>, Vec<String>) {
        let undo = undo.as_ref().expect("something was done");
        let Reversed { desired, held, .. } = undo.reversed(&live(rows));
        let words = held.iter().map(|held| held.reason.to_string()).collect();
        let entries = desired.entries().iter();
        let entries = entries.map(|entry| (entry.key.user.number(), entry.spec.fields)).collect();
        let Unnamed::DeleteOnly(deletes) = desired.unnamed else { panic!("an undo") };
        (deletes.len(), entries, words)
    }

    fn doubt() -> (usize, Vec<(u64, Fields)>, Vec<String>) {
        (0, vec![], vec![HoldReason::LeftInDoubt.to_string()])
    }

    const UNKNOWN: RequestResult =
        RequestResult::Unknown { message: String::new(), request_id: None };

    #[test]
    fn who_was_created_goes_only_as_the_run_left_him() {
        let made = row(2, 7, 0);
        let undo = undo(vec![(create(2), done(&made), None)]);
        assert_eq!(reversal(&undo, vec![made.clone()]), (1, vec![], vec![]));
        let afterwork = row(2, 7, 60);
        assert_eq!(reversal(&undo, vec![afterwork]), (1, vec![], vec![]), "the server's own");
        for (changed, why) in [
            (row(2, 7, 61), "somebody changed it at 2023-11-14T22:14:21Z"),
            (row(2, 8, 0), "another record, participation 8, is there now"),
            (
                Participation { role: Seen::Visible(Role::Buyer), ..made.clone() },
                "role: maven → buyer",
            ),
            (
                Participation { updated_at: None, ..made.clone() },
                "it is not known when it was last changed",
            ),
            (lead(made.clone()), "team_lead: false → true"),
        ] {
            let (deletes, _, words) = reversal(&undo, vec![changed]);
            assert_eq!(deletes, 0);
            assert_eq!(words, [format!("changed since the run that is undone: {why}")]);
        }
        assert_eq!(reversal(&undo, vec![]), (0, vec![], vec![]), "gone already");
    }

    #[test]
    fn what_is_not_proved_to_be_the_runs_own_work_is_held() {
        let made = row(2, 7, 0);
        let rows = || vec![made.clone()];
        let present = |is_made| vec![PresentRow::from(&made).made(is_made)];
        let refused = RequestResult::Refused { message: "taken".to_owned(), request_id: None };
        let named = RequestResult::Done { present: present(false), request_id: None };
        for unproved in [
            undo(vec![(create(2), UNKNOWN, None)]),
            undo(vec![(create(2), UNKNOWN, settled(0, present(false), vec![]))]),
            undo(vec![(create(2), refused, settled(0, present(false), vec![]))]),
            // A server that ignores duplicates names the record that was there.
            undo(vec![(create(2), named, None)]),
        ] {
            assert_eq!(reversal(&unproved, rows()), doubt());
        }
        let tagged = undo(vec![(create(2), UNKNOWN, settled(0, present(true), vec![]))]);
        assert_eq!(reversal(&tagged, rows()), (1, vec![], vec![]));
        let long_ago = Timestamp::from_second(START - 100_000).ok();
        let older = Participation { created_at: long_ago, ..made.clone() };
        let forged = undo(vec![(create(2), done(&older), None)]);
        assert_eq!(reversal(&forged, vec![older]), doubt(), "no run makes what is older than it");
    }

    #[test]
    fn a_request_that_was_not_done_is_not_undone() {
        let not_done = RequestResult::NotDone { message: "401".to_owned(), ends_run: true };
        assert_eq!(undo(vec![(create(2), not_done, None)]), None);
        let stays = PresentRow::from(&row(2, 7, 0));
        let delete = || Request::Delete { live: Box::new(row(2, 7, 0)) };
        assert_eq!(undo(vec![(delete(), UNKNOWN, settled(0, vec![stays], vec![]))]), None);
        let gone = RequestResult::Gone { message: "404".to_owned(), request_id: None };
        assert_eq!(undo(vec![(promotion(7, 3), gone, None)]), None, "an update of nothing");
        let unchanged = promotion(7, 3);
        let answer = RequestResult::Done {
            present: vec![PresentRow::from(&row(7, 7, 0))],
            request_id: None,
        };
        assert_eq!(undo(vec![(unchanged, answer, None)]), None, "answered, and not stuck");
    }

    #[test]
    fn an_ineffective_update_is_no_later_touch() {
        let (made, touched) = (row(2, 7, 0), row(2, 7, 500));
        let drift = vec![Drift {
            field: Field::TeamLead,
            before: FieldValue::Flag(false),
            after: FieldValue::Flag(true),
        }];
        let ineffective =
            Request::Update { key: key(2), id: made.id, drift, takes_lead_from: None };
        let undo = undo(vec![(create(2), done(&made), None), (ineffective, done(&touched), None)]);
        assert_eq!(reversal(&undo, vec![touched]), (1, vec![], vec![]));
    }

    #[test]
    fn who_was_deleted_comes_back_where_the_delete_is_proved() {
        let gone = row(2, 7, 0);
        let delete = || Request::Delete { live: Box::new(gone.clone()) };
        let done = RequestResult::Done { present: Vec::new(), request_id: None };
        for proved in [
            undo(vec![(delete(), done, None)]),
            undo(vec![(delete(), UNKNOWN, settled(0, vec![], vec![key(2)]))]),
        ] {
            let fields = gone.fields.as_desired();
            assert_eq!(reversal(&proved, vec![]), (0, vec![(2, fields)], vec![]));
        }
        let found_gone = RequestResult::Gone { message: "404".to_owned(), request_id: None };
        let by_somebody = undo(vec![(delete(), found_gone, None)]);
        assert_eq!(reversal(&by_somebody, vec![]), doubt());
    }

    #[test]
    fn a_lead_goes_back_only_from_whom_the_run_gave_it_to() {
        let led = RequestResult::Done {
            present: vec![PresentRow::from(&lead(row(5, 5, 0)))],
            request_id: None,
        };
        let handover = undo(vec![(promotion(5, 4), led, None)]);
        let back = |user, lead| (user, Fields { team_lead: Some(lead), ..Fields::default() });
        let (_, entries, held) = reversal(&handover, vec![row(4, 4, 0), lead(row(5, 5, 0))]);
        assert_eq!((entries, held.len()), (vec![back(4, true), back(5, false)], 0));
        // Promoting did not demote: nothing is to be given back.
        let (_, entries, held) = reversal(&handover, vec![lead(row(4, 4, 0)), lead(row(5, 5, 0))]);
        assert_eq!((entries, held.len()), (vec![back(5, false)], 0));
        let cleo_leads = vec![row(4, 4, 0), row(5, 5, 0), lead(row(6, 6, 0))];
        let (_, entries, held) = reversal(&handover, cleo_leads);
        assert_eq!(entries, []);
        assert_eq!(held, ["changed since the run that is undone: user 6 leads this side now"]);
        let other_side = Participation { role: Seen::Visible(Role::Buyer), ..row(4, 4, 0) };
        let (_, entries, held) = reversal(&handover, vec![other_side, lead(row(5, 5, 0))]);
        assert_eq!(entries, [back(5, false)]);
        assert!(
            held[0].contains("user 5, whom the run made lead, is not on this side"),
            "{held:?}"
        );
    }

    #[test]
    fn what_only_the_report_tells_is_held() {
        let mut journal = parse_journal(HEADER.as_bytes()).expect("a journal");
        journal.torn = true;
        let reported =
            ReportedFacts { applied: BTreeSet::from([key(2)]), ..ReportedFacts::default() };
        assert_eq!(reversal(&Undo::of(&journal, reported), vec![]), doubt());
    }

    #[test]
    fn a_journal_that_does_not_say_how_a_record_was_proves_nothing() {
        let made = row(2, 7, 0);
        let present = vec![PresentRow { key: key(2), id: made.id, seen: None, made: true }];
        let early =
            undo(vec![(create(2), RequestResult::Done { present, request_id: None }, None)]);
        let (deletes, _, held) = reversal(&early, vec![made]);
        assert_eq!(deletes, 0);
        assert!(held[0].contains("does not say how it was"), "{held:?}");
    }
}
