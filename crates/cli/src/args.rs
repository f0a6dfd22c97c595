mod check;
mod events;
mod init;
mod keys;
mod listen;
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
use std::str::FromStr;

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  wxhook demo --once                  see it work: test keys, a real server
  wxhook init                         write a configuration to start from
  wxhook check --config wxhook.toml   find the faults of the configuration
  wxhook serve --config wxhook.toml   receive; records to stdout, logs to stderr
  wxhook listen --config wxhook.toml  print requests while you develop
  wxhook catalog TRANSACTION.SUCCESS  fields, key and schedule of an event
  wxhook events list --state parked   records that wait for an operator
  wxhook keys new keys                test keys, to try serve and trigger
  wxhook verify --headers head --body body    why is a request rejected?
  wxhook serve --log-format json --log-level wxhook_receiver=debug,info

Without --config and WXHOOK_CONFIG, the configuration is wxhook.toml in the current folder. Environment variables override \
settings, e.g. WXHOOK_LISTEN=0.0.0.0:8080, or WXHOOK_MERCHANT__SHOP__API_V3_KEY for the merchant named shop.

Exit codes: 0 done, 1 the command failed or found a problem, 2 wrong usage.";

const CATALOG_EXAMPLES: &str = "\
Examples:
  wxhook catalog
  wxhook catalog TRANSACTION.SUCCESS#BASIC
  wxhook catalog refund                 search names, titles and fields
  wxhook catalog 分账
  wxhook catalog --json | jq '.events[] | select(.modes == [\"partner\"])'";

const DECODE_EXAMPLES: &str = "\
Examples:
  wxhook decode TRANSACTION.SUCCESS resource.json
  jq -c .resource record.json | wxhook decode REFUND.SUCCESS -";

/// Receive WeChat Pay notifications: verify and decrypt them, store each once, and deliver it as JSON
#[derive(Debug, Parser)]
#[command(name = "wxhook", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Format of log lines on stderr
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

    /// Level of log lines: off, error, warn, info, debug, trace, or directives like wxhook_receiver=debug,info [env:
    /// WXHOOK_LOG]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = filter, help_heading = "Logging", display_order = 1001)]
    pub(crate) log_level: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive notifications until SIGINT or SIGTERM
    ///
    /// Event records go to stdout with the stdout sink; logs go to stderr. The first signal stops accepting requests and
    /// finishes those in flight; a second one ends at once.
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
    /// SQLite stores only. The backup is a consistent snapshot in one file, synced to disk, readable by its owner only.
    #[command(after_help = store::BACKUP_EXAMPLES)]
    Backup(BackupArgs),

    /// Copy a store to another
    #[command(subcommand)]
    Store(StoreCommand),

    /// Receive while you develop: print each request, and why it is rejected; forward records
    ///
    /// Accepts notifications as serve does, with the same keys, and prints each one: whether it is verified, and why not.
    /// --full also prints its event record with the decrypted content. With --forward-to each record is posted to that URL,
    /// at most three times, and the reply is printed. Nothing is kept after the end. Of unverified requests only path, serial
    /// and request id are printed.
    #[command(after_help = listen::EXAMPLES)]
    Listen(ListenArgs),

    /// Run a server with test keys and send it realistic notifications
    ///
    /// Sends each one correctly, again, with one byte changed, with other content, and to another merchant; v3 also with an
    /// old time and as a probe. Prints a table of the replies and deliveries.
    Demo(Demo),

    /// List the events, search them, or show one
    ///
    /// Given an event's name, prints its fields, key, schedule and an example of its resource. v2 events have names like
    /// v2/transaction-success. Any other text is searched for in names, titles (also Chinese) and fields.
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(CatalogArgs),

    /// Pass a decrypted resource through its model and back to JSON
    ///
    /// Prints the resource on stdout, without whitespace between tokens, and what isn't documented on stderr. The exit code
    /// is 1 if it doesn't fit its model.
    #[command(after_help = DECODE_EXAMPLES)]
    Decode(DecodeArgs),

    /// Inspect the inbox; deliver records again, park or discard them
    #[command(subcommand, after_help = events::EXAMPLES)]
    Events(EventsCommand),

    /// Generate test keys
    #[command(subcommand)]
    Keys(KeysCommand),

    /// Sign, encrypt and send a notification as the platform would
    ///
    /// Sends an example of the event with every documented field, to a merchant of the configuration; [simulator] has the
    /// private key of a platform key. Prints each attempt and reply.
    #[command(after_help = trigger::EXAMPLES)]
    Trigger(TriggerArgs),

    /// Print the version
    Version,

    /// Explain a captured request, check by check
    ///
    /// Names the check that fails and its usual cause, and runs the later ones where it can. The verdict is the receiver's.
    /// Never prints a key, content of a notification, or a correct signature.
    #[command(after_help = verify::EXAMPLES)]
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct WithConfig {
    /// Configuration file [default: wxhook.toml in the current folder, if it exists]
    #[arg(long, value_name = "FILE", env = "WXHOOK_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// End when everything is sent; exit with 0 only if every reply was right
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CatalogArgs {
    /// Event or variant, or text to search for
    #[arg(value_name = "EVENT[#VARIANT]|TEXT")]
    pub(crate) event: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DecodeArgs {
    /// Event; without a variant, its decision list chooses one
    #[arg(value_name = "EVENT[#VARIANT]")]
    pub(crate) event: String,

    /// Decrypted resource as JSON (v2: its fields as a JSON object or XML); - for stdin
    pub(crate) file: PathBuf,

    /// Print a report with the resource in it: what fits and what doesn't
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Human,
    /// One JSON object per line
    Json,
}

/// Checks directives of tracing-subscriber, so that a mistake is wrong usage.
fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// Parses a whole number, from 0 or 1 on, as the type has it.
fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    let min = if "0".parse::<T>().is_ok() { 0 } else { 1 };
    text.parse().map_err(|_| format!("must be a whole number of {min} or more"))
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
    fn whole_numbers_begin_where_their_type_does() {
        assert_eq!(whole::<u64>("42"), Ok(42));
        assert_eq!(whole::<u64>("abc").unwrap_err(), "must be a whole number of 0 or more");
        assert_eq!(whole::<std::num::NonZeroU32>("0").unwrap_err(), "must be a whole number of 1 or more");
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in ["wxhook", "wxhook demo --twice", "wxhook demo --log-level a=b=c", "wxhook x"] {
            assert_eq!(Args::try_parse_from(line.split(' ')).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    const GUIDES: [(&str, &str); 2] = [
        ("guide.md", include_str!("../../../docs/guide.md")),
        ("guide.zh-CN.md", include_str!("../../../docs/guide.zh-CN.md")),
    ];

    #[test]
    fn command_lines_of_the_guides_are_valid() {
        let mut found = Vec::new();
        for (name, guide) in GUIDES {
            let lines: Vec<_> = commands(guide).collect();
            for line in &lines {
                // The configuration is in the environment there.
                let exported = if line.ends_with("$URL") { " --config keys/wxhook.toml" } else { "" };
                if let Err(error) = Args::try_parse_from(words(&format!("{line}{exported}"))) {
                    // `--version` is an error, too.
                    assert_eq!(error.exit_code(), 0, "{name}: {line}\n{error}");
                }
            }
            found.push(lines);
        }
        assert!(found[0].len() > 20, "{found:?}");
        assert_eq!(found[0], found[1], "both guides have the same commands");
    }

    /// Returns the lines of shell blocks that begin with the program's name, without comments.
    fn commands(guide: &str) -> impl Iterator<Item = String> {
        let mut in_shell = false;
        guide.lines().filter_map(move |line| {
            let line = line.trim();
            if let Some(info) = line.strip_prefix("```") {
                in_shell = info == "sh";
            }
            let command = line.split(" #").next().unwrap_or_default().trim();
            (in_shell && command.starts_with("wxhook ")).then(|| command.to_owned())
        })
    }

    /// Splits a line as a shell does, as far as the guides need: at spaces, except in double quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for character in line.chars() {
            match character {
                '"' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                other => words.last_mut().unwrap().push(other),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }
}
