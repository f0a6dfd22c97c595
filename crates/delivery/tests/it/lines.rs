use crate::support::{Rig, entry};
use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use wxhook_delivery::{Delivery, LineSink, SharedSink, Sink, SinkError};

/// Keeps what was flushed.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<String>>);

impl Paper {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// Writes on a paper, a few bytes at a time, and does other things first as told: one thing a call.
struct Pen {
    paper: Paper,
    buffer: Vec<u8>,
    faults: Vec<Slip>,
}

enum Slip {
    /// Nothing special.
    None,
    /// Isn't ready, as a non-blocking pipe is at times.
    NotNow,
    FailWrite,
    FailFlush,
    Panic,
    /// Says that it is there, and waits.
    Wait(Arc<Notify>, mpsc::Receiver<()>),
}

impl Pen {
    fn new(paper: &Paper, mut faults: Vec<Slip>) -> Self {
        faults.reverse();
        Self { paper: paper.clone(), buffer: Vec::new(), faults }
    }

    fn ink(&mut self) {
        let text = String::from_utf8(std::mem::take(&mut self.buffer)).unwrap();
        self.paper.0.lock().unwrap().push_str(&text);
    }
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.faults.pop() {
            Some(Slip::FailWrite) => {
                self.ink();
                return Err(io::Error::new(io::ErrorKind::StorageFull, "s3cret"));
            }
            Some(Slip::NotNow) => return Err(io::ErrorKind::WouldBlock.into()),
            Some(Slip::Panic) => panic!("as the test says"),
            Some(Slip::Wait(there, go)) => {
                there.notify_one();
                go.recv().unwrap();
            }
            Some(Slip::FailFlush) => self.faults.push(Slip::FailFlush),
            Some(Slip::None) | None => {}
        }
        let part = &bytes[..bytes.len().min(100)];
        self.buffer.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if matches!(self.faults.last(), Some(Slip::FailFlush)) {
            self.faults.pop();
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.ink();
        Ok(())
    }
}

async fn delivery(n: u64) -> Delivery {
    let mut rig = Rig::new([]);
    let mut entry = entry(n);
    entry.flags.push(format!("flag-{n}"));
    rig.accept_entry(entry).await;
    Delivery::from_lease(&rig.claim().await).unwrap()
}

#[tokio::test]
async fn lines_are_whole_and_flushed() {
    let paper = Paper::default();
    let sink = SharedSink::new(LineSink::new("paper", Pen::new(&paper, Vec::new())));
    assert_eq!(sink.name(), "paper");
    let mut tasks = JoinSet::new();
    let mut expected = HashSet::new();
    for n in 0..50 {
        let (sink, delivery, paper) = (sink.clone(), delivery(n).await, paper.clone());
        expected.insert(delivery.record.to_json());
        tasks.spawn(async move {
            sink.deliver(&delivery).await.unwrap();
            assert!(paper.text().contains(&delivery.record.to_json()), "flushed before it is done");
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let text = paper.text();
    assert!(text.ends_with('\n'));
    assert_eq!(text.lines().map(str::to_owned).collect::<HashSet<_>>(), expected);
    assert_eq!(text.lines().count(), 50);
}

#[tokio::test]
async fn half_a_line_swallows_nothing() {
    let paper = Paper::default();
    let sink = LineSink::new("paper", Pen::new(&paper, vec![Slip::None, Slip::FailWrite]));
    let (first, second) = (delivery(1).await, delivery(2).await);
    let error = sink.deliver(&first).await.unwrap_err();
    assert!(matches!(&error, SinkError::Retry { after: None, .. }));
    assert_eq!(error.to_string(), "writing the line failed: no storage space", "not the writer's words");
    sink.deliver(&second).await.unwrap();
    sink.deliver(&first).await.unwrap();
    let (first, second) = (first.record.to_json(), second.record.to_json());
    assert_eq!(paper.text(), format!("{}\n{second}\n{first}\n", &first[..100]));
}

#[tokio::test]
async fn a_writer_that_is_not_ready_is_waited_for() {
    let paper = Paper::default();
    let faults = vec![Slip::NotNow, Slip::NotNow, Slip::None, Slip::NotNow, Slip::None, Slip::NotNow];
    let sink = LineSink::new("paper", Pen::new(&paper, faults));
    let delivery = delivery(1).await;
    sink.deliver(&delivery).await.unwrap();
    assert_eq!(paper.text(), format!("{}\n", delivery.record.to_json()));
}

#[tokio::test]
async fn what_was_not_flushed_or_panicked_is_retried() {
    for slip in [Slip::FailFlush, Slip::Panic] {
        let paper = Paper::default();
        let sink = LineSink::new("paper", Pen::new(&paper, vec![slip]));
        let delivery = delivery(1).await;
        assert!(matches!(sink.deliver(&delivery).await, Err(SinkError::Retry { .. })));
        sink.deliver(&delivery).await.unwrap();
        let line = delivery.record.to_json();
        assert!(paper.text().ends_with(&format!("\n{line}\n")), "on a line of its own");
        assert!(paper.text().lines().all(|found| found.is_empty() || found == line));
    }
}

#[tokio::test]
async fn a_dropped_delivery_still_writes_its_line_whole() {
    let (paper, there, (go, wait)) = (Paper::default(), Arc::new(Notify::new()), mpsc::channel());
    let sink = LineSink::new("paper", Pen::new(&paper, vec![Slip::Wait(there.clone(), wait)]));
    let (first, second) = (delivery(1).await, delivery(2).await);
    tokio::select! {
        biased;
        _ = sink.deliver(&first) => panic!("it waits"),
        () = there.notified() => {}
    }
    go.send(()).unwrap();
    sink.deliver(&second).await.unwrap();
    assert_eq!(paper.text(), format!("{}\n{}\n", first.record.to_json(), second.record.to_json()));
}

#[tokio::test]
async fn standard_output_has_its_name() {
    assert_eq!(LineSink::stdout().name(), "stdout");
}
