//! Stands between client and sandbox: sees every request leave, and may cut the connection or the
//! run short. Holds every write against the journal on the disk.

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
    journal::{Entry, Request as Intended},
    run::RunId,
    store::SimulatedDisk,
};

/// A run's journal as it stands on the disk: read on from where it was read before.
#[derive(Default)]
struct Read {
    /// How far it was read.
    to: usize,
    /// Every entry, and where its line ends.
    entries: Vec<(usize, Entry)>,
}

impl Read {
    fn on(&mut self, text: &[u8]) {
        while let Some(length) = text[self.to..].iter().position(|byte| *byte == b'\n') {
            let line = &text[self.to..self.to + length];
            self.to += length + 1;
            if let Ok(entry) = serde_json::from_slice(line) {
                self.entries.push((self.to, entry));
            }
        }
    }
}

/// What is announced without an outcome, and on disk for certain.
fn announced(
    entries: &[(usize, Entry)],
    synced: usize,
    (method, path, body): (&Method, &str, &[u8]),
) -> Option<Intended> {
    let answered: BTreeSet<u64> = entries
        .iter()
        .filter_map(|(_, entry)| match entry {
            Entry::Outcome { seq, .. } => Some(*seq),
            _ => None,
        })
        .collect();
    let announced = |(end, entry): &(usize, Entry)| match entry {
        Entry::Intent { seq, request } if *end <= synced && !answered.contains(seq) => {
            is_about(request, method, path, body).then(|| request.clone())
        }
        _ => None,
    };
    entries.iter().find_map(announced)
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

/// What happens to the account while a run is under way, and at which request.
pub(super) type Meanwhile = (u64, Box<dyn FnOnce()>);

/// What is watched for during one run.
pub(super) struct Watch {
    disk: SimulatedDisk,
    run: RunId,
    journal: RefCell<Read>,
    /// Requests that left in this run.
    pub sent: Cell<u64>,
    /// At so many requests, something happens to the account.
    pub meanwhile: RefCell<Option<Meanwhile>>,
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
    pub(super) fn new(disk: SimulatedDisk, run: RunId, alarm_at: u64) -> Rc<Self> {
        Rc::new(Self {
            disk,
            run,
            journal: RefCell::default(),
            sent: Cell::new(0),
            meanwhile: RefCell::default(),
            alarm_at: Cell::new(alarm_at),
            reached: Notify::new(),
            unannounced: RefCell::default(),
            stopped: Cell::new(false),
            sent_after_stop: RefCell::default(),
        })
    }

    /// What the run noted of its requests, as far as it is on the disk.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let mut read = Read::default();
        read.on(&self.disk.journal(&self.run).0);
        let is_frame = |entry: &Entry| matches!(entry, Entry::Header { .. } | Entry::End { .. });
        read.entries.into_iter().map(|(_, entry)| entry).filter(|entry| !is_frame(entry)).collect()
    }

    /// What happens to the account at this request, if anything does.
    fn happen(&self) {
        let is_now = |(at, _): &mut Meanwhile| *at == self.sent.get();
        if let Some((_, act)) = self.meanwhile.borrow_mut().take_if(is_now) {
            act();
        }
    }

    fn announced(&self, request: &Request<Bytes>) -> Option<Intended> {
        let (text, synced) = self.disk.journal(&self.run);
        let read = &mut *self.journal.borrow_mut();
        read.on(&text);
        let (method, path) = (request.method(), request.uri().path());
        announced(&read.entries, synced, (method, path, request.body()))
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
        watch.happen();
        let (method, path) = (request.method(), request.uri().path());
        if method != Method::GET {
            match watch.announced(&request) {
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
