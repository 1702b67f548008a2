//! Every action of a plan with its fate: what is on record of it, and what follows from the rest.
//!
//! An action about which nothing was sent is frozen where something went wrong nearby, and else not
//! reached. The same rules say during a run what must not be begun any more.

use std::collections::BTreeMap;

use super::Ledger;
use crate::{
    model::{Fate, MembershipKey, Outcome, WorkspaceId},
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

/// The fate of every action of a plan, in its order; `unreached` says why nothing was begun of what
/// nothing is known of.
#[must_use]
pub fn decide<'a, I>(plan: I, ledger: &Ledger, unreached: &Fate) -> Vec<Fate>
where
    I: Iterator<Item = Planned<'a>> + Clone,
{
    let frozen = Frozen::of(plan.clone(), ledger);
    let one = |action: Planned<'a>| {
        let fate = ledger.fate(action).or_else(|| without_its_create(action, ledger));
        let fate = fate.or_else(|| frozen.fate(action));
        let fate = fate.unwrap_or_else(|| unreached.clone());
        let participation = fate.participation.or_else(|| action.change.participation());
        Fate { participation, ..fate }
    };
    plan.map(one).collect()
}

/// Why nothing was begun of what nothing is known of, where a run ended so.
#[must_use]
pub fn unreached(ended: &Ended) -> Fate {
    let why = match ended {
        Ended::Complete => "what it needs did not happen".to_owned(),
        ended => ended.words(),
    };
    Fate::new(Outcome::NotReached, why)
}

/// An update of what a create of the same run makes, where that is not known to be there.
fn without_its_create(action: Planned<'_>, ledger: &Ledger) -> Option<Fate> {
    let Change::Update { target: Target::Created, .. } = action.change else { return None };
    // Of a create that was not begun either, the reason of the run is the better one.
    ledger.create_fate(action.key)?;
    let detail = "the create that it follows is not known to have happened";
    ledger.created(action.key).is_none().then(|| Fate::new(Outcome::NotReached, detail))
}

/// What went wrong, by project: the worst of it.
type Causes = BTreeMap<WorkspaceId, (Outcome, String)>;

/// What must not be begun any more, with its cause.
#[derive(Debug, Default)]
pub struct Frozen {
    /// Promotions that did not come through: a lead stays until the successor is seen to lead.
    promotions: Causes,
    /// Creates and updates that went wrong: somebody may be replacing somebody.
    changes: Causes,
    /// A replacement that did not bring its person back.
    ended_by: Option<(MembershipKey, Outcome)>,
    /// Replacements that went wrong: a replacement is a create as well.
    replacements: Causes,
}

impl Frozen {
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
        let of_project = |causes: &Causes| causes.get(&action.key.workspace).cloned();
        let frozen = |(_, cause): (Outcome, String)| Fate::new(Outcome::Frozen, cause);
        let lead = of_project(&self.promotions).filter(|_| ends_a_lead(action)).map(frozen);
        let fate = lead.or_else(|| match action.change {
            Change::Replace { .. } => {
                of_project(&self.changes).map(frozen).or_else(|| self.not_begun(action))
            }
            Change::Delete { .. } => {
                let causes = of_project(&self.changes).into_iter();
                let causes = causes.chain(of_project(&self.replacements));
                causes.reduce(|a, b| if b.0 > a.0 { b } else { a }).map(frozen)
            }
            Change::Create { .. } | Change::Update { .. } => None,
        });
        fate.map(|fate| fate.of(action.change.participation()))
    }

    /// A replacement after one that did not bring its person back.
    fn not_begun(&self, action: Planned<'_>) -> Option<Fate> {
        let (key, outcome) = self.ended_by?;
        if key.workspace == action.key.workspace {
            let words =
                format!("the replacement of user {} on this project is {outcome}", key.user);
            return Some(Fate::new(Outcome::Frozen, words));
        }
        let words = format!(
            "nothing was deleted: the replacement of user {} on project {} is {outcome}, and what \
             kept that person from coming back may keep this one; see to it, then run again",
            key.user, key.workspace
        );
        Some(Fate::new(Outcome::NotReached, words))
    }
}

/// Notes what went wrong with an action; the worst of a project counts, of two alike the first.
fn note(causes: &mut Causes, action: Planned<'_>, outcome: Outcome) {
    let what = match (action.change, action.change.stage()) {
        (Change::Replace { .. }, _) => "replacement",
        (_, Stage::Promote) => "promotion",
        (change, _) => change.word(),
    };
    let words = format!("the {what} of user {} on this project is {outcome}", action.key.user);
    let worst = causes.entry(action.key.workspace).or_insert((outcome, words.clone()));
    if outcome > worst.0 {
        *worst = (outcome, words);
    }
}

/// Whether an action takes a lead from somebody who has it.
fn ends_a_lead(action: Planned<'_>) -> bool {
    match action.change {
        Change::Delete { demote_first, .. } | Change::Replace { demote_first, .. } => *demote_first,
        _ => action.change.stage() == Stage::Demote,
    }
}
