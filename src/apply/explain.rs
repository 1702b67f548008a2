//! Why a wish was in vain, where it can be known: an Account Administrator holds Project
//! Administrator everywhere (API.md §1.10).
//!
//! Explains and decides nothing: a person is asked about once a run, and after a first failure
//! nobody is any more. Knows nothing of how a wish was sent.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use tokio::sync::OnceCell;

use super::Run;
use crate::{
    api::WriteParticipations,
    model::{ACCOUNT_ADMIN_REASON, AccessLevel, Drift, Fate, FieldValue, Outcome, UserId},
};

/// Who was seen to administer the account.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Several updates of one person may wait for the same answer.
    asked: RefCell<BTreeMap<UserId, Rc<OnceCell<bool>>>>,
    failed: Cell<bool>,
}

impl<A: WriteParticipations> Run<'_, A> {
    /// The same fate, with the reason where it is that of Account Administrators.
    pub(super) async fn explained(&self, user: UserId, fate: Fate) -> Fate {
        let floored = fate.outcome == Outcome::NotStuck && fate.unchanged.iter().any(is_floored);
        if !floored || !self.administers_the_account(user).await {
            return fate;
        }
        let detail = format!("{}; {ACCOUNT_ADMIN_REASON}", fate.detail);
        Fate { detail, account_admin: true, ..fate }
    }

    async fn administers_the_account(&self, user: UserId) -> bool {
        let known = Rc::clone(self.account.asked.borrow_mut().entry(user).or_default());
        let ask = async || {
            if !self.may_start() || self.account.failed.get() {
                return false;
            }
            let look = self.tools.api.fetch_account_membership(user);
            let Ok(looked) = self.unless_stopped(look).await else { return false };
            match looked {
                Ok(found) => found.is_some_and(|found| found.is_administrator()),
                Err(error) => {
                    self.account.failed.set(true);
                    tracing::debug!(%user, %error, "the account tells nothing of a person");
                    false
                }
            }
        };
        *known.get_or_init(ask).await
    }
}

/// Whether less than Project Administrator was wished and that is what stayed.
fn is_floored(drift: &Drift) -> bool {
    let Drift { field: _, before, after } = *drift;
    before == FieldValue::Access(AccessLevel::Admin)
        && matches!(after, FieldValue::Access(wish) if wish.is_below(AccessLevel::Admin))
}
