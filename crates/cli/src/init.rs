//! `wxhook init`: writes a configuration to start from.

use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;
use wxhook_server::Config;

use crate::args::InitArgs;
use crate::{out, throwaway};

/// Writes a commented configuration that only its owner can read, and prints what to do next.
pub(crate) fn init(args: &InitArgs) -> anyhow::Result<()> {
    let shown = args.file.display();
    let mut file = throwaway::open_new(&args.file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{shown} exists and is not overwritten; give another FILE")
        }
        _ => anyhow::Error::new(error).context(format!("can't create {shown}")),
    })?;
    let template = Config::template(&args.merchant, &args.mchid);
    file.write_all(template.as_bytes()).with_context(|| format!("can't write {shown}"))?;
    out::print(format_args!(
        "wrote {shown}: set mchid and the id of the platform's public key\n\
         beside it, put the APIv3 key into api_v3_key and the public key into wechatpay_pub.pem\n\
         then run {program} check --config {shown}, and {program} serve --config {shown}",
        program = out::program(),
    ))?;
    Ok(())
}
