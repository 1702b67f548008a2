//! What `plan`, `apply`, `adopt` and `undo` share: a session begun, its steps, and its last words.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

use super::{
    Common, Failure,
    approved::{self, ApprovedList},
    arguments::WriteArgs,
    block_on::block_on,
    output::{self, Outputs},
    setup, signal,
    terminal::{FolderSession, Terminal},
};
use crate::{
    api::{Client, HttpTransport},
    chain::chain,
    clock::Clock,
    config::Settings,
    guard::Approval,
    report::{self, ReportedCommand, RunReport, RunWarning},
    run::{ExitStatus, Stop},
    session::{Approved, Beginning, Ending, Order, Session},
    store::{Exclusive, Folder, OwnRun, RunFile, Shared, WholeFile},
    talk,
};

/// What a run is begun with.
#[derive(Clone, Copy)]
pub(super) struct Conduct<'a> {
    pub common: &'a Common,
    pub settings: &'a Settings,
    pub command: ReportedCommand,
    /// The roster as it was named.
    pub roster: &'a Path,
    /// How it is carried out; none where only a plan is wanted.
    pub write: Option<&'a WriteArgs>,
}

impl Conduct<'_> {
    /// A run from its first step to its last word.
    pub(super) fn run(
        self,
        steps: impl AsyncFnOnce(&FolderSession<'_>) -> Result<RunReport, Failure>,
    ) -> Result<ExitStatus, Failure> {
        let Self { common, settings, command, roster, write } = self;
        // Wrong usage is no run.
        Outputs::check(common)?;
        block_on(false, async {
            let other_api = setup::name_other_api(common, settings);
            let stop = Arc::new(Stop::default());
            let terminal = Terminal::new(common, settings, &stop, write);
            let beginning = Beginning {
                settings,
                command,
                base_url: settings.base_url.to_string(),
                roster: roster.display().to_string(),
                store: Shared::open(Folder::at(settings.state_folder()))?,
                stop: &stop,
                clock: Clock::starting_at(Timestamp::now()),
                salt: fastrand::u32(..),
                warnings: other_api.into_iter().collect(),
            };
            let session = Session::begin(beginning, &terminal);
            talk::set_run(&session.run.to_string());
            signal::watch(&stop, write.and_then(|write| write.deadline));
            let ending = session.whole(steps).await;
            finish(common, session, ending)
        })?
    }
}

/// What is named on the command line besides a roster, read and opened before anything waits.
pub(super) struct Named {
    list: Option<ApprovedList>,
    approved: Option<Approved>,
    backup: Option<WholeFile>,
    outputs: Outputs,
}

impl Named {
    pub(super) fn read(
        common: &Common,
        settings: &Settings,
        list: Option<&Path>,
        write: Option<&WriteArgs>,
    ) -> Result<Self, Failure> {
        let reader = setup::reader_settings(settings);
        let list = list.map(|list| ApprovedList::read(list, &reader)).transpose()?;
        let outputs = Outputs::open(common)?;
        let plan = write.and_then(|write| write.plan.as_ref());
        let approved = plan.map(approved::read).transpose()?;
        let backup = write.and_then(|write| write.backup.as_deref());
        let backup = backup.map(WholeFile::open).transpose()?;
        Ok(Self { list, approved, backup, outputs })
    }

    /// Holds the list against what its run withheld, and hands over what is to be written.
    pub(super) fn accept(
        self,
        session: &FolderSession<'_>,
        settings: &Settings,
    ) -> Result<(Option<Approval>, Option<Approved>), Failure> {
        let Self { list, approved, backup, outputs } = self;
        list.as_ref().map(|list| list.check(session, settings)).transpose()?;
        session.audience.write_to(Some(outputs), backup);
        Ok((list.map(|list| list.approval), approved))
    }
}

/// Connects, and carries an order out; without the lock there is no writer, and it is shown.
pub(super) async fn carry_out(
    session: &FolderSession<'_>,
    settings: &Settings,
    store: Option<&Exclusive<Folder>>,
    order: Order<'_>,
) -> Result<RunReport, Failure> {
    let Some(client) = connect(session, settings).await? else { return Ok(session.stopped()) };
    let carried = match store {
        None => session.plan(&client, order).await?,
        Some(store) => session.apply(&client, store, order).await?,
    };
    Ok(carried.report)
}

/// A client with its token; none when the run is asked to end meanwhile.
async fn connect(
    session: &FolderSession<'_>,
    settings: &Settings,
) -> Result<Option<Client<HttpTransport>>, Failure> {
    let source = settings.token_source.clone();
    // A command that makes a token may take its time.
    let token = tokio::task::spawn_blocking(move || setup::token(&source));
    let token = tokio::select! {
        token = token => token.map_err(|error| Failure::new(ExitStatus::Unexpected, error))??,
        _ = session.stop.stopped() => return Ok(None),
    };
    setup::client(settings, token, session.clock).map(Some)
}

/// Writes the report where it was asked for, frees the lock, and says what is left to say. What the
/// run came to stands above what could not be written of it.
pub(super) fn finish(
    common: &Common,
    session: FolderSession<'_>,
    ending: Ending<Failure>,
) -> Result<ExitStatus, Failure> {
    let Ending { report, obstacle, kept } = ending;
    // A run without a plan leaves report files as they were, and prints nothing.
    let outputs = session.audience.outputs().filter(|_| obstacle.is_none());
    let written = outputs.map(|outputs| outputs.write(&report, session.rows().as_deref()));
    // The folder of a rehearsal goes with it, unless one is named.
    let lasts = report.command != ReportedCommand::Rehearse || common.state_dir.is_some();
    let room = session.free().filter(|_| lasts);
    let planned = obstacle.is_none();
    let mut failures: Vec<Failure> = obstacle.or_else(|| own(&report)).into_iter().collect();
    let told = !failures.is_empty();
    failures.extend(written.map(output::Written::print).unwrap_or_default());
    match kept {
        Ok(kept) => tell_kept(common, room.as_ref(), &kept, planned),
        // Not as at the start of a run: by now something may have been sent.
        Err(error) => failures.push(Failure::new(ExitStatus::Unexpected, error)),
    }
    if let (false, Some(failure), Some(room)) = (told, failures.first(), &room) {
        amend(room, report, failure);
    }
    Failure::joined(failures).map_or(Ok(ExitStatus::Done), |failure| {
        Err(if told {
            failure
        } else {
            failure.context("the run is complete, but not all of its output could be written")
        })
    })
}

fn tell_kept(common: &Common, room: Option<&OwnRun<Folder>>, kept: &[RunFile], planned: bool) {
    let Some(room) = room.filter(|_| !kept.is_empty()) else { return };
    talk::set_report(&room.place_of(RunFile::Report));
    if !common.quiet && planned {
        let names: Vec<&str> = kept.iter().map(|file| file.name()).collect();
        output::say(&format!("kept in {}: {}\n", room.place(), names.join(", ")));
    }
}

/// The kept report of a run that did what it was to do, and whose output could not be written: it
/// says what the process answers.
fn amend(room: &OwnRun<Folder>, mut report: RunReport, failure: &Failure) {
    report.exit = Some(failure.status);
    let message = format!("{:#}", failure.error);
    report.warnings.push(RunWarning::OutputNotWritten { message });
    let written = room.write(RunFile::Report, |out| report::json::render(&report, out));
    if written.is_err() && !matches!(room.read(RunFile::Report), Ok(Some(_))) {
        return;
    }
    talk::set_report(&room.place_of(RunFile::Report));
    if let Err(error) = written {
        tracing::warn!("the report does not say that: {}", chain(&error));
    }
}

/// Why the run's own code is not 0.
fn own(report: &RunReport) -> Option<Failure> {
    let status = report.exit.filter(|status| *status != ExitStatus::Done)?;
    Some(Failure::new(status, anyhow::anyhow!(report::trouble(report))))
}
