//! Whose keys make a notification.

use std::fs;

use anyhow::{Context as _, anyhow};
use wxhook_crypto::SigningKey;
use wxhook_server::{Config, MerchantConfig};
use wxhook_simulator::Platform;
use wxhook_wire::{EventMeta, Protocol};
use zeroize::Zeroizing;

use crate::{check, out};

/// The platform's stand-in for a merchant.
///
/// # Errors
/// One line for what the configuration lacks to make these; v2 takes no private key.
pub(super) fn platform(
    config: &Config,
    merchant: &MerchantConfig,
    events: &[&EventMeta],
) -> anyhow::Result<Platform> {
    let takes = |protocol| events.iter().any(|meta| meta.protocol == protocol);
    let mut builder = Platform::builder().mchid(&*merchant.mchid);
    match &config.simulator {
        Some(simulator) => {
            let file = &simulator.private_key_file;
            let pem = fs::read(file).map(Zeroizing::new);
            let pem = pem.with_context(|| format!("can't read {}", file.display()))?;
            builder = builder.signing_key(&*simulator.serial, SigningKey::from_pem(&pem)?);
        }
        None if takes(Protocol::V3) => {
            let fix = "add [simulator] with serial and private_key_file; `wxhook keys new` makes such a configuration";
            return Err(lacks(config, "simulator", "missing; v3 is signed with its key", fix));
        }
        None => {}
    }
    match &merchant.api_v3_key {
        Some(key) => builder = builder.api_v3_key(key.clone()),
        None if takes(Protocol::V3) => return Err(lacks_key(config, merchant, "api_v3_key")),
        None => {}
    }
    match &merchant.api_v2_key {
        Some(key) => builder = builder.api_v2_key(key.clone()),
        None if takes(Protocol::V2) => return Err(lacks_key(config, merchant, "api_v2_key")),
        None => {}
    }
    Ok(builder.build()?)
}

/// Says so where the private key belongs to no platform key that the merchant has under its serial.
pub(super) fn warn(config: &Config, merchant: &MerchantConfig, events: &[&EventMeta]) {
    let Some(simulator) = &config.simulator else { return };
    let mut keys = merchant.platform_keys.iter().filter(|(id, _)| *id == simulator.serial);
    let is_v3 = events.iter().any(|meta| meta.protocol == Protocol::V3);
    if is_v3 && keys.any(|(_, key)| !check::are_a_pair(simulator, key)) {
        let place = config.place("simulator.private_key_file");
        let what = "not the private half of the platform key that simulator.serial names";
        out::complain(format_args!("warning: {place}: {what}: what it signs will be refused"));
    }
}

fn lacks_key(config: &Config, merchant: &MerchantConfig, key: &str) -> anyhow::Error {
    let what = format!("the merchant {} has none", merchant.name);
    lacks(config, key, &what, &format!("add {key} or {key}_file to it"))
}

/// In the manner of the configuration's own faults.
fn lacks(config: &Config, key: &str, what: &str, fix: &str) -> anyhow::Error {
    anyhow!("{}: {key}: {what}; {fix}", config.file().display())
}
