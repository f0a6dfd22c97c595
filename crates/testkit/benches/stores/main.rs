//! Notifications of 1 KiB that each store accepts per second, durably as far as it can, and how long one takes: beside
//! what nobody can do without, in one run.
//!
//! The floor of SQLite is an append of as many bytes, flushed (`fdatasync`) once for all callers; that of Redis a bare
//! script of `SET NX` and `XADD` over one connection. A redis-server of its own is started and ended; without one
//! installed its figures are left out.
//!
//! `cargo bench -p wxhook-testkit --bench stores -- [--quick] [--seconds N] [--rounds N] [--only memory|sqlite|redis]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a bench"
)]

mod floor;
mod redis_server;
mod repeat;

use redis_server::Redis;
use repeat::{Figures, repeat};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use wxhook_idempotency::{
    AcceptResult, Entry, Fingerprint, MemoryOptions, MemoryStore, SharedStore, Store as _,
};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

const BODY: usize = 1024;
const CALLERS: [usize; 3] = [1, 8, 64];
const REDIS: [(&str, &str); 2] = [("Redis, AOF always", "always"), ("Redis, AOF every second", "everysec")];

/// The floor, given how many callers there are.
type Floor = Box<dyn Fn(usize, Duration) -> Pin<Box<dyn Future<Output = Figures>>>>;

/// A measurement.
struct Target {
    title: &'static str,
    store: SharedStore,
    floor: Option<Floor>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        place.map(|place| arguments[place + 1].clone())
    };
    let number =
        |name: &str, otherwise: u64| value(name).map_or(otherwise, |value| value.parse().expect("a number"));
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let span = Duration::from_secs(number("--seconds", if quick { 1 } else { 2 }));
    let rounds = number("--rounds", if quick { 1 } else { 5 });
    let only = value("--only");

    let folder = tempfile::tempdir_in(".").unwrap();
    let chosen = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let servers = if chosen("redis") {
        REDIS.map(|(title, flush)| Redis::start(flush).map(|on| (title, on)))
    } else {
        [const { None }; 2]
    };
    if chosen("redis") && servers.iter().any(Option::is_none) {
        println!("redis-server isn't installed: no figures of Redis");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut targets = Vec::new();
        if chosen("memory") {
            let store = SharedStore::new(MemoryStore::new(MemoryOptions::default()));
            targets.push(Target { title: "memory", store, floor: None });
        }
        if chosen("sqlite") {
            targets.push(sqlite(folder.path()));
        }
        for (title, server) in servers.iter().flatten() {
            targets.push(redis(title, server).await);
        }
        measure(&mut targets, span, rounds).await;
    });
}

fn sqlite(folder: &Path) -> Target {
    let store = SqliteStore::open(folder.join("store.db"), SqliteOptions::default()).unwrap();
    let path = folder.join("floor");
    let floor: Floor = Box::new(move |callers, span| {
        let figures = floor::append(&path, callers, span);
        Box::pin(std::future::ready(figures))
    });
    Target { title: "SQLite", store: SharedStore::new(store), floor: Some(floor) }
}

async fn redis(title: &'static str, server: &Redis) -> Target {
    let options = RedisOptions::default().with_timeouts(Duration::from_secs(1), Duration::from_secs(60));
    let store = RedisStore::open(&server.url(), options).await.unwrap();
    let (connection, number) = (floor::connect(&server.url()).await, Arc::new(AtomicU64::new(0)));
    let floor: Floor = Box::new(move |callers, span| {
        Box::pin(floor::script(connection.clone(), Arc::clone(&number), callers, span))
    });
    Target { title, store: SharedStore::new(store), floor: Some(floor) }
}

/// Each in turn, round by round; prints medians.
async fn measure(targets: &mut [Target], span: Duration, rounds: u64) {
    println!(
        "{:<26}{:>8}{:>12}{:>12}{:>12}{:>10}{:>10}{:>8}",
        "", "callers", "floor/s", "p99 ms", "accept/s", "p50 ms", "p99 ms", "ratio"
    );
    let number = Arc::new(AtomicU64::new(0));
    for callers in CALLERS {
        let mut measured: Vec<Vec<(Option<Figures>, Figures)>> = targets.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (target, measured) in targets.iter_mut().zip(&mut measured) {
                let floor = match &target.floor {
                    Some(floor) => Some(floor(callers, span).await),
                    // Memory would fill up.
                    None => {
                        target.store = SharedStore::new(MemoryStore::new(MemoryOptions::default()));
                        None
                    }
                };
                let store = target.store.clone();
                let figures = repeat(&number, callers, span, move |number| {
                    let (store, entry) = (store.clone(), notification(number));
                    async move { assert!(matches!(store.accept(entry).await.unwrap(), AcceptResult::New { .. })) }
                });
                measured.push((floor, figures.await));
            }
        }
        for (target, measured) in targets.iter().zip(&measured) {
            println!("{}", line(target.title, callers, measured));
        }
    }
}

fn line(title: &str, callers: usize, measured: &[(Option<Figures>, Figures)]) -> String {
    let of =
        |value: fn(&Figures) -> f64| median(measured.iter().map(|(_, figures)| value(figures)).collect());
    let floors: Option<Vec<&Figures>> = measured.iter().map(|(floor, _)| floor.as_ref()).collect();
    let (floor, p99, ratio) = floors.map_or_else(
        || ["-"; 3].map(str::to_owned).into(),
        |floors| {
            let ratios = floors.iter().zip(measured).map(|(floor, (_, figures))| figures.rate / floor.rate);
            (
                format!("{:.0}", median(floors.iter().map(|floor| floor.rate).collect())),
                format!("{:.2}", median(floors.iter().map(|floor| floor.p99_ms).collect())),
                format!("{:.2}", median(ratios.collect())),
            )
        },
    );
    format!(
        "{title:<26}{callers:>8}{floor:>12}{p99:>12}{:>12.0}{:>10.2}{:>10.2}{ratio:>8}",
        of(|figures| figures.rate),
        of(|figures| figures.p50_ms),
        of(|figures| figures.p99_ms),
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns a payment notification as an entry.
fn notification(number: u64) -> Entry {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    // Scattered, as random ids are.
    let id = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let key = format!("shop/TRANSACTION.SUCCESS/transaction_id=4200{:024}", id % 10_u128.pow(24));
    let mut entry = Entry::new(key, Fingerprint::new(1, digest), vec![b'x'; BODY], "sink");
    entry.aliases.push(format!("shop/TRANSACTION.SUCCESS/@id={id:032x}"));
    entry.labels.merchant = "shop".to_owned();
    entry.labels.event = "TRANSACTION.SUCCESS".to_owned();
    entry.labels.id = Some(format!("{id:032x}"));
    entry.labels.numbers = vec![
        ("transaction_id".to_owned(), format!("T{number}")),
        ("out_trade_no".to_owned(), format!("O{id}")),
    ];
    entry
}
