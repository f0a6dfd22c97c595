//! The conformance suite for sinks.

use crate::endpoint::{Act, Endpoint};
use crate::support::{file_sink, http_sink};
use std::fs;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wxhook_sinks::{FileSink, HttpSink};
use wxhook_testkit::sink::{Backend, Destination};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

struct Http;

/// Keeps the bodies that it takes.
struct Shop {
    _endpoint: Endpoint,
    taken: Arc<Mutex<Vec<String>>>,
    refuses: Arc<AtomicBool>,
}

impl Backend for Http {
    type Sink = HttpSink;
    type Destination = Shop;

    fn open(&self) -> (HttpSink, Shop) {
        let (taken, refuses) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let script = {
            let (taken, refuses) = (Arc::clone(&taken), Arc::clone(&refuses));
            move |request: &crate::endpoint::Request| {
                if refuses.load(Ordering::SeqCst) {
                    return Act::status(503, "");
                }
                taken.lock().unwrap().push(String::from_utf8(request.body.clone()).unwrap());
                Act::Take
            }
        };
        let endpoint = RUNTIME.block_on(Endpoint::new(script));
        let sink = http_sink(&endpoint.url(), |_| {});
        (sink, Shop { _endpoint: endpoint, taken, refuses })
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        RUNTIME.block_on(future)
    }
}

impl Destination for Shop {
    fn arrived(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    fn refuse(&self, refuses: bool) -> bool {
        self.refuses.store(refuses, Ordering::SeqCst);
        true
    }
}

struct File;

struct Folder(TempDir);

impl Backend for File {
    type Sink = FileSink;
    type Destination = Folder;

    fn open(&self) -> (FileSink, Folder) {
        let folder = TempDir::new().unwrap();
        (file_sink(&folder, |_| {}), Folder(folder))
    }
}

impl Destination for Folder {
    fn arrived(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for name in ["aside.jsonl", "events.jsonl"] {
            let text = fs::read_to_string(self.0.path().join(name)).unwrap_or_default();
            lines.extend(text.lines().filter(|line| line.ends_with('}')).map(str::to_owned));
        }
        lines
    }

    /// A folder stands in the file's place.
    fn refuse(&self, refuses: bool) -> bool {
        let (path, aside) = (self.0.path().join("events.jsonl"), self.0.path().join("aside.jsonl"));
        if refuses {
            let before = fs::read_to_string(&aside).unwrap_or_default();
            let now = fs::read_to_string(&path).unwrap_or_default();
            fs::write(aside, before + &now).unwrap();
            fs::remove_file(&path).unwrap();
            fs::create_dir(path).unwrap();
        } else {
            fs::remove_dir(path).unwrap();
        }
        true
    }
}

mod http {
    wxhook_testkit::sink_suite!(super::Http);
}

mod file {
    wxhook_testkit::sink_suite!(super::File);
}
