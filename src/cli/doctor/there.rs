//! What the API answers: connection, identity, clock, pace, and whether a run fits its deadline.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::Examination;
use crate::{
    api::{
        ApiError, BATCH_LIMIT, Client, MEMBERS_PER_PAGE, ReadParticipations as _, Transport,
        WORKSPACES_PER_REQUEST,
    },
    apply::ended_by,
    chain::chain,
    cli::Failure,
    model::{LiveSet, LiveWorkspace, Person, Scope, Seen, WorkspaceId},
    plan::{Forecast, plan},
    report::findings::{Findings, in_words},
    roster::Roster,
    run::{Ended, ExitStatus},
    session::policy,
    store::{Folder, Shared},
};

/// Up to here clocks may differ without a word.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

impl Examination<'_> {
    /// Everything that needs the API; whether the token was let in.
    pub(super) async fn of_the_api<T: Transport>(
        &self,
        client: &Client<T>,
        found: &mut Findings,
    ) -> Result<bool, Failure> {
        let answer = client.fetch_token_user().await;
        let authorized = connection(&answer, found);
        match client.server_clock_skew() {
            Some(skew) => clock(skew, found),
            None if answer.is_ok() => {
                let advice = "look at this machine's clock: deadlines of approvals and absences depend on it";
                found.unknown("clock", "the answers do not say what time it is there", advice);
            }
            None => {}
        }
        if let Ok(person) = &answer {
            identity(person, found);
            self.projects(client, found).await?;
            self.rate(client, found);
        }
        Ok(authorized)
    }

    async fn projects<T: Transport>(
        &self,
        client: &Client<T>,
        found: &mut Findings,
    ) -> Result<(), Failure> {
        let workspaces = self.scope();
        if workspaces.is_empty() {
            let advice = "name a roster, or set `scope.workspaces`";
            found.warning("projects", "none are in scope, so none were looked at", advice);
            return Ok(());
        }
        self.rights(client, &workspaces, found).await;
        match self.looker.list(client, workspaces).await {
            Ok(live) => {
                self.live(&live, found);
                if let Some(roster) = self.roster {
                    self.forecast(roster, &live, found);
                }
            }
            Err(failure) => match failure.status {
                ExitStatus::Interrupted | ExitStatus::Terminated => return Err(failure),
                _ => {
                    let advice = "nothing can be planned until this is resolved";
                    found.failure("projects", chain(&*failure.error), advice);
                }
            },
        }
        Ok(())
    }

    fn scope(&self) -> BTreeSet<WorkspaceId> {
        let named = &self.looker.settings.scope_workspaces;
        match self.roster {
            Some(roster) => Scope::new(&roster.desired, named).workspaces,
            None => named.iter().copied().collect(),
        }
    }

    fn rate<T: Transport>(&self, client: &Client<T>, found: &mut Findings) {
        let http = &self.looker.settings.http;
        let origin = self.configuration.origin("http.requests_per_second");
        let origin = origin.map(|origin| format!(" (from {origin})")).unwrap_or_default();
        let (rate, at_once) = (http.requests_per_second, http.max_in_flight);
        let detail = format!("{rate} requests a second{origin}, {at_once} at once");
        match client.traffic().throttled {
            0 => found.ok("rate", detail),
            throttled => {
                let detail = format!("{detail}; the API answered 429 {throttled} times");
                found.warning("rate", detail, "lower `http.requests_per_second`");
            }
        }
    }

    /// Listing and writing at the configured rate, held against the deadline.
    fn forecast(&self, roster: &Roster, live: &LiveSet, found: &mut Findings) {
        let settings = self.looker.settings;
        let memory = Shared::existing(Folder::at(settings.state_folder()));
        let memory = memory.map(|state| state.memory(Timestamp::now()).0).unwrap_or_default();
        let policy = policy(settings, &memory, Timestamp::now());
        let rate = settings.http.requests_per_second;
        let writes =
            Forecast::new(&plan(&roster.desired, live, &policy).actions, BATCH_LIMIT, rate)
                .requests;
        let reads = listing_requests(live);
        let requests = reads + writes;
        let takes = Forecast { requests, requests_per_second: rate }.duration();
        let shown = in_words(takes);
        let detail = format!(
            "{reads} requests to list and {writes} to write, about {shown} at {rate} a second"
        );
        let fits = |deadline: &Duration| takes <= *deadline;
        match &self.args.deadline {
            None => found.ok("forecast", detail),
            Some(deadline) if fits(deadline) => {
                found.ok("forecast", format!("{detail}, within {}", in_words(*deadline)));
            }
            Some(deadline) => {
                let detail = format!("{detail}; the deadline is {}", in_words(*deadline));
                let advice = "a run stops at its deadline and the next one goes on: give it longer, or raise `http.requests_per_second` if the contract allows it";
                found.failure("forecast", detail, advice);
            }
        }
    }
}

/// What a run asks before it plans: the token's user, the projects, a page for each 200 members.
fn listing_requests(live: &LiveSet) -> usize {
    let pages = live.workspaces.values().map(|state| match state {
        LiveWorkspace::Listed(listing) => listing.total().div_ceil(MEMBERS_PER_PAGE).max(1),
        LiveWorkspace::Archived { .. } | LiveWorkspace::Unreadable { .. } => 0,
    });
    1 + live.workspaces.len().div_ceil(WORKSPACES_PER_REQUEST) + pages.sum::<usize>()
}

/// Whether the token was not refused.
fn connection(answer: &Result<Person, ApiError>, found: &mut Findings) -> bool {
    let error = match answer {
        Ok(_) => {
            found.ok("connection", "the API answers");
            return true;
        }
        Err(error) => error,
    };
    if let Ended::Unauthorized { message } = ended_by(error) {
        found.ok("connection", "the API answers");
        let detail = format!("refused by the API: {message}");
        found.failure("token", detail, "make a new one in Kantata, or check whose it is");
        return false;
    }
    let advice = "look at the base URL, the network, and certificates and proxies on the way";
    found.failure("connection", error.to_string(), advice);
    true
}

fn identity(person: &Person, found: &mut Findings) {
    let Person { id, name, email, disabled } = person;
    let email = email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
    let detail = format!("the token acts as {name} ({id}){email}");
    if *disabled == Seen::Visible(true) {
        let advice = "use the token of somebody who is active";
        return found.failure("identity", format!("{detail}, who is deactivated"), advice);
    }
    found.ok("identity", detail);
}

fn clock(skew: SignedDuration, found: &mut Findings) {
    let off = Duration::try_from(skew.abs()).unwrap_or_default();
    if skew.abs() <= SKEW {
        return found.ok("clock", "agrees with the server's within a minute");
    }
    let side = if skew.is_positive() { "behind" } else { "ahead of" };
    let detail = format!("{} {side} the server's", in_words(off));
    let advice =
        "set this machine's clock: names of runs, deadlines of approvals and absences depend on it";
    found.warning("clock", detail, advice);
}
