use crate::call::Call;
use crate::client::Client;
use crate::error::OpenError;
use crate::fault::{Fault, is_forbidden};
use crate::memory::{self, Replacement};
use crate::reply::{Parts, word};
use crate::script::OPEN;
use redis::{Cmd, Value};
use tokio::time::timeout;
use wxhook_idempotency::{Durability, Error, StoreId};

/// The version of how records are laid out. Stores of the older one are opened and become of this one: the records are the
/// same, and the books say more.
const LAYOUT: &str = "2.1";
const OLDER_LAYOUT: &str = "2";
const OLDEST: (u32, u32) = (7, 0);
const OLDEST_WAITAOF: (u32, u32) = (7, 2);

/// The policy under which a server removes nothing.
pub(crate) const NO_EVICTION: &str = "noeviction";

/// Looks whether the server will do, and opens the store or creates one. Gives how far a change survives.
pub(crate) async fn prepare(client: &Client, at: &str) -> Result<Durability, OpenError> {
    let unavailable = |source: Error| OpenError::Unavailable { at: at.to_owned(), source };
    let info = match information(client, "").await {
        Err(error) if is_forbidden(&error) => {
            if client.watch.is_news() {
                tracing::warn!(
                    at,
                    "the redis user may not ask INFO: restarts, failovers and eviction aren't noticed, and numbers go on \
                     at the clock after each start; allow `+info`"
                );
            }
            String::new()
        }
        info => info.map_err(unavailable)?,
    };
    if !info.is_empty() {
        version(client, &info, at)?;
    }
    if field(&info, "cluster_enabled") == Some("1") {
        client.options.check_cluster()?;
    }
    check_policy_of(client, &info, at).await?;
    let durability = durability(client, &info, at).await.map_err(unavailable)?;
    let new_id = StoreId::new(fastrand::u128(..)).to_string();
    let opened = open(client, &info, durability, Some(new_id)).await;
    let foreign = |problem| OpenError::Foreign { at: at.to_owned(), problem };
    let opened = match opened {
        Err(Error::Corrupt(_)) => return Err(foreign("aren't a store's; configure another prefix")),
        opened => opened.map_err(unavailable)?,
    };
    let Opened { id, how, goes_on_at_clock } = match opened {
        Ok(opened) => opened,
        Err(problem) => return Err(foreign(problem)),
    };
    client.memory.set_id(id);
    let evicted = client.watch.begin(&info);
    match &*how {
        "new" => {
            tracing::warn!(at, prefix = client.options.prefix, store = %id, "a new, empty store was created in redis")
        }
        "upgraded" => {
            tracing::info!(at, store = %id, "the store in redis was made by an older version, which can't open it any more")
        }
        "restored" => {
            tracing::warn!(at, store = %id, "the store in redis had no id: it counts as restored, and has a new one")
        }
        _ => tracing::info!(at, store = %id, "opened the store in redis"),
    }
    if goes_on_at_clock {
        tracing::warn!(
            at,
            "redis may have lost its last writes since the store was last open (it was restarted, replaced or restored): \
             numbers go on at the clock in microseconds, so that none is given twice"
        );
    }
    if evicted > 0 && how != "new" {
        tracing::warn!(
            at,
            evicted,
            "redis has removed keys to free memory since it was started, which may have been records of this store"
        );
    }
    Ok(durability)
}

/// Looks again whether the server will do and has the store that was opened, after it was restarted or changed.
pub(crate) async fn check_again(client: &Client) -> Result<(), Error> {
    let info = information(client, "").await?;
    if policy(client, &info).await?.is_some_and(|policy| policy != NO_EVICTION) {
        return Err(client.memory.replace(Replacement::Evicts));
    }
    let durability = durability(client, &info, client.memory.at()).await?;
    match open(client, &info, durability, None).await? {
        Ok(opened) => {
            if opened.goes_on_at_clock {
                tracing::warn!(
                    "redis may have lost its last writes: numbers go on at the clock in microseconds, so that none is \
                     given twice"
                );
            }
            Ok(())
        }
        Err(_) => Err(client.memory.replace(Replacement::Other)),
    }
}

/// A store as it was found.
struct Opened {
    id: StoreId,
    how: String,
    goes_on_at_clock: bool,
}

/// Opens the store, or creates one with the new id. Gives what is wrong with the keys that are there, if anything is.
async fn open(
    client: &Client,
    info: &str,
    durability: Durability,
    new_id: Option<String>,
) -> Result<Result<Opened, &'static str>, Error> {
    let run = field(info, "run_id").unwrap_or_default().to_owned();
    let was_promoted = field(info, "master_replid2").is_none_or(|id| id.bytes().any(|digit| digit != b'0'));
    let keeps_all = durability == Durability::Disk && !was_promoted;
    let call = Call::new(OPEN).arg(LAYOUT).arg(OLDER_LAYOUT).optional(new_id).arg(run).flag(keeps_all);
    let mut answer = Parts::of(client.run_alone(call).await?)?;
    Ok(match &*answer.text()? {
        LAYOUT => Ok(Opened {
            id: memory::id(&answer.text()?)?,
            how: answer.text()?,
            goes_on_at_clock: answer.number()? == 1,
        }),
        "foreign" => Err("aren't a store's; configure another prefix"),
        "remains" => Err(
            "are what is left of a store whose `meta` is gone (evicted or deleted); restore a backup, or delete them",
        ),
        "1" => Err(
            "are of an older version of this program, which kept records in another way; configure another prefix",
        ),
        _ => Err("are of a newer version of this program; configure another prefix"),
    })
}

/// Rejects a server that removes keys when memory is used up.
pub(crate) async fn check_policy(client: &Client, at: &str) -> Result<(), OpenError> {
    check_policy_of(client, "", at).await
}

async fn check_policy_of(client: &Client, info: &str, at: &str) -> Result<(), OpenError> {
    let unavailable = |source: Error| OpenError::Unavailable { at: at.to_owned(), source };
    match policy(client, info).await.map_err(unavailable)? {
        Some(policy) if policy != NO_EVICTION => Err(OpenError::Evicts { at: at.to_owned(), policy }),
        Some(_) => Ok(()),
        None => {
            tracing::warn!(
                at,
                "redis hides its maxmemory-policy; with any policy but noeviction it removes unhandled notifications"
            );
            Ok(())
        }
    }
}

/// Returns what `INFO` says that may change while a server runs.
pub(crate) async fn figures(client: &Client) -> Result<String, Error> {
    information(client, ",'server','memory','stats'").await
}

/// Returns what `INFO` says. By a script, so that on a cluster it is the server with the keys that says it.
async fn information(client: &Client, sections: &str) -> Result<String, Error> {
    let mut command = redis::cmd("EVAL");
    command.arg(format!("return redis.call('INFO'{sections})")).arg(1).arg(client.keys.any());
    word(plain(client, &command).await?)
}

/// Returns what the server does when memory is used up; nothing if it hides that.
pub(crate) async fn policy(client: &Client, info: &str) -> Result<Option<String>, Error> {
    match field(info, "maxmemory_policy") {
        Some(policy) => Ok(Some(policy.to_owned())),
        None => setting(client, "maxmemory-policy").await,
    }
}

async fn plain(client: &Client, command: &Cmd) -> Result<Value, Error> {
    let limit = client.options.timeout;
    let send = async {
        let link = client.links.get().await?;
        link.connection.clone().send(command).await.map_err(|error| crate::fault::operating(&error))
    };
    timeout(limit, send).await.unwrap_or_else(|_| Err(Fault::Time(limit).into()))
}

/// One setting; nothing if the server hides them or can't be asked.
async fn setting(client: &Client, name: &str) -> Result<Option<String>, Error> {
    if client.links.target.is_cluster() {
        return Ok(None);
    }
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg(name);
    let answer = match plain(client, &command).await {
        Ok(answer) => answer,
        Err(Error::Unavailable(cause))
            if matches!(cause.downcast_ref(), Some(Fault::Lost | Fault::Time(_))) =>
        {
            return Err(Error::Unavailable(cause));
        }
        Err(_) => return Ok(None),
    };
    let last = match answer {
        Value::Array(mut pair) => pair.pop(),
        Value::Map(mut pairs) => pairs.pop().map(|(_, value)| value),
        _ => None,
    };
    last.map(word).transpose()
}

/// Returns a field of what `INFO` says.
pub(crate) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn version(client: &Client, info: &str, at: &str) -> Result<(), OpenError> {
    // Valkey says here with which version of Redis it is compatible.
    let version = field(info, "redis_version").unwrap_or("unknown");
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let refused = |needed| OpenError::Version { at: at.to_owned(), version: version.to_owned(), needed };
    if found < OLDEST {
        return Err(refused("7.0"));
    }
    if client.options.wait_aof && found < OLDEST_WAITAOF {
        return Err(refused("for waiting for the append-only file 7.2"));
    }
    Ok(())
}

/// Returns how far a change survives, according to the server.
async fn durability(client: &Client, info: &str, at: &str) -> Result<Durability, Error> {
    let options = &client.options;
    let has_file = match field(info, "aof_enabled") {
        Some(enabled) => enabled == "1",
        None => setting(client, "appendonly").await?.as_deref() == Some("yes"),
    };
    if !has_file {
        tracing::warn!(
            at,
            "redis has no append-only file (appendonly no): when it ends unexpectedly, notifications that were \
             answered since its last snapshot are lost"
        );
        let elsewhere = options.wait_replicas > 0;
        return Ok(if elsewhere { Durability::Machine } else { Durability::Process });
    }
    if options.wait_aof || setting(client, "appendfsync").await?.as_deref() == Some("always") {
        return Ok(Durability::Disk);
    }
    tracing::info!(
        at,
        "redis flushes its append-only file from time to time (appendfsync isn't known to be always): when its \
         machine fails, notifications that were answered in the last second or two may be lost"
    );
    Ok(Durability::Machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let info = "# Server\r\nredis_version:7.0.15\r\nredis_version_x:1\r\naof_enabled:0\r\n";
        assert_eq!(field(info, "redis_version"), Some("7.0.15"));
        assert_eq!((field(info, "aof_enabled"), field(info, "aof")), (Some("0"), None));
    }
}
