//! A bounded queue to a writer that may fail, block for ever or come back.
//!
//! Whoever says something never waits: what does not fit is dropped and counted, and the count is
//! told once something can be written again. Knows nothing of what is said.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// From so many waiting bytes on, what is said is dropped.
const LIMIT: usize = 8 * 1024 * 1024;
/// So much is written at once, so that a slow reader is seen to be reading.
const PIECE: usize = 4096;
/// How long to wait for a writer that would block where it should have waited by itself.
const AGAIN: Duration = Duration::from_millis(10);
/// A slow reader is not waited for longer than this, whatever it reads meanwhile.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    under_way: bool,
    /// Lines that were dropped since the last time that this was told.
    untold: u64,
    /// Lines that were ever dropped.
    dropped: u64,
    /// Grows with every piece that was written or given up.
    moves: u64,
    /// The moves when a wait was last given up: nobody waits again for what stands still.
    gave_up_at: Option<u64>,
}

impl State {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.under_way
    }

    fn drop_lines(&mut self, lines: u64) {
        self.untold += lines;
        self.dropped += lines;
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Words for so many dropped lines.
    notice: fn(u64) -> Vec<u8>,
}

/// The queue; its thread ends with the process.
pub(super) struct Queue {
    shared: Arc<Shared>,
}

fn lines(text: &[u8]) -> u64 {
    text.split_inclusive(|byte| *byte == b'\n').count() as u64
}

impl Queue {
    /// Starts the thread that writes to this.
    pub(super) fn to(sink: impl Write + Send + 'static, notice: fn(u64) -> Vec<u8>) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            notice,
        });
        let writer = Arc::clone(&shared);
        // Without a thread everything is dropped in the end: still nothing that ends a run.
        let _unwritten =
            thread::Builder::new().name("talk".into()).spawn(move || writer.write(sink));
        Self { shared }
    }

    /// Puts this at the end, or drops it.
    pub(super) fn push(&self, text: Vec<u8>) {
        let mut state = self.shared.lock();
        if state.bytes > LIMIT {
            state.drop_lines(lines(&text));
            return;
        }
        state.bytes += text.len();
        state.waiting.push_back(text);
        self.shared.changed.notify_all();
    }

    /// Puts this at the end where nothing else waits; else it is left out and not missed.
    pub(super) fn push_if_idle(&self, text: Vec<u8>) {
        if self.shared.lock().is_idle() {
            self.push(text);
        }
    }

    /// How many lines were lost so far.
    pub(super) fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    /// Waits until all is written, for as long as something moves at least every so often; whether
    /// all was.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let started = Instant::now();
        let mut state = self.shared.lock();
        let (mut seen, mut since) = (state.moves, started);
        while !state.is_idle() {
            if state.moves != seen {
                (seen, since) = (state.moves, Instant::now());
            }
            let waited = since.elapsed() >= patience || started.elapsed() >= LONGEST.max(patience);
            if waited || state.gave_up_at == Some(state.moves) {
                state.gave_up_at = Some(state.moves);
                return false;
            }
            let left = patience.saturating_sub(since.elapsed());
            let woken = self.shared.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut sink: impl Write) {
        loop {
            let (text, untold) = self.next();
            let notice = if untold > 0 { (self.notice)(untold) } else { Vec::new() };
            let told = self.write_whole(&mut sink, &notice);
            let written = told && self.write_whole(&mut sink, &text);
            let mut state = self.lock();
            state.untold += if told { 0 } else { untold };
            if !written {
                state.drop_lines(lines(&text));
            }
            state.under_way = false;
            state.moves += 1;
            self.changed.notify_all();
        }
    }

    fn next(&self) -> (Vec<u8>, u64) {
        let mut state = self.lock();
        loop {
            if let Some(text) = state.waiting.pop_front() {
                state.bytes -= text.len();
                state.under_way = true;
                let untold = std::mem::take(&mut state.untold);
                return (text, untold);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write_whole(&self, sink: &mut impl Write, text: &[u8]) -> bool {
        let mut rest = text;
        while !rest.is_empty() {
            match sink.write(&rest[..rest.len().min(PIECE)]) {
                Ok(0) => return false,
                Ok(written) => {
                    rest = &rest[written..];
                    self.lock().moves += 1;
                    self.changed.notify_all();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Stderr is shared, and somebody else may have made it non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(AGAIN),
                Err(_) => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Takes what it is allowed to, and fails when it is told so.
    struct Sink {
        begun: mpsc::Sender<()>,
        allowed: mpsc::Receiver<bool>,
        taken: mpsc::Sender<Vec<u8>>,
    }

    struct Test {
        queue: Queue,
        begun: mpsc::Receiver<()>,
        allow: mpsc::Sender<bool>,
        took: mpsc::Receiver<Vec<u8>>,
    }

    impl Write for Sink {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let _nobody_listens = self.begun.send(());
            // Blocks as a pipe does that nobody reads.
            match self.allowed.recv() {
                Ok(true) => {
                    self.taken.send(text.to_vec()).expect("the test listens");
                    Ok(text.len())
                }
                Ok(false) => Err(io::ErrorKind::StorageFull.into()),
                Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn notice(lines: u64) -> Vec<u8> {
        format!("[{lines} dropped]\n").into_bytes()
    }

    fn start() -> Test {
        let (allow, allowed) = mpsc::channel();
        let (taken, took) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let queue = Queue::to(Sink { begun: begin, allowed, taken }, notice);
        Test { queue, begun, allow, took }
    }

    impl Test {
        fn allows(&self, answers: &[bool]) {
            answers.iter().for_each(|answer| self.allow.send(*answer).expect("open"));
        }

        fn flushes(&self) {
            assert!(self.queue.flush(Duration::from_secs(60)));
        }

        fn text(&self) -> String {
            String::from_utf8(self.took.try_iter().flatten().collect()).expect("UTF-8")
        }
    }

    #[test]
    fn what_fails_is_dropped_and_told_once_something_can_be_written_again() {
        let test = start();
        test.queue.push(b"one\ntwo\n".to_vec());
        test.queue.push(b"three\n".to_vec());
        test.allows(&[false, false]);
        test.flushes();
        assert_eq!((test.queue.dropped(), test.text()), (3, String::new()));
        test.queue.push(b"four\n".to_vec());
        test.allows(&[true, true]);
        test.flushes();
        assert_eq!(test.text(), "[3 dropped]\nfour\n");
    }

    #[test]
    fn nobody_waits_for_a_writer_that_stands_still() {
        let test = start();
        let Test { queue, begun, .. } = &test;
        queue.push(b"under way\n".to_vec());
        begun.recv().expect("written to");
        queue.push(vec![b'x'; LIMIT + 1]);
        // One is under way, one waits, and the rest does not fit.
        queue.push(b"a\nb\n".to_vec());
        queue.push_if_idle(b"a frame of a bar".to_vec());
        assert_eq!(queue.dropped(), 2);
        assert!(!queue.flush(Duration::from_millis(1)));
        assert!(!queue.flush(Duration::from_secs(3600)), "not waited for twice");
        let Test { queue, begun, allow, took } = test;
        drop(allow);
        begun.recv().expect("what waited is tried");
        assert!(queue.flush(Duration::from_secs(60)), "a reader that went away is not waited for");
        assert_eq!(took.try_iter().count(), 0);
    }

    #[test]
    fn what_is_said_arrives_in_its_order() {
        let test = start();
        for number in 0..100 {
            test.queue.push(format!("{number}\n").into_bytes());
            test.allows(&[true]);
        }
        test.flushes();
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(test.text(), expected);
    }
}
