//! What somebody is in the account: the answer of `GET /account_memberships` (API.md §7).
//!
//! Only ever explains something. Knows no project.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    envelope::{ResultRef, body_text},
    json::Keyed,
    raw::object,
};
use crate::model::UserId;

/// What somebody is in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountMembership {
    /// The person.
    pub user: UserId,
    /// The account's word for what the person may do, such as `Account Administrator`.
    pub permission: Option<String>,
}

impl AccountMembership {
    /// Whether the person administers the account. No list of the words is published, so any that
    /// speaks of an administrator counts.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        let permission = self.permission.as_deref().unwrap_or_default();
        permission.to_lowercase().contains("admin")
    }
}

object!(Row { user_id, permission });

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    results: Vec<ResultRef<'a>>,
    #[serde(borrow, default)]
    account_memberships: Keyed<Row<'a>>,
}

/// Decodes an answer of `GET /account_memberships…`.
///
/// # Errors
/// When the body is no such JSON.
pub(super) fn decode(body: &[u8]) -> Result<Vec<AccountMembership>, serde_json::Error> {
    let text = body_text(body);
    let Envelope { results, account_memberships } = serde_json::from_str(&text)?;
    let found = results.iter().filter(|result| result.key.0 == "account_memberships");
    let membership = |result: &ResultRef<'_>| {
        let Row { user_id, permission } = account_memberships.find(result.id)?;
        let user = UserId::new(user_id.optional_id().visible().flatten()?.0)?;
        let permission = permission.text().map(Cow::into_owned);
        Some(AccountMembership { user, permission })
    };
    Ok(found.filter_map(membership).collect())
}
