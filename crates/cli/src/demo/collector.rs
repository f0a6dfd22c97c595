use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use wxhook_delivery::{Delivery, LineSink, Receipt, Sink, SinkError};
use wxhook_wire::Record;

/// Where the demo's server hands records on: a file with a line for each, and a list.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    lines: Arc<LineSink<File>>,
    records: Arc<Mutex<Vec<Record>>>,
}

impl Collector {
    pub(super) fn new(file: File) -> Self {
        Self { lines: Arc::new(LineSink::new("demo", file)), records: Arc::default() }
    }

    /// What was handed on, in its order.
    pub(super) fn records(&self) -> Vec<Record> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for Collector {
    fn name(&self) -> &str {
        "demo"
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Receipt, SinkError> {
        let delivered = self.lines.deliver(delivery).await?;
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(delivery.record.clone());
        Ok(delivered)
    }
}
