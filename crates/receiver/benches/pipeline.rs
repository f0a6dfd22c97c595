//! Cost of the pipeline beside that of its unavoidable parts, in one run.
//!
//! The floor is ring's RSA verification with SHA-256 of the signed message, AES-256-GCM open, SHA-256 of the resource
//! and its typed decoding, on prepared inputs. The pipeline is bytes and headers in, reply out, on the memory store,
//! every notification distinct. Both are measured in turn, batch by batch; medians and the median of the ratios are
//! printed. `--quick` measures fewer.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a bench"
)]

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::{aead, digest, signature};
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wxhook_crypto::{AeadAlgorithm, ApiV3Key, SigningKey};
use wxhook_events::payment::TransactionSuccessBasic;
use wxhook_idempotency::{Clock, MemoryStore, SharedStore};
use wxhook_receiver::{Merchant, NotificationHeaders, Receiver};
use wxhook_wire::Event as _;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const API_V3: &[u8; 32] = b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
const NONCE: &[u8; 12] = b"0123456789ab";
const NOW: u64 = 1_700_000_000;
const SERIAL: &str = "PUB_KEY_ID_0119000001092024";

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }
}

struct Prepared {
    headers: HeaderMap,
    body: Bytes,
    /// For the floor.
    message: Vec<u8>,
    signature: Vec<u8>,
    sealed: Vec<u8>,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (batches, per_batch) = if quick { (20, 20) } else { (100, 100) };
    let pem = Command::new("openssl").args(["genrsa", "2048"]).output().unwrap().stdout;
    let public = public_key_der(&pem);
    let key = SigningKey::from_pem(&pem).unwrap();
    println!(
        "preparing {} distinct notifications of {} B …",
        batches * per_batch,
        prepare(&key, 0).body.len()
    );
    let all: Vec<Prepared> = (0..batches * per_batch).map(|number| prepare(&key, number)).collect();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receiver = receiver(&key);
    let floor_key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, API_V3).unwrap());
    let verifier = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public);

    let (mut floors, mut pipelines, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for batch in all.chunks(per_batch) {
        let began = Instant::now();
        for prepared in batch {
            floor(&verifier, &floor_key, prepared);
        }
        let floor = began.elapsed().as_secs_f64() / per_batch as f64 * 1e6;
        let began = Instant::now();
        runtime.block_on(async {
            for prepared in batch {
                let answered = receiver
                    .receive(
                        "/notify/shop",
                        NotificationHeaders::from(&prepared.headers),
                        prepared.body.clone(),
                    )
                    .await;
                assert_eq!(answered.report.outcome.as_str(), "new");
            }
        });
        let pipeline = began.elapsed().as_secs_f64() / per_batch as f64 * 1e6;
        floors.push(floor);
        pipelines.push(pipeline);
        ratios.push(pipeline / floor);
    }
    println!("{:<52}{:>8.1} µs", "floor: RSA + SHA-256 + AES-GCM + typed decode", median(&mut floors));
    println!("{:<52}{:>8.1} µs", "pipeline: bytes and headers in, reply out", median(&mut pipelines));
    println!("{:<52}{:>8.3}", "ratio (median of the batches' ratios; goal 1.25)", median(&mut ratios));
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn floor(verifier: &signature::UnparsedPublicKey<Vec<u8>>, key: &aead::LessSafeKey, prepared: &Prepared) {
    verifier.verify(&prepared.message, &prepared.signature).unwrap();
    let mut sealed = prepared.sealed.clone();
    let nonce = aead::Nonce::assume_unique_for_key(*NONCE);
    let opened = key.open_in_place(nonce, aead::Aad::from(b"transaction"), &mut sealed).unwrap();
    black_box(digest::digest(&digest::SHA256, opened));
    black_box(TransactionSuccessBasic::decode(None, std::str::from_utf8(opened).unwrap()).unwrap());
}

/// PKCS#1, as ring wants it.
fn public_key_der(private_pem: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(["rsa", "-RSAPublicKey_out", "-outform", "DER"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(private_pem).unwrap();
    child.wait_with_output().unwrap().stdout
}

fn receiver(key: &SigningKey) -> Receiver {
    let merchant = Merchant::new("shop", "1900000109")
        .api_v3_key(ApiV3Key::new(API_V3).unwrap())
        .platform_key(SERIAL, key.public_key());
    Receiver::builder()
        .catalog(wxhook_events::catalog())
        .store(SharedStore::new(MemoryStore::default()))
        .clock(Arc::new(Fixed))
        .merchant(merchant)
        .build()
        .unwrap()
}

fn prepare(key: &SigningKey, number: usize) -> Prepared {
    let resource = resource(number);
    let sealed = ApiV3Key::new(API_V3)
        .unwrap()
        .seal(AeadAlgorithm::Aes256Gcm, NONCE, b"transaction", resource.as_bytes())
        .unwrap();
    let ciphertext = base64::prelude::BASE64_STANDARD.encode(&sealed);
    let body = format!(
        r#"{{"id":"EV-{number:020}","create_time":"2018-06-08T10:34:56+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{ciphertext}","associated_data":"transaction","nonce":"0123456789ab"}}}}"#
    );
    let (timestamp, nonce) = (NOW.to_string(), "593BEC0C930BF1AFEB40B4A08C8FB242");
    let signature = wxhook_crypto::v3::sign(key, &timestamp, nonce, body.as_bytes()).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("wechatpay-serial", SERIAL),
        ("wechatpay-timestamp", &timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", &signature),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    ] {
        headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let message = format!("{timestamp}\n{nonce}\n{body}\n").into_bytes();
    let signature = base64::prelude::BASE64_STANDARD.decode(signature).unwrap();
    Prepared { headers, body: Bytes::from(body), message, signature, sealed }
}

/// About 0.9 KiB.
fn resource(number: usize) -> String {
    format!(
        r#"{{"mchid":"1900000109","appid":"wxd678efh567hg6787","out_trade_no":"{number:032}","transaction_id":"42{number:026}","trade_type":"JSAPI","trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"CMC_DEBIT","attach":"自定义数据","success_time":"2018-06-08T10:34:56+08:00","payer":{{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}},"amount":{{"total":100,"payer_total":90,"currency":"CNY","payer_currency":"CNY"}},"scene_info":{{"device_id":"013467007045764"}},"promotion_detail":[{{"coupon_id":"109519","name":"单品惠-6","scope":"SINGLE","type":"CASH","amount":10,"stock_id":"931386","wechatpay_contribute":0,"merchant_contribute":10,"other_contribute":0,"currency":"CNY","goods_detail":[{{"goods_id":"M1006","quantity":1,"unit_price":100,"discount_amount":1,"goods_remark":"商品备注信息"}}]}}]}}"#
    )
}
