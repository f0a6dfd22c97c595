use std::path::PathBuf;

use clap::Subcommand;

use super::WithConfig;

pub(super) const BACKUP_EXAMPLES: &str = "\
Examples:
  wxhook backup wxhook-backup.db --config wxhook.toml
  wxhook check --config wxhook.toml --deep

To restore, stop the server, move wxhook.db, wxhook.db-wal and wxhook.db-shm away, and rename the backup to wxhook.db. A restored \
store has a new id, and its numbers continue above those of the original.

Exit codes: 0 the backup is on disk; 1 it failed, and nothing is left of it; 2 wrong usage.";

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook store copy --from sqlite://wxhook.db \\
                    --to rediss://redis.internal:6379/0
  wxhook store copy --from redis://127.0.0.1:6379/0 --to sqlite://moved.db
  wxhook store copy --from @redis-url --to sqlite://moved.db   URL in a file

Stop the server first: records that it accepts during the copy would be missing. If the copy is interrupted, run the same \
command again.

Exit codes: 0 everything was copied and the counts agree; 1 it wasn't; 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// Backup file; must not exist yet
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) with: WithConfig,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy everything from one store to another, with the servers stopped
    ///
    /// Copies records with their numbers, states, times and histories, tombstones, and counters. The target must be empty, or
    /// contain a copy begun from the same source. The copy has a new id.
    #[command(after_help = EXAMPLES)]
    Copy(CopyArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CopyArgs {
    /// Source store: sqlite://<path>, redis://… or rediss://…; @FILE reads the URL from a file
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,

    /// Target store, likewise
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}
