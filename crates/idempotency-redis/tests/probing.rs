//! `probe` fails where `accept` does, and leaves nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use samples::{accept, claim, entry, unavailable};
use server::{DURABLE, Server};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wxhook_idempotency::{AcceptResult, Store as _, StoreExt as _};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};

async fn open(server: &Server) -> RedisStore {
    RedisStore::open(&server.url(), RedisOptions::default()).await.unwrap()
}

/// Every key with its content, but for the store's last time.
fn everything(server: &Server) -> BTreeMap<String, Vec<u8>> {
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    let content = |key: &String| {
        if key.ends_with(":meta") {
            let mut fields: BTreeMap<String, String> = server.ask(&["HGETALL", key]);
            fields.remove("last");
            return format!("{fields:?}").into_bytes();
        }
        server.ask(&["DUMP", key])
    };
    keys.iter().map(|key| (key.clone(), content(key))).collect()
}

/// Records in every state, some in a group.
async fn filled(server: &Server) -> RedisStore {
    let store = open(server).await;
    for number in 0..6 {
        let mut new = entry(&number.to_string());
        new.group = (number < 3).then(|| "order".to_owned());
        new.flags = vec!["odd".to_owned()];
        new.labels.merchant = "shop".to_owned();
        new.labels.numbers = vec![("out_trade_no".to_owned(), number.to_string())];
        assert!(matches!(store.accept(new).await.unwrap(), AcceptResult::New { .. }));
    }
    let lease = claim(&store, 1, 1).await.unwrap().remove(0);
    let _done = store.complete(lease.record.seq, lease.fence, None).await.unwrap();
    claim(&store, 2, 1).await.unwrap();
    store
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let server = Server::start(DURABLE);
    let store = filled(&server).await;
    let before = everything(&server);
    for _ in 0..3 {
        store.probe().await.unwrap();
        assert_eq!(everything(&server), before);
    }
    // Also where the next number begins a chunk of numbers.
    let _set: u32 = server.ask(&["HSET", "{wxhook}:meta", "seq", "1024"]);
    let before = everything(&server);
    store.probe().await.unwrap();
    assert_eq!(everything(&server), before);
    let AcceptResult::New { seq } = store.accept(entry("next")).await.unwrap() else { panic!() };
    assert_eq!(seq.get(), 1_025);
}

/// Each key of the store in turn is of another type.
#[tokio::test]
async fn a_key_of_another_type_fails_it_as_it_fails_an_accept() {
    let server = Server::start(DURABLE);
    let store = filled(&server).await;
    let keys: Vec<String> = server.ask(&["KEYS", "{wxhook}:*"]);
    let mut failed = 0;
    for key in keys {
        let _kept: String = server.ask(&["RENAME", &key, "kept"]);
        let _set: String = server.ask(&["SET", &key, "of another type"]);
        let mut new = entry(&format!("while {key}"));
        new.group = Some("order".to_owned());
        new.labels.merchant = "shop".to_owned();
        let accepted = store.accept(new).await;
        let probed = store.probe().await;
        assert!(accepted.is_ok() || probed.is_err(), "{key}: {accepted:?} {probed:?}");
        failed += u32::from(accepted.is_err());
        let _gone: u32 = server.ask(&["DEL", &key]);
        let _back: String = server.ask(&["RENAME", "kept", &key]);
        store.probe().await.unwrap();
    }
    assert!(failed >= 5, "{failed}");
}

#[tokio::test]
async fn a_disk_that_takes_no_snapshot_fails_it() {
    let server = Server::start(&["--appendonly", "no"]);
    let store = open(&server).await;
    store.probe().await.unwrap();
    let folder = server.directory().to_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    let _set: String = server.ask(&["CONFIG", "SET", "save", "3600 1"]);
    let _started: String = server.ask(&["BGSAVE"]);
    let give_up = Instant::now() + Duration::from_secs(10);
    while !server.ask::<String>(&["INFO", "persistence"]).contains("rdb_last_bgsave_status:err") {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(unavailable(store.probe().await).contains("can't save its data"));
    assert!(unavailable(accept(&store, "k").await).contains("can't save its data"));
    let _set: String = server.ask(&["CONFIG", "SET", "save", ""]);
    store.probe().await.unwrap();
    assert!(accept(&store, "k").await.unwrap().0);
}

#[tokio::test]
async fn it_waits_for_replicas_as_an_accept_does() {
    let server = Server::start(DURABLE);
    let replica = Server::start(&[
        "--replicaof",
        "127.0.0.1",
        &server.port.to_string(),
        "--repl-diskless-sync-delay",
        "0",
    ]);
    let options = RedisOptions::default().with_wait_replicas(1).with_wait_timeout(Duration::from_millis(300));
    let give_up = Instant::now() + Duration::from_secs(30);
    let store = loop {
        match RedisStore::open(&server.url(), options.clone()).await {
            Ok(store) => break store,
            Err(error) => assert!(Instant::now() < give_up, "{error:?}"),
        }
    };
    store.probe().await.unwrap();
    drop(replica);
    // The server may take a moment to notice.
    let give_up = Instant::now() + Duration::from_secs(10);
    while store.probe().await.is_ok() {
        assert!(Instant::now() < give_up);
    }
    unavailable(accept(&store, "k").await);
    unavailable(store.probe().await);
}

#[tokio::test]
async fn a_replica_fails_it() {
    let server = Server::start(DURABLE);
    let other = Server::start(DURABLE);
    let store = open(&server).await;
    store.probe().await.unwrap();
    let _set: String = server.ask(&["REPLICAOF", "127.0.0.1", &other.port.to_string()]);
    assert!(unavailable(store.probe().await).contains("replica"));
}
