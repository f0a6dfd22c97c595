//! Requests that are signed before they are sent.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use wxhook_simulator::{Batch, Pace, Summary};

use super::server::{FAIL, OK, Reply, Server};
use super::{at_one_time, campaign, sender};

const CLOSING: Reply = Reply::Last("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");

fn pace(connections: u32) -> Pace {
    Pace::new().concurrency(NonZeroU32::new(connections).unwrap())
}

async fn send(batch: &Batch, connections: u32) -> Summary {
    batch.send(pace(connections), |_| ()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_sent_once() {
    let server = Server::start(|number| if number % 10 == 0 { FAIL } else { OK }).await;
    let campaign = campaign(7).count(200).duplicated(0.5, NonZeroU32::new(2).unwrap());
    let told = AtomicU32::new(0);
    let batch = sender(&server.url()).prepare(&campaign, |done| {
        told.fetch_max(done, Ordering::SeqCst);
    });
    let batch = batch.unwrap();
    assert_eq!(told.into_inner(), 200);
    let copies: u32 = (0..200).map(|nth| campaign.copies(nth).map_or(1, NonZeroU32::get)).sum();
    assert_eq!(batch.len(), usize::try_from(copies).unwrap());
    assert!(copies > 256, "{copies}");
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let summary = batch.send(pace(8), move |over| telling.lock().unwrap().push(over)).await.unwrap();
    let copies = u64::from(copies);
    assert_eq!((summary.attempts, summary.notifications), (copies, copies));
    assert_eq!((summary.statuses[&500], summary.given_up), (copies / 10, copies / 10));
    assert_eq!((summary.accepted, summary.latencies.count()), (copies - copies / 10, copies));
    assert_eq!(*told.lock().unwrap(), [256]);
    let mut bytes = server.bytes();
    bytes.sort();
    bytes.dedup();
    assert_eq!(u64::try_from(bytes.len()).unwrap(), copies);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_as_a_delivery() {
    let server = Server::start(|_| OK).await;
    let sender = at_one_time(&server.url());
    let campaign = campaign(7).count(20).probes(0.3).v2(0.3);
    for _ in 0..2 {
        send(&sender.prepare(&campaign, |_| ()).unwrap(), 1).await;
    }
    sender.campaign(&campaign, pace(1), |_| ()).await.unwrap();
    let runs = server.requests();
    for (nth, one) in runs[..20].iter().enumerate() {
        for other in [&runs[nth + 20], &runs[nth + 40]] {
            assert_eq!(one.body, other.body);
            assert!(one.headers.iter().all(|(name, value)| other.header(name) == value), "{one:?} {other:?}");
        }
    }
    assert_eq!(server.bytes()[..20], server.bytes()[20..40]);
}

#[tokio::test]
async fn a_closed_connection_is_opened_again() {
    let server = Server::start(|_| CLOSING).await;
    let batch = sender(&server.url()).prepare(&campaign(7).count(20), |_| ()).unwrap();
    let summary = send(&batch, 1).await;
    assert_eq!((summary.accepted, server.peers().len()), (20, 20));
    let peers: HashSet<_> = server.peers().into_iter().collect();
    assert_eq!(peers.len(), 20);
}

#[tokio::test]
async fn what_has_no_answer_is_counted() {
    let closed = Arc::new(Notify::new());
    let server = Server::start(move |_| Reply::UntilClosed(Arc::clone(&closed))).await;
    let short = Duration::from_millis(50);
    let batch = sender(&server.url()).deadline(short).prepare(&campaign(7).count(4), |_| ()).unwrap();
    let summary = send(&batch, 2).await;
    assert_eq!((summary.timeouts, summary.given_up, summary.latencies.count()), (4, 4, 0));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let summary = send(&sender(&url).prepare(&campaign(7).count(4), |_| ()).unwrap(), 2).await;
    assert_eq!((summary.failures, summary.given_up, summary.attempts), (4, 4, 4));
}

#[tokio::test]
async fn dropping_it_ends_it() {
    let closed = Arc::new(Notify::new());
    let told = Arc::clone(&closed);
    let server = Server::start(move |_| Reply::UntilClosed(Arc::clone(&told))).await;
    let batch = sender(&server.url()).prepare(&campaign(7).count(4), |_| ()).unwrap();
    let sending = tokio::spawn(async move { send(&batch, 1).await });
    server.wait_for(1).await;
    sending.abort();
    closed.notified().await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn nothing_is_nothing() {
    let server = Server::start(|_| OK).await;
    let batch = sender(&server.url()).prepare(&campaign(7).count(0), |_| ()).unwrap();
    assert!(batch.is_empty());
    assert_eq!(send(&batch, 4).await.attempts, 0);
}
