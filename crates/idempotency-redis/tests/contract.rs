//! The store passes the conformance suite on a real server: once with a clock that the suite moves, once with the
//! server's own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/runtime.rs"]
mod runtime;
#[path = "support/server.rs"]
mod server;

use server::{DURABLE, Server};
use std::future::Future;
use std::sync::{Arc, LazyLock};
use wxhook_idempotency::Seq;
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_testkit::store::{Backend, Outage, Place, Time};

const URL: &str = "WXHOOK_TEST_REDIS";

/// Server of this process, or of the one that started it.
static SERVER: LazyLock<Result<String, Server>> =
    LazyLock::new(|| std::env::var(URL).map_err(|_| Server::start(DURABLE)));

fn url() -> String {
    match &*SERVER {
        Ok(url) => url.clone(),
        Err(server) => server.url(),
    }
}

#[derive(Debug)]
struct Redis {
    time: Time,
}

impl Backend for Redis {
    type Store = RedisStore;

    fn open(&self, place: &Place) -> RedisStore {
        let mut options = RedisOptions::default().with_prefix(place.name());
        if self.time == Time::Still {
            options = options.with_test_clock(Arc::new(place.clock().clone()));
        }
        // Each place has a user of its own, so that an outage can be its alone.
        ask(&["ACL", "SETUSER", place.name(), "on", "nopass", "~*", "&*", "+@all"]);
        let url = url().replace("redis://", &format!("redis://{}:any@", place.name()));
        runtime::block_on(RedisStore::open(&url, options)).unwrap()
    }

    fn time(&self) -> Time {
        self.time
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        runtime::block_on(future)
    }

    fn environment(&self) -> Vec<(String, String)> {
        vec![(URL.to_owned(), url())]
    }

    fn outage(&self, place: &Place) -> Option<Outage> {
        let user = place.name().to_owned();
        ask(&["ACL", "SETUSER", &user, "off"]);
        ask(&["CLIENT", "KILL", "USER", &user]);
        Some(Outage::new(move || ask(&["ACL", "SETUSER", &user, "on"])))
    }

    fn damage(&self, place: &Place, seq: Seq) -> bool {
        ask(&["HSET", &format!("{{{}}}:r:{:016}", place.name(), seq.get()), "due", "rubbish"]);
        true
    }
}

/// Tells the server itself.
fn ask(words: &[&str]) {
    let client = redis::Client::open(url()).unwrap();
    server::command(words).exec(&mut client.get_connection().unwrap()).unwrap();
}

mod moved_clock {
    wxhook_testkit::store_suite!(crate::Redis { time: wxhook_testkit::store::Time::Still });
}

mod own_clock {
    wxhook_testkit::store_suite!(crate::Redis { time: wxhook_testkit::store::Time::Real });
}
