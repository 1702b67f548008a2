//! The question before an apply: under a terminal of its own, answered, not answered, not seen.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    process::{Child, Stdio},
};

use kantata_sync::{report::json, run::Ended, sandbox::Sandbox};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::{Desk, LIVE, ROSTER, Server, sandbox, writes};

/// The two ends of a terminal: a person's, and the program's.
pub struct Terminal {
    person: File,
    program: File,
}

impl Terminal {
    pub fn open() -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&person).expect("ours");
        unlockpt(&person).expect("ours");
        let name = ptsname(&person, Vec::new()).expect("a name").into_string().expect("plain");
        let program = OpenOptions::new().read(true).write(true).open(name).expect("its other end");
        Self { person: File::from(person), program }
    }

    /// The program's end, for a command.
    pub fn end(&self) -> Stdio {
        self.program.try_clone().expect("a handle").into()
    }

    /// Reads until this was said, or nobody is left to say anything.
    pub fn reads(&mut self, until: &str) -> String {
        let (mut said, mut piece) = (Vec::new(), [0; 1024]);
        loop {
            match self.person.read(&mut piece) {
                // EIO: the program's end is closed.
                Ok(0) | Err(_) => break,
                Ok(count) => said.extend_from_slice(&piece[..count]),
            }
            if String::from_utf8_lossy(&said).contains(until) {
                break;
            }
        }
        String::from_utf8_lossy(&said).into_owned()
    }

    pub fn types(&mut self, text: &str) {
        self.person.write_all(text.as_bytes()).expect("typed");
    }
}

/// What no program says.
pub const NEVER: &str = "\u{0}never";

/// Starts the program with stdin and stderr on this terminal; the person's end is left.
pub fn at_terminal(desk: &Desk, terminal: Terminal, arguments: &[&str]) -> (Child, Terminal) {
    let mut command = desk.command(arguments);
    command.stdin(terminal.end()).stderr(terminal.end()).stdout(Stdio::null());
    let child = command.spawn().expect("started");
    // Neither the command nor this test may keep the program's end open.
    drop(command);
    let nothing = File::open("/dev/null").expect("there");
    (child, Terminal { program: nothing, ..terminal })
}

fn world() -> (Sandbox, Server) {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    (sandbox, server)
}

#[test]
fn the_answer_decides() {
    for (answer, code, wrote) in [("y\n", 0, 3), ("Yes\n", 0, 3), ("\n", 1, 0), ("no\n", 1, 0)] {
        let (sandbox, server) = world();
        let desk = Desk::at(&server.base_url());
        let (mut child, mut terminal) =
            at_terminal(&desk, Terminal::open(), &["apply", "roster.csv"]);
        let plan = terminal.reads("Apply this plan? [y/N] ");
        assert!(plan.contains("Cleo Marsh (12)"), "{plan}");
        assert!(!plan.contains("exit 0") && !plan.contains("ended"), "not ended yet: {plan}");
        terminal.types(answer);
        let rest = terminal.reads(NEVER);
        assert_eq!(child.wait().expect("waited").code(), Some(code), "{answer:?}: {rest}");
        assert_eq!(writes(&sandbox).len(), wrote, "{answer:?}");
        assert_eq!(rest.contains("error: declined at the prompt"), code == 1, "{rest}");
    }
}

#[test]
fn a_question_that_nobody_answers_is_declined_and_keeps_no_other_run_out() {
    let (sandbox, server) = world();
    let desk = Desk::at(&server.base_url());
    let arguments = ["apply", "--prompt-timeout", "50ms", "--output", "a.json", "roster.csv"];
    let (mut child, mut terminal) = at_terminal(&desk, Terminal::open(), &arguments);
    let said = terminal.reads(NEVER);
    assert_eq!(child.wait().expect("waited").code(), Some(1), "{said}");
    let words = "error: nobody answered the question within 50ms; nothing was sent; ";
    assert!(said.contains(words) || said.contains(words.trim_end_matches("; ")), "{said}");
    let report = json::read(desk.read("a.json").as_bytes()).expect("a report");
    assert!(matches!(report.ended, Some(Ended::Unanswered { .. })), "{:?}", report.ended);
    assert_eq!(writes(&sandbox), []);
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
}

#[test]
fn a_question_that_may_not_wait_at_all_is_declined() {
    let (sandbox, server) = world();
    let desk = Desk::at(&server.base_url());
    let arguments = ["apply", "--prompt-timeout", "0s", "roster.csv"];
    let (mut child, mut terminal) = at_terminal(&desk, Terminal::open(), &arguments);
    let said = terminal.reads(NEVER);
    assert_eq!(child.wait().expect("waited").code(), Some(1), "{said}");
    assert!(said.contains("nothing was sent"), "{said}");
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_deadline_that_passes_at_the_question_leaves_all_undone_and_says_so() {
    let (sandbox, server) = world();
    let desk = Desk::at(&server.base_url());
    let arguments = ["apply", "roster.csv", "--deadline", "1s"];
    let (mut child, mut terminal) = at_terminal(&desk, Terminal::open(), &arguments);
    let shown = terminal.reads(NEVER);
    assert_eq!(child.wait().expect("waited").code(), Some(5), "{shown}");
    assert!(shown.contains("error: ") && shown.contains("(exit 5)"), "{shown}");
    assert_eq!(writes(&sandbox), []);
}

#[test]
fn a_plan_that_the_terminal_did_not_show_is_not_asked_of() {
    // More than a terminal takes that nobody looks at.
    let mut live = LIVE.to_owned();
    let mut roster = ROSTER.to_owned();
    for user in 1000..4000 {
        live += &format!(",,{user},Somebody with a long name {user},,,,,\n");
        roster += &format!("100,{user},maven,\n");
    }
    let sandbox = sandbox(&live);
    let server = Server::of_sandbox(&sandbox);
    let desk = Desk::at(&server.base_url());
    desk.write("roster.csv", &roster);
    let arguments = ["apply", "-v", "--prompt-timeout", "50ms", "roster.csv"];
    let mut terminal = Terminal::open();
    terminal.types("y\n");
    let (mut child, terminal) = at_terminal(&desk, terminal, &arguments);
    // Nobody reads before the program has ended.
    assert_eq!(child.wait().expect("waited").code(), Some(1));
    assert_eq!(writes(&sandbox), []);
    drop(terminal);
}

#[test]
fn where_the_question_cannot_be_read_nothing_is_listed_or_locked() {
    let (sandbox, server) = world();
    let desk = Desk::at(&server.base_url());
    for command in ["apply", "adopt"] {
        let terminal = Terminal::open();
        let output =
            desk.command(&[command, "roster.csv"]).stdin(terminal.end()).output().expect("started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.starts_with("error: stderr is no terminal"), "{stderr}");
    }
    assert_eq!(sandbox.log(), []);
    assert!(fs::metadata(desk.state()).is_err(), "nothing was locked");
}
