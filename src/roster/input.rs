//! The bytes of a roster, from a file, a pipe or standard input, bounded: the reader's only I/O.
//!
//! Knows nothing of what is in them.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// How a command line names standard input.
pub const STDIN: &str = "-";

/// More than any roster has: some millions of rows.
const LARGEST: u64 = 256 << 20;

/// How problems name what is read.
pub(super) fn shown_path(path: &Path) -> PathBuf {
    if path == Path::new(STDIN) { PathBuf::from("stdin") } else { path.to_owned() }
}

/// Reads a file, or a pipe to its end; what else there is may have none.
pub(super) fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    if path == Path::new(STDIN) {
        return read_bounded(io::stdin().lock(), 0);
    }
    let found = fs::metadata(path)?;
    if !found.is_file() && !found.is_dir() && !is_pipe(&found) {
        return Err(io::Error::other("it is neither a file nor a pipe"));
    }
    read_bounded(File::open(path)?, found.len())
}

fn read_bounded(from: impl Read, length: u64) -> io::Result<Vec<u8>> {
    // Room for the file at once: grown step by step, it would be there twice at its end.
    let known = usize::try_from(length.min(LARGEST)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(known + 1);
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it has more than 256 MiB"));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn is_pipe(found: &fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}
