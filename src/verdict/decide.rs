//! Every action of a plan with its fate: what is on record of it, and what follows from the rest.
//!
//! An action about which nothing was sent is frozen where something went wrong nearby, and else not
//! reached. The same rules say during a run what must not be begun any more.

use std::collections::BTreeMap;

use super::{Fate, Ledger, Trouble, TroubleWith, Why};
use crate::{
    model::{MembershipKey, Outcome, WorkspaceId},
    plan::{Action, Change, Stage, Target},
    run::Ended,
};

/// An action of a plan, without the reason.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// Who and where.
    pub key: MembershipKey,
    /// What.
    pub change: &'a Change,
}

impl<'a> From<&'a Action> for Planned<'a> {
    fn from(action: &'a Action) -> Self {
        Self { key: action.key, change: &action.change }
    }
}

/// An action of a plan that was applied, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What was planned.
    pub action: Action,
    /// What became of it.
    pub fate: Fate,
}

/// The fates of a plan's actions, each made when it is asked for.
#[derive(Debug)]
pub struct Fates<'a> {
    ledger: &'a Ledger,
    frozen: FrozenSoFar,
    unreached: Fate,
}

impl<'a> Fates<'a> {
    /// About a whole plan; `unreached` says why nothing was begun of what nothing is known of.
    #[must_use]
    pub fn of<'b>(
        plan: impl Iterator<Item = Planned<'b>> + Clone,
        ledger: &'a Ledger,
        unreached: Fate,
    ) -> Self {
        Self { ledger, frozen: FrozenSoFar::of(plan, ledger), unreached }
    }

    /// What became of one action of the plan.
    #[must_use]
    pub fn fate(&self, action: Planned<'_>) -> Fate {
        let fate = self.ledger.fate(action);
        let fate = fate.or_else(|| without_its_create(action, self.ledger));
        let fate = fate.or_else(|| self.frozen.fate(action));
        let fate = fate.unwrap_or_else(|| self.unreached.clone());
        let participation = fate.participation.or_else(|| action.change.participation());
        Fate { participation, ..fate }
    }
}

/// Why nothing was begun of what nothing is known of, where a run ended so.
#[must_use]
pub fn unreached(ended: &Ended) -> Fate {
    let why = match ended {
        Ended::Complete => Why::WithoutWhatItNeeds,
        ended => Why::RunEnded { ended: ended.clone() },
    };
    Fate::new(Outcome::NotReached, why)
}

/// An update of what a create of the same run makes, where that is not known to be there.
fn without_its_create(action: Planned<'_>, ledger: &Ledger) -> Option<Fate> {
    let Change::Update { target: Target::Created, .. } = action.change else { return None };
    // Of a create that was not begun either, the reason of the run is the better one.
    ledger.create_fate(action.key)?;
    let fate = || Fate::new(Outcome::NotReached, Why::WithoutItsCreate);
    ledger.created(action.key).is_none().then(fate)
}

/// What went wrong, by project: the worst of it.
type Causes = BTreeMap<WorkspaceId, Trouble>;

/// What must not be begun any more, with its cause.
#[derive(Debug, Default)]
pub struct FrozenSoFar {
    /// Promotions that did not come through: a lead stays until the successor is seen to lead.
    promotions: Causes,
    /// Creates and updates that went wrong: somebody may be replacing somebody.
    changes: Causes,
    /// A replacement that did not bring its person back.
    ended_by: Option<(MembershipKey, Outcome)>,
    /// Replacements that went wrong: a replacement is a create as well.
    replacements: Causes,
}

impl FrozenSoFar {
    /// What follows from what is on record so far. Promotions that are not on record count as not
    /// come through: before they are over, this is not to be asked of demotions.
    #[must_use]
    pub fn of<'a>(plan: impl Iterator<Item = Planned<'a>> + Clone, ledger: &Ledger) -> Self {
        let mut frozen = Self::default();
        let replaces = |action: &Planned<'_>| matches!(action.change, Change::Replace { .. });
        let ended = plan.clone().filter(replaces).find(|one| ledger.ends_replacements(one.key));
        frozen.ended_by = ended.and_then(|action| Some((action.key, ledger.fate(action)?.outcome)));
        for action in plan {
            let fate = ledger.fate(action).or_else(|| without_its_create(action, ledger));
            let outcome = fate.map(|fate| fate.outcome);
            if action.change.stage() == Stage::Promote && outcome != Some(Outcome::Applied) {
                note(&mut frozen.promotions, action, outcome.unwrap_or(Outcome::NotReached));
            }
            match action.change {
                Change::Delete { .. } => {}
                Change::Replace { .. } => {
                    let ended = || frozen.not_begun(action).map(|fate| fate.outcome);
                    if let Some(outcome) = outcome.or_else(ended).filter(|one| one.freezes()) {
                        note(&mut frozen.replacements, action, outcome);
                    }
                }
                Change::Create { .. } | Change::Update { .. } => {
                    if let Some(outcome) = outcome.filter(|one| one.freezes()) {
                        note(&mut frozen.changes, action, outcome);
                    }
                }
            }
        }
        frozen
    }

    /// The fate of an action that must not be begun; none where it may be.
    #[must_use]
    pub fn fate(&self, action: Planned<'_>) -> Option<Fate> {
        let of_project = |causes: &Causes| causes.get(&action.key.workspace).copied();
        let frozen = |trouble| Fate::new(Outcome::Frozen, Why::AfterTrouble { trouble });
        let lead = of_project(&self.promotions).filter(|_| ends_a_lead(action)).map(frozen);
        let fate = lead.or_else(|| match action.change {
            Change::Replace { .. } => {
                of_project(&self.changes).map(frozen).or_else(|| self.not_begun(action))
            }
            Change::Delete { .. } => {
                let causes = of_project(&self.changes).into_iter();
                let causes = causes.chain(of_project(&self.replacements));
                causes.reduce(|a, b| if b.outcome > a.outcome { b } else { a }).map(frozen)
            }
            Change::Create { .. } | Change::Update { .. } => None,
        });
        fate.map(|fate| fate.of(action.change.participation()))
    }

    /// A replacement after one that did not bring its person back.
    fn not_begun(&self, action: Planned<'_>) -> Option<Fate> {
        let (key, outcome) = self.ended_by?;
        let MembershipKey { workspace, user } = key;
        if workspace == action.key.workspace {
            let trouble = Trouble { with: TroubleWith::Replacement, user, outcome };
            return Some(Fate::new(Outcome::Frozen, Why::AfterTrouble { trouble }));
        }
        let why = Why::AfterLostReplacement { user, workspace, outcome };
        Some(Fate::new(Outcome::NotReached, why))
    }
}

/// Notes what went wrong with an action; the worst of a project counts, of two alike the first.
fn note(causes: &mut Causes, action: Planned<'_>, outcome: Outcome) {
    let with = match (action.change, action.change.stage()) {
        (Change::Replace { .. }, _) => TroubleWith::Replacement,
        (_, Stage::Promote) => TroubleWith::Promotion,
        (Change::Update { .. }, _) => TroubleWith::Update,
        (Change::Create { .. } | Change::Delete { .. }, _) => TroubleWith::Create,
    };
    let trouble = Trouble { with, user: action.key.user, outcome };
    let worst = causes.entry(action.key.workspace).or_insert(trouble);
    if outcome > worst.outcome {
        *worst = trouble;
    }
}

/// Whether an action takes a lead from somebody who has it.
fn ends_a_lead(action: Planned<'_>) -> bool {
    match action.change {
        Change::Delete { demote_first, .. } | Change::Replace { demote_first, .. } => *demote_first,
        _ => action.change.stage() == Stage::Demote,
    }
}
