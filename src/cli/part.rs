//! `--workspace`, `--user`, `--only` and `--first`: a part of the plan of a roster.

use std::num::NonZeroUsize;

use clap::Args;

use crate::{
    plan::ActionClass,
    session::{AskedPart, PersonNames, ProjectNames},
};

/// Only a part of the plan; nothing outside of it is listed or sent.
#[derive(Debug, Args)]
pub struct PartArgs {
    /// Only these projects: ids between commas, or a whole title (repeatable)
    #[arg(long, value_name = "ID|TITLE")]
    pub workspace: Vec<ProjectNames>,
    /// Only these people: ids or addresses between commas (repeatable)
    #[arg(long, value_name = "ID|ADDRESS")]
    pub user: Vec<PersonNames>,
    /// Only these classes of actions: creates, updates, deletes (replacements too), between commas
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    pub only: Vec<ActionClass>,
    /// A canary: whole projects, in the order of their ids, until so many actions are planned
    #[arg(long, value_name = "ACTIONS")]
    pub first: Option<NonZeroUsize>,
}

impl PartArgs {
    /// What of the plan is asked for.
    #[must_use]
    pub fn asked(&self) -> AskedPart {
        let Self { workspace, user, only, first } = self;
        AskedPart {
            projects: workspace.iter().flat_map(|ProjectNames(named)| named).cloned().collect(),
            people: user.iter().flat_map(|PersonNames(named)| named).cloned().collect(),
            only: only.iter().copied().collect(),
            first: *first,
        }
    }
}
