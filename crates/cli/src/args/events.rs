use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Subcommand, ValueEnum};
use wxhook_idempotency::{Clock as _, SystemClock};

use super::number::whole;
use crate::zone::{Moment, Zone};

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook events list --state parked
  wxhook events list --number out_trade_no=1217752501201407033233368018
  wxhook events list --since 2026-01-01 --tz +08:00
  wxhook events list --merchant shop --event TRANSACTION.SUCCESS --since 2h --json | jq .key
  wxhook events show 42                        with its content; what changed, if it did
  wxhook events tail --event REFUND.SUCCESS
  wxhook events resend 42 --reason 'compared with the order'
  wxhook events resend --event quarantine      how many would be; with --yes it is done
  wxhook events discard 40 41 --yes --reason 'test payments'
  wxhook events adopt --merchant gone --reason 'the shop was renamed'
  wxhook events list --offline --config wxhook.toml

The server's admin API is asked: at --admin, or where the configuration has admin_listen
(--config, WXHOOK_CONFIG, or wxhook.toml in this folder), else at http://127.0.0.1:9090. The token is WXHOOK_ADMIN_TOKEN, the content of WXHOOK_ADMIN_TOKEN_FILE,
or what the configuration has.

Exit codes: 0 done (also a dry run); 1 not found, not reachable, not done for every record;
2 wrong usage.";

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Records, newest first
    List(ListArgs),

    /// One record with its content and history
    ///
    /// Of a changed record also what differs from the one that had its key first, field by field: the path, what it was,
    /// what it is. Tokens stand as they came.
    Show(ShowArgs),

    /// Follow new records until Ctrl-C
    Tail(TailArgs),

    /// Hand records on again; open what is in quarantine
    ///
    /// A parked record is handed on again in the same generation, one that is done in the next. A quarantined request
    /// goes through the pipeline again, with the keys that are configured now, and becomes a record of its own.
    Resend(ActArgs),

    /// Set records aside that wait, or are being handed on
    Park(ActArgs),

    /// Give records up: they are done without being handed on
    Discard(ActArgs),

    /// Remove what is done and past its retention, in small steps; a server does so by itself
    Purge(PurgeArgs),

    /// Give records of a merchant that isn't configured any more to the common sink
    ///
    /// Records that wait, or are parked, and that are there now: they go to the sink of the merchants without one of their
    /// own. Rejected while a server delivers records of this merchant. A merchant that was removed by mistake is
    /// configured again instead.
    Adopt(AdoptArgs),
}

impl EventsCommand {
    /// Its filters, where it has some, and its zone.
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

/// Where the records are.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// The server's admin address
    #[arg(long, value_name = "URL", conflicts_with = "offline")]
    pub(crate) admin: Option<String>,

    /// The configuration, for its admin_listen and token; for --offline its store and keys [default: wxhook.toml in this
    /// folder, if there is one and no --admin]
    #[arg(long, value_name = "FILE", env = "WXHOOK_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// Work on the configuration's store itself, whether a server runs or not
    #[arg(long)]
    pub(crate) offline: bool,

    /// The time zone of times, printed and given: local, UTC, an offset like +08:00, or a name like Asia/Shanghai [default:
    /// local; UTC where the output isn't a terminal]; JSON is always in UTC
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse)]
    pub(crate) tz: Option<Zone>,

    /// JSON: an object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which records. All that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Which {
    /// Of this merchant, by its configured name
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,

    /// Of this event; `quarantine` for what couldn't be opened
    #[arg(long, value_name = "EVENT[#VARIANT]")]
    pub(crate) event: Option<String>,

    /// In this state
    #[arg(long, value_enum)]
    pub(crate) state: Option<StateArg>,

    /// With this flag, e.g. changed, unsigned, mismatch
    #[arg(long)]
    pub(crate) flag: Option<String>,

    /// With this notification id (v3)
    #[arg(long)]
    pub(crate) id: Option<String>,

    /// With this business number, called so or whatever it is called
    #[arg(long, value_name = "[NAME=]VALUE", value_parser = number)]
    pub(crate) number: Option<String>,

    /// Accepted since then: a date, with or without a time of day (local, or of --tz), RFC 3339, seconds since the Unix
    /// epoch, or a span back from now such as 2h
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) since: Option<Moment>,

    /// Accepted before then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) until: Option<Moment>,
}

impl Which {
    /// Makes moments of the dates that were given, which are this zone's.
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

    /// At most so many
    #[arg(long, value_name = "N", default_value = "50", value_parser = whole::<NonZeroUsize>)]
    pub(crate) limit: NonZeroUsize,

    /// With a smaller number than this: the next page
    #[arg(long, value_name = "SEQ", value_parser = whole::<u64>)]
    pub(crate) before: Option<u64>,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The record's number
    #[arg(value_parser = whole::<u64>)]
    pub(crate) seq: u64,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) which: Which,

    /// How many of those that are there are printed first
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub(crate) lines: u16,

    /// How often to look, from 100ms to 60s
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = interval)]
    pub(crate) every: Duration,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ActArgs {
    /// The records' numbers; or else filters
    #[arg(value_parser = whole::<NonZeroU64>)]
    pub(crate) seqs: Vec<NonZeroU64>,

    #[command(flatten)]
    pub(crate) which: Which,

    /// Do it: without this, whatever filters match, and more than one number, is only counted
    #[arg(long)]
    pub(crate) yes: bool,

    /// Why; stays in the record's history
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,

    /// Operator's name; stays in the record's history
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "cli")]
    pub(crate) actor: String,

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
    /// The merchant's name, as it was configured
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: String,

    /// Why; stays in each record's history
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,

    /// Operator's name; stays in each record's history
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, default_value = "cli")]
    pub(crate) actor: String,

    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateArg {
    /// Accepted, and handed on when it is due
    Ready,
    /// Being handed on
    Leased,
    /// Handed on, or discarded
    Done,
    /// Waits for a person
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

/// `VALUE`, or `NAME=VALUE`.
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
