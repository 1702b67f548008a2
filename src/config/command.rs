//! Running the token command: bounded in time and output, and silent.
//!
//! Whatever it says on stderr may hold the token, so nobody gets to see it. Nothing that it leaves
//! behind is waited for. Does not know what its output means.

use std::{
    io::{self, Read},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often the command is looked at.
const STEP: Duration = Duration::from_millis(5);

/// What a command may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub time: Duration,
    pub output: usize,
}

/// What became of a command that was started.
pub(super) enum Ran {
    /// It ended by itself; what it wrote on stdout until then.
    Ended(ExitStatus, Vec<u8>),
    /// It was ended: it took longer than it may.
    TooSlow,
    /// It was ended: it wrote more than it may.
    TooMuch,
}

/// Runs a command without a shell, and ends it and what it started where it goes beyond its bounds.
///
/// # Errors
/// When it cannot be started or looked at.
pub(super) fn run(words: &[String], bounds: Bounds) -> io::Result<Ran> {
    let (program, arguments) = words.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let alone = stands_alone();
    #[cfg(unix)]
    if alone {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    let mut running = Running { child: command.spawn()?, alone };
    let outcome = watch(&mut running.child, bounds);
    if !matches!(outcome, Ok(Ran::Ended(..))) {
        running.end();
    }
    outcome
}

/// Whether the command gets a process group of its own, to be ended as one. On a terminal it stays
/// in ours: it may ask for a passphrase there, and Ctrl-C reaches it.
fn stands_alone() -> bool {
    !io::IsTerminal::is_terminal(&io::stdin())
}

struct Running {
    child: Child,
    alone: bool,
}

impl Running {
    /// Ends it, with all that it started and left in its group.
    fn end(&mut self) {
        #[cfg(unix)]
        if self.alone {
            use rustix::process::{Pid, Signal, kill_process_group};
            // Gone already is as good.
            let _gone = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn watch(child: &mut Child, bounds: Bounds) -> io::Result<Ran> {
    let started = Instant::now();
    let mut stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    do_not_wait_for(&stdout)?;
    let mut written = Vec::new();
    loop {
        // First this, then the output: what it wrote before its end is there by then. Whoever it
        // started may hold the pipe open for as long as they like.
        let ended = child.try_wait()?;
        if !drain(&mut stdout, &mut written, bounds.output)? {
            return Ok(Ran::TooMuch);
        }
        if let Some(status) = ended {
            return Ok(Ran::Ended(status, written));
        }
        if started.elapsed() >= bounds.time {
            return Ok(Ran::TooSlow);
        }
        thread::sleep(STEP);
    }
}

/// Takes what is there; false where that is too much.
fn drain(from: &mut impl Read, into: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut part = [0; 4096];
    while into.len() <= most {
        match from.read(&mut part) {
            Ok(0) => return Ok(true),
            Ok(count) => into.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

#[cfg(unix)]
fn do_not_wait_for(pipe: &ChildStdout) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(pipe, true)?)
}

#[cfg(not(unix))]
fn do_not_wait_for(_: &ChildStdout) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { time: Duration::from_secs(30), output: 64 * 1024 };

    fn shell(script: &str, bounds: Bounds) -> Ran {
        run(&["sh".to_owned(), "-c".to_owned(), script.to_owned()], bounds).expect("started")
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let fifo = folder.path().join("held");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
        // Its child holds the FIFO open for writing for as long as it lives.
        let script = format!("sleep 1000 > '{0}' & cat '{0}'", fifo.display());
        let bounds = Bounds { time: Duration::from_millis(200), ..BOUNDS };
        assert!(matches!(shell(&script, bounds), Ran::TooSlow));
        if stands_alone() {
            // Nobody reads and nobody writes: without a reader, a writer that does not wait fails.
            let writer = crate::trust::open_with(std::fs::OpenOptions::new().write(true), &fifo);
            assert!(writer.is_err());
        }
    }

    #[test]
    fn a_command_that_says_too_much_is_ended() {
        assert!(matches!(shell("yes", BOUNDS), Ran::TooMuch));
        let most = Bounds { output: 4, ..BOUNDS };
        assert!(matches!(shell("printf 1234", most), Ran::Ended(_, text) if text == b"1234"));
        assert!(matches!(shell("printf 12345", most), Ran::TooMuch));
    }

    #[test]
    fn whoever_holds_the_pipe_open_after_its_end_is_not_waited_for() {
        let ran = shell("sleep 1000 & echo $! the-token", BOUNDS);
        let Ran::Ended(status, text) = ran else { panic!("ended") };
        let text = String::from_utf8(text).expect("UTF-8");
        let (left, token) = text.trim().split_once(' ').expect("two words");
        assert!(status.success() && token == "the-token");
        // It still runs: this ends it.
        assert!(Command::new("kill").arg(left).status().expect("kill").success());
    }
}
