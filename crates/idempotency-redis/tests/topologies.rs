//! TLS, a cluster, sentinels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(missing_debug_implementations, unreachable_pub, dead_code, reason = "tests")]
#![cfg(all(feature = "tls", feature = "cluster", feature = "sentinel"))]

#[path = "support/samples.rs"]
mod samples;
#[path = "support/server.rs"]
mod server;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use samples::{accept, claim, until_it_works};
use server::{DURABLE, Server, free_port};
use std::time::{Duration, Instant};
use wxhook_idempotency::{FenceResult, Store as _, StoreExt as _};
use wxhook_idempotency_redis::{OpenError, RedisOptions, RedisStore};

/// Everything works there.
async fn works(store: &RedisStore) {
    let (new, seq) = accept(store, "k").await.unwrap();
    assert!(new && !accept(store, "k").await.unwrap().0);
    let lease = claim(store, 1, 9).await.unwrap().remove(0);
    assert_eq!(store.complete(seq, lease.fence, None).await.unwrap(), FenceResult::Done);
    assert_eq!(store.purge(9).await.unwrap(), 0);
    assert_eq!(store.list(Default::default(), None, 9).await.unwrap().records.len(), 1);
    store.probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_a_certificate_that_is_checked() {
    let directory = tempfile::tempdir().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, key) = (file("cert", certificate.pem()), file("key", key.serialize_pem()));
    let root = file("root", authority.pem());
    let mut options = vec!["--port", "0", "--tls-port", "PORT", "--tls-cert-file", &certificate];
    options.extend(["--tls-key-file", &key, "--tls-ca-cert-file", &root, "--tls-auth-clients", "no"]);
    let server = Server::start(&options);
    let url = |host| format!("rediss://{host}:{}/0", server.port);
    let trusting = RedisOptions::default().with_root_certificates(authority.pem());
    works(&RedisStore::open(&url("localhost"), trusting.clone()).await.unwrap()).await;
    // Of an unknown authority, or for another host.
    for (host, options) in [("localhost", RedisOptions::default()), ("127.0.0.1", trusting)] {
        let error = RedisStore::open(&url(host), options).await.unwrap_err();
        assert!(matches!(error, OpenError::Unavailable { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster() {
    let buses = [free_port().to_string(), free_port().to_string()];
    let nodes =
        buses.each_ref().map(|bus| Server::start(&["--cluster-enabled", "yes", "--cluster-port", bus]));
    let _added: String = nodes[0].ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "8191"]);
    let _added: String = nodes[1].ask(&["CLUSTER", "ADDSLOTSRANGE", "8192", "16383"]);
    let port = nodes[1].port.to_string();
    let _met: String = nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &buses[1]]);
    let give_up = Instant::now() + Duration::from_secs(30);
    for node in &nodes {
        while !node.ask::<String>(&["CLUSTER", "INFO"]).contains("cluster_state:ok") {
            assert!(Instant::now() < give_up);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let url = nodes[0].url();
    let mut used = [false; 2];
    for prefix in ["one", "two", "three", "four", "five", "six"] {
        let options = RedisOptions::default().with_prefix(prefix);
        works(&RedisStore::open_cluster(&[&url], options).await.unwrap()).await;
        let owner = nodes.iter().position(|node| {
            let keys: Vec<String> = node.ask(&["KEYS", &format!("{{{prefix}}}:*")]);
            !keys.is_empty()
        });
        used[owner.unwrap()] = true;
    }
    assert_eq!(used, [true; 2], "prefixes are spread over the servers");
    let waiting = RedisOptions::default().with_wait_replicas(1);
    assert!(matches!(RedisStore::open_cluster(&[&url], waiting).await, Err(OpenError::Option(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_promote_the_replica() {
    let mut master = Server::start(DURABLE);
    let replica = Server::start(&[
        "--replicaof",
        "127.0.0.1",
        &master.port.to_string(),
        "--repl-diskless-sync-delay",
        "0",
    ]);
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("sentinel.conf");
    let text = format!(
        "sentinel monitor shop 127.0.0.1 {} 1\nsentinel down-after-milliseconds shop 1000\n\
         sentinel failover-timeout shop 2000\n",
        master.port
    );
    std::fs::write(&config, text).unwrap();
    let sentinel = Server::start(&[config.to_str().unwrap(), "--sentinel"]);
    let give_up = Instant::now() + Duration::from_secs(30);
    while !sentinel.ask::<String>(&["INFO", "sentinel"]).contains("slaves=1")
        || !replica.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up")
    {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let options = RedisOptions::default().with_wait_replicas(0);
    let url = sentinel.url();
    let store = RedisStore::open_sentinel(&[&url], "redis://shop/0", options).await.unwrap();
    works(&store).await;
    let fence = store.get(wxhook_idempotency::Lookup::Key("k".to_owned())).await.unwrap().unwrap().fence;
    master.kill();
    let (new, _) = until_it_works(|| accept(&store, "later")).await;
    assert!(new);
    assert!(Some(claim(&store, 2, 1).await.unwrap()[0].fence) > fence);
    assert!(replica.ask::<String>(&["INFO", "replication"]).contains("role:master"));
}
