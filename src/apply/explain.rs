//! Why a value did not stick, where it can be known: an Account Administrator holds Project
//! Administrator everywhere (API.md §1.10).
//!
//! Explains and decides nothing: a person is asked about once a run, and after a first failure
//! nobody is any more. Knows nothing of how it was sent.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use tokio::sync::OnceCell;

use super::Run;
use crate::{
    api::WriteParticipations,
    journal::Entry,
    model::{Outcome, UserId},
    verdict::{Fate, is_floored},
};

/// Who was seen to administer the account.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Several updates of one person may wait for the same answer.
    asked: RefCell<BTreeMap<UserId, Rc<OnceCell<bool>>>>,
    failed: Cell<bool>,
}

impl<A: WriteParticipations> Run<'_, A> {
    /// Records that the person administers the account, where that explains what became of an
    /// action.
    pub(super) async fn explain(&self, user: UserId, fate: Option<Fate>) {
        let is_explained = |fate: &Fate| {
            fate.outcome == Outcome::NotStuck && fate.unchanged.iter().any(is_floored)
        };
        if fate.as_ref().is_some_and(is_explained) && self.administers_the_account(user).await {
            self.record(&Entry::Administrator { user });
        }
    }

    async fn administers_the_account(&self, user: UserId) -> bool {
        let known = Rc::clone(self.account.asked.borrow_mut().entry(user).or_default());
        let ask = async || {
            if !self.may_start() || self.account.failed.get() {
                return false;
            }
            let look = self.tools.api.fetch_account_membership(user);
            let Some(looked) = self.unless_stopped(look).await else { return false };
            match looked {
                Ok(found) => found.is_some_and(|found| found.is_administrator()),
                Err(error) => {
                    self.account.failed.set(true);
                    tracing::debug!(%user, %error, "nothing could be learned of a person from the account");
                    false
                }
            }
        };
        *known.get_or_init(ask).await
    }
}
