//! `doctor`: says what will fail before it does. Holds no writer; keeps no run.
//!
//! First what can be seen here, then what the API answers.

mod here;
mod project;
mod there;

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Common, Failure,
    arguments::DoctorArgs,
    block_on::block_on,
    look::{self, Looker},
    output::Outputs,
    setup, signal,
};
use crate::{
    api::ReadAccount,
    chain::chain,
    clock::Clock,
    config::{Configuration, Token, token_place},
    report::findings::{self, FindingLevel, Findings},
    roster::{Known, ParsedRoster, Roster},
    run::{ExitStatus, Stop},
};

/// A doctor does not wait as long as a run: an API that does not answer twice is down.
const TRIES: u32 = 2;

/// What is still to be looked at once the API answers.
struct Examination<'a> {
    looker: Looker<'a>,
    roster: Option<&'a Roster>,
    args: &'a DoctorArgs,
    configuration: &'a Configuration,
}

pub(super) fn doctor(common: &Common, args: &DoctorArgs) -> Result<ExitStatus, Failure> {
    let mut configuration = setup::configuration_to_read(common, &args.reading)?;
    let outputs = Outputs::open(common)?.only(&findings::FORMS)?;
    let http = &mut configuration.settings.http;
    http.tries = http.tries.min(TRIES);
    let mut found = Findings::default();
    here::configuration(&configuration, &mut found);
    here::state(&configuration.settings, &mut found);
    let _said = setup::name_other_api(common, &configuration.settings);
    let (roster, by_name) = rosters(args, &configuration, &mut found);
    let authorized = match token(&configuration, &mut found)? {
        None => {
            by_name.iter().for_each(|_| not_looked_up(&mut found));
            false
        }
        Some(token) => block_on(false, async {
            let clock = Clock::starting_at(Timestamp::now());
            let stop = Arc::new(Stop::default());
            signal::watch(&stop, None);
            let settings = &configuration.settings;
            let client = setup::client(settings, token, clock)?;
            let looker = Looker { common, settings, clock, stop: &stop };
            let roster = match by_name {
                Some(parsed) => looked_up(looker, &client, parsed, &mut found).await,
                None => roster,
            };
            let (roster, configuration) = (roster.as_ref(), &configuration);
            let examination = Examination { looker, roster, args, configuration };
            // Nothing is written here, so what waits is dropped.
            tokio::select! {
                biased;
                seen = examination.of_the_api(&client, &mut found) => seen,
                cause = stop.stopped() => Err(look::ended(&cause.into())),
            }
        })??,
    };
    let written = outputs.write_each(|(format, _), out| findings::render(&found, format, out));
    let failures = verdict(&found, authorized, args.strict).into_iter().chain(written.err());
    Failure::joined(failures).map_or(Ok(ExitStatus::Done), Err)
}

/// The roster where nobody has to be asked for it, or the one that has names.
fn rosters(
    args: &DoctorArgs,
    configuration: &Configuration,
    found: &mut Findings,
) -> (Option<Roster>, Option<ParsedRoster>) {
    match here::roster(args.roster.as_deref(), &configuration.settings, found) {
        Some(parsed) if parsed.names().is_empty() => {
            (Some(here::settled(parsed, &Known::default(), found)), None)
        }
        by_name => (None, by_name),
    }
}

fn not_looked_up(found: &mut Findings) {
    let advice = "without a token nobody can be asked for them";
    found.unknown("roster", "its people and projects stand by name", advice);
}

/// The roster once its names were looked up; none where they could not be.
async fn looked_up(
    looker: Looker<'_>,
    api: &impl ReadAccount,
    parsed: ParsedRoster,
    found: &mut Findings,
) -> Option<Roster> {
    match looker.look_up(api, &parsed.names()).await {
        Ok(known) => Some(here::settled(parsed, &known, found)),
        Err(unasked) => {
            let detail = format!("its names cannot be looked up: {}", unasked.cause());
            found.failure("roster", detail, "a run needs them before it can plan anything");
            None
        }
    }
}

/// What a run would not get past, if there is anything.
fn verdict(found: &Findings, authorized: bool, strict: bool) -> Option<Failure> {
    let is_bad = |level| match level {
        FindingLevel::Ok | FindingLevel::Warning => false,
        FindingLevel::Unknown => strict,
        FindingLevel::Failure => true,
    };
    let bad = FindingLevel::ALL.into_iter().filter(|level| is_bad(*level));
    let count: usize = bad.map(|level| found.count(level)).sum();
    let status = match (authorized, count) {
        (false, _) => ExitStatus::Unauthorized,
        (true, 0) => return None,
        (true, _) => ExitStatus::PartlyApplied,
    };
    Some(Failure::new(status, anyhow::anyhow!("a run would not get past {count} of the checks")))
}

fn token(configuration: &Configuration, found: &mut Findings) -> Result<Option<Token>, Failure> {
    let settings = &configuration.settings;
    match setup::token(&settings.token_source) {
        Ok(token) => {
            let place = token_place(&settings.token_source, &setup::environment()?);
            found.ok("token", format!("from {place}"));
            Ok(Some(token))
        }
        Err(failure) => {
            let advice = failure.hint.as_deref().unwrap_or("without it nothing can be asked");
            found.failure("token", chain(&*failure.error), advice);
            Ok(None)
        }
    }
}
