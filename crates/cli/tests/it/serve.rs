use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wxhook_cli::throwaway::Settings;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Client, Nonces};

use crate::support::{Child, PATIENCE, Shop, finished_with, get, now, text};

#[tokio::test]
async fn it_is_ready_hands_on_and_stops_at_sigterm() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]).await;
    let paid = samples::v3::transaction(&Case::new("1900000109", 7));
    let request = shop.platform.v3(&paid, now(), &Nonces::fresh().unwrap()).unwrap();
    let client = Client::new(PATIENCE);
    for _ in 0..2 {
        assert!(client.post(&server.notify(), &request).await.unwrap().accepted());
    }
    // Both listeners are at work by now: it was answered, and this is.
    assert_eq!(get(&server.admin_addr, "/readyz").await.0, 200);
    let line = server.line(|_| true).await;
    let record: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&record["event_type"], &record["merchant"]), (&"TRANSACTION.SUCCESS".into(), &"shop".into()));
    assert_eq!(record["id"], *paid.id);

    let finished = server.terminate().await;
    assert_eq!(finished.stdout, [line], "stdout carries event records only, and this one once");
    assert!(finished.stderr.iter().any(|line| line.contains("\"ended\"")), "{:#?}", finished.stderr);
    let told = finished.stderr.iter().filter(|line| line.contains("shutting down")).count();
    assert_eq!(told, 1, "{:#?}", finished.stderr);
}

#[tokio::test]
async fn without_a_sink_it_says_so_and_keeps_all() {
    let mut settings = Settings::default();
    settings.stdout = false;
    let shop = Shop::with(&settings);
    let server = shop.serve(&[]).await;
    let paid = samples::v3::transaction(&Case::new("1900000109", 7));
    let request = shop.platform.v3(&paid, now(), &Nonces::fresh().unwrap()).unwrap();
    assert!(Client::new(PATIENCE).post(&server.notify(), &request).await.unwrap().accepted());
    let (status, listing) = get(&server.admin_addr, "/api/events").await;
    assert!(status == 200 && listing.contains(&paid.id), "{listing}");
    let finished = server.terminate().await;
    assert!(finished.stdout.is_empty());
    let told: Vec<_> = finished.stderr.iter().filter(|line| line.contains("sink")).collect();
    assert!(told.len() == 1 && told[0].contains("no sink: an inbox only"), "{told:#?}");
    assert!(told[0].contains("WARN") && told[0].contains("shop"), "{told:#?}");
}

#[tokio::test]
async fn an_address_or_a_store_that_cannot_be_had_is_one_line_with_advice() {
    let shop = Shop::new();
    let (taken, config) = (shop.serve(&[]).await, text(&shop.config));
    let line = async |variable: &str, value: &str| {
        let finished = finished_with(&["serve", "--config", config], &[(variable, value)]).await;
        assert_eq!((finished.status.code(), finished.stdout.len()), (Some(1), 0), "{finished:?}");
        finished.stderr.last().unwrap().clone()
    };
    assert_eq!(
        line("WXHOOK_ADMIN_LISTEN", &taken.admin_addr).await,
        format!(
            "WXHOOK_ADMIN_LISTEN: {} is taken by another program; stop it, or give another port",
            taken.admin_addr
        )
    );
    assert_eq!(
        line("WXHOOK_LISTEN", "192.0.2.1:0").await,
        "WXHOOK_LISTEN: 192.0.2.1 is not an address of this machine; give one that is, or 0.0.0.0"
    );
    assert_eq!(
        line("WXHOOK_STORE__URL", "sqlite:///no/such/folder/n.db").await,
        "WXHOOK_STORE__URL: the folder /no/such/folder does not exist; create it, or correct the path"
    );
    taken.terminate().await;
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]).await;
    // A request that doesn't go on: the server waits for it.
    let mut stream = TcpStream::connect(&server.addr).await.unwrap();
    let head =
        "POST /notify/shop HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"HTTP/1.1 100");

    let began = Instant::now();
    server.signal("TERM").await;
    server.log(|line| line.contains("another signal ends at once")).await;
    server.signal("INT").await;
    let finished = server.finish().await;
    assert_eq!(finished.status.code(), Some(130), "{:#?}", finished.stderr);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_hangup_is_logged_and_ends_nothing() {
    let shop = Shop::new();
    let mut server = shop.serve(&[]).await;
    for _ in 0..3 {
        server.signal("HUP").await;
        let line = server.log(|line| line.contains("SIGHUP")).await;
        assert!(line.contains("WARN") && line.contains("restart to apply changes"), "{line}");
    }
    assert_eq!(get(&server.admin_addr, "/readyz").await.0, 200);

    // Nor while it shuts down: half a body holds it up.
    let mut stream = TcpStream::connect(&server.addr).await.unwrap();
    let head =
        "POST /notify/shop HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).await.unwrap();
    server.signal("TERM").await;
    server.log(|line| line.contains("another signal ends at once")).await;
    server.signal("HUP").await;
    server.log(|line| line.contains("SIGHUP")).await;
    stream.write_all(b"{}").await.unwrap();
    assert_eq!(server.finish().await.status.code(), Some(0));
}

#[tokio::test]
async fn too_few_descriptors_are_told_and_survived() {
    let shop = Shop::new();
    // The soft limit alone is raised.
    let server = Child::serve_limited(&shop.config, "-Sn 200", &[]).await;
    assert!(!server.logged().iter().any(|line| line.contains("fewer files")), "{:#?}", server.logged());
    server.terminate().await;

    let server = Child::serve_limited(&shop.config, "-n 200", &[]).await;
    let told: Vec<_> = server.logged().iter().filter(|line| line.contains("fewer files")).collect();
    assert!(
        told.len() == 1 && told[0].contains("WARN") && told[0].contains("\"connections\":50"),
        "{told:#?}"
    );
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(TcpStream::connect(&server.addr).await.unwrap());
    }
    let client = Client::new(PATIENCE);
    for number in 1..=3 {
        let began = Instant::now();
        let paid = samples::v3::transaction(&Case::new("1900000109", number));
        let request = shop.platform.v3(&paid, now(), &Nonces::fresh().unwrap()).unwrap();
        assert!(client.post(&server.notify(), &request).await.unwrap().accepted());
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    assert_eq!(get(&server.admin_addr, "/readyz").await.0, 200);
    drop(held);
    server.terminate().await;
}

#[tokio::test]
async fn the_store_is_its_owners_only() {
    let shop = Shop::new();
    let server = shop.serve(&[]).await;
    for name in ["wxhook.db", "wxhook.db-wal", "wxhook.db-shm"] {
        let mode = std::fs::metadata(shop.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    server.terminate().await;
}
