//! What `-vv` tells of every attempt: never a body, the token, or a value that may be a person's.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Method, Response};

use super::discretion::first_line;

/// Query values that are the tool's own words or the number of a project.
const PLAIN: &[&str] = &[
    "workspace_id",
    "include",
    "include_archived",
    "optional_fields",
    "order",
    "page",
    "per_page",
];

/// Tells of one attempt; without an answer it has no status.
pub(super) fn tell(method: &Method, path: &str, answer: Option<&Response<Bytes>>, took: Duration) {
    let status = answer.map(|answer| answer.status().as_u16());
    let id = answer.and_then(|answer| answer.headers().get("x-request-id"));
    let request_id = id.map(|id| first_line(id.as_bytes()));
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::trace!(%method, path = %Shown(path), status, ms, request_id, "request");
}

/// A path with its query, fit for a log.
pub(super) struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((path, query)) = self.0.split_once('?') else { return f.write_str(self.0) };
        f.write_str(path)?;
        for (at, pair) in query.split('&').enumerate() {
            let name = pair.split('=').next().unwrap_or_default();
            let shown = PLAIN.contains(&name);
            f.write_str(if at == 0 { "?" } else { "&" })?;
            if shown { f.write_str(pair)? } else { write!(f, "{name}=…")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_be_a_persons_are_left_out() {
        for (path, shown) in [
            ("/users/me", "/users/me"),
            ("/participations?workspace_id=7&page=2", "/participations?workspace_id=7&page=2"),
            ("/users?by_email_address=a%40b.example&page=1", "/users?by_email_address=…&page=1"),
            ("/account_memberships?by_user_id=4", "/account_memberships?by_user_id=…"),
        ] {
            assert_eq!(Shown(path).to_string(), shown);
        }
    }
}
