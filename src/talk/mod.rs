//! The one door to stderr: notes, errors, the log, the bar. Talk only, so it may fail, block or
//! vanish, and no run ends or waits because of it.
//!
//! Everything goes to a bounded queue that a thread of its own writes (see `queue`). With
//! [`Form::Json`] every line is one JSON object with the run's name. Knows no phase and no report.

mod bar;
mod log;
mod queue;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fs::File,
    io::{self, IsTerminal as _},
    os::fd::AsFd as _,
    panic,
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use queue::Queue;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use bar::{clear_bar, draw_target};
pub use log::{JsonLog, TextLog};

use crate::report::json_visible;

/// How long the end of the process waits for a stderr on which nothing moves.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether it was said how the process ends.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// The form of stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What every record says of its run, and the last one of its end.
#[derive(Default)]
struct Context {
    form: Form,
    run: Option<String>,
    report: Option<String>,
}

/// Stderr is the process's, and so is the door to it.
struct Talk {
    queue: Queue,
    context: Mutex<Context>,
}

static TALK: LazyLock<Talk> = LazyLock::new(|| {
    // Not through `std`'s stderr: its lock would be held while a write blocks, and a panic waits
    // for that lock.
    let queue = match io::stderr().as_fd().try_clone_to_owned() {
        Ok(stderr) => Queue::to(File::from(stderr), missing),
        Err(_) => Queue::to(io::stderr(), missing),
    };
    Talk { queue, context: Mutex::default() }
});

fn context() -> MutexGuard<'static, Context> {
    TALK.context.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Words for lines that could not be written when they were said.
fn missing(lines: u64) -> Vec<u8> {
    let message = format!("{lines} lines are missing here: stderr could not be written");
    match form() {
        Form::Text => format!("{message}\n").into_bytes(),
        Form::Json => record("WARN", &message, Map::new()),
    }
}

/// Sets the form of what is said from now on.
pub fn set_form(form: Form) {
    context().form = form;
}

/// The form of stderr.
#[must_use]
pub fn form() -> Form {
    context().form
}

/// Names the run that all records are about; the first one stays.
pub fn set_run(run: &str) {
    context().run.get_or_insert_with(|| run.to_owned());
}

/// Names the report that was kept of the run; the first one stays.
pub fn set_report(path: &str) {
    context().report.get_or_insert_with(|| path.to_owned());
}

/// Whether a bar can be drawn.
#[must_use]
pub fn draws() -> bool {
    form() == Form::Text && io::stderr().is_terminal()
}

/// Says this, as it is; as JSON, a record for each line of it.
pub fn say(text: &str) {
    TALK.queue.push(match form() {
        Form::Text => text.as_bytes().to_vec(),
        Form::Json => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.flat_map(|line| record("INFO", line.trim_end(), Map::new())).collect()
        }
    });
}

/// Says this and waits until it is there, for as long as that takes at most; whether it is.
#[must_use]
pub fn say_surely(text: &str, patience: Duration) -> bool {
    let dropped = TALK.queue.dropped();
    say(text);
    TALK.queue.flush(patience) && TALK.queue.dropped() == dropped
}

/// Waits for a stderr that is read, so that what comes next on stdout stands after it.
pub fn flush() {
    TALK.queue.flush(PATIENCE);
}

/// Tells panics here too, in place of on `std`'s stderr, which may block.
pub fn tell_panics() {
    panic::set_hook(Box::new(|panic| {
        let trace = Backtrace::capture();
        let trace = match trace.status() {
            BacktraceStatus::Captured => trace.to_string(),
            _ => String::new(),
        };
        say(&format!("{panic}\n{trace}"));
    }));
}

/// What is said of a process that did not do what it was to do.
#[derive(Debug, Clone, Default)]
pub struct LastWords {
    /// The one line, without its exit code; empty where there is nothing to tell.
    pub message: String,
    /// Every single problem.
    pub details: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl LastWords {
    fn text(&self, exit: u8, report: Option<&str>) -> String {
        let report = report.map(|path| format!("; report: {path}")).unwrap_or_default();
        let mut text = format!("error: {} (exit {exit}){report}\n", self.message);
        self.details.iter().for_each(|detail| text.push_str(&format!("  {detail}\n")));
        self.hint.iter().for_each(|hint| text.push_str(&format!("hint: {hint}\n")));
        text
    }

    fn record(&self, exit: u8, report: Option<&str>) -> Vec<u8> {
        let mut fields = end(exit, report);
        fields.insert("details".to_owned(), json!(self.details));
        fields.insert("hint".to_owned(), json!(self.hint));
        fields.retain(|_, value| !value.is_null() && *value != json!([]));
        record("ERROR", &self.message, fields)
    }
}

fn end(exit: u8, report: Option<&str>) -> Map<String, Value> {
    let fields = [("exit", json!(exit)), ("report", json!(report))];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Says the one error, where there is one, and as JSON that the run ended; then waits for stderr
/// as long as it is read.
pub fn close(exit: u8, error: Option<&LastWords>) {
    let (form, report) = (form(), context().report.clone());
    let report = report.as_deref();
    let mut text = match (form, error) {
        (_, None) => Vec::new(),
        (Form::Text, Some(error)) => error.text(exit, report).into_bytes(),
        (Form::Json, Some(error)) => error.record(exit, report),
    };
    if form == Form::Json {
        text.extend(record("INFO", "run ended", end(exit, report)));
    }
    // A second signal may come while the end is being said.
    if !CLOSED.swap(true, Ordering::SeqCst) {
        TALK.queue.push(text);
    }
    flush();
}

#[derive(Serialize)]
struct Record<'a> {
    timestamp: String,
    level: &'a str,
    run: Option<String>,
    message: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// One line of JSON.
fn record(level: &str, message: &str, mut fields: Map<String, Value>) -> Vec<u8> {
    ["timestamp", "level", "run", "message"].iter().for_each(|name| drop(fields.remove(*name)));
    let run = context().run.clone();
    let timestamp = Timestamp::now().to_string();
    let record = Record { timestamp, level, run, message, fields };
    let mut line = serde_json::to_string(&record).unwrap_or_default();
    line = json_visible(&line).into_owned();
    line.push('\n');
    line.into_bytes()
}
