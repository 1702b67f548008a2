//! A part of a plan: which projects, people and classes of actions are wanted, and what was left out.
//!
//! Owns the values. What has to be held because something that it needs was left out is found in
//! `narrow`.

use std::{collections::BTreeSet, num::NonZeroUsize, str::FromStr};

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::Change;
use crate::model::{MembershipKey, UserId, WorkspaceId};

/// A class of actions, as `--only` names it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ActionClass {
    /// Who is not live comes.
    Creates,
    /// What differs is changed; also what a create may not carry and follows it.
    Updates,
    /// Live records are destroyed: replacements too, as everywhere.
    Deletes,
}

/// A word that names no class of actions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `creates`, `updates` or `deletes`; replacements count as deletes")]
pub struct ActionClassError;

impl ActionClass {
    /// All classes, in the order in which they are carried out.
    pub const ALL: [Self; 3] = [Self::Creates, Self::Updates, Self::Deletes];

    /// The word of `--only`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// The class of a change.
    #[must_use]
    pub const fn of(change: &Change) -> Self {
        match change {
            Change::Create { .. } => Self::Creates,
            Change::Update { .. } => Self::Updates,
            Change::Delete { .. } | Change::Replace { .. } => Self::Deletes,
        }
    }
}

impl FromStr for ActionClass {
    type Err = ActionClassError;

    fn from_str(text: &str) -> Result<Self, ActionClassError> {
        let word = text.trim();
        Self::ALL.into_iter().find(|class| class.word() == word).ok_or(ActionClassError)
    }
}

/// What of a plan is wanted; each that is there leaves out everything else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Narrowing {
    /// Only these projects; no other one was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<BTreeSet<WorkspaceId>>,
    /// Only these people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<BTreeSet<UserId>>,
    /// Only these classes of actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<BTreeSet<ActionClass>>,
    /// Whole projects, in the order of their ids, until so many actions are reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<NonZeroUsize>,
}

/// Which rule leaves something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    Person,
    Class,
}

impl Narrowing {
    /// Whether these people are wanted, as far as that was narrowed.
    #[must_use]
    pub fn has_user(&self, user: UserId) -> bool {
        self.users.as_ref().is_none_or(|users| users.contains(&user))
    }

    /// What leaves a difference out, if anything does; where no change is known, only who it is about
    /// can.
    pub(super) fn leaves_out(&self, user: UserId, change: Option<&Change>) -> Option<LeftOut> {
        if !self.has_user(user) {
            return Some(LeftOut::Person);
        }
        let (only, change) = (self.only.as_ref()?, change?);
        (!only.contains(&ActionClass::of(change))).then_some(LeftOut::Class)
    }
}

/// How much is outside the part of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outside {
    /// Projects in scope that were not looked at.
    pub projects: usize,
    /// Actions of other people on projects that were.
    pub users: usize,
    /// Actions of other classes.
    pub only: usize,
}

/// That a plan is only a part, and of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowed {
    /// What was asked for.
    pub by: Narrowing,
    /// What was left out.
    pub outside: Outside,
    /// Of whom an action was left out, for as long as the run lasts: what is kept of it only counts
    /// them.
    #[serde(skip)]
    pub left_out: BTreeSet<MembershipKey>,
}

impl Narrowed {
    pub(super) fn new(by: &Narrowing, projects: usize) -> Self {
        let outside = Outside { projects, ..Outside::default() };
        Self { by: by.clone(), outside, left_out: BTreeSet::new() }
    }

    pub(super) fn leave_out(&mut self, key: MembershipKey, rule: LeftOut) {
        match rule {
            LeftOut::Person => self.outside.users += 1,
            LeftOut::Class => self.outside.only += 1,
        }
        self.left_out.insert(key);
    }
}
