//! Whom and what the rows of a run name: looked up before anything is listed, and once more before a
//! plan stands that touches a project on the word of what was only remembered.

use std::{collections::BTreeSet, rc::Rc};

use super::{Audience, Order, Part, Preview, Session, UnknownPart, recall::Course};
use crate::{
    api::{Client, Transport},
    apply::ended_by,
    chain::chain,
    config::{NamedProjects, Settings},
    directory::{Lookup, LookupError, LookupRules, LookupTally},
    model::{Scope, WorkspaceId},
    roster::{Known, ParsedRoster, Roster, RosterError},
    run::Ended,
    store::{Exclusive, Medium, StoreError},
};

/// Why a run has no plan that is no matter of the API.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// There is no room to keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Strict, and by now it is known that rows are invalid.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A part of the plan was asked for, of projects or people that are not there.
    #[error(transparent)]
    Part(#[from] UnknownPart),
}

/// By which rules a configuration has names looked up.
#[must_use]
pub fn lookup_rules(settings: &Settings) -> LookupRules {
    let roster = &settings.roster;
    LookupRules {
        person_service: roster.person_service.clone(),
        project_service: roster.project_service.clone(),
        active_projects: roster.projects == NamedProjects::Active,
        max_age: roster.directory_max_age,
        max_in_flight: settings.http.max_in_flight,
    }
}

/// An order as it stands once its names are known, and what it would do.
pub(super) struct Planned<'a> {
    pub course: Course<'a>,
    /// The plan, or how the run ended before there was one.
    pub preview: Result<Preview, Ended>,
}

impl<M: Medium, A: Audience> Session<'_, M, A> {
    /// A roster as far as it is remembered what its names mean: enough to know whom it mentions. A
    /// name that is not remembered makes its row invalid until it is looked up.
    pub fn settle(&self, parsed: ParsedRoster) -> Roster {
        let names = parsed.names();
        let known = if names.is_empty() {
            Known::default()
        } else {
            let rules = lookup_rules(self.settings);
            self.store.directory().known(&names, &rules, self.started_at)
        };
        parsed.settle(&known)
    }

    /// Looks names up, lists and plans, until a plan stands on names that were looked up in this run
    /// wherever it changes something.
    pub(super) async fn planned<'o, T: Transport>(
        &self,
        client: &Client<T>,
        store: Option<&Exclusive<M>>,
        mut order: Order<'o>,
    ) -> Result<Planned<'o>, CarryError> {
        // Where nothing can be kept, nothing is asked.
        self.room()?;
        let of_roster = order.purpose.roster().map(|roster| roster.names()).unwrap_or_default();
        let names = order.part.names_beside(&of_roster);
        let directory = if names.is_empty() { Default::default() } else { self.store.directory() };
        let lookup = Lookup::new(client, lookup_rules(self.settings), directory, self.started_at);
        if let Err(ended) = self.unless_stopped(lookup.look_up(&names)).await {
            // What was answered before that is true all the same.
            self.remember_names(store, &lookup);
            let course = self.recall(order, lookup.called(&names), Part::default())?;
            return Ok(Planned { course, preview: Err(ended) });
        }
        loop {
            let known = lookup.known(&names);
            if !of_roster.is_empty() {
                self.settle_again(&mut order, &known, store)?;
            }
            let part = order.part.locate(&self.scope(&order), &known)?;
            let course = self.recall(order.clone(), lookup.called(&names), part)?;
            let preview = self.preview(client, &course).await?;
            match self.means_something_else(&lookup, &order, &preview).await {
                Ok(true) => {}
                Ok(false) => {
                    self.remember_names(store, &lookup);
                    return Ok(Planned { course, preview });
                }
                Err(ended) => return Ok(Planned { course, preview: Err(ended) }),
            }
        }
    }

    /// Looks up what was only remembered of the names behind the projects that a plan changes; whether any
    /// of them means something else by now, so that there has to be another plan.
    async fn means_something_else<T: Transport>(
        &self,
        lookup: &Lookup<'_, Client<T>>,
        order: &Order<'_>,
        preview: &Result<Preview, Ended>,
    ) -> Result<bool, Ended> {
        let touched = preview.as_ref().map(touched).unwrap_or_default();
        let in_question = order.purpose.roster().map(|roster| roster.names_behind(&touched));
        let in_question = order.part.names_beside(&in_question.unwrap_or_default());
        self.unless_stopped(lookup.confirm(&in_question)).await
    }

    fn scope(&self, order: &Order<'_>) -> Scope {
        order.purpose.scope(&self.settings.scope_workspaces)
    }

    async fn unless_stopped<V>(
        &self,
        looking: impl Future<Output = Result<V, LookupError>>,
    ) -> Result<V, Ended> {
        tokio::select! {
            biased;
            found = looking => found.map_err(|error| unanswered(&error)),
            cause = self.stop.stopped() => Err(cause.into()),
        }
    }

    /// From now on the rows are what their names mean by now.
    fn settle_again(
        &self,
        order: &mut Order<'_>,
        known: &Known,
        store: Option<&Exclusive<M>>,
    ) -> Result<(), RosterError> {
        let settled = order.purpose.roster().and_then(|roster| roster.settle_again(known));
        let Some(roster) = settled.map(Rc::new) else { return Ok(()) };
        order.purpose = order.purpose.with_rows(Rc::clone(&roster));
        self.tell_of(Rc::clone(&roster));
        if let Some(store) = store.filter(|_| order.purpose.ends_absences()) {
            self.forget_mentioned(store, &roster.desired);
        }
        if order.strict { roster.demand_valid_rows() } else { Ok(()) }
    }

    fn remember_names<T: Transport>(
        &self,
        store: Option<&Exclusive<M>>,
        lookup: &Lookup<'_, Client<T>>,
    ) {
        let LookupTally { people, projects, requests } = lookup.tally();
        if requests == 0 {
            return;
        }
        tracing::info!(people, projects, requests, "names looked up");
        if let Some(Err(error)) = store.map(|store| store.write_directory(&lookup.directory())) {
            tracing::warn!("{}: the next run looks its names up again", chain(&error));
        }
    }
}

/// The projects that a plan changes, or would.
fn touched(preview: &Preview) -> BTreeSet<WorkspaceId> {
    let plan = preview.reviewed.approved.plan();
    let withheld = preview.reviewed.withheld.iter().map(|withheld| &withheld.action);
    let actions = plan.actions.iter().chain(withheld);
    let frozen = plan.frozen.iter().map(|frozen| frozen.action.key.workspace);
    actions.map(|action| action.key.workspace).chain(frozen).collect()
}

/// How a run ends whose names cannot be looked up.
#[must_use]
pub fn unanswered(error: &LookupError) -> Ended {
    let LookupError::Api(cause) = error else {
        return Ended::Fatal { message: chain(error) };
    };
    match ended_by(cause) {
        Ended::Fatal { .. } => Ended::Fatal { message: chain(error) },
        ended => ended,
    }
}
