use std::path::PathBuf;

use clap::Subcommand;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook keys new keys
  wxhook serve --config keys/wxhook.toml
  export WXHOOK_CONFIG=keys/wxhook.toml
  wxhook trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8080/notify/shop";

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make throw-away keys of both sides, and a configuration that uses them
    ///
    /// One merchant named shop, a platform key and its private half, API keys, and a wxhook.toml for serve and trigger.
    /// Every file is readable by its owner only; none that is there already is touched.
    #[command(after_help = EXAMPLES)]
    New {
        /// The folder for them; it is made if it isn't there
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}
