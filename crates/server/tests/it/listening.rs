//! Connections: slow ones, too many, and those that are open when the server stops.

use crate::folder::{Folder, SMALL, WHOLE};
use crate::http::{exchange, read_reply};
use crate::running::{Running, payment};
use crate::stores::Faults;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wxhook_delivery::{LineSink, SharedSink};
use wxhook_idempotency::{Entry, Fingerprint, Lookup, MemoryStore, SharedStore, State, Store as _};
use wxhook_server::{Error, Limits, Server};

const QUICK: &str = "[limits]\nheader_timeout = \"150ms\"\nbody_timeout = \"150ms\"\n[store]";

/// A whole request with the payment of this number.
fn bytes(number: u32) -> Vec<u8> {
    let body = payment(number).body;
    let head = format!("POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body].concat()
}

#[tokio::test]
async fn half_a_request_is_cut_off() {
    let usual = Limits::default();
    assert!(usual.header_timeout + usual.body_timeout < Duration::from_secs(10), "both halves together");
    let server = Running::with(&SMALL.replace("[store]", QUICK), |builder| builder);
    for half in ["", "POST", "POST /notify/shop HTTP/1.1\r\nHost: a\r\nX: "] {
        let began = Instant::now();
        let answer = exchange(server.addr, half.as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{half:?}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(5), "{half:?}");
    }
    let half = "POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n<xml>";
    let answer = exchange(server.addr, half.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let answer = exchange(server.addr, &bytes(1)).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "answered, and closed when idle: {answer}");
    server.stop().await;
}

#[tokio::test]
async fn who_reads_no_answers_is_cut_off() {
    let server = Running::with(&SMALL.replace("[store]", QUICK), |builder| builder);
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let asks = b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000);
    let began = Instant::now();
    // Until the server's answers fill every buffer, it stops reading, and then closes.
    while stream.write_all(&asks).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    server.stop().await;
}

#[tokio::test]
async fn records_of_a_sink_that_is_gone_go_to_the_common_one() {
    let store = MemoryStore::default();
    let entry = || Entry::new("shop/X/a=1", Fingerprint::new(1, [7; 32]), "not a record", "merchant/shop");
    store.accept(entry()).await.unwrap();
    let server = Running::with(SMALL, |builder| {
        builder
            .with_store(SharedStore::new(store.clone()))
            .with_sink(SharedSink::new(LineSink::new("x", Vec::new())))
    });
    // What isn't a record is parked by the worker that claims it; here it is enough that one does.
    while store.get(Lookup::Key("shop/X/a=1".into())).await.unwrap().unwrap().state != State::Parked {
        server.get("/healthz").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_large_body_is_refused_before_it_is_read() {
    let server = Running::small(MemoryStore::default());
    let head = "POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n";
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let reply = read_reply(&mut stream).await;
    assert_eq!(reply.status, 413);
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn connections_are_kept() {
    let server = Running::small(MemoryStore::default());
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    for number in 1..=3 {
        let request = payment(number);
        let head = format!(
            "POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            request.body.len()
        );
        stream.write_all(&[head.as_bytes(), &request.body].concat()).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.status, 200);
    }
    drop(stream);
    server.stop().await;
}

#[tokio::test]
async fn a_running_request_ends_when_the_server_stops() {
    let store = Faults::closed();
    let (gate, entered) = (store.layer.gate.clone(), store.layer.entered.clone());
    let mut server = Running::small(store);
    let admin = server.admin;
    let mut idle = TcpStream::connect(server.addr).await.unwrap();
    let unsigned = b"POST /notify/shop HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    idle.write_all(unsigned).await.unwrap();
    assert_eq!(read_reply(&mut idle).await.status, 401);

    let addr = server.addr;
    let mut running = TcpStream::connect(addr).await.unwrap();
    running.write_all(&bytes(1)).await.unwrap();
    entered.acquire().await.unwrap().forget();

    server.begin_to_stop();
    let ready = server.get_until("/readyz", |reply| reply.status == 503).await;
    assert_eq!(ready.json()["not_ready"][0]["part"], "server");
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "idle connections are closed");
    while TcpStream::connect(addr).await.is_ok() {}
    gate.add_permits(1);
    let reply = read_reply(&mut running).await;
    assert_eq!(reply.status, 200);
    assert!(reply.head.contains("connection: close"), "{}", reply.head);
    server.stop().await;
    assert!(TcpStream::connect(admin).await.is_err(), "the admin port is closed at last");
}

#[tokio::test]
async fn what_can_fail_fails_before_a_port_is_open() {
    let folder = Folder::new();
    let bind = async |text: &str| {
        Server::bind(folder.load(text).unwrap(), wxhook_events::catalog()).await.map(|_| ())
    };
    std::fs::create_dir(folder.path().join("wxhook.db")).unwrap();
    let error = bind(WHOLE).await.unwrap_err();
    assert!(matches!(error, Error::Store { .. }), "{error:?}");
    assert!(error.to_string().ends_with("wxhook.db is a folder; give the path of a file"), "{error}");

    let taken = Running::small(MemoryStore::default());
    for (key, addr) in [("listen", taken.addr), ("admin_listen", taken.admin)] {
        let text = SMALL.replace(&format!("\n{key} = \"127.0.0.1:0\""), &format!("\n{key} = \"{addr}\""));
        let error = bind(&text).await.unwrap_err();
        let line = text.lines().position(|line| line.starts_with(key)).unwrap() + 1;
        let says = format!("wxhook.toml:{line}: {key}: {addr} is taken by another program; stop it");
        assert!(error.to_string().contains(&says), "{error}");
    }
    taken.stop().await;

    let simulator = format!("{SMALL}[simulator]\nserial = \"1\"\nprivate_key_file = \"key.pem\"\n");
    assert!(bind(&simulator).await.is_ok());
    let public = simulator.replace("\nlisten = \"127.0.0.1:0\"", "\nlisten = \"0.0.0.0:0\"");
    assert!(matches!(bind(&public).await, Err(Error::Config(_))));
}

#[tokio::test]
async fn a_server_tells_where_it_is() {
    let folder = Folder::new();
    let server = Server::bind(folder.load(WHOLE).unwrap(), wxhook_events::catalog()).await.unwrap();
    assert!(server.addr().port() != 0 && server.admin_addr().port() != 0);
    let path = folder.path().join("wxhook.db");
    assert_eq!(server.store_path(), Some(&*path));
    assert_eq!(server.store_url(), format!("sqlite://{}", path.display()));
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
