//! What commands work with: configuration, roster, token, client; each with its error.

use std::{path::Path, time::Duration};

use jiff::Timestamp;

use super::{
    Common, Failure,
    reading::{DayArgs, ReadingArgs},
};
use crate::{
    api::{Client, Endpoint, HttpTransport},
    clock::Clock,
    config::{self, Configuration, Environment, Flags, Settings, Token, TokenSource, read_token},
    report::RunWarning,
    roster::{Day, ParsedRoster, ReaderSettings, RosterError},
    run::ExitStatus,
    store::{Folder, StoreError},
    trust::trust_folder,
};

/// The variables and the folder that the process runs in.
pub(super) fn environment() -> Result<Environment, Failure> {
    let folder = std::env::current_dir()?;
    Ok(Environment::new(std::env::vars_os(), folder))
}

/// The flags that choose or override configuration.
pub(super) fn flags(common: &Common) -> Flags {
    Flags {
        config: common.config.clone(),
        profile: common.profile.clone(),
        base_url: common.base_url.clone(),
        state_dir: common.state_dir.clone(),
        ..Flags::default()
    }
}

/// The same, and how a roster is read.
pub(super) fn flags_to_read(common: &Common, reading: &ReadingArgs) -> Flags {
    let ReadingArgs { encoding, sheet, delimiter } = reading.clone();
    Flags { encoding, sheet, delimiter, ..flags(common) }
}

/// The configuration for these arguments.
pub(super) fn configuration(common: &Common) -> Result<Configuration, Failure> {
    configuration_to_read(common, &ReadingArgs::default())
}

/// The configuration of a command that reads a roster.
pub(super) fn configuration_to_read(
    common: &Common,
    reading: &ReadingArgs,
) -> Result<Configuration, Failure> {
    let configuration = config::load(&flags_to_read(common, reading), &environment()?)?;
    let state = &configuration.settings.state_dir;
    trust_folder(state).map_err(StoreError::of("use", state.display().to_string()))?;
    Ok(configuration)
}

/// The configuration of a command that keeps nothing: it needs no place for state.
pub(super) fn offline_configuration(
    common: &Common,
    reading: &ReadingArgs,
) -> Result<Configuration, Failure> {
    let mut flags = flags_to_read(common, reading);
    flags.state_dir.get_or_insert_with(|| ".".to_owned());
    Ok(config::load(&flags, &environment()?)?)
}

/// How this configuration reads rosters.
pub(super) fn reader_settings(settings: &Settings) -> ReaderSettings {
    let roster = &settings.roster;
    let today = roster.time_zone.day(Timestamp::now());
    ReaderSettings {
        day: Day::of(today),
        encoding: roster.encoding,
        bounds: roster.bounds,
        sheet: roster.sheet.clone(),
        delimiter: roster.delimiter,
        ignore_columns: roster.ignore_columns.clone(),
        columns: roster.columns.clone(),
        values: roster.values.clone(),
        defaults: roster.defaults.clone(),
        filter: roster.filter.clone(),
        names: true,
        person_service: roster.person_service.clone(),
        project_service: roster.project_service.clone(),
    }
}

/// Where it is asked for, nothing that is remembered of names is young enough.
pub(super) fn refresh_directory(settings: &mut Settings, refresh: bool) {
    if refresh {
        settings.roster.directory_max_age = Duration::ZERO;
    }
}

/// The same for a day that may be another one than today.
pub(super) fn reader_settings_on(settings: &Settings, day: &DayArgs) -> ReaderSettings {
    let reader = reader_settings(settings);
    let date = day.as_of.unwrap_or(reader.day.date);
    let day = Day { date, previewed: day.as_of.is_some(), ahead: day.horizon };
    ReaderSettings { day, ..reader }
}

/// The roster, or everything that is wrong with it as a file.
pub(super) fn roster(path: &Path, settings: &Settings) -> Result<ParsedRoster, RosterError> {
    ParsedRoster::read(path, &reader_settings(settings))
}

/// Names the API that the last run of this profile was for, if it is another one: the token goes to
/// the one that is configured now. Before the first request, and with `--quiet` too.
pub(super) fn name_other_api(common: &Common, settings: &Settings) -> Option<RunWarning> {
    let (run, other) = Folder::at(settings.state_folder()).last_run_elsewhere()?;
    let before =
        other.rsplit_once('-').map_or(other.clone(), |(host, port)| format!("{host}:{port}"));
    let profile = settings.profile.as_deref().unwrap_or("default").to_owned();
    let base_url = settings.base_url.to_string();
    let warning = RunWarning::OtherApi { base_url, profile, run, before };
    if common.quiet {
        tracing::error!("{warning}");
    } else {
        tracing::warn!("{warning}");
    }
    Some(warning)
}

/// The token, from wherever it is looked for.
pub(super) fn token(source: &TokenSource) -> Result<Token, Failure> {
    Ok(read_token(source, &environment()?)?)
}

/// A client for the configured API.
pub(super) fn client(
    settings: &Settings,
    token: Token,
    clock: Clock,
) -> Result<Client<HttpTransport>, Failure> {
    let transport =
        HttpTransport::new(settings.base_url.is_loopback(), settings.http.connect_timeout)
            .map_err(|error| Failure::new(ExitStatus::Unexpected, error))?;
    Ok(Client::new(
        transport,
        Endpoint { base_url: &settings.base_url.to_string(), token: token.expose().into() },
        settings.http.clone(),
        clock,
        fastrand::u64(..),
    ))
}
