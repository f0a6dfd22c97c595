//! `wxhook backup`: copies the store while the server runs.

use anyhow::Context as _;
use wxhook_idempotency_sqlite::{BackupError, SqliteStore};
use wxhook_server::StoreUrl;

use crate::args::BackupArgs;
use crate::usage::Usage;
use crate::{config, out};

/// Copies the configuration's store to a new file.
pub(crate) fn backup(args: &BackupArgs) -> anyhow::Result<()> {
    let config = config::load(&config::path(args.with.config.as_deref())?)?;
    let StoreUrl::Sqlite(path) = &config.store.url else {
        let what = "only sqlite:// stores can be backed up; use the backups of Redis (RDB, AOF)";
        return Err(Usage::new(what.to_owned()).into());
    };
    if !path.exists() {
        anyhow::bail!("there is no store at {} yet", path.display());
    }
    match SqliteStore::backup_file(path, &args.file) {
        Ok(()) => {}
        Err(BackupError::Store(error)) => anyhow::bail!("{}", config.store.fault(&error)),
        Err(error) => return Err(error.into()),
    }
    let size = std::fs::metadata(&args.file).context("can't read the backup")?.len();
    out::print(format_args!(
        "{}: {} KiB, backed up from {}",
        args.file.display(),
        size.div_ceil(1024),
        path.display()
    ))?;
    Ok(())
}
