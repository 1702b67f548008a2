//! What a run did to each membership, read from its journal, and what it takes to reverse that.
//!
//! Reversed is what the run is proved to have done, and only where live is still as the run left
//! it; everything else is held with its reason. Pure: a journal and a live set in, wishes out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::sent::{Sent, sent};
use crate::{
    journal::{Journal, Request, SeenRecord},
    model::{
        DesiredMembership, DesiredSet, Drift, Field, FieldValue, Fields, LiveFields, LiveSet,
        LiveWorkspace, MembershipKey, MembershipSpec, Outcome, Participation, ParticipationId,
        Role, Seen, UserId, WorkspaceId,
    },
    plan::{Change, Held, HoldReason, Plan, Target},
    run::RunId,
};

/// A server may finish its own work on a record a moment after it answered: only what changed
/// later than this counts as somebody else's change, where no visible value differs.
const AFTERWORK: SignedDuration = SignedDuration::from_secs(60);

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The run.
    pub run: RunId,
    /// Names of the people it concerned, as far as its report has them: who was deleted is in no
    /// listing now.
    names: BTreeMap<UserId, String>,
    touched: BTreeMap<MembershipKey, Touched>,
}

/// What a run did to one membership.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Touched {
    before: Before,
    after: After,
    /// Not everything about it is proved.
    doubtful: bool,
}

/// How it was.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Before {
    Absent,
    /// The whole record, which the run deleted.
    Whole(Box<Participation>),
    /// A record of which the run changed these values.
    Values(BTreeMap<Field, FieldValue>),
}

/// How the run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum After {
    Absent,
    Present {
        id: ParticipationId,
        /// The side, where the run created the record.
        role: Option<Role>,
        values: BTreeMap<Field, FieldValue>,
        seen: Option<SeenRecord>,
    },
    /// The lead was taken from it by somebody's promotion, which may or may not end by itself.
    PerhapsDemoted,
}

impl Undo {
    /// Reads what a run did.
    #[must_use]
    pub fn of(journal: &Journal, names: BTreeMap<UserId, String>) -> Self {
        let mut touched = BTreeMap::new();
        for sent in sent(journal) {
            for key in sent.request.keys() {
                note(&mut touched, key, &sent);
            }
        }
        Self { run: journal.run.clone(), names, touched }
    }

    /// Adds the names of people whom no listing shows any more.
    pub(super) fn name(&self, plan: &mut Plan) {
        let keys = plan.actions.iter().map(|action| action.key);
        let keys: BTreeSet<UserId> =
            keys.chain(plan.held.iter().map(|held| held.key)).map(|key| key.user).collect();
        for user in keys {
            if let Some(name) = self.names.get(&user) {
                plan.people.entry(user).or_insert_with(|| name.clone());
            }
        }
    }

    /// How many memberships it touched; none when it wrote nothing that had an effect.
    #[must_use]
    pub fn memberships(&self) -> usize {
        self.touched.len()
    }

    /// Whom the run deleted, as they were; who was on no visible side is left out.
    pub fn deleted(&self) -> impl Iterator<Item = (MembershipKey, Role, Fields)> {
        self.touched.iter().filter_map(|(key, touched)| match &touched.before {
            Before::Whole(whole) => Some((*key, whole.role.visible()?, whole.fields.as_wishes())),
            Before::Absent | Before::Values(_) => None,
        })
    }

    pub(super) fn workspaces(&self) -> BTreeSet<WorkspaceId> {
        self.touched.keys().map(|key| key.workspace).collect()
    }

    /// What is wished of live so that it is as before the run, and what is left alone of that.
    pub(super) fn wishes(&self, live: &LiveSet) -> (DesiredSet, Vec<Held>) {
        let mut wishes = Wishes::default();
        for (key, touched) in &self.touched {
            match live.workspaces.get(&key.workspace) {
                Some(LiveWorkspace::Listed(listing)) => {
                    wishes.membership(*key, touched, listing.of(key.user));
                }
                Some(LiveWorkspace::Archived { .. }) => {
                    wishes.hold(*key, None, HoldReason::Archived);
                }
                // Nothing is planned for it.
                Some(LiveWorkspace::Unreadable { .. }) | None => {}
            }
        }
        let mut desired = DesiredSet::new(wishes.entries);
        desired.workspaces = self.workspaces();
        desired.leaving = Some(wishes.leaving);
        (desired, wishes.held)
    }
}

/// Notes what one request did to one membership.
fn note(touched: &mut BTreeMap<MembershipKey, Touched>, key: MembershipKey, sent: &Sent<'_>) {
    let fate = sent.fate(key);
    let doubtful = match fate.outcome {
        Outcome::Applied => sent.was_refused(),
        Outcome::InDoubt => true,
        _ => return,
    };
    match sent.request {
        Request::Create { memberships } => {
            let Some(row) = memberships.iter().find(|row| row.key == key) else { return };
            let wished = row.spec.fields.compare(&LiveFields::default()).hidden;
            let after = fate.participation.map_or(After::Absent, |id| After::Present {
                id,
                role: Some(row.spec.role),
                values: wished.iter().map(|drift| (drift.field, drift.after)).collect(),
                seen: sent.seen(key),
            });
            let entry = touched.entry(key).or_insert(Touched::new(Before::Absent));
            entry.after = after;
            entry.doubtful |= doubtful;
        }
        Request::Update { id, drift, takes_lead_from, .. } => {
            let entry = touched.entry(key).or_insert(Touched::new(Before::Values(BTreeMap::new())));
            entry.update(*id, drift, sent.seen(key));
            entry.doubtful |= doubtful;
            if let Some(user) = takes_lead_from {
                let lead = MembershipKey { user: *user, ..key };
                touched.entry(lead).or_insert(Touched::new(Before::Values(BTreeMap::new()))).led();
            }
        }
        Request::Delete { live } => {
            let entry = touched.entry(key).or_insert(Touched::new(Before::Absent));
            entry.before = Before::Whole(live.clone());
            entry.after = After::Absent;
            entry.doubtful |= doubtful;
        }
    }
}

impl Touched {
    fn new(before: Before) -> Self {
        Self { before, after: After::PerhapsDemoted, doubtful: false }
    }

    /// It led its side before somebody else was promoted.
    fn led(&mut self) {
        if let Before::Values(values) = &mut self.before {
            values.entry(Field::TeamLead).or_insert(FieldValue::Flag(true));
        }
    }

    fn update(&mut self, id: ParticipationId, drift: &[Drift], now: Option<SeenRecord>) {
        if let Before::Values(before) = &mut self.before {
            for drift in drift {
                before.entry(drift.field).or_insert(drift.before);
            }
        }
        if !matches!(self.after, After::Present { .. }) {
            self.after = After::Present { id, role: None, values: BTreeMap::new(), seen: None };
        }
        if let After::Present { values, seen, .. } = &mut self.after {
            values.extend(drift.iter().map(|drift| (drift.field, drift.after)));
            *seen = now.or(*seen);
        }
    }
}

/// What differs between a record as a run left it and as it is now, in words; empty for nothing.
fn changes(after: &After, now: &Participation) -> String {
    let After::Present { id, role, values, seen } = after else { return String::new() };
    if *id != now.id {
        return format!("another record, participation {}, is there now", now.id);
    }
    let mut found = Vec::new();
    if let (Some(role), Seen::Visible(live)) = (role, now.role)
        && *role != live
    {
        found.push(format!("role: {role} → {live}"));
    }
    for field in Field::ALL {
        let shown = seen.map(|seen| seen.fields.value(field));
        let left = shown.filter(|value| *value != FieldValue::Hidden);
        let Some(left) = left.or_else(|| values.get(&field).copied()) else { continue };
        let live = now.fields.value(field);
        if live != FieldValue::Hidden && live != left {
            found.push(Drift { field, before: left, after: live }.to_string());
        }
    }
    let moved = |seen: SeenRecord| Some((seen.updated_at?, now.updated_at?));
    if let (true, Some((left, live))) = (found.is_empty(), seen.and_then(moved))
        && live.duration_since(left) > AFTERWORK
    {
        found.push(format!("somebody touched it at {live:.0}"));
    }
    found.join(", ")
}

/// What is wished of each membership, as it comes up.
#[derive(Default)]
struct Wishes {
    entries: Vec<DesiredMembership>,
    leaving: BTreeSet<MembershipKey>,
    held: Vec<Held>,
}

impl Wishes {
    fn hold(&mut self, key: MembershipKey, change: Option<Change>, reason: HoldReason) {
        self.held.push(Held { key, change, reason });
    }

    fn want(&mut self, key: MembershipKey, role: Role, fields: Fields) {
        let spec = MembershipSpec { role, fields };
        self.entries.push(DesiredMembership { key, spec, line: 0 });
    }

    fn membership(&mut self, key: MembershipKey, touched: &Touched, rows: &[Participation]) {
        let Touched { before, after, doubtful } = touched;
        if rows.len() > 1 {
            let ids = rows.iter().map(|row| row.id).collect();
            return self.hold(key, None, HoldReason::DuplicateLive { ids });
        }
        let now = rows.first();
        match (before, now) {
            (Before::Absent, None) => {}
            (Before::Absent, Some(now)) => self.created(now, after, *doubtful),
            (Before::Whole(whole), now) => self.deleted(whole, (after, *doubtful), now),
            (Before::Values(_), None) => {
                let how = "the person is not on the project any more".to_owned();
                self.hold(key, None, HoldReason::ChangedSince { how });
            }
            (Before::Values(values), Some(now)) => self.updated(values, (after, *doubtful), now),
        }
    }

    /// Somebody who was not there before the run.
    fn created(&mut self, now: &Participation, after: &After, doubtful: bool) {
        let leads = now.fields.team_lead == Seen::Visible(true);
        let delete = Change::Delete { live: Box::new(now.clone()), demote_first: leads };
        let how = changes(after, now);
        if doubtful || !matches!(after, After::Present { .. }) {
            self.hold(now.key, Some(delete), HoldReason::LeftInDoubt);
        } else if how.is_empty() {
            self.leaving.insert(now.key);
        } else {
            self.hold(now.key, Some(delete), HoldReason::ChangedSince { how });
        }
    }

    /// Somebody whom the run deleted, and perhaps created on the other side.
    fn deleted(
        &mut self,
        whole: &Participation,
        (after, doubtful): (&After, bool),
        now: Option<&Participation>,
    ) {
        let key = whole.key;
        let Seen::Visible(role) = whole.role else {
            return self.hold(key, None, HoldReason::Hidden);
        };
        let fields = whole.fields.as_wishes();
        let (created, _) = fields.split_for_create();
        let create = Change::Create { spec: MembershipSpec { role, fields: created } };
        let how = match (after, now) {
            (After::Present { .. }, Some(now)) => changes(after, now),
            (After::Present { .. }, None) => {
                "whom the run moved to the other side is not on the project any more".to_owned()
            }
            (_, Some(now)) if is_so(role, &fields, now) => return,
            (_, Some(_)) => "the person is on the project again".to_owned(),
            (_, None) => String::new(),
        };
        if doubtful {
            self.hold(key, Some(create), HoldReason::LeftInDoubt);
        } else if how.is_empty() {
            self.want(key, role, fields);
        } else {
            self.hold(key, Some(create), HoldReason::ChangedSince { how });
        }
    }

    /// Somebody of whom the run changed values: each goes back by itself.
    fn updated(
        &mut self,
        values: &BTreeMap<Field, FieldValue>,
        (after, doubtful): (&After, bool),
        now: &Participation,
    ) {
        let mut fields = Fields::default();
        for (field, before) in values {
            let live = now.fields.value(*field);
            if live == *before {
                continue;
            }
            let back = vec![Drift { field: *field, before: live, after: *before }];
            let target = Target::Live(now.id);
            let change = Some(Change::Update { target, drift: back, takes_lead_from: None });
            match reason_to_keep(after, *field, now) {
                Some(how) => self.hold(now.key, change, HoldReason::ChangedSince { how }),
                None if doubtful => self.hold(now.key, change, HoldReason::LeftInDoubt),
                None if !fields.wish(*field, *before) => {
                    self.hold(now.key, change, HoldReason::CannotUnset);
                }
                None => {}
            }
        }
        if fields != Fields::default() {
            // The side is not touched; where it is hidden, the plan holds the row.
            self.want(now.key, now.role.visible().unwrap_or(Role::Maven), fields);
        }
    }
}

/// Whether a value is not as the run left it, in words.
fn reason_to_keep(after: &After, field: Field, now: &Participation) -> Option<String> {
    let After::Present { id, values, .. } = after else { return None };
    if *id != now.id {
        return Some(format!("another record, participation {}, is there now", now.id));
    }
    let left = values.get(&field)?;
    let live = now.fields.value(field);
    (live != *left).then(|| Drift { field, before: *left, after: live }.to_string())
}

/// Whether a live record is as a deleted one was.
fn is_so(role: Role, fields: &Fields, now: &Participation) -> bool {
    now.role == Seen::Visible(role) && fields.compare(&now.fields).drift.is_empty()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        journal::{CreateRow, Entry, PresentRow, RequestResult, parse_journal},
        model::{AccessLevel, Listing, Person},
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

    fn undo(requests: Vec<(Request, RequestResult, Option<Entry>)>) -> Undo {
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
    fn wishes(undo: &Undo, rows: Vec<Participation>) -> (usize, Vec<String>) {
        let (desired, held) = undo.wishes(&live(rows));
        let words = held.iter().map(|held| held.reason.to_string()).collect();
        (desired.leaving.expect("an undo").len(), words)
    }

    #[test]
    fn who_was_created_goes_only_as_the_run_left_him() {
        let made = row(2, 7, 1000);
        let undo = undo(vec![(create(2), done(&made), None)]);
        assert_eq!(wishes(&undo, vec![made.clone()]), (1, vec![]));
        assert_eq!(wishes(&undo, vec![row(2, 7, 1060)]), (1, vec![]), "the server's own afterwork");
        for (changed, why) in [
            (row(2, 7, 1061), "somebody touched it at 1970-01-01T00:17:41Z"),
            (row(2, 8, 1000), "another record, participation 8, is there now"),
            (
                Participation { role: Seen::Visible(Role::Buyer), ..made.clone() },
                "role: maven → buyer",
            ),
        ] {
            let (leaving, words) = wishes(&undo, vec![changed]);
            assert_eq!(leaving, 0);
            assert_eq!(words, [format!("changed since the run that is undone: {why}")]);
        }
        assert_eq!(wishes(&undo, vec![]), (0, vec![]), "gone already");
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
        assert_eq!(wishes(&never_read_back, vec![made.clone()]), held);
        let somebody_elses = undo(vec![(create(2), refused, Some(settled.clone()))]);
        assert_eq!(wishes(&somebody_elses, vec![made.clone()]), held);
        let read_back = undo(vec![(create(2), unknown, Some(settled))]);
        assert_eq!(wishes(&read_back, vec![made]), (1, vec![]));
    }

    #[test]
    fn a_request_that_was_not_done_is_not_undone() {
        let not_done = RequestResult::NotDone { message: "401".to_owned() };
        assert_eq!(undo(vec![(create(2), not_done, None)]).memberships(), 0);
    }

    #[test]
    fn a_journal_without_sightings_is_held_against_what_was_wished() {
        let made = row(2, 7, 1000);
        let present = vec![PresentRow { key: key(2), id: made.id, seen: None }];
        let early =
            undo(vec![(create(2), RequestResult::Done { present, request_id: None }, None)]);
        assert_eq!(wishes(&early, vec![row(2, 7, 9999)]), (1, vec![]));
        let mut moved = made;
        moved.fields.access_level = Seen::Visible(AccessLevel::Admin);
        assert_eq!(wishes(&early, vec![moved]).0, 0);
    }
}
