use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;
use wxhook_idempotency::{Error, Layer, Layered, MemoryStore, StoreOp};

/// A fault of one operation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It doesn't happen, and says so.
    Fail,
    /// It happens, and its answer is lost.
    LoseReply,
    /// It doesn't happen, and never answers.
    Hang,
    /// It happens, and never answers.
    HangAfter,
    /// It happens, and answers so much later.
    Late(Duration),
    /// The record can't be read.
    Corrupt,
}

/// A memory store with faults.
pub(crate) type Faulty = Layered<MemoryStore, Faults>;

/// The faults of a store, planned by a test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    plan: Arc<Mutex<Plan>>,
    called: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Plan {
    faults: HashMap<&'static str, VecDeque<Fault>>,
    calls: HashMap<&'static str, usize>,
}

impl Faults {
    /// The next calls of `operation` go wrong like this.
    pub(crate) fn plan(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.plan.lock().unwrap().faults.entry(operation).or_default().extend(faults);
    }

    /// Returns the number of calls.
    pub(crate) fn calls(&self, operation: &'static str) -> usize {
        self.plan.lock().unwrap().calls.get(operation).copied().unwrap_or_default()
    }

    /// Until it was called so often.
    pub(crate) async fn called(&self, operation: &'static str, times: usize) {
        while self.calls(operation) < times {
            self.called.notified().await;
        }
    }

    fn next(&self, operation: &'static str) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        *plan.calls.entry(operation).or_default() += 1;
        self.called.notify_one();
        plan.faults.get_mut(operation).and_then(VecDeque::pop_front)
    }
}

impl Layer<MemoryStore> for Faults {
    async fn around<T: Send>(
        &self,
        op: StoreOp,
        operation: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let fault = self.next(op.as_str());
        match fault {
            Some(Fault::Fail) => return Err(Error::Unavailable("down".into())),
            Some(Fault::Corrupt) => return Err(Error::Corrupt("record")),
            Some(Fault::Hang) => return pending().await,
            Some(Fault::LoseReply | Fault::HangAfter | Fault::Late(_)) | None => {}
        }
        let answer = operation.await;
        match fault {
            Some(Fault::LoseReply) => Err(Error::Unavailable("cut off".into())),
            Some(Fault::HangAfter) => pending().await,
            Some(Fault::Late(time)) => {
                sleep(time).await;
                answer
            }
            _ => answer,
        }
    }
}
