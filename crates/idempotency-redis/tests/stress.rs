//! The stress test on a real server behind a proxy that is cut, tears replies and falls silent; the server itself is killed
//! and restarted, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/runtime.rs"]
mod runtime;
#[path = "support/server.rs"]
mod server;

use proxy::{Proxy, Way};
use server::{DURABLE, Server};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};
use wxhook_idempotency_redis::{OpenError, RedisOptions, RedisStore};
use wxhook_testkit::store::{Backend, Outage, Place, StressTest, Time, Violation};

const URL: &str = "WXHOOK_TEST_REDIS_STRESS";
const TIMEOUT: Duration = Duration::from_secs(1);

/// Only in the process that the others were started by.
static WEATHER: LazyLock<Weather> = LazyLock::new(|| {
    let server = Server::start(DURABLE);
    Weather { proxy: Proxy::start(server.port), server: Mutex::new(server), outages: AtomicUsize::new(0) }
});

struct Weather {
    server: Mutex<Server>,
    proxy: Proxy,
    outages: AtomicUsize,
}

fn url() -> String {
    std::env::var(URL).unwrap_or_else(|_| format!("redis://127.0.0.1:{}/0", WEATHER.proxy.port))
}

struct Redis;

impl Backend for Redis {
    type Store = RedisStore;

    fn open(&self, place: &Place) -> RedisStore {
        let give_up = Instant::now() + Duration::from_secs(30);
        loop {
            let options = RedisOptions::default().with_prefix(place.name()).with_timeouts(TIMEOUT, TIMEOUT);
            match runtime::block_on(RedisStore::open(&url(), options)) {
                Ok(store) => return store,
                Err(OpenError::Unavailable { .. }) if Instant::now() < give_up => {
                    sleep(Duration::from_millis(20));
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    fn time(&self) -> Time {
        Time::Real
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        runtime::block_on(future)
    }

    fn environment(&self) -> Vec<(String, String)> {
        vec![(URL.to_owned(), url())]
    }

    /// A different one each time.
    fn outage(&self, _place: &Place) -> Option<Outage> {
        let Weather { server, proxy, outages } = &*WEATHER;
        Some(match outages.fetch_add(1, Ordering::Relaxed) % 5 {
            0 => {
                proxy.set(Way::Closed);
                Outage::new(|| proxy.set(Way::Open))
            }
            1 | 3 => {
                proxy.set(Way::Torn);
                Outage::new(|| {
                    proxy.set(Way::Closed);
                    proxy.set(Way::Open);
                })
            }
            2 => {
                proxy.set(Way::Silent);
                Outage::new(|| {
                    // Long enough that operations give up which happen all the same.
                    sleep(TIMEOUT);
                    proxy.set(Way::Open);
                })
            }
            _ => {
                server.lock().unwrap().kill();
                Outage::new(|| server.lock().unwrap().restart())
            }
        })
    }
}

wxhook_testkit::store_stress!(Redis);

/// The same store on a server that is killed and comes back with what it had at the kill before.
struct Forgetful(Mutex<Server>);

impl Backend for Forgetful {
    type Store = RedisStore;

    fn open(&self, place: &Place) -> RedisStore {
        let options = RedisOptions::default().with_prefix(place.name());
        let server = self.0.lock().unwrap();
        let store = runtime::block_on(RedisStore::open(&server.url(), options)).unwrap();
        let _saved: String = server.ask(&["SAVE"]);
        store
    }

    fn time(&self) -> Time {
        Time::Real
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        runtime::block_on(future)
    }

    fn outage(&self, _place: &Place) -> Option<Outage> {
        let mut server = self.0.lock().unwrap();
        server.restart();
        let _saved: String = server.ask(&["SAVE"]);
        Some(Outage::new(|| {}))
    }
}

#[test]
fn a_server_that_forgets_is_found_out() {
    let backend = Forgetful(Mutex::new(Server::start(&["--appendonly", "no"])));
    let test = StressTest {
        notifications: 200,
        clients: 16,
        workers: 8,
        kills: 0,
        outages: 20,
        ..StressTest::default()
    };
    let report = test.run(&backend, None);
    let found: Vec<_> = report.violations().iter().map(Violation::rule).collect();
    assert_eq!(report.count("outages"), 4);
    assert!(found.contains(&"new twice"), "{report}");
}
