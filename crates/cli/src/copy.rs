//! `wxhook store copy`: copies everything from one store to another.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use wxhook_idempotency::{Cursor, Error, LaneStats, Transfer};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_server::{Fault, RedisUrl, StoreUrl};
use zeroize::Zeroizing;

use crate::args::CopyArgs;
use crate::out;
use crate::usage::Usage;

/// Maximum number of records in one step: a few megabytes, so that a step is short on either side.
const PAGE: usize = 200;
/// Interval between progress reports.
const PROGRESS: Duration = Duration::from_secs(2);

/// Copies a store. Returns whether the counts agree.
pub(crate) async fn copy(args: &CopyArgs) -> anyhow::Result<bool> {
    let (from, to) = (url("--from", &args.from)?, url("--to", &args.to)?);
    if from == to {
        return Err(Usage::new("--from and --to are the same store".to_owned()).into());
    }
    for path in [&from, &to].into_iter().filter_map(|url| url.path()).filter(|path| path.exists()) {
        if SqliteStore::is_in_use(path).map_err(|error| anyhow::anyhow!(explained(&error)))? {
            bail!("{} is open in another program; stop the server first", path.display());
        }
    }
    match (&from, &to) {
        (StoreUrl::Memory, _) | (_, StoreUrl::Memory) => {
            Err(Usage::new("memory:// lives in one process only".to_owned()).into())
        }
        (StoreUrl::Sqlite(path), _) if !path.exists() => bail!("there is no store at {}", path.display()),
        (StoreUrl::Sqlite(from), StoreUrl::Sqlite(to)) => all(&sqlite(from)?, &sqlite(to)?).await,
        (StoreUrl::Sqlite(from), StoreUrl::Redis(to)) => all(&sqlite(from)?, &redis(to).await?).await,
        (StoreUrl::Redis(from), StoreUrl::Sqlite(to)) => all(&redis(from).await?, &sqlite(to)?).await,
        (StoreUrl::Redis(from), StoreUrl::Redis(to)) => all(&redis(from).await?, &redis(to).await?).await,
        _ => Err(Usage::new("a store of this kind can't be copied".to_owned()).into()),
    }
}

/// Parses a URL, or reads it from a file after an `@`.
fn url(option: &str, text: &str) -> anyhow::Result<StoreUrl> {
    let text = match text.strip_prefix('@') {
        Some(file) => {
            let read = std::fs::read_to_string(file).with_context(|| format!("{option}: can't read {file}"));
            Zeroizing::new(read?)
        }
        None => Zeroizing::new(text.to_owned()),
    };
    StoreUrl::parse(option, text.trim_end_matches(['\r', '\n']))
        .map_err(|fault: Fault| Usage::new(fault.to_string()).into())
}

fn sqlite(path: &std::path::Path) -> anyhow::Result<SqliteStore> {
    SqliteStore::open(path, SqliteOptions::default())
        .map_err(|error| anyhow::anyhow!("{}: {}", path.display(), explained(&error)))
}

async fn redis(url: &RedisUrl) -> anyhow::Result<RedisStore> {
    out::complain(format_args!("make sure that no server uses {url}: this can't be seen from here"));
    RedisStore::open(url.reveal(), RedisOptions::default()).await.with_context(|| format!("can't use {url}"))
}

/// Returns an error with its causes.
fn explained(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

async fn all(from: &impl Transfer, to: &impl Transfer) -> anyhow::Result<bool> {
    let total: u64 = lanes(from).await?.iter().map(LaneStats::records).sum();
    let (mut records, mut marks, mut told) = (0, 0, Instant::now());
    let mut next = Some(Cursor::START);
    while let Some(cursor) = next {
        let page = from.export(cursor, PAGE).await.map_err(|error| failed("the source", &error))?;
        records += page.records.len();
        marks += page.tombstones.len();
        next = page.next.clone();
        to.import(page).await.map_err(|error| failed("the target", &error))?;
        if told.elapsed() >= PROGRESS {
            out::complain(format_args!("{records} of {total} records"));
            told = Instant::now();
        }
    }
    let (ours, theirs) = (lanes(from).await?, lanes(to).await?);
    if ours != theirs {
        for lane in ours.iter().filter(|lane| !theirs.contains(lane)) {
            let other = theirs.iter().find(|other| other.lane == lane.lane).map_or(0, LaneStats::records);
            out::complain(format_args!(
                "lane {}: {} records here, {other} in the copy",
                lane.lane,
                lane.records()
            ));
        }
        out::complain(
            "the counts differ: something still writes to the source, or it has records that can't be read",
        );
        return Ok(false);
    }
    let id = to.capabilities().id.map(|id| format!(", store id {id}")).unwrap_or_default();
    out::print(format_args!("copied {records} records and {marks} tombstones{id}"))?;
    Ok(true)
}

async fn lanes(store: &impl Transfer) -> anyhow::Result<Vec<LaneStats>> {
    store.stats().await.map(|stats| stats.lanes).map_err(|error| failed("its counts", &error))
}

fn failed(what: &str, error: &Error) -> anyhow::Error {
    anyhow::anyhow!("{what}: {}", explained(error))
}
