//! Entries, and what is done with them.

use std::time::Duration;
use wxhook_idempotency::{AcceptResult, Claim, ClaimId, Entry, Error, Fingerprint, Lease, Seq, Store as _};
use wxhook_idempotency_redis::RedisStore;

pub fn entry(key: &str) -> Entry {
    let mut entry = Entry::new(key, Fingerprint::new(1, [7; 32]), vec![b'x'; 1024], "sink");
    entry.aliases.push(format!("EV-{key}"));
    entry
}

/// Returns whether it was new, and its number.
pub async fn accept(store: &RedisStore, key: &str) -> Result<(bool, Seq), Error> {
    Ok(match store.accept(entry(key)).await? {
        AcceptResult::New { seq } => (true, seq),
        AcceptResult::Duplicate { seq, .. } => (false, seq),
        other => panic!("{other:?}"),
    })
}

pub async fn claim(store: &RedisStore, id: u128, most: usize) -> Result<Vec<Lease>, Error> {
    store.claim_due(Claim::new(ClaimId::new(id), ["sink"], most, Duration::from_secs(60))).await
}

/// An error that may pass, with its causes.
#[track_caller]
pub fn unavailable<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Unavailable(cause)) => cause.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Again and again until it works, for half a minute.
pub async fn until_it_works<T, F: Future<Output = Result<T, Error>>>(step: impl Fn() -> F) -> T {
    let give_up = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        match step().await {
            Ok(answer) => return answer,
            Err(Error::Unavailable(_)) if tokio::time::Instant::now() < give_up => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}
