//! Configuration: defaults < file < profile < environment < flags, as validated [`Settings`].
//!
//! Owns which keys there are, where values come from and who wins; every problem of every layer is
//! found in one load. Also reads the API token, which is never part of the configuration. Does not
//! know the phases, only the settings that they take.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::trust::read_trusted_anywhere;

mod base_url;
mod command;
mod document;
mod environment;
mod error;
mod key;
mod layer;
mod origin;
mod render;
mod settings;
mod token;
mod value;

pub use self::{
    base_url::{BaseUrl, BaseUrlError},
    document::read_toml,
    environment::Environment,
    error::{ConfigError, ConfigProblem},
    origin::{Origin, Position, Source},
    render::render_config,
    settings::{Monitor, NamedProjects, RosterSettings, Settings},
    token::{Token, TokenError, TokenSource, read_token, token_place},
    value::{DurationError, Zone, parse_duration},
};

use self::{
    document::Document,
    layer::{Found, Values},
};

/// `config/default.toml`: every key with its default and what it is for.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The file that is looked for in the working directory.
const FILE_NAME: &str = "kantata-sync.toml";

/// The flags that choose or override configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// `--config`: this file and no other.
    pub config: Option<PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--state-dir`.
    pub state_dir: Option<String>,
    /// `--encoding`.
    pub encoding: Option<String>,
    /// `--sheet`.
    pub sheet: Option<String>,
    /// `--delimiter`.
    pub delimiter: Option<String>,
}

/// Settings, and where each value came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// What the phases take.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    values: Values,
}

impl Configuration {
    /// Where the value of a key came from: `http.tries`.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.get(key).map(|(_, origin)| origin)
    }
}

/// Reads and validates the configuration.
///
/// # Errors
/// A file that cannot be read, or everything that is wrong in any layer.
pub fn load(flags: &Flags, environment: &Environment) -> Result<Configuration, ConfigError> {
    let mut found = Found::new(environment, DEFAULTS);
    let file = read_file(flags, environment)?;
    match (&file, &flags.profile) {
        (Some((_, document)), profile) => found.add_file(document, profile.as_deref()),
        (None, Some(profile)) => {
            let message = "there is no configuration file that could have such a profile";
            found
                .problems
                .push(ConfigProblem::new("--profile", message).with_value(profile.clone()));
        }
        (None, None) => {}
    }
    found.add_variables();
    found.add_flag("--base-url", "base_url", flags.base_url.as_deref());
    found.add_flag("--state-dir", "state_dir", flags.state_dir.as_deref());
    found.add_flag("--encoding", "roster.encoding", flags.encoding.as_deref());
    found.add_flag("--sheet", "roster.sheet", flags.sheet.as_deref());
    found.add_flag("--delimiter", "roster.delimiter", flags.delimiter.as_deref());
    let Found { settings, values, mut problems, .. } = found;
    problems.extend(conflicts(&settings, &values, &problems));
    if !problems.is_empty() {
        return Err(ConfigError::Invalid { problems });
    }
    let settings = Settings { profile: flags.profile.clone(), ..settings };
    Ok(Configuration { settings, file: file.map(|(path, _)| path), values })
}

/// What does not go together, where each value by itself is right.
fn conflicts(
    settings: &Settings,
    values: &Values,
    problems: &[ConfigProblem],
) -> Vec<ConfigProblem> {
    let origin = |path| values.get(path).map(|(_, origin)| origin);
    let (base, cap) = ("http.backoff_base", "http.backoff_cap");
    // In the place of a bad value stands one that is nobody's mistake.
    let is_doubtful = |problem: &ConfigProblem| {
        problem.key.as_ref().is_some_and(|key| key.starts_with("http.backoff_"))
    };
    let mut found = Vec::new();
    if let (Some((value, origin)), Some((limit, _))) = (values.get(base), values.get(cap))
        && settings.http.backoff_base > settings.http.backoff_cap
        && !problems.iter().any(is_doubtful)
    {
        let message = format!("expected at most `{cap}`, which is {limit}");
        found.push(ConfigProblem::of_key(origin, base, message).with_value(value.to_string()));
    }
    if let (Some(file), Some(command)) = (origin("token_file"), origin("token_command"))
        && file.source.is_same_layer(&command.source)
    {
        let message = format!("expected only one of it and `token_file` ({file})");
        found.push(ConfigProblem::of_key(command, "token_command", message));
    }
    if origin("state_dir").is_none() {
        let message = "neither XDG_STATE_HOME nor HOME is an absolute path; set `state_dir` or use --state-dir";
        let problem = ConfigProblem::new("default", message);
        found.push(ConfigProblem { key: Some("state_dir".to_owned()), ..problem });
    }
    found
}

/// The file that `--config` names, else the first one found in the usual places.
fn read_file(
    flags: &Flags,
    environment: &Environment,
) -> Result<Option<(PathBuf, Document)>, ConfigError> {
    if let Some(path) = &flags.config {
        return read_document(path, environment).map(Some);
    }
    let usual = environment.config_folder().map(|folder| folder.join("config.toml"));
    for path in [Some(PathBuf::from(FILE_NAME)), usual].into_iter().flatten() {
        match read_document(&path, environment) {
            Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => return other.map(Some),
        }
    }
    Ok(None)
}

/// The files that are read, or would be if they were there.
#[must_use]
pub fn places(flags: &Flags, environment: &Environment) -> Vec<PathBuf> {
    let usual = environment.config_folder().map(|folder| folder.join("config.toml"));
    match &flags.config {
        Some(path) => vec![environment.folder().join(path)],
        None => [Some(environment.folder().join(FILE_NAME)), usual].into_iter().flatten().collect(),
    }
}

fn read_document(
    path: &Path,
    environment: &Environment,
) -> Result<(PathBuf, Document), ConfigError> {
    let whole = environment.folder().join(path);
    // Whoever can write it decides what program runs and where the token goes.
    let bytes = read_trusted_anywhere(&whole)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let folder = whole.parent().unwrap_or(&whole).to_owned();
    let document = Document::new(path.display().to_string(), folder, bytes)
        .map_err(|problem| ConfigError::Invalid { problems: vec![problem] })?;
    Ok((path.to_owned(), document))
}

#[cfg(test)]
mod tests;
