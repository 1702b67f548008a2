//! The state folder: `<state>/<profile or "default">/<host-port>/` with the lock and the runs.
//!
//! Private (0700, files 0600). Every file but the journal is written whole and renamed into place.
//! Knows where things lie, not what they mean.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    journal::{Journal, JournalReadError, read_journal},
    memory::Memory,
    run::RunId,
    trust::trust_folder,
};

/// A folder or file of the state folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{}` in the state folder", path.display())]
pub struct FolderError {
    /// What was tried.
    pub verb: &'static str,
    /// Where.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |source| FolderError { verb, path: path.to_owned(), source }
}

/// The state of one profile and API.
#[derive(Debug, Clone)]
pub struct StateFolder {
    path: PathBuf,
}

/// The newest run that kept a journal, with the journal or why it cannot be read.
pub type LastJournal = (RunId, Result<Journal, JournalReadError>);

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

fn make_private(path: &Path) -> Result<(), FolderError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed("make", path))
}

impl StateFolder {
    /// Opens the folder, making it where it is not.
    ///
    /// # Errors
    /// When it cannot be made, or somebody else can write it.
    pub fn open(path: PathBuf) -> Result<Self, FolderError> {
        let runs = path.join("runs");
        make_private(&runs)?;
        // Whoever can write here decides who is deleted.
        for folder in path.parent().into_iter().chain([path.as_path(), runs.as_path()]) {
            trust_folder(folder).map_err(failed("use", folder))?;
        }
        Ok(Self { path })
    }

    /// The folder, where there is one already.
    #[must_use]
    pub fn existing(path: PathBuf) -> Option<Self> {
        path.join("runs").is_dir().then_some(Self { path })
    }

    /// The newest run of this profile, if it was for another API than this folder: the run, and
    /// the other folder's name.
    #[must_use]
    pub fn last_run_elsewhere(path: &Path) -> Option<(RunId, String)> {
        let newest = |path: PathBuf| Self { path }.runs().ok()?.pop();
        let siblings = fs::read_dir(path.parent()?).ok()?.filter_map(Result::ok);
        let others =
            siblings.filter(|entry| Some(entry.file_name().as_os_str()) != path.file_name());
        let runs = others.filter_map(|entry| {
            Some((newest(entry.path())?, entry.file_name().to_string_lossy().into_owned()))
        });
        let last = runs.max()?;
        newest(path.to_owned()).is_none_or(|own| own < last.0).then_some(last)
    }

    /// Where the lock lies.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Where the memory lies.
    #[must_use]
    pub fn memory(&self) -> PathBuf {
        self.path.join("memory.json")
    }

    /// Keeps what the next run has to know.
    ///
    /// # Errors
    /// When it cannot be written; the last memory is still there then.
    pub fn write_memory(&self, memory: &Memory) -> Result<(), FolderError> {
        let path = self.memory();
        let render = |out: &mut dyn Write| Ok(serde_json::to_writer_pretty(out, memory)?);
        write_whole(&path, render).map_err(failed("write", &path))
    }

    /// Makes the folder of a new run; fails where nothing can be written.
    ///
    /// # Errors
    /// When it cannot be made, or exists.
    pub fn start_run(&self, run: &RunId) -> Result<RunFolder, FolderError> {
        let path = self.path.join("runs").join(run.to_string());
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(failed("make", &path))?;
        Ok(RunFolder { path })
    }

    /// The runs that are kept, the oldest first; what is no run is passed over.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn runs(&self) -> Result<Vec<RunId>, FolderError> {
        let path = self.path.join("runs");
        let mut runs = Vec::new();
        for entry in fs::read_dir(&path).map_err(failed("list", &path))? {
            let entry = entry.map_err(failed("list", &path))?;
            runs.extend(entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok()));
        }
        runs.sort();
        Ok(runs)
    }

    /// The folder of a run that is kept.
    #[must_use]
    pub fn run(&self, run: &RunId) -> RunFolder {
        RunFolder { path: self.path.join("runs").join(run.to_string()) }
    }

    /// Removes the oldest runs until `keep` are left, but never the newest with a journal: it may
    /// have left something in doubt.
    ///
    /// # Errors
    /// When a folder cannot be listed or removed.
    pub fn prune(&self, keep: usize) -> Result<(), FolderError> {
        let runs = self.runs()?;
        let journalled = runs.iter().rposition(|run| self.run(run).journal().exists());
        let old = runs.iter().enumerate().take(runs.len().saturating_sub(keep.max(1)));
        for (_, run) in old.filter(|(at, _)| Some(*at) != journalled) {
            let path = self.run(run).path;
            fs::remove_dir_all(&path).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    /// The newest run that kept a journal, with the journal or why it cannot be read.
    ///
    /// # Errors
    /// When the runs cannot be listed.
    pub fn last_journal(&self) -> Result<Option<LastJournal>, FolderError> {
        let newest = self.runs()?.into_iter().rfind(|run| self.run(run).journal().exists());
        Ok(newest.map(|run| {
            let journal = read_journal(&self.run(&run).journal());
            (run, journal)
        }))
    }
}

impl RunFolder {
    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the report lies, once there is one.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.path.join("report.json")
    }

    /// Where the journal lies.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// Writes a file whole, or not at all.
    ///
    /// # Errors
    /// When it cannot be written; what stood there before still does.
    pub fn write(
        &self,
        name: &str,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<PathBuf, FolderError> {
        let path = self.path.join(name);
        write_whole(&path, render).map_err(failed("write", &path))?;
        Ok(path)
    }
}

/// Writes a file beside its place and renames it into it.
///
/// # Errors
/// When it cannot be written or renamed.
pub fn write_whole(
    path: &Path,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(parent.unwrap_or(Path::new(".")))?;
    let mut writer = io::BufWriter::new(file.as_file_mut());
    render(&mut writer)?;
    writer.flush()?;
    drop(writer);
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
