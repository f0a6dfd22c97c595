use crate::call::Call;
use crate::client::Client;
use crate::error::OpenError;
use crate::fault::Fault;
use crate::reply::word;
use crate::script::OPEN;
use redis::{Cmd, Value};
use tokio::time::timeout;
use wxhook_idempotency::{Durability, Error};

/// The version of how records are laid out.
const LAYOUT: &str = "2";
const OLDEST: (u32, u32) = (7, 0);
const OLDEST_WAITAOF: (u32, u32) = (7, 2);

/// Looks whether the server will do, and claims the prefix. Gives how far a change survives.
pub(crate) async fn prepare(client: &Client, at: &str) -> Result<Durability, OpenError> {
    let unavailable = |source: Error| OpenError::Unavailable { at: at.to_owned(), source };
    let info = information(client).await.map_err(unavailable)?;
    version(client, &info, at)?;
    if field(&info, "cluster_enabled") == Some("1") {
        client.options.check_cluster()?;
    }
    policy(client, &info, at).await.map_err(unavailable)??;
    let durability = durability(client, &info, at).await.map_err(unavailable)?;
    let layout = client.run(Call::new(OPEN).arg(LAYOUT)).await.and_then(word).map_err(unavailable)?;
    let foreign = |problem| OpenError::Foreign { at: at.to_owned(), problem };
    match &*layout {
        LAYOUT => Ok(durability),
        "foreign" => Err(foreign("aren't a store's")),
        "1" => Err(foreign("are of an older version of this program, which kept records in another way")),
        _ => Err(foreign("are of a newer version of this program")),
    }
}

/// Refuses a server that removes keys when memory is used up.
pub(crate) async fn check_policy(client: &Client, at: &str) -> Result<(), OpenError> {
    let unavailable = |source: Error| OpenError::Unavailable { at: at.to_owned(), source };
    policy(client, "", at).await.map_err(unavailable)?
}

/// What `INFO` says. By a script, so that on a cluster it is the server with the keys that says it.
async fn information(client: &Client) -> Result<String, Error> {
    let mut command = redis::cmd("EVAL");
    command.arg("return redis.call('INFO')").arg(1).arg(client.keys.any());
    word(plain(client, &command).await?)
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

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
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

/// Whether the server removes keys when memory is used up.
async fn policy(client: &Client, info: &str, at: &str) -> Result<Result<(), OpenError>, Error> {
    let policy = match field(info, "maxmemory_policy") {
        Some(policy) => Some(policy.to_owned()),
        None => setting(client, "maxmemory-policy").await?,
    };
    Ok(match policy.as_deref() {
        Some("noeviction") => Ok(()),
        Some(policy) => Err(OpenError::Evicts { at: at.to_owned(), policy: policy.to_owned() }),
        None => {
            tracing::warn!(
                at,
                "redis hides its maxmemory-policy; with another one than noeviction it removes unhandled notifications"
            );
            Ok(())
        }
    })
}

/// How far a change survives, as far as the server says.
async fn durability(client: &Client, info: &str, at: &str) -> Result<Durability, Error> {
    let options = &client.options;
    if field(info, "aof_enabled") != Some("1") {
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
