//! The live set: who is on the projects in scope, each listing proved complete or not used at all.
//!
//! Walks pages through the read trait. Knows nothing of HTTP, of rosters or of plans.

mod prove;

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

pub use prove::{ProofError, Proved, list_workspace};

use crate::{
    api::{ApiError, ReadParticipations, WORKSPACES_PER_REQUEST},
    clock::Clock,
    event::{Event, Listener},
    model::{
        LiveSet, LiveWorkspace, Person, Scope, Seen, Unreadable, UserId, Workspace, WorkspaceId,
    },
    run::{Stop, StopCause},
};

/// A live set that could not be had at all.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The API ended the run.
    #[error("cannot read the live memberships")]
    Api(#[from] ApiError),
    /// The run was asked to end.
    #[error("stopped while reading the live memberships")]
    Stopped(StopCause),
}

/// How listing goes about it.
#[derive(Clone, Copy)]
pub struct Lister<'a> {
    /// Tells when a listing was proved.
    pub clock: Clock,
    /// Requests under way at once.
    pub max_in_flight: usize,
    /// Asks to end early.
    pub stop: &'a Stop,
    /// Is told of progress.
    pub listener: Listener<'a>,
}

type People = BTreeMap<UserId, Person>;

impl Lister<'_> {
    /// Lists every project of the scope: 1 + ⌈projects/100⌉ + Σ max(1, ⌈members/200⌉) requests when
    /// nothing goes wrong.
    ///
    /// # Errors
    /// When the token's user cannot be fetched, the API ends the run, or the run is to end. A
    /// project that cannot be read is no error: it is unreadable in the set.
    pub async fn list(
        &self,
        api: &impl ReadParticipations,
        scope: &Scope,
    ) -> Result<LiveSet, ListError> {
        // Reading changes nothing, so it is dropped wherever it waits when the run is to end.
        tokio::select! {
            biased;
            listed = self.list_all(api, scope) => listed,
            cause = self.stop.stopped() => Err(ListError::Stopped(cause)),
        }
    }

    /// Lists project by project, in the order of their ids, until what was listed is enough: nothing
    /// more is asked for then. `is_enough` gets each project alone, and may read it again.
    ///
    /// # Errors
    /// As [`Lister::list`], and what `is_enough` returns.
    pub async fn list_until(
        &self,
        api: &impl ReadParticipations,
        scope: &Scope,
        is_enough: impl AsyncFnMut(&mut LiveSet) -> Result<bool, ListError>,
    ) -> Result<LiveSet, ListError> {
        tokio::select! {
            biased;
            listed = self.list_in_order(api, scope, is_enough) => listed,
            cause = self.stop.stopped() => Err(ListError::Stopped(cause)),
        }
    }

    async fn list_in_order(
        &self,
        api: &impl ReadParticipations,
        scope: &Scope,
        mut is_enough: impl AsyncFnMut(&mut LiveSet) -> Result<bool, ListError>,
    ) -> Result<LiveSet, ListError> {
        (self.listener)(Event::ListingStarted { workspaces: scope.workspaces.len() });
        let token_user = api.fetch_token_user().await?;
        let people = BTreeMap::from([(token_user.id, token_user.clone())]);
        let nothing = LiveSet { token_user, workspaces: BTreeMap::new(), people };
        let mut listed = nothing.clone();
        let ids: Vec<WorkspaceId> = scope.workspaces.iter().copied().collect();
        for chunk in ids.chunks(WORKSPACES_PER_REQUEST) {
            let chunk = Scope { workspaces: chunk.iter().copied().collect() };
            let visible = self.prove_workspaces(api, &chunk).await?;
            for id in chunk.workspaces {
                let (id, state, found) = self.workspace(api, id, &visible).await?;
                let mut alone = nothing.clone();
                alone.workspaces.insert(id, state);
                alone.people.extend(found);
                let is_enough = is_enough(&mut alone).await?;
                listed.workspaces.extend(alone.workspaces);
                listed.people.extend(alone.people);
                (self.listener)(Event::WorkspaceListed);
                if is_enough {
                    return Ok(listed);
                }
            }
        }
        Ok(listed)
    }

    async fn list_all(
        &self,
        api: &impl ReadParticipations,
        scope: &Scope,
    ) -> Result<LiveSet, ListError> {
        (self.listener)(Event::ListingStarted { workspaces: scope.workspaces.len() });
        let token_user = api.fetch_token_user().await?;
        let visible = self.prove_workspaces(api, scope).await?;
        let mut workspaces = BTreeMap::new();
        let mut people = BTreeMap::from([(token_user.id, token_user.clone())]);
        let listings = scope.workspaces.iter().map(|id| self.workspace(api, *id, &visible));
        let mut listings = stream::iter(listings).buffer_unordered(self.max_in_flight);
        while let Some(listed) = listings.next().await {
            let (id, state, found) = listed?;
            workspaces.insert(id, state);
            people.extend(found);
            (self.listener)(Event::WorkspaceListed);
        }
        drop(listings);
        Ok(LiveSet { token_user, workspaces, people })
    }

    /// Reads a project of several pages once more, before anybody is created there: if somebody was
    /// removed and somebody else came between two pages, the count is right and yet a row was
    /// passed over. Whether both listings have the same records; the new one is in the set then.
    ///
    /// # Errors
    /// As [`Lister::list`].
    pub async fn confirm(
        &self,
        api: &impl ReadParticipations,
        live: &mut LiveSet,
        id: WorkspaceId,
    ) -> Result<bool, ListError> {
        let Some(LiveWorkspace::Listed(before)) = live.workspaces.get(&id) else { return Ok(true) };
        let title = before.title.clone();
        let records: Vec<_> = before.participations.iter().map(|row| row.id).collect();
        let project = Workspace { id, title, archived: false, permissions: Seen::Hidden };
        let listed = tokio::select! {
            biased;
            listed = list_workspace(api, &project, self.clock) => listed,
            cause = self.stop.stopped() => return Err(ListError::Stopped(cause)),
        };
        let (same, state) = match listed {
            Ok(Proved { listing, people }) => {
                live.people.extend(people.into_iter().map(|person| (person.id, person)));
                let now = listing.participations.iter().map(|row| row.id);
                (now.eq(records), LiveWorkspace::Listed(listing))
            }
            Err(ProofError::Api(error)) if error.ends_the_run() => return Err(error.into()),
            Err(error) => {
                let (title, reason) = (Some(project.title), error.into());
                (true, LiveWorkspace::Unreadable { title, reason })
            }
        };
        live.workspaces.insert(id, state);
        Ok(same)
    }

    /// Which projects are visible. A chunk that cannot be read leaves its projects unreadable.
    async fn prove_workspaces(
        &self,
        api: &impl ReadParticipations,
        scope: &Scope,
    ) -> Result<BTreeMap<WorkspaceId, Result<Workspace, Unreadable>>, ListError> {
        let ids: Vec<WorkspaceId> = scope.workspaces.iter().copied().collect();
        let chunks = ids.chunks(WORKSPACES_PER_REQUEST);
        let proofs = chunks.map(async |chunk| (chunk, api.fetch_workspaces(chunk).await));
        let mut proofs = stream::iter(proofs).buffer_unordered(self.max_in_flight);
        let mut visible = BTreeMap::new();
        while let Some((chunk, proof)) = proofs.next().await {
            match proof {
                Ok(found) => {
                    visible.extend(found.into_iter().map(|project| (project.id, Ok(project))));
                }
                Err(error) if error.ends_the_run() => return Err(error.into()),
                Err(error) => {
                    let why = Unreadable::NotAsked { message: error.to_string() };
                    visible.extend(chunk.iter().map(|id| (*id, Err(why.clone()))));
                }
            }
        }
        Ok(visible)
    }

    async fn workspace(
        &self,
        api: &impl ReadParticipations,
        id: WorkspaceId,
        visible: &BTreeMap<WorkspaceId, Result<Workspace, Unreadable>>,
    ) -> Result<(WorkspaceId, LiveWorkspace, People), ListError> {
        if let Some(cause) = self.stop.cause() {
            return Err(ListError::Stopped(cause));
        }
        let unreadable = |title, reason| (id, LiveWorkspace::Unreadable { title, reason });
        let (id, state) = match visible.get(&id) {
            None => unreadable(None, Unreadable::NotVisible),
            Some(Err(reason)) => unreadable(None, reason.clone()),
            Some(Ok(project)) if project.archived => {
                (id, LiveWorkspace::Archived { title: project.title.clone() })
            }
            Some(Ok(project)) => match list_workspace(api, project, self.clock).await {
                Ok(Proved { listing, people }) => {
                    let people = people.into_iter().map(|person| (person.id, person)).collect();
                    return Ok((id, LiveWorkspace::Listed(listing), people));
                }
                Err(ProofError::Api(error)) if error.ends_the_run() => return Err(error.into()),
                Err(error) => unreadable(Some(project.title.clone()), error.into()),
            },
        };
        Ok((id, state, People::new()))
    }
}
