//! Measures how many notifications of 1 KiB a second a Redis of its own accepts: to be claimed by a worker, and put on a
//! stream at once. Beside them the floor: a bare script that sets a key if it isn't there and adds an entry to a stream,
//! over one connection, too. `cpu` is what one of them costs the server's thread in microseconds, which other load on the
//! machine changes less than the rest.
//!
//! ```text
//! cargo run --release -p wxhook-idempotency-redis --example accept_rate [seconds] [records before] [callers …]
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "a measurement, not a program"
)]

#[path = "../tests/support/server.rs"]
mod server;

use redis::aio::MultiplexedConnection;
use server::{DURABLE, Server};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wxhook_idempotency::{AcceptResult, Entry, Fingerprint, Store as _};
use wxhook_idempotency_redis::{RedisOptions, RedisStore, Slot, Stream, StreamEntry, Template};

const BODY: usize = 1024;
/// The lane whose records are put on a stream.
const STREAMED: &str = "streamed";
const BARE: &str = "if redis.call('SET', KEYS[1], '1', 'NX') then \
                    redis.call('XADD', KEYS[2], '*', 'body', ARGV[1]) return 1 end return 0";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let span = Duration::from_secs(arguments.next().map_or(3, |seconds| seconds.parse().unwrap()));
    let before: u64 = arguments.next().map_or(0, |records| records.parse().unwrap());
    let mut counts: Vec<usize> = arguments.map(|callers| callers.parse().unwrap()).collect();
    if counts.is_empty() {
        counts = vec![1, 8, 64];
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for options in [DURABLE, &["--appendonly", "yes", "--appendfsync", "everysec"]] {
        let server = Server::start(options);
        println!("{}", options.join(" "));
        runtime.block_on(measure(&server, span, before, &counts));
    }
}

async fn measure(server: &Server, span: Duration, before: u64, counts: &[usize]) {
    let options = RedisOptions::default().with_timeouts(Duration::from_secs(1), Duration::from_secs(60));
    let options = options.with_stream(STREAMED, Stream::new("records", on_stream));
    let store = RedisStore::open(&server.url(), options).await.unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let number = Arc::new(AtomicU64::new(0));
    if before > 0 {
        let start = Instant::now();
        accept(&store, "sink", &number, 64, move |done| done < before).await;
        println!("{before} records in {:.1} s", start.elapsed().as_secs_f64());
    }
    println!(
        "{:>8} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "callers", "what", "a second", "p50 us", "p99 us", "cpu", "ratio"
    );
    for &callers in counts {
        let mut floor = None;
        for what in ["bare", "accept", "on stream"] {
            let (start, used) = (Instant::now(), cpu(server));
            let goes_on = move |_| start.elapsed() < span;
            let mut times = match what {
                "bare" => bare(&connection, &number, callers, goes_on).await,
                "accept" => accept(&store, "sink", &number, callers, goes_on).await,
                _ => accept(&store, STREAMED, &number, callers, goes_on).await,
            };
            let rate = rate(&times, start);
            let each = (cpu(server) - used) / f64::from(u32::try_from(times.len()).unwrap());
            let (p50, p99) = (part(&mut times, 50), part(&mut times, 99));
            let ratio = rate / *floor.get_or_insert(rate);
            println!("{callers:>8} {what:>10} {rate:>8.0} {p50:>8} {p99:>8} {each:>8.1} {ratio:>8.2}");
        }
    }
    let used: String = server.ask(&["INFO", "memory"]);
    let used =
        used.lines().find_map(|line| line.strip_prefix("used_memory_human:")).unwrap_or("unknown").trim();
    println!("{:?}, the server uses {used}", store.stats().await.unwrap());
}

/// Returns the CPU time of the server's main thread, in microseconds.
fn cpu(server: &Server) -> f64 {
    let info: String = server.ask(&["INFO", "cpu"]);
    let used =
        |name| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok()).unwrap();
    (used("used_cpu_user_main_thread:") + used("used_cpu_sys_main_thread:")) * 1e6
}

/// As much as a server's sink puts there.
fn on_stream(entry: &Entry) -> Option<StreamEntry> {
    let record = Template::text("{\"seq\":")
        .slot(Slot::Seq, ",\"key\":")
        .slot(Slot::KeyJson, ",\"flags\":")
        .slot(Slot::FlagsJson, entry.body.clone());
    let fields = StreamEntry::default().field("record", record).field("seq", Slot::Seq);
    let fields = fields.field("generation", "1").field("key", Slot::Key).field("fence", Slot::Fence);
    Some(fields.field("event_type", "TRANSACTION.SUCCESS").field("merchant", "shop"))
}

fn rate(times: &[Duration], start: Instant) -> f64 {
    f64::from(u32::try_from(times.len()).unwrap()) / start.elapsed().as_secs_f64()
}

fn part(times: &mut [Duration], percent: usize) -> u128 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_micros()
}

/// Accepts from so many tasks while `goes_on` says so of the count; gives how long each took.
async fn accept(
    store: &RedisStore,
    lane: &'static str,
    number: &Arc<AtomicU64>,
    callers: usize,
    goes_on: impl Fn(u64) -> bool + Copy + Send + 'static,
) -> Vec<Duration> {
    let store = store.clone();
    repeat(number, callers, goes_on, move |number| {
        let (store, entry) = (store.clone(), notification(number, lane));
        async move { assert!(matches!(store.accept(entry).await.unwrap(), AcceptResult::New { .. })) }
    })
    .await
}

/// The same with the bare script.
async fn bare(
    connection: &MultiplexedConnection,
    number: &Arc<AtomicU64>,
    callers: usize,
    goes_on: impl Fn(u64) -> bool + Copy + Send + 'static,
) -> Vec<Duration> {
    let (connection, script) = (connection.clone(), Arc::new(redis::Script::new(BARE)));
    repeat(number, callers, goes_on, move |number| {
        let (mut connection, script) = (connection.clone(), Arc::clone(&script));
        async move {
            let key = format!("bare:{number}");
            let mut call = script.key(key);
            let added: u32 =
                call.key("stream").arg(vec![b'x'; BODY]).invoke_async(&mut connection).await.unwrap();
            assert_eq!(added, 1);
        }
    })
    .await
}

async fn repeat<F: Future<Output = ()> + Send + 'static>(
    number: &Arc<AtomicU64>,
    callers: usize,
    goes_on: impl Fn(u64) -> bool + Copy + Send + 'static,
    step: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Vec<Duration> {
    let one = |number: Arc<AtomicU64>, step: _| async move {
        let step: Box<dyn Fn(u64) -> F + Send> = Box::new(step);
        let mut times = Vec::new();
        loop {
            let number = number.fetch_add(1, Ordering::Relaxed);
            if !goes_on(number) {
                return times;
            }
            let running = step(number);
            let start = Instant::now();
            running.await;
            times.push(start.elapsed());
        }
    };
    let tasks: Vec<_> = (0..callers).map(|_| tokio::spawn(one(Arc::clone(number), step.clone()))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    times
}

/// Returns an entry as a payment notification makes it.
fn notification(number: u64, lane: &str) -> Entry {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    // Scattered, as random ids are.
    let id = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let key = format!("shop/TRANSACTION.SUCCESS/transaction_id=4200{:024}", id % 10_u128.pow(24));
    let mut entry = Entry::new(key, Fingerprint::new(1, digest), vec![b'x'; BODY], lane);
    entry.aliases.push(format!("shop/TRANSACTION.SUCCESS/{id:032x}"));
    entry.labels.merchant = "shop".to_owned();
    entry.labels.event = "TRANSACTION.SUCCESS".to_owned();
    entry.labels.id = Some(format!("{id:032x}"));
    entry.labels.numbers = vec![
        ("transaction_id".to_owned(), format!("T{number}")),
        ("out_trade_no".to_owned(), format!("O{id}")),
    ];
    entry
}
