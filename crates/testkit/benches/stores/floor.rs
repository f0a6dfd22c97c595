//! The costs that no store avoids.

use super::BODY;
use super::repeat::{Figures, repeat};
use redis::aio::MultiplexedConnection;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

const BARE: &str = "if redis.call('SET', KEYS[1], '1', 'NX') then \
                    redis.call('XADD', KEYS[2], '*', 'body', ARGV[1]) return 1 end return 0";

/// Appends as many bodies at once as there are callers and flushes them.
pub(crate) fn append(path: &Path, callers: usize, span: Duration) -> Figures {
    let mut file = File::create(path).unwrap();
    let batch = vec![b'x'; BODY * callers];
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < span {
        let start = Instant::now();
        file.write_all(&batch).unwrap();
        file.sync_data().unwrap();
        times.push(start.elapsed());
    }
    Figures::of(times.len() * callers, start.elapsed(), times)
}

/// Connects to a server that may be slow.
pub(crate) async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

/// Sets a key and adds to a stream.
pub(crate) async fn script(
    connection: MultiplexedConnection,
    number: Arc<AtomicU64>,
    callers: usize,
    span: Duration,
) -> Figures {
    let script = Arc::new(redis::Script::new(BARE));
    repeat(&number, callers, span, move |number| {
        let (mut connection, script) = (connection.clone(), Arc::clone(&script));
        async move {
            let mut call = script.key(format!("bare:{number}"));
            let call = call.key("stream").arg(vec![b'x'; BODY]);
            assert_eq!(call.invoke_async::<u32>(&mut connection).await.unwrap(), 1);
        }
    })
    .await
}
