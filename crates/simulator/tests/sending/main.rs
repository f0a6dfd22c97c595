//! Deliveries to a small server that answers as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "tests send with the machine's time")]

mod batches;
mod campaigns;
mod replies;
mod schedules;
mod server;
mod tries;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{KeyPair, RsaKeySize};
use wxhook_crypto::{ApiV2Key, ApiV3Key, PlatformKey, SigningKey};
use wxhook_simulator::{Campaign, Example, Message, Platform, Sender};
use wxhook_wire::EventMeta;

const MCHID: &str = "1900000199";
const SERIAL: &str = "SERIAL";
const NOW: u64 = 1_767_225_600;
/// For answers that come at once, on a machine that is busy.
const PATIENT: Duration = Duration::from_secs(60);

/// The platform, and its key as the merchant has it.
static PLATFORM: LazyLock<(Arc<Platform>, PlatformKey)> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let platform = Platform::builder()
        .mchid(MCHID)
        .signing_key(SERIAL, SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap())
        .api_v2_key(ApiV2Key::new(b"192006250b4c09247ec02edce69f6a2d").unwrap())
        .build()
        .unwrap();
    (Arc::new(platform), PlatformKey::from_pem(key.public_key_pem().as_bytes()).unwrap())
});

/// Returns the entry of this variant, or the first of the event.
fn meta(name: &str, variant: Option<&str>) -> EventMeta {
    let catalog = wxhook_events::catalog();
    let fits = |meta: &&EventMeta| meta.name == name && (variant.is_none() || meta.variant == variant);
    *catalog.events().find(fits).unwrap()
}

fn paid() -> EventMeta {
    meta("TRANSACTION.SUCCESS", Some("BASIC"))
}

fn message() -> Message {
    let resource = Example::new(&paid(), &*wxhook_events::catalog()).mchid(MCHID).number(7).resource();
    Message::new(&paid(), "EV-7", resource)
}

/// At the machine's time.
fn sender(url: &str) -> Sender {
    let sender = Sender::new(Arc::clone(&PLATFORM.0), url, SystemTime::now).unwrap();
    sender.deadline(PATIENT).speed("100000x".parse().unwrap())
}

/// At a time that stands still.
fn at_one_time(url: &str) -> Sender {
    let now = || UNIX_EPOCH + Duration::from_secs(NOW);
    let sender = Sender::new(Arc::clone(&PLATFORM.0), url, now).unwrap();
    sender.deadline(PATIENT).speed("100000x".parse().unwrap())
}

fn campaign(seed: u64) -> Campaign {
    Campaign::new(wxhook_events::catalog(), MCHID, seed).event(&paid())
}
