use std::num::NonZeroU32;
use std::path::PathBuf;

use super::WithConfig;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook trigger TRANSACTION.SUCCESS --config wxhook.toml --to http://127.0.0.1:8080/notify/shop
  wxhook trigger 'REFUND.SUCCESS#PARTNER' --set amount.refund=888 --unset channel --to http://…
  wxhook trigger v2/refund-processed --set req_info.refund_status=CHANGE --to http://…
  jq .resource record.json > resource.json
  wxhook trigger TRANSACTION.SUCCESS --resource resource.json --count 2 --to http://…

Exit codes: 0 every answer was a success by the platform's rules, 1 not every one, 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct TriggerArgs {
    /// The event; without a variant BASIC, or the first that the catalog lists
    #[arg(value_name = "EVENT[#VARIANT]")]
    pub(crate) event: String,

    #[command(flatten)]
    pub(crate) with: WithConfig,

    /// Where to send it; plain http only
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,

    /// The merchant that it is for, by its name in the configuration; needed where that has several
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,

    /// Put a value into the resource: JSON if it is, else text (a text of digits: '"5"'); a.0.b leads into lists
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,

    /// Take a field of the resource away, after --set
    #[arg(long, value_name = "PATH")]
    pub(crate) unset: Vec<String>,

    /// The resource, JSON as records show it, instead of the example; sent as the same notification each time
    #[arg(long, value_name = "FILE")]
    pub(crate) resource: Option<PathBuf>,

    /// How many to send, one after the other; examples have numbers of their own
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) count: NonZeroU32,

    /// One JSON object a line instead, for each that was sent
    #[arg(long)]
    pub(crate) json: bool,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("no = in it; write path=value")?;
    if path.is_empty() { Err("no path before =".to_owned()) } else { Ok((path.to_owned(), value.to_owned())) }
}
