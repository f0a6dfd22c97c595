use crate::fault::{Fault, operating};
use crate::link::Link;
use crate::options::RedisOptions;
use redis::{Cmd, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use wxhook_idempotency::Error;

/// Progress of replicas and files with the changes of one connection.
///
/// `WAIT` covers every change made over its connection before it, and holds the connection up until it is answered. So
/// it is asked once for all who wait, and then once for all who came meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    asked: AtomicU64,
    settled: tokio::sync::Mutex<Settled>,
}

/// Up to which tickets it is known. What covers a later ticket covers every earlier one.
#[derive(Debug, Default)]
struct Settled {
    confirmed: u64,
    refused: Option<(u64, Fault)>,
}

impl Settled {
    fn of(&self, ticket: u64) -> Option<Result<(), Fault>> {
        if ticket <= self.confirmed {
            return Some(Ok(()));
        }
        let (_, fault) = self.refused.as_ref().filter(|(upto, _)| ticket <= *upto)?;
        Some(Err(fault.clone()))
    }
}

/// Returns when what was changed over this connection so far is as safe as the options ask for.
///
/// # Errors
/// When it isn't in time, or that can't be known.
pub(crate) async fn confirm(link: &Link, options: &RedisOptions) -> Result<(), Error> {
    let ticket = link.waiting.asked.fetch_add(1, Ordering::SeqCst) + 1;
    let mut settled = link.waiting.settled.lock().await;
    if let Some(known) = settled.of(ticket) {
        return known.map_err(Error::from);
    }
    let upto = link.waiting.asked.load(Ordering::SeqCst);
    let answer = link.connection.clone().send(&command(options)).await.map_err(|error| operating(&error))?;
    let checked = check(answer, options);
    match &checked {
        Ok(()) => settled.confirmed = upto,
        Err(fault) => settled.refused = Some((upto, fault.clone())),
    }
    checked.map_err(Error::from)
}

fn command(options: &RedisOptions) -> Cmd {
    let mut command = redis::cmd(if options.wait_aof { "WAITAOF" } else { "WAIT" });
    if options.wait_aof {
        command.arg(1);
    }
    // 0 would mean for ever.
    let millis = options.wait_timeout.as_millis().max(1);
    command.arg(options.wait_replicas).arg(u64::try_from(millis).unwrap_or(u64::MAX));
    command
}

/// The servers say how many have it, even if that is fewer than what was asked for.
fn check(answer: Value, options: &RedisOptions) -> Result<(), Fault> {
    let wanted = i64::from(options.wait_replicas);
    let (on_disk, got) = match answer {
        Value::Int(replicas) if !options.wait_aof => (true, replicas),
        Value::Array(counts) => match <[Value; 2]>::try_from(counts) {
            Ok([Value::Int(local), Value::Int(replicas)]) => (local >= 1, replicas),
            _ => return Err(Fault::Answer),
        },
        _ => return Err(Fault::Answer),
    };
    if !on_disk {
        Err(Fault::NotOnDisk)
    } else if got < wanted {
        Err(Fault::Replicas { got, wanted })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_checked() {
        let replicas = RedisOptions::default().with_wait_replicas(2);
        assert!(check(Value::Int(2), &replicas).is_ok() && check(Value::Int(3), &replicas).is_ok());
        assert!(matches!(check(Value::Int(1), &replicas), Err(Fault::Replicas { got: 1, wanted: 2 })));
        assert!(matches!(check(Value::Nil, &replicas), Err(Fault::Answer)));
        let files = replicas.with_wait_aof(true);
        let pair = |local, replicas| Value::Array(vec![Value::Int(local), Value::Int(replicas)]);
        assert!(check(pair(1, 2), &files).is_ok());
        assert!(matches!(check(pair(0, 2), &files), Err(Fault::NotOnDisk)));
        assert!(matches!(check(pair(1, 1), &files), Err(Fault::Replicas { got: 1, wanted: 2 })));
        assert!(matches!(check(Value::Int(2), &files), Err(Fault::Answer)));
    }

    #[test]
    fn each_ticket_gets_its_own_answer() {
        let mut settled = Settled { confirmed: 3, refused: Some((5, Fault::NotOnDisk)) };
        assert!(matches!(settled.of(3), Some(Ok(()))) && matches!(settled.of(4), Some(Err(_))));
        assert!(matches!(settled.of(5), Some(Err(_))) && settled.of(6).is_none());
        settled.confirmed = 6;
        assert!(matches!(settled.of(4), Some(Ok(()))), "what came later covers it");
    }
}
