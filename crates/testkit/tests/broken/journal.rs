use crate::flaw::{Broken, Flaw};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use wxhook_idempotency::{
    Accepted, Capabilities, Durability, Entry, Error, Fingerprint, MemoryStore, Store as _,
};
use wxhook_testkit::store::{Backend, Place, Time};

/// Set for child processes: whether what is accepted is written before the answer.
const EAGER: &str = "WXHOOK_TEST_EAGER";

/// A store that writes what it accepted into a file, and knows no more than that when it starts again.
pub(crate) struct Journal {
    eager: bool,
}

impl Journal {
    pub(crate) fn new(eager: bool) -> Self {
        Self { eager }
    }

    pub(crate) fn of_environment() -> Self {
        Self { eager: std::env::var_os(EAGER).is_some() }
    }
}

impl Backend for Journal {
    type Store = Broken<Writing>;

    fn open(&self, place: &Place) -> Broken<Writing> {
        let path = place.directory().join("journal");
        let lines = fs::read_to_string(&path).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let out = Mutex::new(BufWriter::new(file));
        let store = Broken::new(Writing { eager: self.eager, out }, place);
        for line in lines.lines() {
            self.block_on(store.replay(line));
        }
        store
    }

    fn time(&self) -> Time {
        Time::Still
    }

    fn environment(&self) -> Vec<(String, String)> {
        if self.eager { vec![(EAGER.to_owned(), String::new())] } else { Vec::new() }
    }
}

#[derive(Debug)]
pub(crate) struct Writing {
    eager: bool,
    out: Mutex<BufWriter<File>>,
}

impl Flaw for Writing {
    fn of(_place: &Place) -> Self {
        unreachable!("it is made with its file")
    }

    fn capabilities(&self, _store: &MemoryStore) -> Capabilities {
        Capabilities::new(Durability::Machine, false)
    }

    async fn accept(&self, store: &MemoryStore, entry: Entry) -> Result<Accepted, Error> {
        let line = format!("{} {} {}\n", entry.key, entry.aliases.join(","), entry.fingerprint.digest()[0]);
        let mut out = self.out.lock().unwrap();
        // Under the lock, so that lines and numbers are in the same order.
        let accepted = at_once(store.accept(entry))?;
        if matches!(accepted, Accepted::New { .. }) {
            out.write_all(line.as_bytes()).unwrap();
            if self.eager {
                out.flush().unwrap();
            }
        }
        Ok(accepted)
    }
}

/// What a memory store answers, which never waits.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("nothing to wait for"),
    }
}

impl Broken<Writing> {
    async fn replay(&self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let content: u8 = words[2].parse().unwrap();
        let mut entry = Entry::new(words[0], Fingerprint::new(1, [content; 32]), vec![content; 16], "sink");
        entry.aliases = words[1].split(',').filter(|alias| !alias.is_empty()).map(str::to_owned).collect();
        self.store.accept(entry).await.unwrap();
    }
}
