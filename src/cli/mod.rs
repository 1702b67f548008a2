//! The command line: arguments to a command, the command's errors to an exit code.
//!
//! One file for each command. Data goes to stdout, talk to stderr. `anyhow` is used here only.

mod adopt;
mod apply;
mod approved;
mod arguments;
mod block_on;
mod check;
mod conduct;
mod config;
mod doctor;
mod export;
mod failure;
mod fix;
mod flag_value;
mod handover;
mod look;
mod output;
mod part;
mod places;
mod plan;
mod question;
mod reading;
mod rehearse;
mod runs;
mod sandbox;
mod setup;
mod show;
mod signal;
mod terminal;
mod undo;
mod usage;
mod work;

use std::panic::{self, AssertUnwindSafe};

use clap::{CommandFactory as _, Parser as _};
use failure::Failure;

pub use approved::ApprovedPlanChoice;
pub use part::PartArgs;

pub use arguments::{Arguments, Command, Common, LogFormat};

use crate::{run::ExitStatus, talk};

/// Reads the process's arguments, or ends as clap does: help and version 0, wrong usage 2.
///
/// # Errors
/// The code to end with; what there is to say was said.
pub fn arguments() -> Result<Arguments, ExitStatus> {
    talk::tell_panics();
    let raw: Vec<_> = std::env::args_os().collect();
    let arguments = Arguments::try_parse_from(&raw).map_err(|error| usage::end(error, &raw))?;
    talk::set_form(arguments.common.log_format.into());
    Ok(arguments)
}

/// Runs the command and says what went wrong, if anything did: one line for every code but 0.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitStatus {
    let ran = panic::catch_unwind(AssertUnwindSafe(|| command(arguments)));
    failure::close(ran.unwrap_or_else(|_| Err(Failure::bug())), arguments.common.quiet)
}

fn command(arguments: &Arguments) -> Result<ExitStatus, Failure> {
    output::check_forms(arguments)?;
    places::check(arguments)?;
    question::require_readable_input(&places::rosters(arguments))?;
    let common = &arguments.common;
    signal::heed()?;
    match &arguments.command {
        Command::Plan(args) => plan::plan(common, args),
        Command::Apply(args) => apply::apply(common, args),
        Command::Rehearse(args) => rehearse::rehearse(common, args),
        Command::Check(args) => check::check(common, args),
        Command::Sandbox(args) => sandbox::sandbox(args),
        Command::Config => config::config(common),
        Command::Export(args) => export::export(common, args),
        Command::Handover(args) => handover::handover(common, args),
        Command::Runs => runs::runs(common),
        Command::Show(args) => show::show(common, args),
        Command::Undo(args) => undo::undo(common, args),
        Command::Adopt(args) => adopt::adopt(common, args),
        Command::Doctor(args) => doctor::doctor(common, args),
        Command::Completions { shell } => completions(*shell),
        Command::Man => man(),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<ExitStatus, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "kantata-sync", &mut script);
    output::print(&script)?;
    Ok(ExitStatus::Done)
}

fn man() -> Result<ExitStatus, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    output::print(&page)?;
    Ok(ExitStatus::Done)
}
