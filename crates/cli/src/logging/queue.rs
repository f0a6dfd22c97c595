//! Lines on their way to a writer that may be slow, full or gone.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum size of all waiting lines in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// Pause before a writer is tried again that isn't ready.
const NOT_READY: Duration = Duration::from_millis(5);
/// Minimum time between two reports of dropped lines.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// A bounded, lossy queue of lines, written by a thread of its own. Cheap to clone.
///
/// Pushing never waits for the writer, never fails and never panics: a line for which there is no room, or that can't be
/// written, is dropped and counted.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    /// The size of all lines in bytes.
    bytes: usize,
    /// True while a line is being written.
    is_writing: bool,
    /// True if there is no thread: nothing is ever written.
    is_dead: bool,
}

impl Queue {
    /// Starts a thread that writes lines to `writer`. `report` is told how many lines were dropped, now and then, once
    /// the writer works again.
    pub(super) fn new(writer: impl Write + Send + 'static, report: fn(u64)) -> Self {
        let shared = Arc::new(Shared::default());
        let working = Arc::clone(&shared);
        let work = move || working.work(Lines { writer, is_torn: false }, report);
        let started = thread::Builder::new().name("log".to_owned()).spawn(work);
        shared.lock().is_dead = started.is_err();
        Self { shared }
    }

    /// Adds a line, or several; the line feed at the end is part of it.
    pub(super) fn push(&self, line: Vec<u8>) {
        let mut state = self.shared.lock();
        if state.is_dead || state.bytes + line.len() > MAX_BYTES {
            drop(state);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until everything is written or dropped, but no longer than `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let is_busy = |state: &mut State| !state.is_dead && (state.is_writing || !state.lines.is_empty());
        let state = self.shared.lock();
        drop(self.shared.changed.wait_timeout_while(state, limit, is_busy));
    }

    /// Returns the number of dropped lines.
    pub(super) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, mut out: Lines<impl Write>, report: fn(u64)) {
        let (mut reported, mut last_report) = (0, None::<Instant>);
        loop {
            let line = self.next();
            if out.write(&line).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let dropped = self.dropped.load(Ordering::Relaxed);
            if dropped > reported && last_report.is_none_or(|last| last.elapsed() >= REPORT_EVERY) {
                report(dropped - reported);
                (reported, last_report) = (dropped, Some(Instant::now()));
            }
        }
    }

    /// Waits for the next line.
    fn next(&self) -> Vec<u8> {
        let mut state = self.lock();
        loop {
            state.is_writing = false;
            if let Some(line) = state.lines.pop_front() {
                state.bytes -= line.len();
                state.is_writing = true;
                return line;
            }
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A writer of whole lines.
#[derive(Debug)]
struct Lines<W> {
    writer: W,
    /// True if only a part of the last line could be written.
    is_torn: bool,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.write_all(b"\n")?;
        }
        self.write_all(line)
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.writer.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = bytes.get(written..).unwrap_or_default();
                    self.is_torn = !bytes.is_empty();
                }
                // Somebody else may have made the pipe or terminal non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(NOT_READY),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const LONG: Duration = Duration::from_secs(60);

    fn no_report(_: u64) {}

    /// Fails while it is told to, and takes at most 4 bytes at a time.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Disk {
        fn set_room(&self, room: usize) {
            self.0.lock().unwrap().1 = room;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (text, room) = &mut *self.0.lock().unwrap();
            let taken = bytes.len().min(4).min(*room);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= taken;
            text.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Waits for leave before each write.
    struct Stalled(Receiver<()>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.recv().map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stalled() -> (Sender<()>, Queue) {
        let (leave, wait) = channel();
        (leave, Queue::new(Stalled(wait), no_report))
    }

    #[test]
    fn lines_are_written_in_order_and_whole() {
        let disk = Disk::default();
        disk.set_room(usize::MAX);
        let queue = Queue::new(disk.clone(), no_report);
        for number in 0..100 {
            queue.push(format!("line {number}\n").into_bytes());
        }
        queue.flush(LONG);
        let expected: String = (0..100).map(|number| format!("line {number}\n")).collect();
        assert_eq!((disk.text(), queue.dropped()), (expected, 0));
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_counted_and_later_lines_are_whole() {
        let disk = Disk::default();
        disk.set_room(10);
        let queue = Queue::new(disk.clone(), no_report);
        for line in ["first\n", "second\n", "third\n"] {
            queue.push(line.as_bytes().to_vec());
        }
        queue.flush(LONG);
        assert_eq!((disk.text(), queue.dropped()), ("first\nseco".to_owned(), 2));
        disk.set_room(usize::MAX);
        queue.push(b"fourth\n".to_vec());
        queue.push(b"fifth\n".to_vec());
        queue.flush(LONG);
        assert_eq!((disk.text(), queue.dropped()), ("first\nseco\nfourth\nfifth\n".to_owned(), 2));
    }

    #[test]
    fn dropped_lines_are_reported_once_the_writer_works_again() {
        static REPORTED: AtomicU64 = AtomicU64::new(0);
        let disk = Disk::default();
        let queue = Queue::new(disk.clone(), |lines| {
            REPORTED.fetch_add(lines, Ordering::Relaxed);
        });
        (0..7).for_each(|_| queue.push(b"lost\n".to_vec()));
        queue.flush(LONG);
        assert_eq!(REPORTED.load(Ordering::Relaxed), 0);
        disk.set_room(usize::MAX);
        (0..2).for_each(|_| queue.push(b"kept\n".to_vec()));
        queue.flush(LONG);
        assert_eq!(REPORTED.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn a_stalled_reader_costs_bounded_memory_and_no_time() {
        let (leave, queue) = stalled();
        let line = vec![b'x'; 1_000];
        for _ in 0..10_000 {
            queue.push(line.clone());
        }
        let bytes = queue.shared.lock().bytes;
        assert!(bytes <= MAX_BYTES && bytes > MAX_BYTES - 1_000, "{bytes}");
        // One line may be with the writer.
        let dropped = queue.dropped();
        assert!((8_951..=8_952).contains(&dropped), "{dropped}");
        let began = Instant::now();
        queue.flush(Duration::from_millis(20));
        assert!(began.elapsed() >= Duration::from_millis(20), "it waited");
        // The reader goes: what still waits is dropped, and the end isn't held up.
        drop(leave);
        queue.flush(LONG);
        assert_eq!(queue.dropped(), 10_000);
    }

    #[test]
    fn flushing_waits_for_the_line_that_is_being_written() {
        let (leave, queue) = stalled();
        queue.push(b"last\n".to_vec());
        let waiting = queue.clone();
        let flushed = thread::spawn(move || waiting.flush(LONG));
        leave.send(()).unwrap();
        flushed.join().unwrap();
        let state = queue.shared.lock();
        assert!(state.lines.is_empty() && !state.is_writing);
    }
}
