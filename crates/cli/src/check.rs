use std::fmt::Write as _;
use std::path::Path;

use wxhook_idempotency::{Error, Store as _};
use wxhook_idempotency_redis::{RedisOptions, RedisStore};
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_server::{Config, ConfigErrors, Fault, MerchantConfig, SinkConfig, StoreConfig, StoreUrl};

use crate::{config, out};

/// Validates what `serve` would take, and says what it is.
pub(crate) async fn check(path: &Path) -> anyhow::Result<()> {
    match config::load(path).and_then(|config| config.check_serve().map(|()| config)) {
        Ok(config) => {
            let state = state(&config.store).await.map_err(ConfigErrors::from)?;
            out::print(summary(&config, state)?)?;
            Ok(())
        }
        Err(errors) => {
            let fault = match errors.store() {
                Some(store) => state(store).await.err(),
                None => None,
            };
            Err(fault.into_iter().fold(errors, ConfigErrors::and).into())
        }
    }
}

/// Opens the store if it is there, and else sees whether it could be made; makes none.
async fn state(store: &StoreConfig) -> Result<&'static str, Fault> {
    match &store.url {
        StoreUrl::Sqlite(path) if path.exists() => {
            let options = SqliteOptions::default().with_retention(store.retention);
            let opened = SqliteStore::open(path, options).map_err(|error| store.fault(&error))?;
            opened.probe().await.map_err(|error| store.fault(&error))?;
            Ok("it can be written and read")
        }
        StoreUrl::Sqlite(path) => {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // Without a name, and gone at once.
            tempfile::tempfile_in(folder)
                .map_err(|error| store.fault(&Error::Unavailable(Box::new(error))))?;
            Ok("it will be made")
        }
        StoreUrl::Redis(url) => {
            let options = RedisOptions::default().with_retention(store.retention);
            let opened =
                RedisStore::open(url.reveal(), options).await.map_err(|error| store.redis_fault(&error))?;
            opened.probe().await.map_err(|error| store.fault(&error))?;
            Ok("it can be written and read")
        }
        _ => Ok("everything is lost when the process ends"),
    }
}

fn summary(config: &Config, state: &str) -> Result<String, std::fmt::Error> {
    let mut text = format!("ok: {}\n", config.file().display());
    writeln!(text, "  listen    {}, admin {}", config.listen, config.admin_listen)?;
    writeln!(text, "  store     {} ({state})", config.store.url)?;
    writeln!(text, "  sink      {}", sink(config.sink.as_ref()))?;
    for merchant in &config.merchants {
        writeln!(text, "  merchant  {}", describe(merchant))?;
    }
    for warning in config.warnings().iter().cloned().chain(config.store.warning()) {
        writeln!(text, "  warning   {warning}")?;
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}

fn sink(sink: Option<&SinkConfig>) -> String {
    sink.map_or_else(|| "none: an inbox only".to_owned(), ToString::to_string)
}

fn describe(merchant: &MerchantConfig) -> String {
    let mut text = format!("{} (mchid {}):", merchant.name, merchant.mchid);
    match (&merchant.api_v3_key, &merchant.api_v2_key) {
        (Some(_), Some(_)) => text.push_str(" v3 and v2"),
        (Some(_), None) => text.push_str(" v3"),
        _ => text.push_str(" v2"),
    }
    text.push_str(&format!(", /notify/{}", merchant.name));
    for path in &merchant.paths {
        text.push_str(&format!(", {path}"));
    }
    if let Some(own) = &merchant.sink {
        text.push_str(&format!(", own sink {own}"));
    }
    for (id, _) in &merchant.platform_keys {
        text.push_str(&format!("\n              platform key {id}"));
    }
    text
}
