//! `wxhook keys`: throw-away keys.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::args::KeysCommand;
use crate::out;
use crate::throwaway::{self, Merchant, PlatformKeyKind, Settings};

const MERCHANT: &str = "shop";
const MCHID: &str = "1900000109";
const LISTEN: &str = "127.0.0.1:8080";
const ADMIN_LISTEN: &str = "127.0.0.1:9090";

/// Makes what is asked for.
pub(crate) fn keys(command: &KeysCommand) -> anyhow::Result<()> {
    let KeysCommand::New { folder } = command;
    make(folder).with_context(|| format!("can't make the folder {}", folder.display()))?;
    let merchant = Merchant::new(MERCHANT, MCHID, PlatformKeyKind::PublicKey)?;
    let settings = Settings {
        listen: LISTEN.to_owned(),
        admin_listen: ADMIN_LISTEN.to_owned(),
        simulator: true,
        ..Settings::default()
    };
    let config = throwaway::write(folder, std::slice::from_ref(&merchant), &settings)?;
    out::print(told(folder, &config, &merchant)?)?;
    Ok(())
}

/// The folder, for its owner only if it is new.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn told(folder: &Path, config: &Path, merchant: &Merchant) -> Result<String, std::fmt::Error> {
    let mut text = format!("Throw-away keys in {}, for nothing that matters:\n", folder.display());
    let meanings = [
        "the platform's public key",
        "its private half, which trigger signs with",
        "the APIv3 key",
        "the APIv2 key",
        "a configuration for serve and trigger",
    ];
    let names = merchant.files().map(|(name, _)| name).chain([throwaway::CONFIG]);
    for (name, meaning) in names.zip(meanings) {
        writeln!(text, "  {name:<27}{meaning}")?;
    }
    let (program, config) = (out::program(), config.display());
    writeln!(text, "\nTry next, in two terminals:")?;
    writeln!(text, "  {program} serve --config {config}")?;
    write!(
        text,
        "  {program} trigger TRANSACTION.SUCCESS --config {config} --to http://{LISTEN}/notify/{MERCHANT}"
    )?;
    Ok(text)
}
