use super::WithConfig;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook check --config wxhook.toml
  wxhook check --config wxhook.toml --clock-from https://api.mch.weixin.qq.com
  wxhook check --config wxhook.toml --json | jq -r .faults[].fix

Exit codes: 0 without faults, warnings or not; 1 with one; 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// Compare this machine's clock with the Date header of the reply to a HEAD request
    #[arg(long, value_name = "URL")]
    pub(crate) clock_from: Option<String>,

    /// Check the whole store, too: damaged pages, wrong counts; reads all of it (SQLite)
    #[arg(long)]
    pub(crate) deep: bool,

    /// Treat a sink that is down as a fault; by default it is a warning, because serve starts all the same and keeps records
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print one JSON object: ok, faults (where, what, fix) and warnings
    #[arg(long)]
    pub(crate) json: bool,
}
