//! Values that the tests of all rooms are made of.

use super::{MembershipKey, UserId, WorkspaceId};

/// This person on this project.
pub fn key(workspace: u64, user: u64) -> MembershipKey {
    MembershipKey {
        workspace: WorkspaceId::new(workspace).expect("not 0"),
        user: UserId::new(user).expect("not 0"),
    }
}
