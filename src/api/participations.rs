//! The requests themselves: paths, queries, and what their answers decode to.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::{
    AccountMembership, Answered, ApiError, Client, Disposition, FetchedParticipation, ListPage,
    ListedRow, MEMBERS_PER_PAGE, ReadParticipations, Repeat, Transport, Urgency,
    WriteParticipations, account, body, client::Outgoing, wire,
};
use crate::model::{
    Asked, Drift, Field, Membership, MembershipKey, Participation, ParticipationId, Person, UserId,
    Workspace, WorkspaceId,
};

/// What an answer must show of a record and only shows where it is named (API.md §1.3): the query of
/// every request that answers with records.
static SHOWN: LazyLock<String> = LazyLock::new(|| {
    // `user` for names and addresses.
    let (mut include, mut optional) = (vec!["user"], Vec::<&str>::new());
    for field in Field::ALL {
        match field.asked() {
            Asked::Nothing => {}
            Asked::OptionalFields => optional.extend(field.read_from()),
            Asked::Include(word) => include.push(word),
        }
    }
    format!("include={}&optional_fields={}", include.join(","), optional.join(","))
});

fn members(page: ListPage) -> Vec<Participation> {
    let member = |row| match row {
        ListedRow::Member(row) => Some(row),
        ListedRow::Userless { .. } => None,
    };
    page.rows.into_iter().filter_map(member).collect()
}

impl<T: Transport> Client<T> {
    async fn read<V>(
        &self,
        path: String,
        decode: impl Fn(&[u8]) -> Result<V, serde_json::Error>,
    ) -> Result<V, ApiError> {
        Ok(self.send(&Outgoing::read(path), decode).await?.value)
    }
}

impl<T: Transport> ReadParticipations for Client<T> {
    async fn fetch_token_user(&self) -> Result<Person, ApiError> {
        let people = self.read("/users/me".to_owned(), wire::decode_people).await?;
        people.into_iter().next().ok_or_else(|| ApiError::Unusable {
            status: 200,
            why: "`/users/me` names nobody".to_owned(),
            first_line: String::new(),
        })
    }

    async fn fetch_workspaces(&self, ids: &[WorkspaceId]) -> Result<Vec<Workspace>, ApiError> {
        let ids: Vec<String> = ids.iter().map(WorkspaceId::to_string).collect();
        let path = format!(
            "/workspaces?only={}&include_archived=true&per_page={MEMBERS_PER_PAGE}",
            ids.join(",")
        );
        self.read(path, wire::decode_workspaces).await
    }

    async fn list_page(&self, workspace: WorkspaceId, page: u64) -> Result<ListPage, ApiError> {
        let path = format!(
            "/participations?workspace_id={workspace}&{shown}&order=user_name:asc&per_page={MEMBERS_PER_PAGE}&page={page}",
            shown = *SHOWN
        );
        self.read(path, wire::decode_page).await
    }

    async fn fetch_participation(
        &self,
        id: ParticipationId,
    ) -> Result<Option<FetchedParticipation>, ApiError> {
        let path = format!("/participations/{id}?{shown}", shown = *SHOWN);
        match self.read(path, wire::decode_page).await {
            Ok(mut page) => {
                let people = std::mem::take(&mut page.people);
                // Only a 404 says that a record is gone; an answer without it says nothing.
                let Some(live) = members(page).into_iter().find(|row| row.id == id) else {
                    let why = format!("the answer does not show participation {id} with a person");
                    return Err(ApiError::Unusable { status: 200, why, first_line: String::new() });
                };
                let person = people.into_iter().find(|person| person.id == live.key.user);
                Ok(Some(FetchedParticipation { live, person }))
            }
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn fetch_account_membership(
        &self,
        user: UserId,
    ) -> Result<Option<AccountMembership>, ApiError> {
        let path = format!("/account_memberships?by_user_id={user}&per_page={MEMBERS_PER_PAGE}");
        let found = self.send_once(&Outgoing::read(path), account::decode).await?;
        Ok(found.into_iter().find(|found| found.user == user))
    }

    async fn fetch_people(&self, ids: &[UserId]) -> Result<Vec<Person>, ApiError> {
        let listed: Vec<String> = ids.iter().map(UserId::to_string).collect();
        // Who is to be created may be on no project, or deactivated: both are asked for by name.
        let path = format!(
            "/users?only={}&on_my_account=true&show_disabled=true&per_page={MEMBERS_PER_PAGE}",
            listed.join(",")
        );
        let outgoing = Outgoing::read(path);
        let mut answer = self.send_once(&outgoing, wire::decode_people).await;
        if let Err(error) = &answer
            && !matches!(error, ApiError::Throttled { .. })
            && error.disposition(Repeat::Read) == Disposition::Retry
        {
            answer = self.send_once(&outgoing, wire::decode_people).await;
        }
        let mut people = answer?;
        people.retain(|person| ids.contains(&person.id));
        Ok(people)
    }
}

impl<T: Transport> WriteParticipations for Client<T> {
    fn server_now(&self) -> Option<Timestamp> {
        self.now().checked_add(self.server_clock_skew()?).ok()
    }

    async fn settle_pause(&self) {
        tokio::time::sleep(self.settle_wait()).await;
    }

    async fn create(
        &self,
        batch: &[Membership],
        urgency: Urgency<'_>,
    ) -> Result<Answered<Vec<Participation>>, ApiError> {
        let outgoing = Outgoing {
            urgency,
            discreet: false,
            method: http::Method::POST,
            // Without `per_page` only 20 of up to 100 objects come back (API.md §1.6).
            path: format!("/participations?per_page={MEMBERS_PER_PAGE}&{shown}", shown = *SHOWN),
            body: Some(body::create(batch)),
        };
        self.send(&outgoing, |body| wire::decode_page(body).map(members)).await
    }

    async fn update(
        &self,
        key: MembershipKey,
        id: ParticipationId,
        drift: &[Drift],
        urgency: Urgency<'_>,
    ) -> Result<Answered<Option<Participation>>, ApiError> {
        let outgoing = Outgoing {
            urgency,
            discreet: false,
            method: http::Method::PUT,
            path: format!("/participations/{id}?{shown}", shown = *SHOWN),
            body: Some(body::update(key, drift)),
        };
        let find = |page| members(page).into_iter().find(|row| row.id == id);
        self.send(&outgoing, |body| wire::decode_page(body).map(find)).await
    }

    async fn delete(
        &self,
        id: ParticipationId,
        urgency: Urgency<'_>,
    ) -> Result<Answered<()>, ApiError> {
        let outgoing = Outgoing {
            urgency,
            discreet: false,
            method: http::Method::DELETE,
            path: format!("/participations/{id}"),
            body: None,
        };
        self.send(&outgoing, decode_deleted).await
    }
}

/// A delete answers nothing, or some JSON; anything else says nothing about the record.
fn decode_deleted(body: &[u8]) -> Result<(), serde_json::Error> {
    if body.is_empty() {
        return Ok(());
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(body).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_asked_for_all_that_the_fields_need() {
        insta::assert_snapshot!(*SHOWN, @"include=user,workspace_role,external_references&optional_fields=access_level,permissions_label,can_schedule_their_hours,can_schedule_team_hours");
    }
}
