//! A state kept in a folder: `<state>/<profile or "default">/<host-port>/`.
//!
//! Private (0700, files 0600). Every file but the journal is written whole and renamed into place.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    DIRECTORY, FileLock, LOCK, LockHolder, MEMORY, Medium, Name, RUNS, Render, RunFile, StoreError,
    whole::write_private,
};
use crate::{
    journal::Append,
    run::RunId,
    trust::{open_file, read_trusted, trust_folder},
};

/// See the module.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A state in this folder, whether it is there or not.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn path(&self, name: &Name) -> PathBuf {
        match name {
            Name::Runs => self.path.join(RUNS),
            Name::Run(run) => self.path.join(RUNS).join(run.to_string()),
            Name::Of(run, file) => self.path(&Name::Run(run.clone())).join(file.name()),
            Name::Memory => self.path.join(MEMORY),
            Name::Directory => self.path.join(DIRECTORY),
            Name::Lock => self.path.join(LOCK),
        }
    }

    /// The newest run of this profile, if it was for another API than this folder: the run, and
    /// the other folder's name.
    #[must_use]
    pub fn last_run_elsewhere(&self) -> Option<(RunId, String)> {
        let newest = |path: PathBuf| Self { path }.runs().ok()?.into_iter().max();
        let siblings = fs::read_dir(self.path.parent()?).ok()?.filter_map(Result::ok);
        let others =
            siblings.filter(|entry| Some(entry.file_name().as_os_str()) != self.path.file_name());
        let runs = others.filter_map(|entry| {
            Some((newest(entry.path())?, entry.file_name().to_string_lossy().into_owned()))
        });
        let last = runs.max()?;
        newest(self.path.clone()).is_none_or(|own| own < last.0).then_some(last)
    }
}

/// A first line ends before this, or is none of ours.
const LONGEST_FIRST_LINE: u64 = 64 << 10;

/// A folder that only its owner can look into.
fn make_private(path: &Path, recursive: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

impl Medium for Folder {
    type Journal = JournalFile;
    type Lock = FileLock;

    fn place(&self, name: &Name) -> String {
        self.path(name).display().to_string()
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let failed = |verb, path: &Path| StoreError::of(verb, path.display().to_string());
        let runs = self.path(&Name::Runs);
        make_private(&runs, true).map_err(failed("make", &runs))?;
        // Whoever can write here decides who is deleted.
        let parent = self.path.parent();
        for folder in parent.into_iter().chain([self.path.as_path(), runs.as_path()]) {
            trust_folder(folder).map_err(failed("use", folder))?;
        }
        Ok(())
    }

    fn is_prepared(&self) -> bool {
        self.path(&Name::Runs).is_dir()
    }

    fn has_line(&self, name: &Name) -> bool {
        let mut start = Vec::new();
        let read = open_file(&self.path(name))
            .and_then(|file| file.take(LONGEST_FIRST_LINE).read_to_end(&mut start));
        match read {
            Ok(read) => start.contains(&b'\n') || read as u64 == LONGEST_FIRST_LINE,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    fn read(&self, name: &Name) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(name);
        match read_trusted(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn changed_at(&self, name: &Name) -> Option<Timestamp> {
        let time = fs::metadata(self.path(name)).and_then(|found| found.modified()).ok()?;
        Timestamp::try_from(time).ok()
    }

    fn write(&self, name: &Name, render: Render<'_>) -> io::Result<()> {
        write_private(&self.path(name), render)
    }

    fn remove(&self, name: &Name) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn begin_journal(&self, run: &RunId) -> io::Result<JournalFile> {
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.path(&Name::Of(run.clone(), RunFile::Journal)))?;
        Ok(JournalFile { file, length: 0 })
    }

    fn runs(&self) -> io::Result<Vec<RunId>> {
        let mut runs = Vec::new();
        for entry in fs::read_dir(self.path(&Name::Runs))? {
            runs.extend(entry?.file_name().to_str().and_then(|name| name.parse::<RunId>().ok()));
        }
        Ok(runs)
    }

    fn make_run(&self, run: &RunId) -> io::Result<()> {
        make_private(&self.path(&Name::Run(run.clone())), false)
    }

    fn remove_run(&self, run: &RunId) -> io::Result<()> {
        fs::remove_dir_all(self.path(&Name::Run(run.clone())))
    }

    fn try_lock(&self, holder: &LockHolder) -> io::Result<Option<FileLock>> {
        let holder = LockHolder { process: Some(std::process::id()), ..holder.clone() };
        FileLock::acquire(&self.path(&Name::Lock), &holder)
    }

    fn is_locked(&self) -> io::Result<bool> {
        FileLock::is_held(&self.path(&Name::Lock))
    }
}

/// A journal in a file.
#[derive(Debug)]
pub struct JournalFile {
    file: File,
    /// How many bytes the whole lines take.
    length: u64,
}

impl Append for JournalFile {
    fn append(&mut self, bytes: &[u8], synced: bool) -> io::Result<()> {
        // One write, so that a kill tears at most the last line.
        let written = self.file.write_all(bytes);
        let written = written.and_then(|()| if synced { self.file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => self.length += bytes.len() as u64,
            // What follows a torn line would be torn with it.
            Err(_) => self.file.set_len(self.length)?,
        }
        written
    }
}
