use std::net::SocketAddr;

use super::WithConfig;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook listen --config keys/wxhook.toml                            what comes, and why not
  wxhook listen --config keys/wxhook.toml --forward-to http://127.0.0.1:3000/wechat-pay
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

    /// JSON: an object a line, of the kinds listening, request, record and forward
    #[arg(long)]
    pub(crate) json: bool,
}
