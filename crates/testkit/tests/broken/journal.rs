use crate::flaw::{Broken, Flaw, broken, living};
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, BeginResult, Capabilities, ClaimId, Durability, Entry, Error, Fingerprint, Layer,
    MemoryStore, Store as _,
};
use wxhook_testkit::store::{Backend, Place, Time};

/// Set for child processes: whether what is accepted is written before the answer.
const EAGER: &str = "WXHOOK_TEST_EAGER";
/// Set for child processes: whether the clock goes by itself.
const LIVING: &str = "WXHOOK_TEST_LIVING";

/// A store that writes what it accepted into a file, and knows no more than that when it starts again.
pub(crate) struct Journal {
    eager: bool,
    living: bool,
}

impl Journal {
    pub(crate) fn new(eager: bool) -> Self {
        Self { eager, living: false }
    }

    /// On a clock that goes by itself.
    pub(crate) fn living(self) -> Self {
        Self { living: true, ..self }
    }

    pub(crate) fn of_environment() -> Self {
        Self { eager: std::env::var_os(EAGER).is_some(), living: std::env::var_os(LIVING).is_some() }
    }
}

impl Backend for Journal {
    type Store = Broken<Writing>;

    fn open(&self, place: &Place) -> Broken<Writing> {
        let path = place.directory().join("journal");
        let mut lines = fs::read_to_string(&path).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        // A kill may cut the last line off.
        lines.truncate(lines.rfind('\n').map_or(0, |end| end + 1));
        file.set_len(lines.len().try_into().unwrap()).unwrap();
        let out = Mutex::new(BufWriter::new(file));
        let writing = Writing { eager: self.eager, out };
        let store = if self.living { living(writing) } else { broken(writing, place) };
        for line in lines.lines() {
            self.block_on(Writing::replay(&store.store, line));
        }
        store
    }

    fn time(&self) -> Time {
        if self.living { Time::Real } else { Time::Still }
    }

    fn environment(&self) -> Vec<(String, String)> {
        let set = [(EAGER, self.eager), (LIVING, self.living)].into_iter().filter(|(_, set)| *set);
        set.map(|(name, _)| (name.to_owned(), String::new())).collect()
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
}

impl Layer<MemoryStore> for Writing {
    fn capabilities(&self, _store: &MemoryStore) -> Capabilities {
        Capabilities::new(Durability::Machine, false, None)
    }

    async fn accept(&self, store: &MemoryStore, entry: Entry) -> Result<AcceptResult, Error> {
        let (digest, body) = (hex(entry.fingerprint.digest()), hex(&entry.body));
        let line = format!("{} {} {digest} {body}\n", entry.key, entry.aliases.join(","));
        let mut out = self.out.lock().unwrap();
        // Under the lock, so that lines and numbers are in the same order.
        let accepted = at_once(store.accept(entry))?;
        if matches!(accepted, AcceptResult::New { .. }) {
            out.write_all(line.as_bytes()).unwrap();
            if self.eager {
                out.flush().unwrap();
            }
        }
        Ok(accepted)
    }

    async fn begin(
        &self,
        store: &MemoryStore,
        entry: Entry,
        id: ClaimId,
        lease: Duration,
    ) -> Result<BeginResult, Error> {
        self.accept(store, entry.clone()).await?;
        store.begin(entry, id, lease).await
    }
}

/// Returns the answer of a memory store, which never waits.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("nothing to wait for"),
    }
}

impl Writing {
    async fn replay(store: &MemoryStore, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let fingerprint = Fingerprint::new(1, bytes(words[2]).try_into().unwrap());
        let mut entry = Entry::new(words[0], fingerprint, bytes(words[3]), "sink");
        entry.aliases = words[1].split(',').filter(|alias| !alias.is_empty()).map(str::to_owned).collect();
        store.accept(entry).await.unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
