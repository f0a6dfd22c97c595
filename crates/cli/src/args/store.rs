use std::path::PathBuf;

use clap::Subcommand;

use super::WithConfig;

pub(super) const BACKUP_EXAMPLES: &str = "\
Examples:
  wxhook backup wxhook-backup.db --config wxhook.toml
  wxhook check --config wxhook.toml --deep

To restore, stop the server, move wxhook.db, wxhook.db-wal and wxhook.db-shm away, and put the backup in the place of
wxhook.db. A restored store has a new id, and its numbers continue above those of the original.

Exit codes: 0 the backup is on the disk; 1 it isn't, and nothing is left of it; 2 wrong usage.";

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook store copy --from sqlite://wxhook.db --to rediss://redis.internal:6379/0
  wxhook store copy --from redis://127.0.0.1:6379/0 --to sqlite://moved.db
  wxhook store copy --from @redis-url --to sqlite://moved.db      the URL is in a file, e.g. for its password

Stop the server first: what it accepts while the copy is made would be missing. If the copy is interrupted, run the same
command again.

Exit codes: 0 everything was copied and the counts agree; 1 it wasn't; 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The backup, which must not exist yet
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) with: WithConfig,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Copy everything from one store to another, with the servers stopped
    ///
    /// Records with their numbers, states, times and histories, the marks of purged ones, and the counters. The target must
    /// be empty, or hold a copy begun from the same source. The copy is a store of its own and has a new id.
    #[command(after_help = EXAMPLES)]
    Copy(CopyArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CopyArgs {
    /// The store to copy: sqlite://<path>, redis://… or rediss://…; @FILE reads the URL from a file
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,

    /// The store to copy to, likewise
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}
