//! Stands between client and sandbox: sees every request leave, and may cut the connection or the
//! run short. Keeps the journal in memory, and holds every write against it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::sync::Notify;

use crate::{
    api::{Transport, TransportError},
    journal::{Entry, JournalError, Record, Request as Intended},
};

/// The journal of one run, in memory.
#[derive(Default)]
pub(super) struct MemoryJournal {
    entries: RefCell<Vec<Entry>>,
}

impl Record for MemoryJournal {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        self.entries.borrow_mut().push(entry.clone());
        Ok(())
    }
}

impl MemoryJournal {
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.borrow().clone()
    }

    /// The intent without an outcome that announces this write.
    fn announced(&self, method: &Method, path: &str, body: &[u8]) -> Option<Intended> {
        let entries = self.entries.borrow();
        let answered: BTreeSet<u64> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Outcome { seq, .. } => Some(*seq),
                _ => None,
            })
            .collect();
        let announced = |entry: &Entry| match entry {
            Entry::Intent { seq, request } if !answered.contains(seq) => {
                is_about(request, method, path, body).then(|| request.clone())
            }
            _ => None,
        };
        entries.iter().find_map(announced)
    }
}

fn is_about(request: &Intended, method: &Method, path: &str, body: &[u8]) -> bool {
    let id = path.rsplit('/').next().and_then(|id| id.split('?').next());
    match request {
        Intended::Create { memberships } => {
            let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
            let number = |row: &serde_json::Value, name: &str| row[name].as_u64().unwrap_or(0);
            let sent = body["participations"].as_array().map(|rows| {
                let pair = |row| (number(row, "workspace_id"), number(row, "user_id"));
                rows.iter().map(pair).collect::<Vec<_>>()
            });
            let intended: Vec<(u64, u64)> = memberships
                .iter()
                .map(|row| (row.key.workspace.number(), row.key.user.number()))
                .collect();
            method == Method::POST && sent == Some(intended)
        }
        Intended::Update { id: intended, .. } => {
            method == Method::PUT && id == Some(intended.to_string().as_str())
        }
        Intended::Delete { live } => {
            method == Method::DELETE && id == Some(live.id.to_string().as_str())
        }
    }
}

/// What is watched for during one run.
pub(super) struct Watch {
    pub journal: Rc<MemoryJournal>,
    /// Requests that left in this run.
    pub sent: Cell<u64>,
    /// At so many requests, `reached` is told.
    pub alarm_at: Cell<u64>,
    pub reached: Notify,
    /// Writes that no intent announced.
    pub unannounced: RefCell<Vec<String>>,
    /// Whether the run was asked to end.
    pub stopped: Cell<bool>,
    /// The intents of the writes that left after that, in their order.
    pub sent_after_stop: RefCell<Vec<Intended>>,
}

impl Watch {
    pub(super) fn new(alarm_at: u64) -> Rc<Self> {
        Rc::new(Self {
            journal: Rc::default(),
            sent: Cell::new(0),
            alarm_at: Cell::new(alarm_at),
            reached: Notify::new(),
            unannounced: RefCell::default(),
            stopped: Cell::new(false),
            sent_after_stop: RefCell::default(),
        })
    }
}

/// The transport of one run.
pub(super) struct Witness<T> {
    pub inner: T,
    pub watch: Rc<Watch>,
    /// Share of requests that find no connection.
    pub unconnected: f64,
    pub random: RefCell<fastrand::Rng>,
}

impl<T: Transport> Transport for Witness<T> {
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let watch = &self.watch;
        watch.sent.set(watch.sent.get() + 1);
        if watch.sent.get() == watch.alarm_at.get() {
            watch.reached.notify_one();
        }
        let (method, path) = (request.method(), request.uri().path());
        if method != Method::GET {
            match watch.journal.announced(method, path, request.body()) {
                None => watch.unannounced.borrow_mut().push(format!("{method} {path}")),
                Some(intent) if watch.stopped.get() => {
                    watch.sent_after_stop.borrow_mut().push(intent);
                }
                Some(_) => {}
            }
        }
        if self.random.borrow_mut().f64() < self.unconnected {
            return Err(TransportError { sent: false, why: "connection refused".to_owned() });
        }
        self.inner.exchange(request).await
    }
}
