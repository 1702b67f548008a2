//! What earlier runs saw, as far as a plan depends on it: absences that last, changes without effect.

use std::{collections::BTreeMap, fmt};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{Drift, Field, FieldValue, MembershipKey};

/// How long somebody has been missing from valid rosters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Runs in a row.
    pub runs: u32,
    /// The first of them.
    pub since: Timestamp,
}

/// When somebody who is missing may be deleted: after so many runs and so many days, both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsenceRule {
    /// `delete_after_runs`.
    pub runs: u32,
    /// Whether the present run counts; one that looks at a part of the plan does not.
    pub present_counts: bool,
    /// `delete_after_days`.
    pub days: u32,
    /// The present time.
    pub now: Timestamp,
    /// Absences up to the last run.
    pub known: BTreeMap<MembershipKey, Absence>,
}

/// How far an absence is from being long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Runs in a row, the present one included where it counts.
    pub runs: u32,
    /// Runs that are needed.
    pub runs_needed: u32,
    /// The earliest time, where days are asked for.
    pub not_before: Option<Timestamp>,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, runs_needed, not_before } = self;
        write!(f, "missing from the roster for {runs}")?;
        if *runs_needed > 0 {
            write!(f, " of {runs_needed}")?;
        }
        f.write_str(" runs in a row")?;
        not_before.map_or(Ok(()), |time| write!(f, "; stays until {time:.0} at least"))
    }
}

impl AbsenceRule {
    /// What somebody who is missing in this run still has to wait for; none when nothing.
    #[must_use]
    pub fn wait(&self, key: MembershipKey) -> Option<Wait> {
        let before = self.known.get(&key);
        let runs = before.map_or(0, |absence| absence.runs);
        let runs = runs.saturating_add(u32::from(self.present_counts));
        let since = before.map_or(self.now, |absence| absence.since);
        let days = SignedDuration::from_hours(24 * i64::from(self.days));
        let not_before = since.checked_add(days).unwrap_or(Timestamp::MAX);
        let waits = runs < self.runs || self.now < not_before;
        let not_before = (self.days > 0).then_some(not_before);
        waits.then_some(Wait { runs, runs_needed: self.runs, not_before })
    }
}

/// One field of one membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MembershipField {
    /// Who and where.
    pub key: MembershipKey,
    /// Which field.
    pub field: Field,
}

/// A change that was answered as done (2xx) in two runs, and changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IneffectiveChange {
    /// What was asked for.
    pub desired: FieldValue,
    /// What stayed live.
    pub live: FieldValue,
    /// Whether the person was seen to be an Account Administrator, who cannot hold less.
    pub account_admin: bool,
}

/// The known changes without effect; one is tried again when its desired or its live value changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IneffectiveChanges(BTreeMap<MembershipField, IneffectiveChange>);

impl IneffectiveChanges {
    /// These changes.
    pub fn new(changes: impl IntoIterator<Item = (MembershipField, IneffectiveChange)>) -> Self {
        Self(changes.into_iter().collect())
    }

    /// What is known of this very change, where it had no effect.
    #[must_use]
    pub fn find(&self, key: MembershipKey, drift: &Drift) -> Option<&IneffectiveChange> {
        let known = self.0.get(&MembershipField { key, field: drift.field });
        known.filter(|known| (known.desired, known.live) == (drift.after, drift.before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample;

    fn key() -> MembershipKey {
        sample::key(1, 2)
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).expect("in range")
    }

    #[test]
    fn an_absence_lasts_so_many_runs_and_so_many_days() {
        let rule = |runs, days, now, known: Option<Absence>| AbsenceRule {
            present_counts: true,
            runs,
            days,
            now: at(now),
            known: known.map(|absence| (key(), absence)).into_iter().collect(),
        };
        let seen = |runs, since| Some(Absence { runs, since: at(since) });
        assert!(rule(0, 0, 9, None).wait(key()).is_none());
        assert!(rule(1, 0, 9, None).wait(key()).is_none());
        assert!(rule(2, 0, 9, None).wait(key()).is_some());
        assert!(rule(2, 0, 9, seen(1, 8)).wait(key()).is_none());
        assert!(rule(0, 3, 9, seen(5, 7)).wait(key()).is_some());
        assert!(rule(0, 3, 10, seen(5, 7)).wait(key()).is_none());
        let wait = rule(4, 3, 10, seen(2, 7)).wait(key()).expect("one run is missing");
        assert_eq!((wait.runs, wait.runs_needed, wait.not_before), (3, 4, Some(at(10))));
    }

    #[test]
    fn an_ineffective_change_is_known_by_its_desired_and_its_live_value() {
        let (low, high) = (FieldValue::Flag(false), FieldValue::Flag(true));
        let place = MembershipField { key: key(), field: Field::CanInvite };
        let known = IneffectiveChange { desired: high, live: low, account_admin: true };
        let changes = IneffectiveChanges::new([(place, known)]);
        let drift = |field, before, after| Drift { field, before, after };
        assert_eq!(changes.find(key(), &drift(Field::CanInvite, low, high)), Some(&known));
        assert_eq!(changes.find(key(), &drift(Field::CanInvite, high, low)), None);
        assert_eq!(changes.find(key(), &drift(Field::TeamLead, low, high)), None);
    }
}
