//! The runtime that a test program's stores run on.

use std::future::Future;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

pub fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}
