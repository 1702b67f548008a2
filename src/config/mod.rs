//! Configuration: defaults < file < profile < environment < flags, as validated [`Settings`].
//!
//! Owns which keys there are, where values come from and who wins; every problem of every layer is
//! found in one load. Also reads the API token, which is never part of the configuration. Does not
//! know the phases, only the settings that they take.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use figment::{Figment, providers::Serialized, value::Value};

use crate::trust::read_trusted_anywhere;

mod base_url;
mod command;
mod error;
mod key;
mod layer;
mod render;
mod settings;
mod surroundings;
mod token;
mod value;

pub use self::{
    base_url::{BaseUrl, BaseUrlError},
    error::{ConfigError, ConfigProblem},
    layer::{Origin, Source},
    render::render_config,
    settings::{Monitor, RosterSettings, Settings},
    surroundings::Surroundings,
    token::{Token, TokenError, TokenSource, read_token, token_place},
    value::{DurationError, Encoding, parse_duration},
};

use self::{
    layer::{Document, Found, Leaf},
    settings::{Origins, settle, state_dir_origin},
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
}

/// Settings, and where each value came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// What the phases take.
    pub settings: Settings,
    /// The file that was read.
    pub file: Option<PathBuf>,
    values: BTreeMap<&'static str, Value>,
    origins: Origins,
}

impl Configuration {
    /// Where the value of a key came from: `http.tries`.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }
}

/// Reads and validates the configuration.
///
/// # Errors
/// A file that cannot be read, or everything that is wrong in any layer.
pub fn load(flags: &Flags, around: &Surroundings) -> Result<Configuration, ConfigError> {
    let mut found = Found::default();
    found.add_defaults(DEFAULTS);
    let file = read_file(flags, around)?;
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
    found.add_variables(around);
    found.add_flag("--base-url", "base_url", flags.base_url.as_deref());
    found.add_flag("--state-dir", "state_dir", flags.state_dir.as_deref());
    let file = file.map(|(path, _)| path);
    assemble(found, file, flags.profile.as_deref(), around)
        .map_err(|problems| ConfigError::Invalid { problems })
}

fn assemble(
    found: Found,
    file: Option<PathBuf>,
    profile: Option<&str>,
    around: &Surroundings,
) -> Result<Configuration, Vec<ConfigProblem>> {
    let Found { leaves, mut problems, .. } = found;
    let doubtful = problems.iter().any(is_backoff);
    let (mut figment, mut origins) = (Figment::new(), Origins::new());
    for Leaf { key, value, origin } in leaves {
        figment = figment.merge(Serialized::default(key.path, value));
        origins.insert(key.path, origin);
    }
    let settings = match settle(&figment, &origins, profile, around) {
        Ok(settings) if problems.is_empty() => settings,
        Ok(_) => return Err(problems),
        Err(more) => {
            // A bad value was left out; what was put in its place is nobody's mistake.
            problems.extend(more.into_iter().filter(|more| !(doubtful && is_backoff(more))));
            return Err(problems);
        }
    };
    let value = |path: &&'static str| Some((*path, figment.find_value(path).ok()?));
    let mut values: BTreeMap<_, _> = origins.keys().filter_map(value).collect();
    if let (None, Some(origin)) = (origins.get("state_dir"), state_dir_origin(around)) {
        values.insert("state_dir", Value::from(settings.state_dir.to_string_lossy().into_owned()));
        origins.insert("state_dir", origin);
    }
    Ok(Configuration { settings, file, values, origins })
}

fn is_backoff(problem: &ConfigProblem) -> bool {
    problem.key.as_ref().is_some_and(|key| key.starts_with("http.backoff_"))
}

/// The file that `--config` names, else the first one found in the usual places.
fn read_file(
    flags: &Flags,
    around: &Surroundings,
) -> Result<Option<(PathBuf, Document)>, ConfigError> {
    if let Some(path) = &flags.config {
        return read_document(path, around).map(Some);
    }
    let usual = around.config_folder().map(|folder| folder.join("config.toml"));
    for path in [Some(PathBuf::from(FILE_NAME)), usual].into_iter().flatten() {
        match read_document(&path, around) {
            Err(ConfigError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => return other.map(Some),
        }
    }
    Ok(None)
}

/// The files that are read, or would be if they were there.
#[must_use]
pub fn places(flags: &Flags, around: &Surroundings) -> Vec<PathBuf> {
    let usual = around.config_folder().map(|folder| folder.join("config.toml"));
    match &flags.config {
        Some(path) => vec![around.folder().join(path)],
        None => [Some(around.folder().join(FILE_NAME)), usual].into_iter().flatten().collect(),
    }
}

fn read_document(path: &Path, around: &Surroundings) -> Result<(PathBuf, Document), ConfigError> {
    let whole = around.folder().join(path);
    // Whoever can write it decides what program runs and where the token goes.
    let text = read_trusted_anywhere(&whole)
        .and_then(|bytes| {
            String::from_utf8(bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        })
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let folder = whole.parent().unwrap_or(&whole).to_owned();
    Ok((path.to_owned(), Document { name: path.display().to_string(), folder, text }))
}

#[cfg(test)]
mod tests;
