//! Whom the unusable rows of a roster name, as far as that can be read.
//!
//! Such a row asks for nothing, but somebody meant somebody by it: nobody it may mean was left out of
//! the roster. Must not know cells or columns.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{MembershipKey, UserId, WorkspaceId};

/// Whom one row may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// Project and person can be read.
    Membership(MembershipKey),
    /// Only the project can: it may be anybody there.
    AnybodyOn(WorkspaceId),
    /// Only the person can: it may be on any project.
    Anywhere(UserId),
}

/// Whom all unusable rows of a roster may be about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mentions {
    memberships: BTreeSet<MembershipKey>,
    workspaces: BTreeSet<WorkspaceId>,
    users: BTreeSet<UserId>,
}

impl Mentions {
    /// Whether one of the rows may be about this person on this project.
    #[must_use]
    pub fn may_mean(&self, key: MembershipKey) -> bool {
        let Self { memberships, workspaces, users } = self;
        memberships.contains(&key)
            || workspaces.contains(&key.workspace)
            || users.contains(&key.user)
    }

    /// Whether one of the rows names this person.
    #[must_use]
    pub fn name(&self, user: UserId) -> bool {
        let Self { memberships, workspaces: _, users } = self;
        users.contains(&user) || memberships.iter().any(|key| key.user == user)
    }
}

impl Extend<Mention> for Mentions {
    fn extend<T: IntoIterator<Item = Mention>>(&mut self, mentions: T) {
        for mention in mentions {
            match mention {
                Mention::Membership(key) => self.memberships.insert(key),
                Mention::AnybodyOn(workspace) => self.workspaces.insert(workspace),
                Mention::Anywhere(user) => self.users.insert(user),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_be_meant_is_mentioned_and_nobody_else() {
        let workspace = |number| WorkspaceId::new(number).expect("not 0");
        let user = |number| UserId::new(number).expect("not 0");
        let key =
            |project, person| MembershipKey { workspace: workspace(project), user: user(person) };
        let mut mentions = Mentions::default();
        mentions.extend([
            Mention::Membership(key(1, 7)),
            Mention::AnybodyOn(workspace(2)),
            Mention::Anywhere(user(9)),
        ]);
        let meant = |project, person| mentions.may_mean(key(project, person));
        assert!(meant(1, 7) && meant(2, 7) && meant(2, 8) && meant(1, 9) && meant(3, 9));
        assert!(!meant(1, 8) && !meant(3, 7));
    }
}
