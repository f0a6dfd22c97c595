use std::path::PathBuf;

use super::WithConfig;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook verify --config wxhook.toml --merchant shop --headers headers.txt --body body.bin
  wxhook verify --config wxhook.toml --headers request.http       a whole raw request, head and body
  curl -v … 2>&1 | wxhook verify --config wxhook.toml --headers - --body body.bin
  wxhook verify --config wxhook.toml --headers h.json --body b.bin --now 1767225600 --json

Headers are taken as raw HTTP, as `curl -v` prints them, as JSON (an object, the lists of Go and Node,
HAR), and as CGI variables (HTTP_WECHATPAY_SERIAL=…, PHP's $_SERVER). The body must be the bytes as they
came: write them to a file before any framework parses them, and don't paste them into an editor.

Exit codes: 0 the receiver takes it, 1 it doesn't (or the configuration is bad), 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// The merchant that it came to, by its name in the configuration; needed where that has several
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,

    /// The captured headers, in any usual form; - for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) headers: PathBuf,

    /// The captured body, byte for byte; - for stdin. Without it the file of the headers has it, too
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,

    /// The time to check it at, in seconds since the epoch [default: now]
    #[arg(long, value_name = "UNIX")]
    pub(crate) now: Option<u64>,

    /// One JSON object: the verdict and all seven checks
    #[arg(long)]
    pub(crate) json: bool,
}
