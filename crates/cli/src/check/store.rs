use std::path::Path;

use wxhook_idempotency::{Capabilities, Durability, Error, LaneStats, Store};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_server::{Config, Fault, StoreConfig, StoreUrl};

use super::Findings;

/// Checks the store without creating one; returns its state if it is without fault.
///
/// Given a whole configuration, it also reports what waits for merchants that aren't configured.
pub(super) async fn check(
    store: &StoreConfig,
    config: Option<&Config>,
    found: &mut Findings,
) -> Option<&'static str> {
    found.warnings.extend(store.warning());
    match state(store).await {
        Ok(state) => {
            let risk = state.capabilities.and_then(risk).map(str::to_owned);
            let foreign = config.and_then(|config| config.foreign_records(&state.lanes));
            let warnings = risk.into_iter().chain(foreign);
            found.warnings.extend(warnings.map(|warning| format!("{}: {warning}", store.place())));
            Some(state.text)
        }
        Err(fault) => {
            found.faults.push(fault);
            None
        }
    }
}

/// Checks every page and count of a SQLite store.
pub(super) async fn check_deep(store: &StoreConfig, found: &mut Findings) {
    const FIX: &str = "keep a copy of the file and restore a backup, see docs/admin.md";
    let StoreUrl::Sqlite(path) = &store.url else {
        found.warnings.push(format!("{}: --deep checks a sqlite:// store only", store.place()));
        return;
    };
    if !path.exists() || !SqliteStore::is_current(path).is_ok_and(|current| current) {
        return;
    }
    let inspected = match SqliteStore::open(path, SqliteOptions::default().with_retention(store.retention)) {
        Ok(opened) => opened.inspect().await,
        Err(error) => Err(error),
    };
    match inspected {
        Ok(lines) => found.faults.extend(lines.into_iter().map(|line| Fault::new(store.place(), line, FIX))),
        Err(Error::Corrupt(what)) => {
            found.faults.push(Fault::new(store.place(), format!("it is damaged: {what}"), FIX))
        }
        Err(error) => found.faults.push(store.fault(&error)),
    }
}

struct State {
    text: &'static str,
    /// `None` until the store exists.
    capabilities: Option<Capabilities>,
    lanes: Vec<LaneStats>,
}

/// Opens the store if it exists, and otherwise checks that it could be created.
async fn state(store: &StoreConfig) -> Result<State, Fault> {
    match &store.url {
        // Opening it would stop a server of that version, which may still run.
        StoreUrl::Sqlite(path)
            if path.exists() && !SqliteStore::is_current(path).map_err(|error| store.fault(&error))? =>
        {
            let text = "of an earlier version; the first start brings it up to date";
            let capabilities = Some(Capabilities::new(Durability::Disk, true, None));
            Ok(State { text, capabilities, lanes: Vec::new() })
        }
        StoreUrl::Sqlite(path) if path.exists() => {
            let options = SqliteOptions::default().with_retention(store.retention);
            let opened = SqliteStore::open(path, options).map_err(|error| store.fault(&error))?;
            probed(store, &opened).await
        }
        StoreUrl::Sqlite(path) => {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // A file without a name, gone at once.
            tempfile::tempfile_in(folder)
                .map_err(|error| store.fault(&Error::Unavailable(Box::new(error))))?;
            Ok(State { text: "it will be created", capabilities: None, lanes: Vec::new() })
        }
        StoreUrl::Redis(url) => {
            let options = RedisOptions::default().with_retention(store.retention);
            let opened =
                RedisStore::open(url.reveal(), options).await.map_err(|error| store.redis_fault(&error))?;
            probed(store, &opened).await
        }
        _ => Ok(State {
            text: "in this process",
            capabilities: Some(Capabilities::new(Durability::Process, false, None)),
            lanes: Vec::new(),
        }),
    }
}

/// Writes to the store and reads it.
async fn probed(store: &StoreConfig, opened: &impl Store) -> Result<State, Fault> {
    opened.probe().await.map_err(|error| store.fault(&error))?;
    let lanes = opened.stats().await.map_err(|error| store.fault(&error))?.lanes;
    Ok(State { text: "it can be written and read", capabilities: Some(opened.capabilities()), lanes })
}

/// Returns what would be lost, if not everything survives.
fn risk(capabilities: Capabilities) -> Option<&'static str> {
    match (capabilities.durability, capabilities.shared) {
        (Durability::Disk, _) => None,
        (Durability::Process, false) => {
            Some("everything is lost when the process ends: for trying it out only")
        }
        (Durability::Process, true) => Some(
            "without its append-only file, what was accepted is lost when the store's own process ends; \
             set appendonly yes",
        ),
        _ => Some(
            "what was accepted in the last second or two is lost when the store's machine fails; \
             set appendfsync always if that must not be",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_durability_has_its_warning() {
        let risk = |durability, shared| risk(Capabilities::new(durability, shared, None));
        assert_eq!(risk(Durability::Disk, true), None);
        assert!(risk(Durability::Process, false).unwrap().contains("when the process ends"));
        assert!(risk(Durability::Process, true).unwrap().contains("appendonly yes"));
        assert!(risk(Durability::Machine, true).unwrap().contains("appendfsync always"));
    }
}
