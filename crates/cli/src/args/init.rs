use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  wxhook init
  wxhook init /etc/wxhook/wxhook.toml --merchant shop --mchid 1900000109

Exit codes: 0 written, 1 not written, e.g. because the file exists; 2 wrong usage.";

#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// File to write; it must not exist
    #[arg(value_name = "FILE", default_value = "wxhook.toml")]
    pub(crate) file: PathBuf,

    /// Name of the merchant; its notifications go to /notify/NAME
    #[arg(long, value_name = "NAME", default_value = "shop")]
    pub(crate) merchant: String,

    /// Merchant number at the platform
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) mchid: String,
}
