//! The arguments as clap reads them; the names are a contract (PRODUCT.md §1).

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{
    ApprovedPlanChoice,
    flag_value::{date, duration, person},
    part::PartArgs,
    reading::{DayArgs, ReadingArgs},
};
use crate::{model::WorkspaceId, report::Format, roster::PersonRef, talk::Form};

/// Keeps the members of Kantata OX projects as a CSV says.
#[derive(Debug, Parser)]
#[command(name = "kantata-sync", version, max_term_width = 100)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Read the configuration from this file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use the values of [profile.NAME] in the configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// The API, such as <https://api.mavenlink.com/api/v1>
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The API, such as https://api.mavenlink.com/api/v1"
    )]
    pub base_url: Option<String>,
    /// Keep locks, journals and reports here
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<String>,
    /// The form of what is written to stdout
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT",
        value_parser = clap::value_parser!(Format), help = "The format of stdout: text, json, csv, markdown, html; a roster: csv, xlsx")]
    pub format: Format,
    /// Write the report to this file too, in the format that its ending names (repeatable)
    #[arg(long, global = true, value_name = "FILE")]
    pub output: Vec<PathBuf>,
    /// The form of the log on stderr
    #[arg(long, global = true, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Say more; twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say less: errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN")]
    pub color: Color,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl From<LogFormat> for Form {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what an apply would do; cannot write to Kantata
    Plan(PlanArgs),
    /// Plan, pass the guard, and carry the plan out
    Apply(ApplyArgs),
    /// Do the whole job against the built-in sandbox: no token, no network
    Rehearse(RehearseArgs),
    /// Validate a roster offline, all problems at once
    Check(CheckArgs),
    /// Serve the simulated API on a port of this machine
    Sandbox(SandboxArgs),
    /// Print the effective configuration and where each value came from
    Config,
    /// Write the live memberships as a roster
    Export(ExportArgs),
    /// Write a patch roster that puts somebody in another one's place; cannot write to Kantata
    Handover(HandoverArgs),
    /// List the runs that are kept
    Runs,
    /// Show the report of a run again, in any form
    Show(ShowArgs),
    /// Plan and apply the reverse of a run
    Undo(UndoArgs),
    /// Mark the live memberships that a roster names as this tool's, for `ownership = "tagged"`
    Adopt(AdoptArgs),
    /// Say what will fail before it does; cannot write to Kantata
    Doctor(DoctorArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// The roster, and how it is taken.
#[derive(Debug, Args)]
pub struct RosterArgs {
    /// The roster; several are one together. `-` reads standard input
    #[arg(required = true, value_name = "ROSTER")]
    pub rosters: Vec<PathBuf>,
    /// How it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Any invalid row stops the run
    #[arg(long)]
    pub strict: bool,
    /// Delete only what this reviewed withheld-deletes.csv has, over the limits too
    #[arg(long, value_name = "FILE")]
    pub approve_deletes: Option<PathBuf>,
    /// Send changes again that were answered as done twice and had no effect
    #[arg(long)]
    pub retry_stuck: bool,
    /// Look all names up again, whatever is remembered of them
    #[arg(long)]
    pub refresh_directory: bool,
    /// The day.
    #[command(flatten)]
    pub day: DayArgs,
    /// The part of the plan.
    #[command(flatten)]
    pub part: PartArgs,
}

/// How a plan is carried out.
#[derive(Debug, Args)]
pub struct WriteArgs {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Carry the plan out without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Apply only if the plan computed now is this one: a digest (or its beginning), or a file that
    /// `--output FILE.json` of a dry run or of `plan` wrote
    #[arg(long, value_name = "DIGEST|FILE", conflicts_with = "dry_run")]
    pub plan: Option<ApprovedPlanChoice>,
    /// Start nothing new after this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Wait this long for another run to end
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait_lock: Option<Duration>,
    /// Treat the question as declined when nobody answers it for this long
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "15m")]
    pub prompt_timeout: Duration,
    /// Write the live memberships as a roster to this file before anything is sent
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub backup: Option<PathBuf>,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The roster, and how it is taken.
    #[command(flatten)]
    pub roster: RosterArgs,
    /// Exit 6 when anything differs, held differences included
    #[arg(long)]
    pub check: bool,
}

/// `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The roster, and how it is taken.
    #[command(flatten)]
    pub roster: RosterArgs,
    /// How the plan is carried out.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// `adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The roster
    pub roster: PathBuf,
    /// How it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Any invalid row stops the run
    #[arg(long)]
    pub strict: bool,
    /// Look all names up again, whatever is remembered of them
    #[arg(long)]
    pub refresh_directory: bool,
    /// How the plan is carried out.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The run: its name, the beginning of one if it is unique, or `latest`
    pub run: String,
    /// Delete only what this reviewed withheld-deletes.csv has, over the limits too
    #[arg(long, value_name = "FILE")]
    pub approve_deletes: Option<PathBuf>,
    /// How the plan is carried out.
    #[command(flatten)]
    pub write: WriteArgs,
}

/// `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The projects (repeatable, or separated by commas); by default those of `scope.workspaces`
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub workspace: Vec<WorkspaceId>,
    /// All projects that the token sees, but for archived ones
    #[arg(long, conflicts_with = "workspace")]
    pub all: bool,
    /// Beside the ids, write what projects and people are called: `project`, `name`, `email`
    #[arg(long)]
    pub names: bool,
}

/// `handover`.
#[derive(Debug, Args)]
pub struct HandoverArgs {
    /// Look at the projects of this roster too
    pub roster: Option<PathBuf>,
    /// Who hands over: an id or an address
    #[arg(long, value_name = "ID|ADDRESS", value_parser = person)]
    pub from: PersonRef,
    /// Who is to be in their place: an id or an address
    #[arg(long, value_name = "ID|ADDRESS", value_parser = person)]
    pub to: PersonRef,
    /// Only these projects (repeatable, or separated by commas); by default all of the person's
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', conflicts_with = "roster")]
    pub workspace: Vec<WorkspaceId>,
    /// The last day of who hands over; the other one starts the day after
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub until: Option<Date>,
    /// Who hands over stays, without the lead
    #[arg(long, conflicts_with = "until")]
    pub keep: bool,
    /// Beside the ids, write what projects and people are called
    #[arg(long)]
    pub names: bool,
}

/// `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The run: its name, the beginning of one if it is unique, or `latest`
    pub run: String,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The roster; when not given, the projects of `scope.workspaces` are looked at
    pub roster: Option<PathBuf>,
    /// How it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The `--deadline` that an apply is to meet
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,
    /// Exit 5 also where something could not be found out
    #[arg(long)]
    pub strict: bool,
}

/// `rehearse`.
#[derive(Debug, Args)]
pub struct RehearseArgs {
    /// The roster; by default the sample roster
    pub roster: Option<PathBuf>,
    /// The day.
    #[command(flatten)]
    pub day: DayArgs,
    /// How it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Who is on the sandbox's projects at the start; by default the sample
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Instead: simulate whole runs under faults from this many seeds
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["roster", "seed"])]
    pub seeds: Option<u64>,
    /// The first of these seeds
    #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "seeds")]
    pub first_seed: u64,
    /// Share of requests that go wrong in each seed; by default drawn from the seed
    #[arg(long, value_name = "SHARE", requires = "seeds")]
    pub faults: Option<f64>,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The roster; several are one together. `-` reads standard input
    #[arg(required = true, value_name = "ROSTER")]
    pub rosters: Vec<PathBuf>,
    /// Look people and projects up, too; needs the token, and writes nothing
    #[arg(long)]
    pub online: bool,
    /// Write the roster to this file with all that can be repaired without guessing; what cannot be is
    /// marked in a column `problem`. What is checked is then that file
    #[arg(long, value_name = "FILE")]
    pub fix: Option<PathBuf>,
    /// The day.
    #[command(flatten)]
    pub day: DayArgs,
    /// How it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Who is on the projects at the start; by default the sample
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// All settings of the sandbox from a TOML file; the flags below override it
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Write every request as a line of JSON
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Requests a second before 429; by default unlimited
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<f64>,
    /// Time that a request takes
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub latency: Option<Duration>,
    /// Listings do not show changes younger than this
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lag: Option<Duration>,
    /// Share of requests that go wrong, spread evenly over all faults
    #[arg(long, value_name = "SHARE")]
    pub fault: Option<f64>,
    /// The seed of the faults
    #[arg(long, value_name = "NUMBER")]
    pub fault_seed: Option<u64>,
    /// How long a request that times out hangs
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub hang: Option<Duration>,
}
