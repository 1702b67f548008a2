//! The validated configuration, as the phases take it.
//!
//! Nothing after this handles "maybe missing": the fields are filled from the table of keys, the
//! weakest layer first, and each key has a default or may be left out. Does not know where a value
//! was written.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Deserialize;

use super::{base_url::BaseUrl, token::TokenSource, value::Zone};
use crate::{
    api::HttpSettings,
    guard::Limits,
    model::WorkspaceId,
    plan::{Mode, Ownership, Protection},
    roster::{Defaults, Delimiter, Encoding, UnpackBounds, Values, Where},
};

/// Everything that is configured (PRODUCT.md §8), validated. What `default` gives is where the
/// layers begin, of which the first sets all of it.
#[derive(Debug, Clone, PartialEq, Default)]
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RosterSettings {
    /// How bytes become text, where that is said.
    pub encoding: Option<Encoding>,
    /// Which sheet of a workbook is read, where that is said.
    pub sheet: Option<String>,
    /// How much may come out of a packed roster.
    pub bounds: UnpackBounds,
    /// What separates cells.
    pub delimiter: Delimiter,
    /// Columns to pass over.
    pub ignore_columns: Vec<String>,
    /// Our column names to theirs.
    pub columns: BTreeMap<String, String>,
    /// Where it is decided which day it is.
    pub time_zone: Zone,
    /// What foreign words mean.
    pub values: Values,
    /// Values for columns that a roster does not have.
    pub defaults: Defaults,
    /// Which rows are there.
    pub filter: Where,
    /// The system whose keys `person_reference` has, as external references name it.
    pub person_service: Option<String>,
    /// The system whose keys `project_reference` has.
    pub project_service: Option<String>,
    /// Which projects names mean.
    pub projects: NamedProjects,
    /// How long it is remembered whom and what names mean.
    pub directory_max_age: Duration,
}

/// Which projects titles and other systems' keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedProjects {
    /// All that the token may see.
    #[default]
    All,
    /// Those that are not archived.
    Active,
}

/// `[monitor]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
