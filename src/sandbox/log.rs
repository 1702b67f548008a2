//! What was asked of the sandbox, what came of it, and what somebody else did meanwhile.
//!
//! Kept in memory for tests, and written as JSON Lines where a sink is given. Knows no rule, and
//! never sees headers: no token can get into it.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::fault::Fault;
use super::route::RequestKind;

/// What the client got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// An answer with this status.
    Status(u16),
    /// A broken connection.
    Cut,
    /// A connection that broke after nobody would wait any more.
    TimedOut,
    /// Nothing: the client went away, or the request is still under way.
    Nothing,
}

/// A participation that a request wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RequestTarget {
    /// The project.
    pub workspace: u64,
    /// The person.
    pub user: Option<u64>,
    /// The participation.
    pub participation: u64,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Its place in the order of arrival, from 1.
    pub seq: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What it asks for.
    pub kind: RequestKind,
    /// The number of objects of a POST; else 0.
    pub objects: usize,
    /// What went wrong with it on purpose.
    pub fault: Option<Fault>,
    /// What the client got.
    pub answered: Reply,
    /// Whether something was written. A PUT that was accepted counts though nothing changed.
    pub committed: bool,
    /// What was written.
    pub targets: Vec<RequestTarget>,
    /// The `x-request-id` of the answer.
    pub request_id: String,
}

/// What somebody else did to a participation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignChange {
    /// Created it.
    Created,
    /// Edited it.
    Edited,
    /// Removed it.
    Removed,
}

/// One edit by somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ForeignEdit {
    /// The request just before whose commit it happened.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub change: ForeignChange,
    /// To what.
    #[serde(flatten)]
    pub target: RequestTarget,
}

#[derive(Serialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Line<'a> {
    Request(&'a LoggedRequest),
    Foreign(&'a ForeignEdit),
}

/// Where JSON Lines go.
pub(super) type Sink = Box<dyn Write + Send>;

/// The log of a sandbox.
#[derive(Default)]
pub(super) struct Log {
    pub entries: Vec<LoggedRequest>,
    pub foreign: Vec<ForeignEdit>,
    pub sink: Option<Sink>,
}

impl Log {
    /// The entry of a request; it is there from its arrival on.
    pub(super) fn entry(&mut self, seq: u64) -> Option<&mut LoggedRequest> {
        let first = self.entries.first()?.seq;
        self.entries.get_mut(usize::try_from(seq.checked_sub(first)?).ok()?)
    }

    pub(super) fn foreign(&mut self, edit: ForeignEdit) {
        self.write(&Line::Foreign(&edit));
        self.foreign.push(edit);
    }

    /// Streams an entry when its request is over.
    pub(super) fn finish(&mut self, seq: u64) {
        if let Some(entry) = self.entry(seq).cloned() {
            self.write(&Line::Request(&entry));
        }
    }

    /// A sink that fails is let go: the log in memory is the one that counts.
    fn write(&mut self, line: &Line<'_>) {
        let Some(sink) = &mut self.sink else { return };
        let mut bytes = serde_json::to_vec(line).unwrap_or_default();
        bytes.push(b'\n');
        if sink.write_all(&bytes).and_then(|()| sink.flush()).is_err() {
            self.sink = None;
        }
    }
}
