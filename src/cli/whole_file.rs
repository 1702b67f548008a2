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

use super::{Failure, places::target};
use crate::run::ExitStatus;

/// See the module.
pub(super) struct WholeFile {
    path: PathBuf,
    place: Place,
}

enum Place {
    /// Written beside its target and renamed over it.
    Renamed { target: PathBuf, file: tempfile::NamedTempFile },
    /// No file: written as it is.
    Straight(File),
}

impl WholeFile {
    /// Makes sure that the file can be written.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let place = Place::open(path).map_err(|error| unwritable(path, error))?;
        Ok(Self { path: path.to_owned(), place })
    }

    /// Writes it and renames it into place.
    pub(super) fn write(
        self,
        render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let Self { path, place } = self;
        place.write(render).map_err(|error| unwritable(&path, error))
    }
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
    let mut options = OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path)?;
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

fn unwritable(path: &Path, error: io::Error) -> Failure {
    let error = anyhow::Error::new(error).context(format!("cannot write `{}`", path.display()));
    Failure::new(ExitStatus::Unexpected, error)
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
