//! A file that is opened before the first request and is in its place once it is whole.
//!
//! A link stays a link and its target is written; a file keeps its mode and, where possible, its
//! owner; what is no file (a device, a FIFO, an open descriptor) is written straight and never
//! replaced.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::trust::without_waiting;

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", path.display())]
pub struct WholeFileError {
    /// Which.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> WholeFileError {
    move |source| WholeFileError { path: path.to_owned(), source }
}

/// See the module.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Written beside its target and renamed over it.
    Renamed { target: PathBuf, file: tempfile::NamedTempFile },
    /// No file: written as it is.
    Straight(File),
}

impl WholeFile {
    /// Makes sure that the file can be written.
    ///
    /// # Errors
    /// When it cannot.
    pub fn open(path: &Path) -> Result<Self, WholeFileError> {
        let place = Place::open(path).map_err(failed(path))?;
        Ok(Self { path: path.to_owned(), place })
    }

    /// Writes it and renames it into place.
    ///
    /// # Errors
    /// When it cannot be written or renamed; what stood there before still does.
    pub fn write(
        self,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), WholeFileError> {
        let Self { path, place } = self;
        place.write(render).map_err(failed(&path))
    }
}

/// Writes a private file beside its place and renames it into it.
pub(super) fn write_private(
    path: &Path,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    Place::Renamed { target: path.to_owned(), file }.write(render)
}

impl Place {
    fn open(path: &Path) -> io::Result<Self> {
        let target = target(path)?;
        let found = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() || is_descriptor(&target) || is_descriptor(path) => {
                return straight(path).map(Self::Straight);
            }
            Ok(found) => Some(found),
            Err(_) => None,
        };
        let mut builder = tempfile::Builder::new();
        // As any new file: what the umask leaves of it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(target.parent().unwrap_or(Path::new(".")))?;
        if let Some(found) = found {
            keep(&found, file.as_file())?;
        }
        Ok(Self::Renamed { target, file })
    }

    fn write(self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let write = |file: &mut File| {
            let mut page = io::BufWriter::new(file);
            render(&mut page)?;
            page.flush()
        };
        match self {
            Self::Straight(mut file) => write(&mut file),
            Self::Renamed { target, mut file } => {
                write(file.as_file_mut())?;
                file.as_file().sync_data()?;
                file.persist(&target).map(drop).map_err(|error| error.error)
            }
        }
    }
}

/// Whether a path names what a process has open, such as `/dev/stdout`: a file that is there is
/// written on, not exchanged. Any other file below `/dev` is one like all others.
fn is_descriptor(path: &Path) -> bool {
    let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
    matches!(
        parts.as_slice(),
        ["/", "dev", "stdin" | "stdout" | "stderr"]
            | ["/", "dev", "fd", _]
            | ["/", "proc", .., "fd", _]
    )
}

/// Opens what is no file. A FIFO that nobody reads is an error, not a reason to wait.
fn straight(path: &Path) -> io::Result<File> {
    let file = without_waiting(OpenOptions::new().append(true)).open(path)?;
    #[cfg(unix)]
    rustix::io::ioctl_fionbio(&file, false)?;
    Ok(file)
}

/// Gives the new file what the old one had; the owner only where that may be done.
#[cfg(unix)]
fn keep(found: &Metadata, file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let _where_possible = fchown(file, Some(found.uid()), Some(found.gid()));
    file.set_permissions(fs::Permissions::from_mode(found.mode() & 0o777))
}

#[cfg(not(unix))]
fn keep(found: &Metadata, file: &File) -> io::Result<()> {
    file.set_permissions(found.permissions())
}

/// More links than any system follows.
const MOST_LINKS: usize = 40;

/// Where a path leads in the end, whether something is there or not.
///
/// # Errors
/// When there is no such folder, or the links have no end.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = fs::canonicalize(parent.unwrap_or(Path::new(".")))?;
        let name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let whole = folder.join(name);
        match fs::read_link(&whole) {
            Ok(link) => path = folder.join(link),
            Err(_) => return Ok(whole),
        }
    }
    Err(io::Error::other("too many links lead on from it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_has_open_is_told_from_a_file_beside_it() {
        for open in ["/dev/stdout", "/dev/fd/3", "/proc/self/fd/1", "/proc/7/task/8/fd/2"] {
            assert!(is_descriptor(Path::new(open)), "{open}");
        }
        for file in ["/dev/shm/r.json", "/dev/shm/stdout", "/proc/fd", "dev/stdout", "fd/1"] {
            assert!(!is_descriptor(Path::new(file)), "{file}");
        }
    }
}
