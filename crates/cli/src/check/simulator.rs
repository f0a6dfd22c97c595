use std::fs;

use wxhook_crypto::{PlatformKey, SigningKey, v3};
use wxhook_server::{Config, Fault, SimulatorConfig};
use zeroize::Zeroizing;

use super::Findings;

/// Whether what `trigger` signs with belongs to a platform key that is configured.
pub(super) fn look_at(config: &Config, found: &mut Findings) {
    let Some(simulator) = &config.simulator else { return };
    let keys = config.merchants.iter().flat_map(|merchant| &merchant.platform_keys);
    let keys: Vec<_> = keys.filter(|(id, _)| *id == simulator.serial).map(|(_, key)| key).collect();
    if keys.is_empty() {
        let what = "no merchant has a platform key of this id: what trigger signs would be refused";
        let fix = "write the id of the platform key that belongs to the private key";
        found.faults.push(Fault::new(config.place("simulator.serial"), what, fix));
    } else if !keys.into_iter().all(|key| are_a_pair(simulator, key)) {
        let what = "not the private half of the platform key that simulator.serial names";
        let fix = "give that one, or correct serial; wxhook keys new makes a pair";
        found.faults.push(Fault::new(config.place("simulator.private_key_file"), what, fix));
    }
}

/// What the one signs, the other verifies.
pub(crate) fn are_a_pair(simulator: &SimulatorConfig, public: &PlatformKey) -> bool {
    const TIMESTAMP: &str = "0";
    const NONCE: &str = "check";
    const BODY: &[u8] = b"{}";
    let sign = || {
        let pem = Zeroizing::new(fs::read(&simulator.private_key_file).ok()?);
        let private = SigningKey::from_pem(&pem).ok()?;
        let signature = v3::sign(&private, TIMESTAMP, NONCE, BODY).ok()?;
        v3::Signed {
            timestamp: TIMESTAMP,
            nonce: NONCE,
            serial: &simulator.serial,
            signature: &signature,
            body: BODY,
        }
        .verify(public)
        .ok()
    };
    sign().is_some()
}
