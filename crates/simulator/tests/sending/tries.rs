//! Tests of what changes in each try, and what stays the same.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::Barrier;
use wxhook_crypto::v3;
use wxhook_simulator::{Error, Message, Progress, Resource, Sender, Tamper};

use super::server::{FAIL, OK, Reply, Seen, Server};
use super::{NOW, PATIENT, PLATFORM, SERIAL, at_one_time, message, meta, sender};

fn verifies(seen: &Seen) -> bool {
    let (timestamp, nonce) = (seen.header("Wechatpay-Timestamp"), seen.header("Wechatpay-Nonce"));
    let signature = seen.header("Wechatpay-Signature");
    v3::Signed { timestamp, nonce, serial: SERIAL, signature, body: &seen.body }.verify(&PLATFORM.1).is_ok()
}

/// Each is another one.
fn distinct<T: Eq + std::hash::Hash>(all: impl IntoIterator<Item = T>) -> bool {
    let mut known = HashSet::new();
    all.into_iter().all(|one| known.insert(one))
}

/// At a time that is a second later each time it is asked for.
fn ticking(url: &str) -> Sender {
    let seconds = AtomicU64::new(NOW);
    let now = move || UNIX_EPOCH + Duration::from_secs(seconds.fetch_add(1, Ordering::SeqCst));
    let sender = Sender::new(Arc::clone(&PLATFORM.0), url, now).unwrap();
    sender.deadline(PATIENT).speed("100000x".parse().unwrap())
}

#[tokio::test]
async fn each_try_is_encrypted_and_signed_anew_and_keeps_its_id() {
    let server = Server::start(|number| if number <= 5 { FAIL } else { OK }).await;
    let outcome = ticking(&server.url()).deliver(&message(), |_| ()).await.unwrap();
    let seen = server.requests();
    assert_eq!((outcome.accepted, seen.len()), (Some(6), 6));
    assert!(seen.iter().all(verifies));
    for name in ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Request-ID"] {
        assert!(distinct(seen.iter().map(|seen| seen.header(name))), "{name}");
    }
    let member =
        |path| seen.iter().map(|seen| seen.json().pointer(path).unwrap().to_string()).collect::<Vec<_>>();
    assert!(distinct(member("/resource/nonce")) && distinct(member("/resource/ciphertext")));
    for (path, value) in [("/id", "EV-7"), ("/create_time", "2026-01-01T08:00:00+08:00")] {
        assert_eq!(member(path), vec![format!("{value:?}"); 6], "{path}");
    }
    for (attempt, seen) in outcome.attempts.iter().zip(&seen) {
        assert_eq!(attempt.sent.id, "EV-7");
        assert_eq!(attempt.sent.timestamp.to_string(), seen.header("Wechatpay-Timestamp"));
    }
}

#[tokio::test]
async fn each_try_can_have_an_id_of_its_own() {
    let server = Server::start(|number| if number <= 3 { FAIL } else { OK }).await;
    let outcome = sender(&server.url()).new_ids(true).deliver(&message(), |_| ()).await.unwrap();
    let ids: Vec<_> =
        server.requests().iter().map(|seen| seen.json()["id"].as_str().unwrap().to_owned()).collect();
    assert!(distinct(&ids) && ids[0] == "EV-7" && ids.iter().all(|id| id.len() <= 36));
    assert_eq!(outcome.attempts.iter().map(|attempt| attempt.sent.id.clone()).collect::<Vec<_>>(), ids);
    assert!(server.requests().iter().all(verifies));
}

#[tokio::test]
async fn several_servers_send_at_the_same_moment() {
    let barrier = Arc::new(Barrier::new(4));
    let server = Server::start(move |_| Reply::Together(Arc::clone(&barrier))).await;
    let sender = sender(&server.url()).duplicates(NonZeroU32::new(4).unwrap());
    let outcome = sender.deliver(&message(), |_| ()).await.unwrap();
    // none of them was answered before all were there
    assert_eq!((outcome.accepted, outcome.tries, outcome.attempts.len()), (Some(1), 1, 4));
    let seen = server.requests();
    assert!(distinct(server.peers()) && distinct(seen.iter().map(|seen| seen.header("Wechatpay-Nonce"))));
    assert!(seen.iter().all(|seen| verifies(seen) && seen.json()["id"] == "EV-7"));
    let mut copies: Vec<_> = outcome.attempts.iter().map(|attempt| attempt.sent.copy).collect();
    copies.sort_unstable();
    assert_eq!(copies, [1, 2, 3, 4]);
}

#[tokio::test]
async fn one_accepted_copy_is_enough() {
    let server = Server::start(|number| if number % 3 == 0 { OK } else { FAIL }).await;
    let sender = sender(&server.url()).duplicates(NonZeroU32::new(2).unwrap());
    let outcome = sender.deliver(&message(), |_| ()).await.unwrap();
    assert_eq!((outcome.accepted, outcome.attempts.len()), (Some(2), 4));
}

#[tokio::test]
async fn it_tells_what_happens_as_it_happens() {
    let server = Server::start(|number| if number == 1 { FAIL } else { OK }).await;
    let mut told = Vec::new();
    let watch = |progress: Progress<'_>| {
        told.push(match progress {
            Progress::Sent(sent) => format!("sent {} at {:?}", sent.number, sent.at),
            Progress::Answered(attempt) => format!("answered {} {:?}", attempt.sent.number, attempt.status()),
            _ => panic!(),
        });
    };
    sender(&server.url()).deliver(&message(), watch).await.unwrap();
    assert_eq!(told, ["sent 1 at 0ns", "answered 1 Some(500)", "sent 2 at 15s", "answered 2 Some(200)"]);
}

#[tokio::test]
async fn a_fault_is_in_every_try() {
    let server = Server::start(|number| if number <= 2 { FAIL } else { OK }).await;
    for message in [message().probe(), message().tamper(Tamper::Nonce)] {
        let before = server.requests().len();
        let outcome = sender(&server.url()).deliver(&message, |_| ()).await.unwrap();
        assert!(server.requests()[before..].iter().all(|seen| !verifies(seen)));
        assert!(outcome.attempts.iter().all(|attempt| attempt.sent.fault == message.fault()));
    }
    let probe = &server.requests()[0];
    assert!(probe.header("Wechatpay-Signature").starts_with("WECHATPAY/SIGNTEST/"));
    assert!(distinct(server.requests()[..3].iter().map(|seen| seen.header("Wechatpay-Signature"))));
}

#[tokio::test]
async fn the_same_seed_and_time_give_the_same_bytes() {
    let server = Server::start(|number| if number % 4 == 0 { OK } else { FAIL }).await;
    let refund = meta("v2/refund-processed", None);
    let resource = wxhook_simulator::Example::new(&refund, &*wxhook_events::catalog()).resource();
    for message in [message(), message().probe(), Message::new(&refund, "", resource)] {
        let mut runs = Vec::new();
        for seed in [7, 7, 8] {
            let before = server.bytes().len();
            at_one_time(&server.url()).seed(seed).deliver(&message, |_| ()).await.unwrap();
            runs.push(server.bytes().split_off(before));
        }
        assert_eq!(runs[0].len(), 4);
        assert_eq!(runs[0], runs[1]);
        assert!(runs[0].iter().zip(&runs[2]).all(|(one, other)| one != other));
    }
}

#[tokio::test]
async fn another_content_has_other_nonces_for_one_seed() {
    let server = Server::start(|_| OK).await;
    let mut changed = message().resource().clone();
    changed.set("attach", "other").unwrap();
    for message in [message(), Message::new(message().meta(), "EV-7", changed)] {
        at_one_time(&server.url()).seed(7).deliver(&message, |_| ()).await.unwrap();
    }
    assert!(distinct(server.requests().iter().map(|seen| seen.json()["resource"]["nonce"].to_string())));
}

#[tokio::test]
async fn what_cannot_be_made_is_an_error_and_nothing_is_sent() {
    let server = Server::start(|_| OK).await;
    let refund = meta("v2/refund-processed", None);
    let empty = Resource::parse("{}").unwrap();
    let message = Message::new(&refund, "", empty.clone());
    let outcome = sender(&server.url()).deliver(&message, |_| ()).await;
    assert!(matches!(outcome, Err(Error::Resource(_))));
    let outcome = sender(&server.url()).deliver(&Message::new(&refund, "", empty).probe(), |_| ()).await;
    assert!(matches!(outcome, Err(Error::Probe)));
    assert!(server.requests().is_empty());
    for url in ["", "https://example.com/", "/notify"] {
        let sender = Sender::new(Arc::clone(&PLATFORM.0), url, std::time::SystemTime::now);
        assert!(matches!(sender, Err(Error::Url)), "{url}");
    }
}
