//! The verdict is what a receiver answers, whatever is wrong.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_idempotency::{Clock, MemoryStore, SharedStore};
use wxhook_receiver::{Merchant, NotificationHeaders, Receiver};
use wxhook_simulator::SignedRequest;

use super::fixture::*;

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }
}

fn receiver() -> Receiver {
    Receiver::builder()
        .catalog(wxhook_events::catalog())
        .store(SharedStore::new(MemoryStore::default()))
        .clock(Arc::new(Fixed))
        .merchant(Merchant::from(&Fixture::get().config.merchants[0]))
        .build()
        .unwrap()
}

/// As a server would give it; `None` for headers that no server could.
async fn taken(receiver: &Receiver, request: &SignedRequest) -> Option<bool> {
    let mut map = HeaderMap::new();
    for (name, value) in &request.headers {
        map.append(HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    let answered = receiver
        .receive("/notify/shop", NotificationHeaders::from(&map), Bytes::from(request.body.clone()))
        .await;
    Some(answered.reply.status == 200)
}

/// One byte changed, added or taken away, in a header's value or in the body.
fn spoil(request: &mut SignedRequest, random: &mut Random) {
    const BYTES: &[u8] = b"\"{}<>&+/=0aA \n\xff\x00,:";
    let part = random.below(request.headers.len() * 2);
    let (nth, header) = (part / 2, part.is_multiple_of(2));
    let mut bytes = if header { request.headers[nth].1.clone().into_bytes() } else { request.body.clone() };
    let (place, byte) = (random.below(bytes.len()), BYTES[random.below(BYTES.len())]);
    match random.below(4) {
        0 => bytes.insert(place, byte),
        1 => drop(bytes.remove(place)),
        2 => bytes[place] ^= 1 << random.below(8),
        _ => bytes[place] = byte,
    }
    if header {
        request.headers[nth].1 = String::from_utf8_lossy(&bytes).into_owned();
    } else {
        request.body = bytes;
    }
}

#[tokio::test]
async fn every_changed_byte_is_judged_as_by_a_receiver() {
    let receiver = receiver();
    let mut random = Random(0x5eed);
    let good = [
        (v3(), 60),
        (by_certificate(), 15),
        (payment(SignAlgorithm::Md5), 60),
        (payment(SignAlgorithm::HmacSha256), 30),
        (refund(), 60),
        (deposit_free(&platform()), 40),
    ];
    let (mut passed, mut failed) = (0, 0);
    for (request, times) in good {
        assert_eq!(taken(&receiver, &request).await, Some(true));
        for nth in 0..times {
            let mut request = request.clone();
            spoil(&mut request, &mut random);
            let Some(taken) = taken(&receiver, &request).await else { continue };
            let report = explained(&Fixture::get().config, &request, NOW);
            assert_eq!(report.passes(), taken, "{nth}: {:?} {report:#?}", text_of(&request));
            let failing = report.checks.iter().any(|check| check.is_failed());
            assert_eq!(failing, !taken, "{nth}: {report:#?}");
            super::silent(&report);
            if taken { passed += 1 } else { failed += 1 }
        }
    }
    // Some headers count for nothing, and neither do blanks around XML.
    assert!(passed > 20 && failed > 100, "{passed} {failed}");
}

fn text_of(request: &SignedRequest) -> String {
    format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body))
}
