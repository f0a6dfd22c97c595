use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use wxhook_wire::Time;

use super::WithConfig;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook verify --merchant shop --headers headers.txt --body body.bin
  wxhook verify --headers request.http        a raw request, head and body
  curl -v … 2>&1 | wxhook verify --headers - --body body.bin
  wxhook verify --headers h.json --body b.bin --now 1767225600 --json

Headers may be raw HTTP, the output of `curl -v` or a `curl` command, JSON (an object, lists, HAR), CGI variables \
(HTTP_WECHATPAY_SERIAL=...), or as PHP, Go, Python, Node and Java print them. Captures with a body: an event as a cloud function \
logs it, or the error text of wechatpay-java or wechatpay-apache-httpclient. The body must be the bytes as received: write them \
to a file before a framework parses them, and don't paste them into an editor. Forms of nginx's access log, Python's print and \
Node (\\x22, b'...', <Buffer 7b ...>) are recognized and restored.

Exit codes: 0 the receiver accepts it, 1 it doesn't (or the configuration is bad), 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// Merchant that the request was sent to; needed if the configuration has several
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,

    /// Captured headers, in any usual form; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) headers: PathBuf,

    /// Captured body, byte for byte; - for stdin [default: the body in the file of --headers]
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,

    /// Time of the check: seconds since the epoch (`date +%s`) or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) now: Option<u64>,

    /// Print one JSON object with the verdict and all seven checks
    #[arg(long)]
    pub(crate) json: bool,
}

/// Parses a time as seconds since the epoch.
fn instant(text: &str) -> Result<u64, String> {
    /// The end of the year 9999, the last one of RFC 3339.
    const LAST: u64 = 253_402_300_799;
    let named = || Time::new(text).instant()?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
    text.parse().ok().or_else(named).filter(|seconds| *seconds <= LAST).ok_or_else(|| {
        "must be seconds since the epoch, e.g. of `date +%s`, or RFC 3339, until the year 9999".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn instants_are_told_in_two_ways() {
        assert_eq!(instant("1528425296"), Ok(1_528_425_296));
        assert_eq!(instant("2018-06-08T10:34:56+08:00"), Ok(1_528_425_296));
        assert_eq!(instant("253402300799"), Ok(253_402_300_799));
        let beyond = ["253402300800", "9223372036854775808", "18446744073709551615", "18446744073709551616"];
        for text in beyond.into_iter().chain(["yesterday", "", "-5"]) {
            assert!(instant(text).unwrap_err().contains("seconds since the epoch"), "{text}");
        }
    }
}
