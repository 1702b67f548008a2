//! What a command reads and what it writes, held against each other before either happens: no
//! output may be an input, another output, or a file of the tool's own.
//!
//! One file is one device and inode, whatever leads to it; where there is none yet, one name in one
//! folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{ApprovedPlanChoice, Arguments, Command, Failure, arguments::WriteArgs, setup};
use crate::{
    config::{self, Settings, TokenSource},
    roster::STDIN,
    store::{self, target},
};

/// What the rosters of a command are called.
const ROSTER: &str = "the roster";

/// The rosters that a command reads, as they were named.
pub(super) fn rosters(arguments: &Arguments) -> Vec<PathBuf> {
    let named = inputs(arguments).into_iter();
    named.filter(|(name, _)| *name == ROSTER).map(|(_, path)| path).collect()
}

/// A path and what it is for.
type Named = (&'static str, PathBuf);

/// Fails with wrong usage where an output is something else as well.
pub(super) fn check(arguments: &Arguments) -> Result<(), Failure> {
    let outputs = outputs(arguments);
    let streams = streams();
    if outputs.is_empty() && streams.is_empty() {
        return Ok(());
    }
    let mut taken = inputs(arguments);
    for (_, path) in taken.iter_mut().filter(|(_, path)| path == Path::new(STDIN)) {
        *path = PathBuf::from("/dev/stdin");
    }
    let environment = setup::environment()?;
    let flags = setup::flags(&arguments.common);
    taken.extend(
        config::places(&flags, &environment).into_iter().map(|path| ("the configuration", path)),
    );
    for stream in streams {
        apart(&taken, vec![stream])?;
    }
    let outputs = apart(&taken, outputs)?;
    // What is wrong with the configuration is for the command itself to say.
    let Ok(configuration) = config::load(&flags, &environment) else { return Ok(()) };
    let settings = &configuration.settings;
    if let TokenSource::File(path) = &settings.token_source {
        apart(&[("the token file", path.clone())], outputs.clone())?;
    }
    outputs.iter().try_for_each(|output| outside_state(output, settings))
}

/// Passes outputs that are none of what is taken, nor each other.
fn apart(taken: &[Named], outputs: Vec<Named>) -> Result<Vec<Named>, Failure> {
    let mut known: Vec<(&Named, Identity)> =
        taken.iter().filter_map(|named| Some((named, identity(&named.1)?))).collect();
    for output in &outputs {
        let Some(identity) = identity(&output.1) else { continue };
        if let Some((other, _)) = known.iter().find(|(_, other)| *other == identity) {
            let message = format!(
                "{} `{}` and {} `{}` are one file; nothing was read or written",
                other.0,
                other.1.display(),
                output.0,
                output.1.display()
            );
            return Err(Failure::usage(&message, "name another file to write to"));
        }
        known.push((output, identity));
    }
    Ok(outputs)
}

fn inputs(arguments: &Arguments) -> Vec<Named> {
    let one = |name, path: &PathBuf| vec![(name, path.clone())];
    let all = |paths: &[PathBuf]| -> Vec<Named> {
        paths.iter().map(|path| (ROSTER, path.clone())).collect()
    };
    let some =
        |name, path: &Option<PathBuf>| path.iter().map(|path| (name, path.clone())).collect();
    let approval = |path: &Option<PathBuf>| -> Vec<Named> { some("--approve-deletes", path) };
    match &arguments.command {
        Command::Plan(args) => {
            [all(&args.roster.rosters), approval(&args.roster.approve_deletes)].concat()
        }
        Command::Apply(args) => {
            [all(&args.roster.rosters), approval(&args.roster.approve_deletes), plan(&args.write)]
                .concat()
        }
        Command::Adopt(args) => [one(ROSTER, &args.roster), plan(&args.write)].concat(),
        Command::Undo(args) => [approval(&args.approve_deletes), plan(&args.write)].concat(),
        Command::Rehearse(args) => {
            [some(ROSTER, &args.roster), some("--seed", &args.seed)].concat()
        }
        Command::Check(args) => all(&args.rosters),
        Command::Handover(args) => some(ROSTER, &args.roster),
        Command::Doctor(args) => some(ROSTER, &args.roster),
        Command::Sandbox(args) => {
            [some("--seed", &args.seed), some("--settings", &args.settings)].concat()
        }
        _ => Vec::new(),
    }
}

fn plan(args: &WriteArgs) -> Vec<Named> {
    match &args.plan {
        Some(ApprovedPlanChoice::File(path)) => vec![("--plan", path.clone())],
        _ => Vec::new(),
    }
}

fn outputs(arguments: &Arguments) -> Vec<Named> {
    let more = match &arguments.command {
        Command::Apply(args) => args.write.backup.as_ref().map(|path| ("--backup", path)),
        Command::Adopt(args) => args.write.backup.as_ref().map(|path| ("--backup", path)),
        Command::Undo(args) => args.write.backup.as_ref().map(|path| ("--backup", path)),
        Command::Check(args) => args.fix.as_ref().map(|path| ("--fix", path)),
        Command::Sandbox(args) => {
            return args.log.iter().map(|path| ("--log", path.clone())).collect();
        }
        _ => None,
    };
    let named = arguments.common.output.iter().map(|path| ("--output", path.clone()));
    named.chain(more.map(|(name, path)| (name, path.clone()))).collect()
}

/// Where a shell sends what the process says, as far as those are files.
fn streams() -> Vec<Named> {
    let named = [("stdout", "/dev/stdout"), ("stderr", "/dev/stderr")];
    let named = named.map(|(name, path)| (name, PathBuf::from(path)));
    named.into_iter().filter(|(_, path)| path.is_file()).collect()
}

/// What makes two paths one file.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    Inode(u64, u64),
    Name(PathBuf),
}

/// None for what is no file: a device or FIFO is nobody's to lose.
fn identity(path: &Path) -> Option<Identity> {
    // `roster.csv/` is no name of a file, but what is written there replaces it.
    match fs::metadata(path).or_else(|_| fs::metadata(target(path)?)) {
        Ok(found) if found.is_file() || found.is_dir() => Some(of_file(path, &found)),
        Ok(_) => None,
        Err(_) => Some(Identity::Name(target(path).unwrap_or_else(|_| path.to_owned()))),
    }
}

#[cfg(unix)]
fn of_file(_: &Path, found: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Identity::Inode(found.dev(), found.ino())
}

#[cfg(not(unix))]
fn of_file(path: &Path, _: &fs::Metadata) -> Identity {
    Identity::Name(target(path).unwrap_or_else(|_| path.to_owned()))
}

/// The state's own files are nobody else's to write, whatever profile and API they are of.
fn outside_state((name, path): &Named, settings: &Settings) -> Result<(), Failure> {
    let (Ok(path), Ok(state)) = (target(path), fs::canonicalize(&settings.state_dir)) else {
        return Ok(());
    };
    let below = path.strip_prefix(&state).ok().into_iter().flat_map(Path::components);
    let own = [store::RUNS, store::LOCK, store::MEMORY];
    if below.skip(1).take(2).any(|part| own.iter().any(|own| part.as_os_str() == *own)) {
        let message = format!("{name} `{}` is within the state folder's own files", path.display());
        return Err(Failure::usage(&message, "name another file to write to"));
    }
    Ok(())
}
