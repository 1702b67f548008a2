//! The validated configuration, as the phases take it.
//!
//! Turns the merged values into types and checks what concerns several keys at once. Nothing after
//! this handles "maybe missing". Does not know where a value was written, except to say so in a
//! problem.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use figment::Figment;
use serde::Deserialize;

use super::{
    base_url::BaseUrl,
    error::ConfigProblem,
    layer::{Origin, Source},
    surroundings::Surroundings,
    token::TokenSource,
    value::{CommandText, Encoding, PathText, People, Rate, Span, Whole},
};
use crate::{
    api::HttpSettings,
    desired::Delimiter,
    guard::Limits,
    model::WorkspaceId,
    plan::{Mode, Ownership, Protection},
};

/// Everything that is configured (PRODUCT.md §8), validated.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the API is.
    pub base_url: BaseUrl,
    /// What a run may do.
    pub mode: Mode,
    /// Whether a change of side may delete and create.
    pub allow_replace: bool,
    /// Whose memberships may be deleted.
    pub ownership: Ownership,
    /// Absences in a row before a delete; 0 for none.
    pub delete_after_runs: u32,
    /// Days of absence before a delete; 0 for none.
    pub delete_after_days: u32,
    /// Where the token is, unless it is in the environment.
    pub token_source: TokenSource,
    /// The state folder, absolute; see [`Settings::state_folder`].
    pub state_dir: PathBuf,
    /// `[http]` and `[breaker]`.
    pub http: HttpSettings,
    /// How much a run may destroy.
    pub guard: Limits,
    /// How old a listing may be before its rows are looked at again.
    pub recheck_after: Duration,
    /// Who is never touched.
    pub protect: Protection,
    /// Projects in scope without rows; sorted, each once.
    pub scope_workspaces: Vec<WorkspaceId>,
    /// How a roster is read.
    pub roster: RosterSettings,
    /// How many runs are kept; at least 1.
    pub keep_runs: usize,
    /// Who is told.
    pub monitor: Monitor,
    /// The chosen profile.
    pub profile: Option<String>,
}

/// `[roster]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RosterSettings {
    /// How bytes become text.
    pub encoding: Encoding,
    /// What separates cells.
    pub delimiter: Delimiter,
    /// Columns to pass over.
    pub ignore_columns: Vec<String>,
    /// Our column names to theirs.
    pub columns: BTreeMap<String, String>,
}

/// `[monitor]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Monitor {
    /// Called at start, success and failure.
    pub ping_url: Option<String>,
    /// Told of failures and recoveries.
    pub webhook_url: Option<String>,
    /// For the node-exporter textfile collector.
    pub metrics_file: Option<PathBuf>,
}

impl Settings {
    /// The folder of this profile and this server: `<state>/<profile or "default">/<host-port>`.
    #[must_use]
    pub fn state_folder(&self) -> PathBuf {
        let profile = self.profile.as_deref().unwrap_or("default");
        self.state_dir.join(profile).join(self.base_url.folder_name())
    }
}

/// The merged values, each of which fits by itself.
#[derive(Deserialize)]
struct Raw {
    base_url: BaseUrl,
    mode: Mode,
    allow_replace: bool,
    ownership: Ownership,
    delete_after_runs: Whole<0, 10_000>,
    delete_after_days: Whole<0, 10_000>,
    token_file: Option<PathText>,
    token_command: Option<CommandText>,
    state_dir: Option<PathText>,
    http: RawHttp,
    guard: RawGuard,
    protect: RawProtect,
    scope: RawScope,
    roster: RosterSettings,
    breaker: RawBreaker,
    state: RawState,
    #[serde(default)]
    monitor: Monitor,
}

#[derive(Deserialize)]
struct RawHttp {
    requests_per_second: Rate,
    max_in_flight: Whole<1, 1000>,
    timeout: Span<false>,
    connect_timeout: Span<false>,
    tries: Whole<1, 100>,
    backoff_base: Span<false>,
    backoff_cap: Span<false>,
    settle_wait: Span<true>,
    retry_after_cap: Span<false>,
    give_up_after: Span<false>,
}

#[derive(Deserialize)]
struct RawGuard {
    max_deletes: Whole<0, 1_000_000>,
    max_delete_percent: Whole<0, 100>,
    max_project_delete_percent: Whole<0, 100>,
    delete_floor: Whole<0, 1_000_000>,
    recheck_after: Span<true>,
}

#[derive(Deserialize)]
struct RawProtect {
    users: People,
}

#[derive(Deserialize)]
struct RawScope {
    workspaces: BTreeSet<WorkspaceId>,
}

#[derive(Deserialize)]
struct RawBreaker {
    consecutive_failures: Whole<1, 10_000>,
}

#[derive(Deserialize)]
struct RawState {
    keep_runs: Whole<1, 100_000>,
}

/// Where the value of each key is from.
pub(super) type Origins = BTreeMap<&'static str, Origin>;

/// Builds the settings, or says what does not go together.
pub(super) fn settle(
    values: &Figment,
    origins: &Origins,
    profile: Option<&str>,
    around: &Surroundings,
) -> Result<Settings, Vec<ConfigProblem>> {
    let raw: Raw = values
        .extract()
        .map_err(|error| vec![ConfigProblem::new("the configuration", error.to_string())])?;
    let mut problems = Vec::new();
    problems.extend(backoff_problem(&raw.http, origins));
    let token_source = token_source(&raw, origins, around).unwrap_or_else(|problem| {
        problems.push(problem);
        TokenSource::default()
    });
    let state_dir = state_dir(&raw, origins, around);
    match state_dir {
        Some(state_dir) if problems.is_empty() => {
            Ok(raw.into_settings(token_source, state_dir, profile))
        }
        Some(_) => Err(problems),
        None => {
            let message = "neither XDG_STATE_HOME nor HOME is an absolute path; set `state_dir` or use --state-dir";
            problems.push(ConfigProblem {
                key: Some("state_dir".to_owned()),
                ..ConfigProblem::new("default", message)
            });
            Err(problems)
        }
    }
}

fn backoff_problem(http: &RawHttp, origins: &Origins) -> Option<ConfigProblem> {
    let (base, cap) = (http.backoff_base.0, http.backoff_cap.0);
    let origin = origins.get("http.backoff_base").filter(|_| base > cap)?;
    let message = format!("expected at most `http.backoff_cap`, which is {cap:?}");
    let problem = ConfigProblem::of_key(origin, "http.backoff_base", message);
    Some(problem.with_value(format!("{base:?}")))
}

/// The file or the command, whichever the stronger layer sets: a profile of its own token is never
/// served with another one's.
fn token_source(
    raw: &Raw,
    origins: &Origins,
    around: &Surroundings,
) -> Result<TokenSource, ConfigProblem> {
    let (file, command) = (origins.get("token_file"), origins.get("token_command"));
    let file = raw.token_file.as_ref().zip(file);
    let command = raw.token_command.as_ref().zip(command);
    let from_file = |(path, origin): (&PathText, &Origin)| {
        TokenSource::File(around.resolve(&path.0, &origin.base))
    };
    let from_command = |(words, _): (&CommandText, _)| TokenSource::Command(words.0.clone());
    match (file, command) {
        (None, None) => Ok(TokenSource::VariableOnly),
        (Some(file), None) => Ok(from_file(file)),
        (None, Some(command)) => Ok(from_command(command)),
        (Some((_, one)), Some((_, other))) if one.source.is_same_layer(&other.source) => {
            let message = format!("expected only one of it and `token_file` ({one})");
            Err(ConfigProblem::of_key(other, "token_command", message))
        }
        (Some(file), Some(command)) if file.1.source > command.1.source => Ok(from_file(file)),
        (Some(_), Some(command)) => Ok(from_command(command)),
    }
}

fn state_dir(raw: &Raw, origins: &Origins, around: &Surroundings) -> Option<PathBuf> {
    match (&raw.state_dir, origins.get("state_dir")) {
        (Some(path), Some(origin)) => Some(around.resolve(&path.0, &origin.base)),
        _ => Some(around.state_folder()?.0),
    }
}

/// Where the state folder is from when no layer sets it.
pub(super) fn state_dir_origin(around: &Surroundings) -> Option<Origin> {
    Some(Origin::of(Source::System(around.state_folder()?.1)))
}

impl Raw {
    fn into_settings(
        self,
        token_source: TokenSource,
        state_dir: PathBuf,
        profile: Option<&str>,
    ) -> Settings {
        Settings {
            base_url: self.base_url,
            mode: self.mode,
            allow_replace: self.allow_replace,
            ownership: self.ownership,
            delete_after_runs: self.delete_after_runs.number(),
            delete_after_days: self.delete_after_days.number(),
            token_source,
            state_dir,
            recheck_after: self.guard.recheck_after.0,
            http: self.http.into_settings(self.breaker.consecutive_failures.number()),
            guard: self.guard.into_limits(),
            protect: self.protect.users.0,
            scope_workspaces: self.scope.workspaces.into_iter().collect(),
            roster: self.roster,
            keep_runs: self.state.keep_runs.count(),
            monitor: self.monitor,
            profile: profile.map(str::to_owned),
        }
    }
}

impl RawHttp {
    fn into_settings(self, breaker_failures: u32) -> HttpSettings {
        HttpSettings {
            requests_per_second: self.requests_per_second.0,
            max_in_flight: self.max_in_flight.count(),
            timeout: self.timeout.0,
            connect_timeout: self.connect_timeout.0,
            tries: self.tries.number(),
            backoff_base: self.backoff_base.0,
            backoff_cap: self.backoff_cap.0,
            settle_wait: self.settle_wait.0,
            retry_after_cap: self.retry_after_cap.0,
            give_up_after: self.give_up_after.0,
            breaker_failures,
        }
    }
}

impl RawGuard {
    fn into_limits(self) -> Limits {
        Limits {
            max_deletes: self.max_deletes.count(),
            max_delete_percent: self.max_delete_percent.count(),
            max_project_delete_percent: self.max_project_delete_percent.count(),
            delete_floor: self.delete_floor.count(),
        }
    }
}
