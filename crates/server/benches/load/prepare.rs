//! Throw-away keys, and requests signed before the clock starts.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use wxhook_crypto::{ApiV3Key, SigningKey};
use wxhook_simulator::{Nonces, Platform, samples};

pub(crate) const SERIAL: &str = "PUB_KEY_ID_0119000001092024";
pub(crate) const API_V3: &str = "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
pub(crate) const MCHID: &str = "1900000109";

/// Whole HTTP requests. The public key is left in `folder`.
pub(crate) fn requests(folder: &Path, count: usize) -> Vec<Vec<u8>> {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    std::fs::write(folder.join("platform.pem"), key.public_key_pem()).unwrap();
    std::fs::write(folder.join("platform.der"), key.public_key_raw()).unwrap();
    let platform = Platform::builder()
        .mchid(MCHID)
        .signing_key(SERIAL, SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(API_V3.as_bytes()).unwrap())
        .build()
        .unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let numbers: Vec<usize> = (0..count).collect();
    std::thread::scope(|scope| {
        let platform = &platform;
        let signers: Vec<_> = numbers
            .chunks(count.div_ceil(threads))
            .map(|chunk| {
                scope.spawn(move || chunk.iter().map(|number| request(platform, *number, now)).collect())
            })
            .collect();
        signers.into_iter().flat_map(|signer| -> Vec<Vec<u8>> { signer.join().unwrap() }).collect()
    })
}

fn request(platform: &Platform, number: usize, now: u64) -> Vec<u8> {
    let case = samples::Case::new(MCHID, u32::try_from(number).unwrap());
    let signed = platform.v3(&samples::v3::transaction(&case), now, &Nonces::fresh().unwrap()).unwrap();
    let mut request =
        format!("POST /notify/shop HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", signed.body.len());
    for (name, value) in &signed.headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.extend_from_slice(&signed.body);
    request
}
