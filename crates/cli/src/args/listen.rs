use std::net::SocketAddr;

use super::WithConfig;
use crate::zone::Zone;

pub(super) const EXAMPLES: &str = "\
Examples (with WXHOOK_CONFIG=keys/wxhook.toml):
  wxhook listen                       print requests, and why they are rejected
  wxhook listen --forward-to http://127.0.0.1:3000/wechat-pay
  wxhook listen --failed              print only failures
  wxhook listen --json | jq -c 'select(.kind == \"request\")'

and in another terminal
  wxhook trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8080/notify/shop";

#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// Post each event record to this URL, as the http sink does; signed if [sink] has a secret
    #[arg(long, value_name = "URL")]
    pub(crate) forward_to: Option<String>,

    /// Accept notifications of this merchant only; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Vec<String>,

    /// Address to listen on [default: listen of the configuration]; port 0 is any free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,

    /// Print each event record in full, with its decrypted content
    #[arg(long, conflicts_with = "json")]
    pub(crate) full: bool,

    /// Print only this event, and rejected requests; the others are accepted and forwarded all the same
    #[arg(long, value_name = "EVENT[#VARIANT]")]
    pub(crate) event: Option<String>,

    /// Print only what is rejected, parked, or not accepted by the program at --forward-to
    #[arg(long)]
    pub(crate) failed: bool,

    /// Time zone of printed times: local, UTC, an offset like +08:00, or a name like Asia/Shanghai; JSON is always in UTC
    /// [default: local on a terminal, else UTC]
    #[arg(long, value_name = "ZONE", value_parser = Zone::parse)]
    pub(crate) tz: Option<Zone>,

    /// Print one JSON object per line, of the kinds listening, request, record and forward
    #[arg(long)]
    pub(crate) json: bool,
}
