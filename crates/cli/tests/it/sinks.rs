//! The file and the HTTP sink of a server that is killed, talks TLS, and has a proxy in its environment.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Client, Nonces, SignedRequest};

use crate::kill::{notification, random_within, stored, storm, transaction};
use crate::support::{Child, PATIENCE, Shop, finished, get, now, text};

/// Kills, and notifications of each round.
const ROUNDS: u32 = 3;
const MANY: u32 = 200;

/// A shop with this sink.
fn shop(sink: &str) -> Shop {
    let shop = Shop::new();
    let config = std::fs::read_to_string(&shop.config).unwrap();
    assert!(config.contains("kind = \"stdout\""));
    std::fs::write(&shop.config, config.replace("kind = \"stdout\"", sink)).unwrap();
    shop
}

/// Returns the transactions in all of the file sink's files, and the number of lines that aren't JSON.
///
/// A running server may rename or remove a file between the listing and the reading: such a file is skipped.
fn in_files(folder: &Path) -> (BTreeSet<String>, usize) {
    let (mut found, mut torn) = (BTreeSet::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("events.jsonl") {
            let content = match std::fs::read_to_string(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                content => content.unwrap(),
            };
            for line in content.lines() {
                match transaction(line) {
                    Some(transaction) => drop(found.insert(transaction)),
                    None => torn += 1,
                }
            }
        }
    }
    (found, torn)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_no_line_of_a_file() {
    let shop = shop("kind = \"file\"\npath = \"events.jsonl\"\nrotate_size = \"64KiB\"");
    let mut answered = BTreeSet::new();
    for round in 0..ROUNDS {
        let signed: Vec<_> =
            (round * MANY..(round + 1) * MANY).map(|number| notification(&shop, number)).collect();
        let server = shop.serve(&[]).await;
        let (accepted, finished) = storm(server, signed, random_within(MANY / 10..MANY * 8 / 10)).await;
        assert!(finished.status.code().is_none(), "it was killed: {finished:?}");
        answered.extend(accepted);
    }
    // What was being written when the server was killed is due once its lease is over.
    let server = shop.serve(&[]).await;
    while !answered.is_subset(&in_files(shop.folder.path()).0) {
        get(&server.admin_addr, "/healthz").await;
    }
    let finished = server.terminate().await;
    assert!(finished.stdout.is_empty());
    let (found, torn) = in_files(shop.folder.path());
    assert!(torn <= usize::try_from(ROUNDS).unwrap(), "at most one for each kill: {torn}");
    let stored = stored(&shop).await;
    assert_eq!(found.difference(&stored).count(), 0, "handed on, but not in the store");
    let files = std::fs::read_dir(shop.folder.path()).unwrap().count();
    assert!(files > 8, "some are set aside: {files}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_is_verified_and_a_proxy_in_the_environment_is_not_asked() {
    let (ca, port, mut bodies) = tls_server().await;
    let shop = shop(&format!("kind = \"http\"\nurl = \"https://localhost:{port}/events\""));
    let trusted = shop.folder.path().join("ca.pem");
    std::fs::write(&trusted, ca).unwrap();
    let other = KeyPair::generate().unwrap();
    let stranger =
        CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&other).unwrap().pem();
    let distrusted = shop.folder.path().join("other.pem");
    std::fs::write(&distrusted, stranger).unwrap();
    // Nobody listens there.
    let proxy = "http://127.0.0.1:9";
    let proxies = ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, proxy));

    let variables = [&proxies[..], &[("SSL_CERT_FILE", text(&distrusted))]].concat();
    let server = Child::serve_with(&shop.config, &[], &variables).await;
    assert!(Client::new(PATIENCE).post(&server.notify(), &paid(&shop)).await.unwrap().accepted());
    let why = loop {
        let (_, record) = get(&server.admin_addr, "/api/events/1").await;
        let record: Value = serde_json::from_str(record.split("\r\n\r\n").last().unwrap()).unwrap();
        if let Some(why) = record["error"].as_str() {
            break why.to_owned();
        }
    };
    assert!(why.starts_with("can't connect: ") && why.contains("certificate"), "{why}");
    server.terminate().await;
    assert!(bodies.try_recv().is_err());

    let variables = [&proxies[..], &[("SSL_CERT_FILE", text(&trusted))]].concat();
    let server = Child::serve_with(&shop.config, &[], &variables).await;
    let record: Value = serde_json::from_str(&bodies.recv().await.unwrap()).unwrap();
    assert_eq!((&record["seq"], &record["event_type"]), (&1.into(), &"TRANSACTION.SUCCESS".into()));
    server.terminate().await;
}

#[tokio::test]
async fn checking_shows_sinks_and_no_secret() {
    let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let sink = format!("kind = \"http\"\nurl = \"http://u:pwpw@{addr}/a?t=pwpw\"\nsecret = \"{secret}\"");
    let shop = shop(&sink);
    let config = std::fs::read_to_string(&shop.config).unwrap();
    let own = "\n[merchant.sink]\nkind = \"file\"\npath = \"own.jsonl\"\n";
    std::fs::write(&shop.config, config + own).unwrap();
    let checked = finished(&["check", "--config", text(&shop.config)]).await;
    let summary = checked.stdout.join("\n");
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    assert!(summary.contains(&format!("  sink      http http://{addr}/a, signed\n")), "{summary}");
    assert!(summary.contains("own sink file ") && summary.contains("own.jsonl"), "{summary}");
    assert!(!summary.contains("pwpw") && !summary.contains("MDEy"), "{summary}");
    assert!(!shop.folder.path().join("own.jsonl").exists(), "checking makes no file");
}

fn paid(shop: &Shop) -> SignedRequest {
    let paid = samples::v3::transaction(&Case::new("1900000109", 7));
    shop.platform.v3(&paid, now(), &Nonces::fresh().unwrap()).unwrap()
}

/// A server with a certificate of its own, which is given, its port, and the bodies that are posted to it.
pub(crate) async fn tls_server() -> (String, u16, UnboundedReceiver<String>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, bodies) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Who doesn't trust the certificate goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = String::new();
            let whole = |request: &str| {
                let (head, body) = request.split_once("\r\n\r\n")?;
                let length =
                    head.to_lowercase().split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
                (body.len() >= length).then(|| body.to_owned())
            };
            while whole(&request).is_none() {
                let mut piece = [0; 4096];
                let Ok(read @ 1..) = stream.read(&mut piece).await else { break };
                request.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            if let Some(body) = whole(&request) {
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                let _ = stream.shutdown().await;
                let _ = tell.send(body);
            }
        }
    });
    (certificate.pem(), port, bodies)
}
