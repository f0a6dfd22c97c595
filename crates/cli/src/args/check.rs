use std::time::SystemTime;

use super::WithConfig;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook check --config wxhook.toml
  wxhook check --config wxhook.toml --clock-from https://api.mch.weixin.qq.com
  date=$(curl -sI https://api.mch.weixin.qq.com | grep -i ^date:)
  wxhook check --config wxhook.toml --date \"$date\"
  wxhook check --config wxhook.toml --json | jq -r .faults[].fix

Exit codes: 0 without faults, warnings or not; 1 with one; 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// Compare this machine's clock with the Date header of an HTTP answer that came just now
    #[arg(long, value_name = "DATE", value_parser = date, conflicts_with = "clock_from")]
    pub(crate) date: Option<SystemTime>,

    /// Compare this machine's clock with the Date header of what this URL answers a HEAD request with
    #[arg(long, value_name = "URL")]
    pub(crate) clock_from: Option<String>,

    /// Look through the whole store, too: damaged pages, wrong counts; reads all of it (SQLite)
    #[arg(long)]
    pub(crate) deep: bool,

    /// Count a sink that is down as a fault; otherwise it is a warning, because serve starts all the same and keeps records
    #[arg(long)]
    pub(crate) strict: bool,

    /// One JSON object: ok, faults (where, what, fix) and warnings
    #[arg(long)]
    pub(crate) json: bool,
}

/// A date as HTTP writes it, with or without the header's name before it.
fn date(text: &str) -> Result<SystemTime, String> {
    let text = text.trim();
    let value = match text.split_at_checked(5) {
        Some((name, value)) if name.eq_ignore_ascii_case("date:") => value,
        _ => text,
    };
    let what = "not an HTTP date; write it like \"Sun, 22 Nov 2026 00:00:00 GMT\"";
    httpdate::parse_http_date(value.trim()).map_err(|_| what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_date_is_the_headers_value_or_its_line() {
        let expected = UNIX_EPOCH + Duration::from_secs(1_528_425_296);
        for text in [
            "Fri, 08 Jun 2018 02:34:56 GMT",
            "Date: Fri, 08 Jun 2018 02:34:56 GMT",
            "date:Fri, 08 Jun 2018 02:34:56 GMT\r\n",
        ] {
            assert_eq!(date(text), Ok(expected), "{text}");
        }
        for text in ["", "now", "1528425296", "2018-06-08T02:34:56Z"] {
            assert!(date(text).is_err(), "{text}");
        }
    }
}
