mod check;
mod events;
#[cfg(test)]
mod guide;
mod init;
mod keys;
mod listen;
mod number;
mod store;
mod trigger;
mod verify;

pub(crate) use check::CheckArgs;
pub(crate) use events::{
    ActArgs, AdoptArgs, EventsCommand, ListArgs, Place, PurgeArgs, ShowArgs, StateArg, TailArgs, Which,
};
pub(crate) use init::InitArgs;
pub(crate) use keys::KeysCommand;
pub(crate) use listen::ListenArgs;
pub(crate) use store::{BackupArgs, CopyArgs, StoreCommand};
pub(crate) use trigger::{Resends, Show, TriggerArgs};
pub(crate) use verify::VerifyArgs;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  wxhook demo --once                   see it work: throw-away keys, a real server, every reply
  wxhook init                          write a configuration to start from
  wxhook check --config wxhook.toml    is the configuration right? one line for each fault
  wxhook serve --config wxhook.toml    receive notifications; records to stdout, logs to stderr
  wxhook listen --config wxhook.toml   while you develop: what comes, verified or not, and why not
  wxhook catalog TRANSACTION.SUCCESS   what an event has: fields, key, schedule, an example
  wxhook events list --state parked    what waits for a person
  wxhook keys new keys                 throw-away keys and a configuration, to try serve and trigger
  wxhook verify --headers head --body body --config wxhook.toml    why is a request refused?
  wxhook serve --config wxhook.toml --log-format json --log-level wxhook_receiver=debug,info

Without --config and WXHOOK_CONFIG, the configuration is wxhook.toml in the current folder.
Any setting can also come from the environment, e.g. WXHOOK_LISTEN=0.0.0.0:8080 or
WXHOOK_MERCHANT__SHOP__API_V3_KEY for the merchant named shop.

Exit codes: 0 done, 1 the thing asked about is bad (also a configuration), 2 wrong usage.";

const CATALOG_EXAMPLES: &str = "\
Examples:
  wxhook catalog
  wxhook catalog TRANSACTION.SUCCESS#BASIC
  wxhook catalog refund                       what has it in its name, title or fields
  wxhook catalog 分账
  wxhook catalog --json | jq '.events[] | select(.modes == [\"partner\"]) | .event_type'";

const DECODE_EXAMPLES: &str = "\
Examples:
  wxhook decode TRANSACTION.SUCCESS resource.json
  jq -c .resource record.json | wxhook decode REFUND.SUCCESS -";

/// Receives WeChat Pay notifications: verifies, decrypts and stores each once, and hands it on as JSON.
#[derive(Debug, Parser)]
#[command(name = "wxhook", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// How log lines on stderr look
    #[arg(
        long,
        env = "WXHOOK_LOG_FORMAT",
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Logging",
        display_order = 1000
    )]
    pub(crate) log_format: LogFormat,

    /// Which log lines there are: off, error, warn, info, debug, trace, or directives like
    /// wxhook_idempotency_sqlite=debug,info; also WXHOOK_LOG
    #[arg(long, global = true, value_name = "LEVEL", value_parser = filter, help_heading = "Logging", display_order = 1001)]
    pub(crate) log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive notifications until SIGINT or SIGTERM
    ///
    /// Event records go to stdout when the configuration says so, logs to stderr. The first signal ends gracefully: no
    /// new requests, those that are being answered are; a second one ends at once.
    Serve(WithConfig),

    /// Validate the configuration and its environment: keys, store, ports, sinks, public_url
    ///
    /// Prints one line on stderr for each fault: where, what, how to fix it. Otherwise prints a summary, with a line for
    /// each warning. Nothing is delivered to a sink, and no store is created.
    #[command(after_help = check::EXAMPLES)]
    Check(CheckArgs),

    /// Write a commented configuration to start from
    ///
    /// Every key is in it, the optional ones as comments with their defaults. Only its owner can read the file.
    #[command(after_help = init::EXAMPLES)]
    Init(InitArgs),

    /// Copy the store to a file while the server runs
    ///
    /// A SQLite store only: one moment's state in one file, on the disk when the command ends, readable by its owner only.
    #[command(after_help = store::BACKUP_EXAMPLES)]
    Backup(BackupArgs),

    /// Move a store: copy everything from one to another
    #[command(subcommand)]
    Store(StoreCommand),

    /// Receive while you develop: show what comes, and why not; hand it to a program of yours
    ///
    /// Takes notifications as serve does, with the same keys, and prints each, verified or not and why; with --full also its
    /// event record: the decrypted content, so not on a screen that others see. With --forward-to each record is posted
    /// there, three times at most, and the answer is shown. Nothing is kept when it ends. Requests that aren't verified are
    /// shown by their path, serial and request id only.
    #[command(after_help = listen::EXAMPLES)]
    Listen(ListenArgs),

    /// See it work: a server with throw-away keys, fed with real-looking notifications
    ///
    /// Each is sent as it should be, again, with one byte changed, with other content and to another merchant, those of
    /// v3 also old and as a probe; a table says what was answered and what was handed on.
    Demo(Demo),

    /// List the events, search them, or show one
    ///
    /// With an event's name: its fields, key, schedule, and an example of its resource. v2 kinds are called
    /// v2/transaction-success and so on. With anything else: the events that have it in their name, title (also Chinese) or
    /// fields.
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(CatalogArgs),

    /// Put a decrypted resource through its model, and back to JSON
    ///
    /// Gives the resource back on stdout, without whitespace between tokens. What isn't as the documents have it stands
    /// on stderr; exit code 1 if it doesn't fit its model.
    #[command(after_help = DECODE_EXAMPLES)]
    Decode(DecodeArgs),

    /// The inbox: look at records, hand them on again, set them aside, give them up
    #[command(subcommand, after_help = events::EXAMPLES)]
    Events(EventsCommand),

    /// Throw-away keys, to try it with
    #[command(subcommand)]
    Keys(KeysCommand),

    /// Sign, encrypt and send a notification as the platform would
    ///
    /// An example of the event, every documented field filled, for a merchant of the configuration, whose [simulator] has
    /// the private half of a platform key. Prints what was sent and what was answered.
    #[command(after_help = trigger::EXAMPLES)]
    Trigger(TriggerArgs),

    /// Print the version
    Version,

    /// Explain a captured request, check by check
    ///
    /// Says which check fails and what usually causes it, and goes on with the others where it can. The verdict is what
    /// the receiver would say. Shows no key, nothing of what a notification holds, and no signature that would be right.
    #[command(after_help = verify::EXAMPLES)]
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct WithConfig {
    /// The configuration, TOML [default: wxhook.toml in this folder, if there is one]
    #[arg(long, value_name = "FILE", env = "WXHOOK_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// End when all is sent; exit code 0 only if all of it is as it should be
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CatalogArgs {
    /// An event, one of its variants, or a part of a name, title or field
    #[arg(value_name = "EVENT[#VARIANT]|TEXT")]
    pub(crate) event: Option<String>,

    /// As one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DecodeArgs {
    /// The event; without a variant its decision list tells which it is
    #[arg(value_name = "EVENT[#VARIANT]")]
    pub(crate) event: String,

    /// The decrypted resource, JSON (v2: its fields as a JSON object or as XML); - for stdin
    pub(crate) file: PathBuf,

    /// A report instead of the resource: what fits, what doesn't, and the resource within
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Human,
    /// One JSON object a line
    Json,
}

/// What tracing-subscriber takes; checked here so that a mistake is wrong usage.
fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        for line in ["wxhook --log-format json demo --once", "wxhook demo --once --log-format json"] {
            let args = Args::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(args.log_format, LogFormat::Json);
            assert!(matches!(args.command, Command::Demo(Demo { once: true })));
        }
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in ["wxhook", "wxhook demo --twice", "wxhook demo --log-level a=b=c", "wxhook x"] {
            assert_eq!(Args::try_parse_from(line.split(' ')).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
