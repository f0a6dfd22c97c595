mod values;

use super::whole;

pub(crate) use values::{Rate, Resends};

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_simulator::{Speed, Tamper};

const WHAT: &str = "What is sent";
const HOW: &str = "How it is sent";
const OUTPUT: &str = "Output";

pub(super) const EXAMPLES: &str = "\
Examples (with WXHOOK_CONFIG=wxhook.toml, and URL for http://127.0.0.1:8080/notify/shop):
  wxhook trigger --list                                       what can be sent
  wxhook trigger TRANSACTION.SUCCESS --to URL                 an example of it, once
  wxhook trigger all --to URL                                 each event and variant, once
  wxhook trigger 'REFUND.SUCCESS#PARTNER' --set amount.refund=888 --unset channel --to URL
  wxhook trigger v2/transaction-success --sign hmac-sha256 --to URL
  wxhook trigger v2/refund-processed --set req_info.refund_status=CHANGE --to URL
  jq .resource record.json > resource.json
  wxhook trigger TRANSACTION.SUCCESS --resource resource.json --to URL
 Does it refuse what it must refuse? (0: it does)
  wxhook trigger TRANSACTION.SUCCESS --tamper body --to URL
  wxhook trigger TRANSACTION.SUCCESS --probe --to URL
  wxhook trigger TRANSACTION.SUCCESS --age 10m --to URL
 Does it keep one record when three servers send at once, and live with resends?
  wxhook trigger TRANSACTION.SUCCESS --duplicates 2 --to URL
  wxhook trigger TRANSACTION.SUCCESS --schedule own --speed 1000x --to URL
 How much does it stand?
  wxhook trigger TRANSACTION.SUCCESS --count 6000 --rate 200/s --to URL
  wxhook trigger TRANSACTION.SUCCESS --count 50000 --prepare --to URL

Exit codes: 0 every notification was accepted by the platform's rules (of all: but for questions that
were answered 500, which take a handler); with --tamper, --probe and --age of more than 5m: every one
was rejected, with 400, 401, 403 or 500 (v2 also in the body of a 200; other answers, e.g. 404 or 503,
may come from what never saw it); 1 otherwise, also if a signal ended it; 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct TriggerArgs {
    /// The event; without a variant BASIC, or the first that the catalog lists; all: every event and variant
    #[arg(value_name = "EVENT[#VARIANT]", required_unless_present = "list")]
    pub(crate) event: Option<String>,

    /// The configuration, TOML; its [simulator] has what v3 is signed with [default: wxhook.toml in this folder, if there is
    /// one]
    #[arg(long, value_name = "FILE", env = "WXHOOK_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// URL to send it to, http or https
    #[arg(long, value_name = "URL", required_unless_present = "list")]
    pub(crate) to: Option<String>,

    /// For https, trust the certificate authorities in this file (PEM) and no others [default: this machine's]
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,

    /// For https, accept any certificate: for test servers only
    #[arg(long, conflicts_with = "cacert")]
    pub(crate) insecure: bool,

    /// The merchant that it is for, by its name in the configuration; needed where that has several
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,

    /// Put a value into the resource: JSON if it is, else text (a text of digits: '"5"'); a.0.b leads into lists
    #[arg(long, value_name = "PATH=VALUE", value_parser = values::assignment, help_heading = WHAT)]
    pub(crate) set: Vec<(String, String)>,

    /// Take a field of the resource away, after --set
    #[arg(long, value_name = "PATH", help_heading = WHAT)]
    pub(crate) unset: Vec<String>,

    /// The resource, JSON as records show it, instead of the example, - for stdin; sent as the same notification each
    /// time
    #[arg(long, value_name = "FILE", help_heading = WHAT)]
    pub(crate) resource: Option<PathBuf>,

    /// How many notifications; examples have numbers of their own. Of all: how many rounds
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole::<NonZeroU32>, help_heading = WHAT)]
    pub(crate) count: NonZeroU32,

    /// The same resources (with times of 2018), ids, nonces and order in every run with this number; signed with the
    /// time of sending all the same [default: drawn anew, and said at the end]
    #[arg(long, value_name = "N", value_parser = whole::<u64>, help_heading = WHAT)]
    pub(crate) seed: Option<u64>,

    /// Change one thing of each, so that it must be refused
    ///
    /// After signing: body, a byte of what is encrypted, or of a field of v2; signature, a byte of it (v2: of sign);
    /// timestamp, by one second; nonce; serial, to one that nobody has. Before signing, so that it can't be decrypted:
    /// aad, the associated data. v2 has body, signature and nonce, its refunds body only, deposit-free rent and stay
    /// aad, too.
    #[arg(
        long,
        value_name = "body|signature|timestamp|nonce|serial|aad",
        conflicts_with_all = ["probe", "schedule"],
        help_heading = WHAT
    )]
    pub(crate) tamper: Option<Tamper>,

    /// Sign v2 with this algorithm and don't name it, as the platform does for orders placed with HMAC-SHA256; with
    /// --set sign_type=HMAC-SHA256 it is named [default: the algorithm that the example's sign_type names]
    #[arg(long, value_name = "md5|hmac-sha256", value_parser = values::sign, help_heading = WHAT)]
    pub(crate) sign: Option<SignAlgorithm>,

    /// Send signature probes: wrong signatures that say so, as the platform's own now and then; v3 only
    #[arg(long, conflicts_with = "schedule", help_heading = WHAT)]
    pub(crate) probe: bool,

    /// Sign with a time this long ago, e.g. 10m: older than 5 minutes, it must be rejected, as with --tamper; v3 only
    #[arg(long, value_name = "DURATION", value_parser = values::age, conflicts_with_all = ["tamper", "probe"], help_heading = WHAT)]
    pub(crate) age: Option<Duration>,

    /// How many notifications may be under way at once [default: 1; with --rate or --prepare 64]
    #[arg(long, value_name = "N", value_parser = whole::<NonZeroU32>, help_heading = HOW)]
    pub(crate) concurrency: Option<NonZeroU32>,

    /// Notifications begun a second, e.g. 200 or 200/s or 0.5, as far as --concurrency allows; duplicates and resends
    /// come on top [default: as fast as it goes]
    #[arg(long, value_name = "N", help_heading = HOW)]
    pub(crate) rate: Option<Rate>,

    /// Send each notification so many times more, all at the same moment, each encrypted and signed anew, as several of
    /// the platform's servers do: with 2 a receiver gets 3 requests for each and should keep one record
    #[arg(long, value_name = "N", default_value = "0", help_heading = HOW)]
    pub(crate) duplicates: u16,

    /// Resend what isn't accepted until it is or the schedule ends, as the platform does: own (the event's, see --list),
    /// standard, score, score-from-0, transfer, once, or waits like '15s 15s 30s' or '15s x10, 300s x10' [default: one
    /// try]
    #[arg(long, value_name = "NAME", value_parser = values::resends, conflicts_with = "prepare", help_heading = HOW)]
    pub(crate) schedule: Option<Resends>,

    /// How many times faster than in reality the schedule's waits go, e.g. 1000x or 1000; deadlines and timestamps stay
    /// real [default: 1x]
    #[arg(long, value_name = "FACTOR", requires = "schedule", help_heading = HOW)]
    pub(crate) speed: Option<Speed>,

    /// How long an answer may take [default: as long as the platform waits, 2s unless the event has its own]
    #[arg(long, value_name = "DURATION", value_parser = values::timeout, help_heading = HOW)]
    pub(crate) timeout: Option<Duration>,

    /// Encrypt and sign all of it first, on all cores, then send it at full speed
    ///
    /// Signing takes 0.3 ms or more each, far more than sending. Each copy of --duplicates is one notification in the
    /// summary, and only a summary is printed. A receiver takes a signature for 5 minutes: preparing and sending must be
    /// over by then.
    #[arg(long, help_heading = HOW)]
    pub(crate) prepare: bool,

    /// Which attempts have lines of their own [default: all with --json or if there are at most 100, otherwise the first
    /// 10 failures; none with --prepare]
    #[arg(long, value_enum, value_name = "WHICH", conflicts_with = "prepare", help_heading = OUTPUT)]
    pub(crate) show: Option<Show>,

    /// One JSON object a line: each attempt, and {"summary":{…}} at the end
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) json: bool,

    /// Say which events and variants can be sent (of EVENT, if one is named), and send nothing
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) list: bool,
}

/// Which attempts are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Show {
    /// Each of them
    All,
    /// Those that didn't go as they should
    Failures,
    /// None; the summary says how it went
    None,
}
