//! Listings with every filter, first and second page, counts and figures.

use crate::records::{id, order};
use crate::times::{median, ms, peak_mib};
use futures_executor::block_on;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use wxhook_idempotency::{Filter, Page, Seq, State, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};

/// As `wxhook events list` and the admin API ask for.
const USUAL: usize = 50;
const COUNTED: usize = 500;
const ROUNDS: usize = 7;

pub(crate) fn all(file: &Path) {
    let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
    println!("listing                                      first ms      second     slowest     found");
    for (name, filter) in filters() {
        one(&store, name, &filter);
    }
    println!("\ncounting, as the admin API does                    s     records    slowest page ms");
    for (name, filter) in filters() {
        if !matches!(name, "nothing" | "state parked" | "flag unsigned" | "merchant, state done") {
            continue;
        }
        let (start, mut found, mut before, mut slowest) = (Instant::now(), 0, None, Duration::ZERO);
        loop {
            let began = Instant::now();
            let page = page(&store, &filter, before, COUNTED);
            slowest = slowest.max(began.elapsed());
            found += page.records.len();
            before = page.next;
            if before.is_none() || found >= 100_000 {
                break;
            }
        }
        println!("{name:<42}{:>12.2}{found:>12}{:>12.1}", start.elapsed().as_secs_f64(), ms(slowest));
    }
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        block_on(store.stats()).unwrap();
        ms(start.elapsed())
    });
    println!("\nfigures of the whole store: {:.2} ms", median(times.collect()));
    println!("peak memory {:.0} MiB", peak_mib(std::process::id()));
}

fn one(store: &SqliteStore, name: &str, filter: &Filter) {
    let (mut first, mut second, mut found) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let newest = page(store, filter, None, USUAL);
        first.push(ms(start.elapsed()));
        found = newest.records.len();
        if newest.next.is_some() {
            let start = Instant::now();
            found += page(store, filter, newest.next, USUAL).records.len();
            second.push(ms(start.elapsed()));
        }
    }
    let slowest = first.iter().chain(&second).copied().fold(0.0, f64::max);
    let second = if second.is_empty() { "-".to_owned() } else { format!("{:.1}", median(second)) };
    println!("{name:<42}{:>10.1}{second:>12}{slowest:>12.1}{found:>10}", median(first));
}

fn page(store: &SqliteStore, filter: &Filter, before: Option<Seq>, most: usize) -> Page {
    block_on(store.list(filter.clone(), before, most)).unwrap()
}

fn filters() -> Vec<(&'static str, Filter)> {
    let days = |days: u64| Some(SystemTime::now() - Duration::from_secs(days * 86_400));
    let filter = |set: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filter
    };
    let text = |text: &str| Some(text.to_owned());
    vec![
        ("nothing", Filter::default()),
        ("state ready", filter(&|f| f.state = Some(State::Ready))),
        ("state leased", filter(&|f| f.state = Some(State::Leased))),
        ("state parked", filter(&|f| f.state = Some(State::Parked))),
        ("state done", filter(&|f| f.state = Some(State::Done))),
        ("merchant", filter(&|f| f.merchant = text("school"))),
        ("merchant that isn't there", filter(&|f| f.merchant = text("none"))),
        ("event", filter(&|f| f.event = text("REFUND.SUCCESS"))),
        ("variant", filter(&|f| f.variant = text("COMBINE"))),
        ("flag unsigned", filter(&|f| f.flag = text("unsigned"))),
        ("flag mismatch", filter(&|f| f.flag = text("mismatch"))),
        ("flag changed", filter(&|f| f.flag = text("changed"))),
        ("flag that isn't there", filter(&|f| f.flag = text("unanswered"))),
        ("since a day ago", filter(&|f| f.since = days(1))),
        ("until 8 days ago", filter(&|f| f.until = days(8))),
        ("since 4, until 3 days ago", filter(&|f| (f.since, f.until) = (days(4), days(3)))),
        ("business number, old", filter(&|f| f.number = Some(order(300_003)))),
        ("business number, new", filter(&|f| f.number = Some(order(999_993)))),
        ("business number that isn't there", filter(&|f| f.number = text("no such number"))),
        ("notification id", filter(&|f| f.id = Some(id(400_000)))),
        ("notification id that isn't there", filter(&|f| f.id = text("EV-none"))),
        (
            "merchant, state parked",
            filter(&|f| (f.merchant, f.state) = (text("school"), Some(State::Parked))),
        ),
        ("merchant, state done", filter(&|f| (f.merchant, f.state) = (text("school"), Some(State::Done)))),
        ("event, state parked", filter(&|f| (f.event, f.state) = (text("v2/refund"), Some(State::Parked)))),
        ("event, merchant, 4 to 3 days ago", {
            let mut of = filter(&|f| (f.event, f.merchant) = (text("COUPON.USE"), text("kiosk")));
            (of.since, of.until) = (days(4), days(3));
            of
        }),
        ("state parked, until 8 days ago", filter(&|f| (f.state, f.until) = (Some(State::Parked), days(8)))),
        (
            "flag unsigned, state parked",
            filter(&|f| (f.flag, f.state) = (text("unsigned"), Some(State::Parked))),
        ),
        (
            "flag unsigned, state leased",
            filter(&|f| (f.flag, f.state) = (text("unsigned"), Some(State::Leased))),
        ),
        (
            "flag unsigned, another event",
            filter(&|f| (f.flag, f.event) = (text("unsigned"), text("COUPON.USE"))),
        ),
        ("flag key-fallback, state done, merchant", {
            let mut of = filter(&|f| (f.flag, f.merchant) = (text("key-fallback"), text("school")));
            of.state = Some(State::Done);
            of
        }),
        ("flag misfit, merchant, 4 to 3 days ago", {
            let mut of = filter(&|f| (f.flag, f.merchant) = (text("misfit"), text("shop")));
            (of.since, of.until) = (days(4), days(3));
            of
        }),
        ("business number, another state", {
            filter(&|f| (f.number, f.state) = (Some(order(300_003)), Some(State::Leased)))
        }),
    ]
}
