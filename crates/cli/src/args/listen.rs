use std::net::SocketAddr;

use super::WithConfig;
use crate::zone::Zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook listen --config keys/wxhook.toml                            what comes, and why not
  wxhook listen --config keys/wxhook.toml --forward-to http://127.0.0.1:3000/wechat-pay
  wxhook listen --config keys/wxhook.toml --failed                   only what went wrong
  wxhook listen --config keys/wxhook.toml --json | jq -c 'select(.kind == \"request\")'

and in another terminal (with WXHOOK_CONFIG=keys/wxhook.toml)
  wxhook trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8080/notify/shop";

#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// Post each event record to this URL, as the http sink does; signed if [sink] has a secret
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,

    /// Take notifications of this merchant only, by its name in the configuration; may be given again
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Vec<String>,

    /// Listen there instead of where the configuration says; port 0 is any free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// Show each event record whole, with its decrypted content
    #[arg(long, conflicts_with = "json")]
    pub(crate) full: bool,

    /// Show notifications of this event only, and what is rejected; the others are taken and forwarded all the same
    #[arg(long, value_name = "EVENT[#VARIANT]")]
    pub(crate) event: Option<String>,

    /// Show only what is rejected, parked, or not taken by the program at --forward-to
    #[arg(long)]
    pub(crate) failed: bool,

    /// The time zone of times: local, UTC, an offset like +08:00, or a name like Asia/Shanghai [default: local; UTC where the
    /// output isn't a terminal]; JSON is always in UTC
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse)]
    pub(crate) tz: Option<Zone>,

    /// JSON: an object a line, of the kinds listening, request, record and forward
    #[arg(long)]
    pub(crate) json: bool,
}
