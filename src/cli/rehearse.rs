//! `rehearse`: the whole job against the built-in sandbox, then a second plan that must be empty.
//!
//! Client and sandbox share one process and a paused clock: no token, no network, no waiting.

use std::{fs, path::Path, rc::Rc, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Common, Failure,
    arguments::RehearseArgs,
    block_on::block_on,
    conduct::finish,
    output::{self, Outputs},
    setup, signal,
    terminal::{FolderSession, Terminal},
};
use crate::{
    api::{Client, Endpoint, ServiceTransport, Transport},
    clock::Clock,
    config::{Configuration, Settings},
    report::{ReportedCommand, RunReport},
    roster::{Known, ParsedRoster, Roster},
    run::{ExitStatus, Stop},
    sandbox::{self, Sandbox, World},
    session::{AskedPart, Beginning, Order, Purpose, Session},
    simulation::{Simulation, Tally, simulate},
    store::{Folder, Shared},
    talk,
};

/// What `rehearse` works on when it is not told; the same bytes as in `sample-data/`.
const SAMPLE_ROSTER: &str = include_str!("../../sample-data/roster.csv");
pub(super) const SAMPLE_LIVE: &str = include_str!("../../sample-data/live.csv");

/// A host that cannot exist: nothing listens to it.
const BASE_URL: &str = "http://sandbox.invalid/api/v1";

pub(super) fn rehearse(common: &Common, args: &RehearseArgs) -> Result<ExitStatus, Failure> {
    if let Some(seeds) = args.seeds {
        return simulation(args, seeds);
    }
    let scratch = tempfile::tempdir()?;
    let configuration = configuration(common, args, scratch.path())?;
    let settings = &configuration.settings;
    let roster = roster(args, settings)?;
    let outputs = Outputs::open(common)?;
    let world = world(args.seed.as_deref())?;
    let store = Shared::open(Folder::at(settings.state_dir.join("rehearse")))?;
    block_on(true, async {
        let stop = Arc::new(Stop::default());
        signal::watch(&stop, None);
        let terminal = Terminal::new(common, settings, &stop, None);
        terminal.write_to(Some(outputs), None);
        let clock = Clock::starting_at(Timestamp::now());
        let sandbox = Sandbox::new(world, sandbox_settings(settings));
        // Nothing is remembered of a sandbox.
        let roster = Rc::new(roster.settle(&Known::default()));
        let rehearsal = Rehearsal { settings, roster, store, clock, sandbox, stop: &stop };
        let session = rehearsal.begin(ReportedCommand::Rehearse, &terminal);
        talk::set_run(&session.run.to_string());
        let ending = session.whole(async |session| rehearsal.apply(session).await).await;
        let report = ending.report.clone();
        let again = rehearsal.begin(ReportedCommand::Plan, &terminal);
        let again = again.plan(&rehearsal.client(), rehearsal.order(true)).await?.report;
        let result = finish(common, session, ending);
        closing(&report, &again, result)
    })?
}

/// What both runs of a rehearsal work with.
struct Rehearsal<'a> {
    settings: &'a Settings,
    roster: Rc<Roster>,
    store: Shared<Folder>,
    clock: Clock,
    sandbox: Sandbox,
    stop: &'a Stop,
}

impl Rehearsal<'_> {
    fn begin<'s>(
        &'s self,
        command: ReportedCommand,
        terminal: &'s Terminal<'s>,
    ) -> FolderSession<'s> {
        let beginning = Beginning {
            settings: self.settings,
            command,
            base_url: BASE_URL.to_owned(),
            roster: String::new(),
            store: self.store.clone(),
            stop: self.stop,
            clock: self.clock,
            salt: fastrand::u32(..),
            warnings: Vec::new(),
        };
        let session = Session::begin(beginning, terminal);
        if self.roster.names().is_empty() {
            session.tell_of(Rc::clone(&self.roster));
        }
        session
    }

    fn client(&self) -> Client<impl Transport + use<>> {
        let transport = ServiceTransport::new(self.sandbox.router().into_service());
        let (token, http) = (self.sandbox.settings().token, self.settings.http.clone());
        let endpoint = Endpoint { base_url: BASE_URL, token: token.into() };
        Client::new(transport, endpoint, http, self.clock, 0)
    }

    fn order(&self, check: bool) -> Order<'_> {
        let purpose = Purpose::Roster(Rc::clone(&self.roster));
        Order {
            purpose,
            approval: None,
            approved: None,
            retry_stuck: false,
            check,
            strict: false,
            part: AskedPart::default(),
        }
    }

    async fn apply(&self, session: &FolderSession<'_>) -> Result<RunReport, Failure> {
        let Some(store) = session.lock(None).await? else { return Ok(session.stopped()) };
        Ok(session.apply(&self.client(), store, self.order(false)).await?.report)
    }
}

/// Whole runs under faults, from many seeds; a seed that breaks a promise prints its replay.
fn simulation(args: &RehearseArgs, seeds: u64) -> Result<ExitStatus, Failure> {
    let RehearseArgs { first_seed, faults, .. } = *args;
    if faults.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        return Err(Failure::usage("`--faults` is a share of requests, 0 to 1", "such as 0.2"));
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let tally = simulate(&Simulation { first_seed, seeds, faults, threads });
    for violation in &tally.violations {
        output::say(&format!("{violation}\n\n"));
    }
    output::print(summary(&tally).as_bytes())?;
    let broken = tally.violations.len();
    Ok(if broken == 0 { ExitStatus::Done } else { ExitStatus::Unexpected })
}

fn summary(tally: &Tally) -> String {
    let Tally { seeds, runs, requests, faults, approved, adoptions, undos, .. } = tally;
    let Tally { restored, lost, plan_files, killed, kept_out, disk, violations, .. } = tally;
    let Tally { named, renamed, foreseen, .. } = tally;
    let broken = violations.len();
    let of_disk: Vec<String> =
        disk.iter().map(|(fault, count)| format!("{fault}: {count}")).collect();
    format!(
        "{seeds} seeds held, {broken} broke a promise: {runs} runs ({approved} approved, \
         {plan_files} of a plan file, {adoptions} adoptions, {undos} undos under faults, {killed} \
         killed, {kept_out} that kept another out), {requests} requests, {faults} faults, \
         {restored} memberships restored, {lost} lost in replacements\nby name: {named} runs, {renamed} \
         changes of what names mean, {foreseen} plans of another day\non the disk: {}\n",
        of_disk.join(", ")
    )
}

/// Says what the second plan came to; what is left although all was applied is a failure.
fn closing(
    report: &RunReport,
    again: &RunReport,
    result: Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let sendable = again.entries.iter().filter(|entry| entry.fate.is_none()).count();
    let passed = report.finished_at.duration_since(report.started_at).as_secs();
    output::say(&format!(
        "rehearsed in {}:{:02}:{:02} of simulated time, {} requests\n",
        passed / 3600,
        passed / 60 % 60,
        passed % 60,
        report.pace.requests,
    ));
    if sendable == 0 && again.digest.is_some() {
        output::say("second plan: nothing to do\n");
        return result;
    }
    output::say(&format!("second plan: {sendable} actions are left\n"));
    let left = anyhow::anyhow!("{sendable} actions are left after the run");
    let left = Failure::new(ExitStatus::PartlyApplied, left);
    Err(match result {
        Ok(_) => left,
        Err(own) => Failure { status: ExitStatus::worst(&[own.status, left.status]), ..own },
    })
}

/// The configuration as it is, but with a state folder that goes with the process, unless one is
/// named on the command line.
fn configuration(
    common: &Common,
    args: &RehearseArgs,
    scratch: &Path,
) -> Result<Configuration, Failure> {
    let mut flags = setup::flags_to_read(common, &args.reading);
    flags.state_dir.get_or_insert_with(|| scratch.display().to_string());
    Ok(crate::config::load(&flags, &setup::environment()?)?)
}

fn roster(args: &RehearseArgs, settings: &Settings) -> Result<ParsedRoster, Failure> {
    let reader = setup::reader_settings_on(settings, &args.day);
    if let Some(path) = &args.roster {
        return Ok(ParsedRoster::read(path, &reader)?);
    }
    let bytes = SAMPLE_ROSTER.as_bytes().to_vec();
    let path = Path::new("sample-data/roster.csv");
    Ok(ParsedRoster::parse(bytes, path, &reader)?)
}

/// The projects, people and memberships that a sandbox starts with.
pub(super) fn world(seed: Option<&Path>) -> Result<World, Failure> {
    let text = match seed {
        None => SAMPLE_LIVE.to_owned(),
        Some(path) => fs::read_to_string(path).map_err(|error| {
            let error =
                anyhow::Error::new(error).context(format!("cannot open `{}`", path.display()));
            Failure::new(ExitStatus::BadInput, error)
        })?,
    };
    World::from_csv(&text).map_err(|error| {
        let place = seed.unwrap_or(Path::new("sample-data/live.csv")).display().to_string();
        Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(place))
    })
}

/// A server that is as fast as the configured rate asks for, and as slow as a real one.
fn sandbox_settings(settings: &Settings) -> sandbox::SandboxSettings {
    sandbox::SandboxSettings {
        latency: Duration::from_millis(300),
        requests_per_second: Some(settings.http.requests_per_second),
        rate_burst: 2,
        ..sandbox::SandboxSettings::default()
    }
}
