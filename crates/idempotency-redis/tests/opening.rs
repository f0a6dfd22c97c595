//! Checks when a store is opened, and waits afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]

#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use samples::{accept, entry, unavailable, until_it_works};
use server::{DURABLE, Server, ask, free_port};
use std::time::Duration;
use wxhook_idempotency::{AcceptResult, Durability, Store as _};
use wxhook_idempotency_redis::{OpenError, RedisOptions, RedisStore};

async fn open(url: &str) -> Result<RedisStore, OpenError> {
    RedisStore::open(url, RedisOptions::default()).await
}

async fn refused(url: &str, options: RedisOptions) -> String {
    let error = RedisStore::open(url, options).await.unwrap_err();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    assert!(!text.contains('\n') && !text.contains("SECRET"), "{text}");
    text
}

#[tokio::test]
async fn nobody_there() {
    let port = free_port();
    let text = refused(&format!("redis://:SECRET@127.0.0.1:{port}/0"), RedisOptions::default()).await;
    assert!(text.contains(&format!("127.0.0.1:{port}")) && text.contains("connection refused"), "{text}");
}

#[tokio::test]
async fn urls_and_options_that_cannot_work() {
    for url in [
        "http://127.0.0.1/",
        "redis://:SECRET@",
        "redis://127.0.0.1:1/SECRET",
        "rediss://127.0.0.1:1/#insecure",
    ] {
        let error = open(url).await.unwrap_err();
        assert!(matches!(error, OpenError::Url(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }
    for prefix in ["", "a{b", "a b", &"x".repeat(65)] {
        let options = RedisOptions::default().with_prefix(prefix);
        assert!(matches!(RedisStore::open("redis://127.0.0.1:1", options).await, Err(OpenError::Option(_))));
    }
}

#[tokio::test]
async fn eviction_is_refused() {
    for hidden in [false, true] {
        let mut options = vec!["--maxmemory-policy", "allkeys-lru"];
        if hidden {
            options.extend(["--rename-command", "CONFIG", ""]);
        }
        let server = Server::start(&options);
        let text = refused(&server.url(), RedisOptions::default()).await;
        assert!(text.contains("allkeys-lru") && text.contains("set it to noeviction"), "{text}");
        assert!(text.contains(&server.port.to_string()));
    }
}

#[tokio::test]
async fn durability_is_what_the_server_says() {
    let cases: [(&[&str], Durability); 4] = [
        (DURABLE, Durability::Disk),
        (&["--appendonly", "yes", "--appendfsync", "everysec"], Durability::Machine),
        (
            &["--appendonly", "yes", "--appendfsync", "always", "--rename-command", "CONFIG", ""],
            Durability::Machine,
        ),
        (&["--appendonly", "no"], Durability::Process),
    ];
    for (options, durability) in cases {
        let server = Server::start(options);
        let capabilities = open(&server.url()).await.unwrap().capabilities();
        assert_eq!((capabilities.durability, capabilities.shared), (durability, true), "{options:?}");
    }
}

#[tokio::test]
async fn keys_of_something_else_are_left_alone() {
    let server = Server::start(&[]);
    let _set: String = server.ask(&["SET", "{theirs}:names", "something"]);
    let text = refused(&server.url(), RedisOptions::default().with_prefix("theirs")).await;
    assert!(text.contains("aren't a store's"), "{text}");
    let _set: u32 = server.ask(&["HSET", "{newer}:meta", "schema", "3"]);
    let text = refused(&server.url(), RedisOptions::default().with_prefix("newer")).await;
    assert!(text.contains("newer version"), "{text}");
    let _set: u32 = server.ask(&["HSET", "{older}:meta", "schema", "1"]);
    let text = refused(&server.url(), RedisOptions::default().with_prefix("older")).await;
    assert!(text.contains("older version") && text.contains("another prefix"), "{text}");
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn passwords_databases_and_prefixes() {
    let server = Server::start(&["--requirepass", "SECRET"]);
    for password in ["", ":wrong@"] {
        let text =
            refused(&format!("redis://{password}127.0.0.1:{}/0", server.port), RedisOptions::default()).await;
        assert!(text.contains("password"), "{text}");
    }
    let url = |database: u8| format!("redis://:SECRET@127.0.0.1:{}/{database}", server.port);
    let one = open(&url(0)).await.unwrap();
    let prefixed = RedisOptions::default().with_prefix("shop-2");
    let others = [open(&url(1)).await.unwrap(), RedisStore::open(&url(0), prefixed).await.unwrap()];
    assert!(accept(&one, "k").await.unwrap().0);
    for other in others {
        assert!(accept(&other, "k").await.unwrap().0, "another database or prefix is another store");
    }
    assert!(!accept(&open(&url(0)).await.unwrap(), "k").await.unwrap().0);
    assert!(!format!("{one:?}").contains("SECRET"));
    let keys: Vec<String> = ask(&url(0), &["KEYS", "*"]);
    assert!(keys.iter().all(|key| key.starts_with("{wxhook}:") || key.starts_with("{shop-2}:")));
}

#[tokio::test]
async fn nothing_expires() {
    let server = Server::start(&[]);
    let store = open(&server.url()).await.unwrap();
    accept(&store, "k").await.unwrap();
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    assert!(keys.len() >= 8, "{keys:?}");
    for key in keys {
        assert_eq!(server.ask::<i64>(&["TTL", &key]), -1, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_are_waited_for() {
    let server = Server::start(DURABLE);
    let port = server.port.to_string();
    let replica_of = ["--replicaof", "127.0.0.1", &*port, "--repl-diskless-sync-delay", "0"];
    let mut replica = Server::start(&replica_of);
    let options = RedisOptions::default().with_wait_replicas(1).with_wait_timeout(Duration::from_millis(500));
    // Opening writes, so the replica has to be there.
    let store = loop {
        match RedisStore::open(&server.url(), options.clone()).await {
            Ok(store) => break store,
            Err(OpenError::Unavailable { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    };
    let accepted = (0..200).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { accept(&store, &number.to_string()).await })
    });
    for task in accepted.collect::<Vec<_>>() {
        assert!(task.await.unwrap().unwrap().0);
    }
    // Of each a key and an alias.
    assert_eq!(replica.ask::<u32>(&["HLEN", "{wxhook}:names"]), 400, "it has what was answered");
    replica.kill();
    // The server may take a moment to notice that its replica is gone.
    let mut number = 0;
    let text = loop {
        number += 1;
        assert!(number < 100, "it is answered without a replica");
        let answer = accept(&store, &format!("gone {number}")).await;
        if answer.is_err() {
            break unavailable(answer);
        }
    };
    assert!(text.contains("0 of 1 replicas"), "{text}");
    replica.restart();
    assert!(matches!(
        until_it_works(|| store.accept(entry("later"))).await,
        AcceptResult::New { .. } | AcceptResult::Duplicate { .. }
    ));
    let more = RedisOptions::default().with_wait_replicas(2).with_wait_timeout(Duration::from_millis(100));
    let text = refused(&server.url(), more).await;
    assert!(text.contains("1 of 2 replicas"), "{text}");
}

#[tokio::test]
async fn waiting_for_the_file_needs_a_server_that_can() {
    let server = Server::start(DURABLE);
    let info: String = server.ask(&["INFO", "server"]);
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap();
    let options = RedisOptions::default().with_wait_aof(true);
    if version.starts_with("7.0") {
        let text = refused(&server.url(), options).await;
        assert!(text.contains("7.2") && text.contains(version), "{text}");
    } else {
        let store = RedisStore::open(&server.url(), options).await.unwrap();
        assert_eq!(store.capabilities().durability, Durability::Disk);
        assert!(accept(&store, "k").await.unwrap().0);
    }
}
