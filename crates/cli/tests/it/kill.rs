//! kill -9 at any moment loses nothing that was answered with success.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_idempotency::{Filter, Seq, State, Store as _};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Client, Nonces, Prepared, SignedRequest};

use crate::support::{Child, Finished, Shop, now};

/// Kills.
const ROUNDS: u32 = 4;
/// Notifications of a round.
const MANY: u32 = 300;
/// Requests at a time.
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_handed_on_and_kept() {
    let shop = Shop::new();
    let (mut answered, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let signed: Vec<_> =
            (round * MANY..(round + 1) * MANY).map(|number| notification(&shop, number)).collect();
        let server = shop.serve(&[]).await;
        let kill_after = random_within(MANY / 10..MANY * 8 / 10);
        let (accepted, finished) = storm(server, signed, kill_after).await;
        assert!(finished.status.code().is_none(), "it was killed: {finished:?}");
        assert!(accepted.len() >= kill_after, "round {round}: {} of {kill_after}", accepted.len());
        assert!(accepted.len() < usize::try_from(MANY).unwrap(), "round {round}: killed in the middle");
        answered.extend(accepted);
        seen.extend(finished.stdout.iter().filter_map(|line| transaction(line)));
    }

    // What was being handed on when a server was killed is due once its lease is over.
    let mut server = shop.serve(&[]).await;
    while !answered.is_subset(&seen) {
        let line = server.line(|line| transaction(line).is_some()).await;
        seen.extend(transaction(&line));
    }
    let finished = server.terminate().await;
    seen.extend(finished.stdout.iter().filter_map(|line| transaction(line)));

    let stored = stored(&shop).await;
    assert_eq!(answered.difference(&stored).count(), 0, "answered, but not in the store");
    assert_eq!(seen.difference(&stored).count(), 0, "handed on, but not in the store");
}

/// Sends all, a few at a time, and kills the server as soon as `kill_after` were answered with success. Returns what was.
pub(crate) async fn storm(
    mut server: Child,
    signed: Vec<(String, SignedRequest)>,
    kill_after: usize,
) -> (BTreeSet<String>, Finished) {
    let (client, url) = (Client::new(Duration::from_secs(5)), server.notify());
    let mut waiting = signed
        .into_iter()
        .map(|(transaction, request)| (transaction, Prepared::new(&url, &request).unwrap()));
    let send = |(transaction, request): (String, Prepared)| {
        let client = client.clone();
        async move { client.send(&request).await.is_ok_and(|answer| answer.accepted()).then_some(transaction) }
    };
    let (mut running, mut accepted) = (JoinSet::new(), BTreeSet::new());
    waiting.by_ref().take(AT_ONCE).for_each(|next| drop(running.spawn(send(next))));
    let mut killed = false;
    while let Some(outcome) = running.join_next().await {
        accepted.extend(outcome.unwrap());
        if accepted.len() >= kill_after && !killed {
            server.kill();
            killed = true;
        }
        if let Some(next) = waiting.next().filter(|_| !killed) {
            running.spawn(send(next));
        }
    }
    (accepted, server.finish().await)
}

/// The transaction that it tells of, and the notification: one protocol and the other in turn.
pub(crate) fn notification(shop: &Shop, number: u32) -> (String, SignedRequest) {
    let (case, nonces) = (Case::new("1900000109", number), Nonces::fresh().unwrap());
    if number.is_multiple_of(2) {
        let paid = samples::v3::transaction(&case);
        let resource: Value = serde_json::from_str(&paid.resource).unwrap();
        let transaction = resource["transaction_id"].as_str().unwrap();
        (format!("v3 {transaction}"), shop.platform.v3(&paid, now(), &nonces).unwrap())
    } else {
        let fields = samples::v2::payment(&case);
        let transaction = fields.iter().find(|(name, _)| name == "transaction_id").unwrap().1.clone();
        (format!("v2 {transaction}"), shop.platform.v2(fields, SignAlgorithm::HmacSha256, &nonces).unwrap())
    }
}

/// Returns the transaction id in a line of stdout. The last line before a kill may be torn.
pub(crate) fn transaction(line: &str) -> Option<String> {
    let record: Value = serde_json::from_str(line).ok()?;
    Some(format!("{} {}", record["protocol"].as_str()?, record["resource"]["transaction_id"].as_str()?))
}

/// The transactions in the store; all of them are done.
pub(crate) async fn stored(shop: &Shop) -> BTreeSet<String> {
    let store = SqliteStore::open(shop.file("wxhook.db"), SqliteOptions::default()).unwrap();
    let (mut found, mut before): (_, Option<Seq>) = (BTreeSet::new(), None);
    loop {
        let page = store.list(Filter::default(), before, 500).await.unwrap();
        for record in &page.records {
            let body: Value = serde_json::from_slice(&record.body).unwrap();
            let (protocol, resource) = (&body["content"]["protocol"], &body["resource"]);
            let transaction = resource["transaction_id"].as_str().unwrap();
            assert!(found.insert(format!("{} {transaction}", protocol.as_str().unwrap())), "one record each");
            // Not answered, but accepted before a kill: its lease may still run.
            assert!(matches!(record.state, State::Done | State::Leased | State::Ready), "{record:?}");
        }
        before = page.next;
        if before.is_none() {
            return found;
        }
    }
}

pub(crate) fn random_within(range: std::ops::Range<u32>) -> usize {
    let random = RandomState::new().hash_one(());
    usize::try_from(u64::from(range.start) + random % u64::from(range.end - range.start)).unwrap()
}
