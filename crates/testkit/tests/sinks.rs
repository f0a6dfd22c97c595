//! The sink that writes lines passes the sinks' suite; sinks that are wrong on purpose fail it, and it is said by which
//! case.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::thread;
use tokio::runtime::Runtime;
use wxhook_delivery::{Delivery, LineSink, Receipt, Sink, SinkError};
use wxhook_testkit::CaseResult;
use wxhook_testkit::sink::{Backend, Destination, cases};

/// Takes what is written, a part at a time, or refuses it.
#[derive(Clone, Default)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    refuses: Arc<AtomicBool>,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let part = &bytes[..bytes.len().min(100)];
        self.text.lock().unwrap().extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Destination for Paper {
    /// A consumer of lines skips what isn't a whole one.
    fn arrived(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned();
        let lines = text.lines().filter(|line| line.starts_with('{') && line.ends_with('}'));
        lines.map(str::to_owned).collect()
    }

    fn refuse(&self, refuses: bool) -> bool {
        self.refuses.store(refuses, Ordering::SeqCst);
        true
    }
}

struct Lines;

impl Backend for Lines {
    type Sink = LineSink<Paper>;
    type Destination = Paper;

    fn open(&self) -> (LineSink<Paper>, Paper) {
        let paper = Paper::default();
        (LineSink::new("paper", paper.clone()), paper)
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
        RUNTIME.block_on(future)
    }
}

mod lines {
    wxhook_testkit::sink_suite!(super::Lines);
}

/// A flaw of a sink.
#[derive(Debug, Clone, Copy)]
enum Flaw {
    None,
    AnswersBeforeItIsThere,
    SwallowsErrors,
    QuotesContent,
    StuckWhenDropped,
    KnowsNoGenerations,
    TearsLines,
    NamedByContent,
}

struct Broken {
    flaw: Flaw,
    paper: Mutex<Paper>,
    late: Mutex<String>,
    busy: AtomicBool,
    seen: Mutex<HashSet<u64>>,
    name: OnceLock<String>,
}

impl Broken {
    fn write(&self, text: &str) -> Result<(), SinkError> {
        let written = self.paper.lock().unwrap().write_all(text.as_bytes());
        written.map_err(|error| SinkError::retry(error.kind().to_string()))
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broken").field("flaw", &self.flaw).finish_non_exhaustive()
    }
}

impl Sink for Broken {
    fn name(&self) -> &str {
        self.name.get().map_or("broken", String::as_str)
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let line = format!("{}\n", delivery.record.to_json());
        match self.flaw {
            Flaw::None => self.write(&line)?,
            Flaw::AnswersBeforeItIsThere => {
                let before = std::mem::replace(&mut *self.late.lock().unwrap(), line);
                self.write(&before)?;
            }
            Flaw::SwallowsErrors => drop(self.write(&line)),
            Flaw::QuotesContent => {
                self.write(&line).map_err(|_| SinkError::retry(format!("{} failed", delivery.record.key)))?;
            }
            Flaw::StuckWhenDropped => {
                if self.busy.swap(true, Ordering::SeqCst) {
                    return Err(SinkError::retry("busy"));
                }
                tokio::task::yield_now().await;
                let written = self.write(&line);
                self.busy.store(false, Ordering::SeqCst);
                written?;
            }
            Flaw::KnowsNoGenerations => {
                if self.seen.lock().unwrap().insert(delivery.record.seq) {
                    self.write(&line)?;
                }
            }
            Flaw::TearsLines => {
                let (start, end) = line.split_at(line.len() / 2);
                self.write(start)?;
                thread::yield_now();
                self.write(end)?;
            }
            Flaw::NamedByContent => {
                self.name.get_or_init(|| delivery.record.key.clone());
                self.write(&line)?;
            }
        }
        Ok(Receipt::default())
    }
}

impl Backend for Flaw {
    type Sink = Broken;
    type Destination = Paper;

    fn open(&self) -> (Broken, Paper) {
        let paper = Paper::default();
        let sink = Broken {
            flaw: *self,
            paper: Mutex::new(paper.clone()),
            late: Mutex::default(),
            busy: AtomicBool::new(false),
            seen: Mutex::default(),
            name: OnceLock::new(),
        };
        (sink, paper)
    }
}

fn failing(flaw: Flaw) -> Vec<&'static str> {
    let cases = cases::<Flaw>().into_iter();
    cases
        .filter(|case| matches!(case.run(&flaw, None), CaseResult::Failed(_)))
        .map(|case| case.name())
        .collect()
}

macro_rules! broken {
    ($($test:ident: $flaw:ident => $case:literal;)+) => {
        $(#[test]
        fn $test() {
            let failing = failing(Flaw::$flaw);
            assert!(failing.contains(&$case), "{} passes; {failing:?}", $case);
        })+
    };
}

broken! {
    an_answer_before_it_is_there: AnswersBeforeItIsThere => "delivered_records_arrive";
    swallowed_errors: SwallowsErrors => "a_refusal_is_an_error_and_ends";
    content_in_errors: QuotesContent => "errors_and_debug_show_no_content";
    stuck_when_dropped: StuckWhenDropped => "a_dropped_delivery_can_be_repeated";
    generations_unknown: KnowsNoGenerations => "attempts_and_generations_arrive";
    torn_lines: TearsLines => "concurrent_records_arrive_whole";
    a_name_of_content: NamedByContent => "the_name_is_the_configured_one";
}

mod without_a_flaw {
    wxhook_testkit::sink_suite!(super::Flaw::None);
}
