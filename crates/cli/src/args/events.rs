use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Subcommand, ValueEnum};
use wxhook_idempotency::{Clock as _, SystemClock};

use super::whole;
use crate::zone::{Moment, Zone};

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook events list --state parked
  wxhook events list --number out_trade_no=1217752501201407033233368018
  wxhook events list --since 2026-01-01 --tz +08:00
  wxhook events list --event TRANSACTION.SUCCESS --since 2h --json | jq .key
  wxhook events show 42                 with its content, and what changed
  wxhook events tail --event REFUND.SUCCESS
  wxhook events resend 42 --reason 'compared with the order'
  wxhook events resend --event quarantine   count them; --yes resends them
  wxhook events discard 40 41 --yes --reason 'test payments'
  wxhook events adopt --merchant gone --reason 'the shop was renamed'
  wxhook events list --offline --config wxhook.toml

These commands call the server's admin API: at --admin, or at admin_listen of the configuration (--config, WXHOOK_CONFIG, or \
wxhook.toml in the current folder), or at http://127.0.0.1:9090. The token is WXHOOK_ADMIN_TOKEN, the content of \
WXHOOK_ADMIN_TOKEN_FILE, or that of the configuration.

Exit codes: 0 done (also a dry run); 1 not found, unreachable, or not done for every record; 2 wrong usage.";

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List records, newest first
    List(ListArgs),

    /// Print one record with its content and history
    ///
    /// For a changed record also prints the fields that differ from the first record of its key: path, old and new value,
    /// as they were received.
    Show(ShowArgs),

    /// Follow new records until Ctrl-C
    Tail(TailArgs),

    /// Deliver records again; process quarantined requests again
    ///
    /// A parked record is delivered again in the same generation, a done one in the next. A quarantined request goes through
    /// the pipeline again, with the keys that are configured now, and becomes a record of its own.
    Resend(ActArgs),

    /// Park records that are waiting or being delivered
    Park(ActArgs),

    /// Mark records as done without delivering them
    Discard(ActArgs),

    /// Remove done records past their retention, in small steps; a server does so by itself
    Purge(PurgeArgs),

    /// Give the records of a merchant that is no longer configured to the common sink
    ///
    /// Moves the records that are waiting or parked now to the sink of the merchants that have none of their own. Rejected
    /// while a server delivers records of this merchant. If the merchant was removed by mistake, configure it again instead.
    Adopt(AdoptArgs),
}

impl EventsCommand {
    /// Returns the filters and the zone of a command that has filters.
    pub(crate) fn which(&mut self) -> Option<(&mut Which, Option<&Zone>)> {
        let (which, place) = match self {
            Self::List(args) => (&mut args.which, &args.place),
            Self::Tail(args) => (&mut args.which, &args.place),
            Self::Resend(args) | Self::Park(args) | Self::Discard(args) => (&mut args.which, &args.place),
            Self::Show(_) | Self::Purge(_) | Self::Adopt(_) => return None,
        };
        Some((which, place.tz.as_ref()))
    }
}

/// The place of the records.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// Admin address of the server
    #[arg(long, value_name = "URL", conflicts_with = "offline")]
    pub(crate) admin: Option<String>,

    /// Configuration, for admin_listen and the token; with --offline for the store and keys [default: wxhook.toml in the
    /// current folder, if it exists, without --admin]
    #[arg(long, value_name = "FILE", env = "WXHOOK_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// Use the store of the configuration directly, whether or not a server runs
    #[arg(long)]
    pub(crate) offline: bool,

    /// Time zone of printed and given times: local, UTC, an offset like +08:00, or a name like Asia/Shanghai; JSON is always in
    /// UTC [default: local on a terminal, else UTC]
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse)]
    pub(crate) tz: Option<Zone>,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Filters; a record must pass all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Which {
    /// Merchant, by its configured name
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,

    /// Event; `quarantine` for requests that couldn't be decrypted
    #[arg(long, value_name = "EVENT[#VARIANT]")]
    pub(crate) event: Option<String>,

    /// State
    #[arg(long, value_enum)]
    pub(crate) state: Option<StateArg>,

    /// Flag, e.g. changed, unsigned, mismatch
    #[arg(long)]
    pub(crate) flag: Option<String>,

    /// Notification id (v3)
    #[arg(long)]
    pub(crate) id: Option<String>,

    /// Business number, of any name or of this one
    #[arg(long, value_name = "[NAME=]VALUE", value_parser = number)]
    pub(crate) number: Option<String>,

    /// Accepted at or after this time: a date, with or without a time of day (local, or of --tz), RFC 3339, seconds since the
    /// Unix epoch, or a span before now such as 2h
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) since: Option<Moment>,

    /// Accepted before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) until: Option<Moment>,
}

impl Which {
    /// Resolves dates in this zone.
    pub(crate) fn settle(&mut self, zone: &Zone) {
        for moment in [&mut self.since, &mut self.until].into_iter().flatten() {
            *moment = Moment::At(moment.seconds(zone).unwrap_or_default());
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Maximum number of records
    #[arg(long, value_name = "N", default_value = "50", value_parser = whole::<NonZeroUsize>)]
    pub(crate) limit: NonZeroUsize,

    /// Only records with smaller numbers: the next page
    #[arg(long, value_name = "SEQ", value_parser = whole::<u64>)]
    pub(crate) before: Option<u64>,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Number of the record
    #[arg(value_parser = whole::<u64>)]
    pub(crate) seq: u64,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) which: Which,

    /// Number of existing records to print first
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub(crate) lines: u16,

    /// Polling interval, from 100ms to 60s
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = interval)]
    pub(crate) every: Duration,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ActArgs {
    /// Numbers of the records; or use filters
    #[arg(value_parser = whole::<NonZeroU64>)]
    pub(crate) seqs: Vec<NonZeroU64>,

    #[command(flatten)]
    pub(crate) which: Which,

    /// Do it; without this, filters and more than one number only count records
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) operator: Operator,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PurgeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AdoptArgs {
    /// Name of the merchant, as it was configured
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: String,

    #[command(flatten)]
    pub(crate) operator: Operator,

    #[command(flatten)]
    pub(crate) place: Place,
}

/// The person who acts, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Operator {
    /// Reason, for the record's history
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,

    /// Operator's name, for the record's history
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "cli")]
    pub(crate) actor: String,
}

impl Operator {
    /// Returns the name and the reason as JSON members.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        // A user may have no name.
        let actor = if self.actor.is_empty() { "cli" } else { &self.actor };
        serde_json::json!({ "actor": actor, "reason": self.reason })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateArg {
    /// Accepted, to be delivered when due
    Ready,
    /// Being delivered
    Leased,
    /// Delivered, or discarded
    Done,
    /// Waiting for an operator
    Parked,
}

impl StateArg {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    let now = SystemClock::default().now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::parse(text, now)
}

/// Checks `VALUE` or `NAME=VALUE`.
fn number(text: &str) -> Result<String, String> {
    let (name, value) = text.split_once('=').unwrap_or(("-", text));
    if name.is_empty() || value.is_empty() {
        return Err("write VALUE or NAME=VALUE, e.g. out_trade_no=1217752501201407033233368018".to_owned());
    }
    Ok(text.to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&span) {
        Ok(span)
    } else {
        Err("from 100ms to 60s".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_name_or_none_and_a_value() {
        assert_eq!((number("7"), number("id=7=")), (Ok("7".to_owned()), Ok("id=7=".to_owned())));
        for text in ["", "=", "id=", "=7"] {
            assert!(number(text).unwrap_err().contains("NAME=VALUE"), "{text}");
        }
    }

    #[test]
    fn intervals_are_bounded() {
        assert_eq!(interval("1s"), Ok(Duration::from_secs(1)));
        assert!(interval("10ms").is_err() && interval("2m").is_err() && interval("x").is_err());
    }
}
