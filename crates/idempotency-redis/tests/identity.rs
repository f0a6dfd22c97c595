//! A store that isn't the one that was opened, or may lose records: nothing is accepted, and the log says why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/log.rs"]
mod log;
#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use log::Log;
use samples::{accept, claim, unavailable, until_it_works};
use server::{DURABLE, Server};
use std::time::{Duration, Instant};
use tracing::Level;
use wxhook_idempotency::{Error, Lookup, Seq, Store as _};
use wxhook_idempotency_redis::{OpenError, RedisOptions, RedisStore};

const EVERY_SECOND: &[&str] = &["--appendonly", "yes", "--appendfsync", "everysec"];
/// 2020 in microseconds: numbers that go on at the clock are greater.
const CLOCK: u64 = 1_577_836_800_000_000;

async fn open(server: &Server) -> RedisStore {
    RedisStore::open(&server.url(), RedisOptions::default()).await.unwrap()
}

/// Whatever is asked of it is answered so.
async fn is_replaced(store: &RedisStore, reason: &str) {
    let answers = [
        accept(store, "after").await.err(),
        claim(store, 9, 9).await.err(),
        store.probe().await.err(),
        store.get(Lookup::Seq(Seq::new(1))).await.err(),
        store.stats().await.err(),
        store.purge(1).await.err(),
    ];
    for answer in answers {
        let Some(Error::Replaced(why)) = answer else { panic!("{answer:?}") };
        assert!(why.contains(reason), "{why}");
    }
}

#[tokio::test]
async fn a_flushed_store_takes_nothing_until_it_is_opened_again() {
    let log = Log::start();
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    assert_eq!(log.take(Level::WARN, "a new, empty store was created").len(), 1);
    let other = RedisStore::open(&server.url(), RedisOptions::default().with_prefix("other")).await.unwrap();
    assert_eq!(log.take(Level::WARN, "a new, empty store was created").len(), 1);
    let id = store.capabilities().id.unwrap();
    assert_ne!(other.capabilities().id, Some(id));
    assert!(accept(&store, "k").await.unwrap().0);
    assert_eq!(open(&server).await.capabilities().id, Some(id), "it is the same store for everybody");
    assert!(log.take(Level::WARN, "created").is_empty());
    // Somebody else's keys are nothing to it.
    let _gone: u32 = server.ask(&["DEL", "{other}:meta"]);
    assert!(!accept(&store, "k").await.unwrap().0);

    let _flushed: String = server.ask(&["FLUSHALL"]);
    let clone = store.clone();
    is_replaced(&store, "doesn't hold the store any more").await;
    is_replaced(&clone, "doesn't hold the store any more").await;
    let told = log.take(Level::ERROR, "doesn't hold the store any more");
    assert_eq!(told.len(), 1, "it is told once");
    assert!(told[0].contains("remedy"), "{told:?}");
    let keys: Vec<String> = server.ask(&["KEYS", "{wxhook}:*"]);
    assert_eq!(keys, [""; 0], "nothing was written");

    let new = open(&server).await;
    assert_ne!(new.capabilities().id, Some(id));
    assert!(accept(&new, "k").await.unwrap().0);
    // It is another one, and stays so for the first.
    is_replaced(&store, "doesn't hold").await;
}

#[tokio::test]
async fn another_store_in_its_place_is_told() {
    let log = Log::start();
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, "k").await.unwrap();
    let _flushed: String = server.ask(&["FLUSHALL"]);
    let new = open(&server).await;
    is_replaced(&store, "holds another store").await;
    assert_eq!(log.take(Level::ERROR, "holds another store").len(), 1);
    assert!(accept(&new, "k").await.unwrap().0, "the new one works");
}

#[tokio::test]
async fn an_empty_replica_that_takes_over_is_told() {
    let server = Server::start(DURABLE);
    let empty = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, "k").await.unwrap();
    let _set: String = server.ask(&["REPLICAOF", "127.0.0.1", &empty.port.to_string()]);
    let give_up = Instant::now() + Duration::from_secs(30);
    while !server.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up") {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unavailable(store.probe().await);
    let _set: String = server.ask(&["REPLICAOF", "NO", "ONE"]);
    let answer = loop {
        match accept(&store, "k").await {
            Err(Error::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            other => break other,
        }
    };
    assert!(matches!(answer, Err(Error::Replaced(_))), "{answer:?}");
    is_replaced(&store, "doesn't hold").await;
}

#[tokio::test]
async fn eviction_switched_on_stops_it() {
    let log = Log::start();
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, "k").await.unwrap();
    // A bound alone is none of it: the server refuses, and nothing is lost.
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    unavailable(accept(&store, "l").await);
    unavailable(store.probe().await);
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    store.probe().await.unwrap();
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let start = Instant::now();
    let mut number = 0;
    let answer = loop {
        number += 1;
        if let Err(error) = accept(&store, &number.to_string()).await {
            break error;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "it isn't noticed beside writes");
    };
    assert!(matches!(answer, Error::Replaced(_)), "{answer:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
    let told = log.take(Level::ERROR, "isn't noeviction any more");
    assert!(told.len() == 1 && told[0].contains("set maxmemory-policy to noeviction"), "{told:?}");
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    is_replaced(&store, "isn't noeviction").await;
    assert!(!accept(&open(&server).await, "k").await.unwrap().0, "nothing was removed");
}

#[tokio::test]
async fn removed_keys_stop_it_also_when_the_policy_is_back() {
    let log = Log::start();
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    for number in 0..20 {
        accept(&store, &number.to_string()).await.unwrap();
    }
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    // One that isn't the store's own: what is removed can't be known.
    let client = redis::Client::open(server.url()).unwrap();
    let _refused = server::command(&["SET", "x", "y"]).exec(&mut client.get_connection().unwrap());
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    let _set: String = server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    let answer = store.probe().await;
    assert!(matches!(answer, Err(Error::Replaced(_) | Error::Corrupt(_))), "{answer:?}");
    let answer = loop {
        match store.probe().await {
            Err(Error::Replaced(why)) => break why,
            other => assert!(other.is_err(), "{other:?}"),
        }
    };
    assert!(answer.contains("removed keys") || answer.contains("doesn't hold"), "{answer}");
    assert_eq!(log.take(Level::ERROR, "nothing is accepted until").len(), 1);
}

/// The remains of a store whose books are gone aren't mistaken for a new store.
#[tokio::test]
async fn remains_are_not_opened() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, "k").await.unwrap();
    let _gone: u32 = server.ask(&["DEL", "{wxhook}:meta"]);
    is_replaced(&store, "doesn't hold").await;
    let error = RedisStore::open(&server.url(), RedisOptions::default()).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Foreign { .. }) && error.to_string().contains("restore a backup"),
        "{error}"
    );
}

#[tokio::test]
async fn a_restart_alone_changes_nothing() {
    let log = Log::start();
    let mut server = Server::start(DURABLE);
    let store = open(&server).await;
    let (_, first) = accept(&store, "first").await.unwrap();
    server.restart();
    let (_, second) = until_it_works(|| accept(&store, "second")).await;
    store.probe().await.unwrap();
    assert_eq!(log.take(Level::WARN, "redis was restarted").len(), 1);
    store.probe().await.unwrap();
    assert!(log.take(Level::WARN, "redis was restarted").is_empty(), "it is told once");
    server.restart();
    let again = open(&server).await;
    let (new, third) = accept(&again, "third").await.unwrap();
    assert!(new);
    assert_eq!(
        [first, second, third].map(Seq::get),
        [1, 2, 3],
        "each write was on disk: none can be missing"
    );
    assert_eq!((again.capabilities().id, again.stats().await.unwrap().lost), (store.capabilities().id, 0));
}

/// A process that didn't see the last numbers can't know them: they go on at the clock when some may be missing.
#[tokio::test]
async fn numbers_go_on_at_the_clock_where_writes_may_be_missing() {
    let log = Log::start();
    let mut server = Server::start(EVERY_SECOND);
    let store = open(&server).await;
    let (_, first) = accept(&store, "first").await.unwrap();
    drop(store);
    let again = open(&server).await;
    let (_, second) = accept(&again, "second").await.unwrap();
    assert_eq!([first, second].map(Seq::get), [1, 2], "the server wasn't restarted");
    server.restart();
    let again = open(&server).await;
    assert_eq!(log.take(Level::WARN, "numbers go on at the clock").len(), 1);
    let (_, third) = accept(&again, "third").await.unwrap();
    assert!(third.get() > CLOCK, "{third}");
    let again = open(&server).await;
    assert_eq!(accept(&again, "fourth").await.unwrap().1.get(), third.get() + 1, "once for each run");
    assert!(log.take(Level::WARN, "numbers go on at the clock").is_empty());
    // A dump that was put back: whoever did it takes the id away.
    let _gone: u32 = server.ask(&["HDEL", "{wxhook}:meta", "id"]);
    let restored = open(&server).await;
    assert_ne!(restored.capabilities().id, again.capabilities().id);
    assert_eq!(log.take(Level::WARN, "it counts as restored").len(), 1);
    assert!(accept(&restored, "fifth").await.unwrap().1.get() > third.get() + 1);
    is_replaced(&again, "holds another store").await;
}

#[tokio::test]
async fn lost_numbers_are_told_and_not_given_again() {
    let log = Log::start();
    let mut server = Server::start(&["--appendonly", "no"]);
    let store = open(&server).await;
    for key in ["1", "2", "3"] {
        accept(&store, key).await.unwrap();
    }
    let _saved: String = server.ask(&["SAVE"]);
    for key in ["4", "5", "6", "7"] {
        accept(&store, key).await.unwrap();
    }
    let fence = claim(&store, 1, 1).await.unwrap()[0].fence;
    assert_eq!(store.stats().await.unwrap().lost, 0);
    // It comes back with what it had saved.
    server.restart();
    let (new, seq) = until_it_works(|| accept(&store, "4")).await;
    assert!(new && seq.get() > 7, "{seq}");
    let told = log.take(Level::ERROR, "lost acknowledged records");
    assert!(told.len() == 1 && told[0].contains("first=4") && told[0].contains("last=7"), "{told:?}");
    assert_eq!(store.stats().await.unwrap().lost, 4);
    assert!(accept(&store, "5").await.unwrap().1 > seq);
    assert!(log.take(Level::ERROR, "lost").is_empty(), "it is told once");
    assert!(claim(&store, 2, 1).await.unwrap()[0].fence > fence);
    // What is known is still known.
    assert!(!accept(&store, "3").await.unwrap().0);
}

#[tokio::test]
async fn what_a_user_may_not_ask_is_a_warning() {
    let log = Log::start();
    let server = Server::start(DURABLE);
    let _set: String =
        server.ask(&["ACL", "SETUSER", "wxhook", "on", "nopass", "~*", "+@all", "-info", "-config"]);
    let url = server.url().replace("redis://", "redis://wxhook:any@");
    let store = RedisStore::open(&url, RedisOptions::default()).await.unwrap();
    assert_eq!(log.take(Level::WARN, "may not ask INFO").len(), 1);
    for number in 0..3 {
        assert!(accept(&store, &number.to_string()).await.unwrap().0);
        store.probe().await.unwrap();
    }
    assert!(log.take(Level::WARN, "INFO").is_empty(), "it is told once");
    // The rest of the guard is there.
    let _flushed: String = server.ask(&["FLUSHALL"]);
    is_replaced(&store, "doesn't hold").await;
}

/// Runs the script with which c7b4cc5 opens a store.
#[tokio::test]
async fn the_program_before_refuses_the_store() {
    let server = Server::start(DURABLE);
    let store = open(&server).await;
    accept(&store, "k").await.unwrap();
    let script = "redis.call('HSETNX', KEYS[1], 'schema', '2') return redis.call('HGET', KEYS[1], 'schema')";
    let schema: String = server.ask(&["EVAL", script, "1", "{wxhook}:meta"]);
    assert!(schema != "2" && schema != "1", "{schema}: it would go on");
    assert!(!accept(&store, "k").await.unwrap().0);
}
