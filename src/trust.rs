//! Opening what the tool depends on: nothing of it can make the tool wait, and nobody else can have
//! written it.
//!
//! Whoever can write the configuration decides what program runs and where the token goes; whoever
//! can write the state decides who is deleted. Looked at is what was opened, not what the path
//! names a moment later. Does not know what the files are for.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Why a file or folder is not to be used: somebody else has it in their hands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is somebody else's.
    #[error(
        "it belongs to uid {owner} (mode {mode:04o}), neither to you (uid {user}) nor to root; look at what is in it, then run `chown {user} {}`, or run as that user",
        quoted(path)
    )]
    Owner {
        /// What.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs the tool.
        user: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// The group or everybody can write it.
    #[error(
        "users other than its owner can write to it (uid {owner}, mode {mode:04o}); look at what is in it, then run `chmod go-w {}`",
        quoted(path)
    )]
    Writable {
        /// What.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
    /// It lies in a folder where everybody can exchange it.
    #[error(
        "everybody can exchange the files of its folder (uid {owner}, mode {mode:04o}); look at what is in it, then run `chmod go-w {}`",
        quoted(folder)
    )]
    Exchangeable {
        /// Which folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> impl fmt::Display {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,@%".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text;
    }
    format!("-- '{}'", text.replace('\'', "'\\''"))
}

/// Whether an error says that somebody else has a file in their hands.
#[must_use]
pub fn is_distrust(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Distrust>)
}

/// Opens a file to read it; what is no file (a FIFO, a device, a folder) is refused, and nothing of
/// the kind is waited for.
///
/// # Errors
/// When it cannot be opened, or is no file.
pub fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    open_with(&mut options, path)
}

/// Options that do not wait for whoever is at the other end of what is opened.
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed());
    }
    options
}

/// The same with other options.
///
/// # Errors
/// As [`open_file`].
pub fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = without_waiting(options).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if kind.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// Reads a file of this tool's own; see [`open_file`] and [`Distrust`].
///
/// # Errors
/// When it cannot be read, is no file, or is in somebody else's hands.
pub fn read_trusted(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open_file(path)?;
    trust(path, &file.metadata()?)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same for a file in a folder that may be anybody's: a link that somebody else put there and a
/// folder that lets everybody exchange what is in it are refused as well.
///
/// # Errors
/// As [`read_trusted`].
pub fn read_trusted_anywhere(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = read_trusted(path)?;
    let entry = fs::symlink_metadata(path)?;
    if entry.is_symlink() {
        trust_owner(path, &entry)?;
    }
    // Without the sticky bit, whoever can write a folder can exchange all that is in it.
    if let Some(folder) = fs::canonicalize(path)?.parent() {
        trust_kept(folder, &folder.metadata()?)?;
    }
    Ok(bytes)
}

/// Makes sure that a folder is nobody else's and that nobody else can write it; one that is not
/// there is nobody's.
///
/// # Errors
/// When somebody else has it in their hands, or it cannot be looked at.
pub fn trust_folder(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) => trust(path, &found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // What cannot be looked at cannot be used either, and that says why.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whose something is, and who may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    owner: u32,
    mode: u32,
}

impl Held {
    fn is_anothers(self, user: u32) -> bool {
        self.owner != user && self.owner != 0
    }

    fn is_open(self) -> bool {
        self.mode & 0o022 != 0
    }

    /// Whether anybody at all can exchange what is in this folder.
    fn lets_exchange(self) -> bool {
        self.mode & 0o1002 == 0o002
    }

    fn anothers(self, path: &Path, user: u32) -> Distrust {
        let Self { owner, mode } = self;
        Distrust::Owner { path: path.to_owned(), owner, user, mode }
    }

    fn open(self, path: &Path) -> Distrust {
        let Self { owner, mode } = self;
        Distrust::Writable { path: path.to_owned(), owner, mode }
    }

    fn exchangeable(self, folder: &Path) -> Distrust {
        let Self { owner, mode } = self;
        Distrust::Exchangeable { folder: folder.to_owned(), owner, mode }
    }
}

fn refused(distrust: Distrust) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, distrust)
}

/// Passes what is this user's or root's, and nobody else's to write.
///
/// # Errors
/// A [`Distrust`].
pub fn trust(path: &Path, found: &fs::Metadata) -> io::Result<()> {
    trust_owner(path, found)?;
    match held(found) {
        Some((held, _)) if held.is_open() => Err(refused(held.open(path))),
        _ => Ok(()),
    }
}

fn trust_owner(path: &Path, found: &fs::Metadata) -> io::Result<()> {
    match held(found) {
        Some((held, user)) if held.is_anothers(user) => Err(refused(held.anothers(path, user))),
        _ => Ok(()),
    }
}

fn trust_kept(folder: &Path, found: &fs::Metadata) -> io::Result<()> {
    match held(found) {
        Some((held, _)) if held.lets_exchange() => Err(refused(held.exchangeable(folder))),
        _ => Ok(()),
    }
}

/// Who holds it, and who runs the tool.
#[cfg(unix)]
fn held(found: &fs::Metadata) -> Option<(Held, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let held = Held { owner: found.uid(), mode: found.mode() & 0o7777 };
    Some((held, rustix::process::geteuid().as_raw()))
}

#[cfg(not(unix))]
fn held(_: &fs::Metadata) -> Option<(Held, u32)> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_mine_or_roots_is_trusted_and_nothing_of_anybody_else() {
        for (owner, user, anothers) in [
            (1000, 1000, false),
            (0, 1000, false),
            (0, 0, false),
            (1000, 0, true),
            (1001, 1000, true),
        ] {
            let held = Held { owner, mode: 0o600 };
            assert_eq!(held.is_anothers(user), anothers, "{owner} for {user}");
        }
        for (mode, open) in [
            (0o600, false),
            (0o644, false),
            (0o755, false),
            (0o620, true),
            (0o602, true),
            (0o664, true),
            (0o777, true),
            (0o1777, true),
        ] {
            assert_eq!(Held { owner: 0, mode }.is_open(), open, "{mode:o}");
        }
        for (mode, exchanged) in [(0o755, false), (0o775, false), (0o1777, false), (0o777, true)] {
            assert_eq!(Held { owner: 0, mode }.lets_exchange(), exchanged, "{mode:o}");
        }
    }

    #[test]
    fn a_refusal_says_whose_it_is_and_what_to_do() {
        let held = Held { owner: 1001, mode: 0o664 };
        insta::assert_snapshot!(held.anothers(Path::new("a/b.toml"), 1000), @"it belongs to uid 1001 (mode 0664), neither to you (uid 1000) nor to root; look at what is in it, then run `chown 1000 a/b.toml`, or run as that user");
        insta::assert_snapshot!(held.open(Path::new("-it's")), @"users other than its owner can write to it (uid 1001, mode 0664); look at what is in it, then run `chmod go-w -- '-it'\\''s'`");
    }

    #[test]
    fn the_open_file_is_looked_at_and_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "text").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mine");
        };
        for (bits, fits) in [(0o644, true), (0o664, false), (0o646, false), (0o600, true)] {
            mode(&file, bits);
            for path in [&file, &link] {
                let read = read_trusted_anywhere(path);
                assert_eq!(read.is_ok(), fits, "{bits:o}");
                assert!(fits || read.is_err_and(|error| is_distrust(&error)));
            }
        }
        for (bits, fits) in [(0o1777, true), (0o777, false), (0o775, true)] {
            mode(folder.path(), bits);
            let read = read_trusted_anywhere(&file);
            assert_eq!(read.is_ok(), fits, "{bits:o}");
            assert!(fits || read.is_err_and(|error| is_distrust(&error)));
        }
        mode(folder.path(), 0o777);
        assert!(trust_folder(folder.path()).is_err_and(|error| is_distrust(&error)));
        mode(folder.path(), 0o700);
        assert!(trust_folder(folder.path()).is_ok());
    }

    #[test]
    fn nothing_that_is_no_file_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        for path in [fifo.as_path(), folder.path(), Path::new("/dev/zero")] {
            assert!(open_file(path).is_err(), "{}", path.display());
            assert!(open_with(OpenOptions::new().append(true), path).is_err());
        }
    }
}
