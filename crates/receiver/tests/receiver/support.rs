//! Two merchants, a platform made of crypto's own functions, and a clock that stands still.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, PlatformKey, SigningKey, v2::SignAlgorithm};
use wxhook_idempotency::{Clock, Filter, MemoryStore, Store as _, StoredRecord};
use wxhook_receiver::{Builder, Merchant, NotificationHeaders, Receiver, Response};
use wxhook_wire::Record;

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const SERIAL: &str = "PUB_KEY_ID_0119000001092024";
pub(crate) const API_V3: &[u8; 32] = b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
pub(crate) const API_V2: &[u8; 32] = b"192006250b4c09247ec02edce69f6a2d";
pub(crate) const MCHID: &str = "1900000109";

/// Made by the openssl program, once.
pub(crate) static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let output = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .expect("the openssl program");
    SigningKey::from_pem(&output.stdout).unwrap()
});

pub(crate) fn platform_key() -> PlatformKey {
    KEY.public_key()
}

pub(crate) fn api_v3() -> ApiV3Key {
    ApiV3Key::new(API_V3).unwrap()
}

pub(crate) fn api_v2() -> ApiV2Key {
    ApiV2Key::new(API_V2).unwrap()
}

#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) u64);

impl Clock for Fixed {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0)
    }
}

/// `shop` with all keys and a path of its own; `other` with another v3 key and no v2 key.
pub(crate) fn builder(store: &MemoryStore) -> Builder {
    let shop = Merchant::new("shop", MCHID)
        .api_v3_key(api_v3())
        .api_v2_key(api_v2())
        .platform_key(SERIAL, platform_key())
        .path("/pay/wechat/callback");
    let other = Merchant::new("other", "1900000110")
        .api_v3_key(ApiV3Key::new(&[b'x'; 32]).unwrap())
        .platform_key("PUB_KEY_ID_OTHER", platform_key());
    Receiver::builder()
        .catalog(wxhook_events::catalog())
        .store(store.clone())
        .clock(Arc::new(Fixed(NOW)))
        .merchant(shop)
        .merchant(other)
}

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) receiver: Receiver,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = MemoryStore::default();
        let receiver = builder(&store).build().unwrap();
        Self { store, receiver }
    }

    pub(crate) fn with<S: Send + Sync + 'static>(build: impl FnOnce(Builder) -> Builder<S>) -> Self {
        let store = MemoryStore::default();
        let receiver = build(builder(&store)).build().unwrap();
        Self { store, receiver }
    }

    pub(crate) async fn send(&self, request: &Request) -> Response {
        self.send_to("/notify/shop", request).await
    }

    pub(crate) async fn send_to(&self, path: &str, request: &Request) -> Response {
        self.receiver
            .receive(path, NotificationHeaders::from(&request.headers), Bytes::from(request.body.clone()))
            .await
    }

    /// Every record, oldest first.
    pub(crate) async fn stored(&self) -> Vec<StoredRecord> {
        let mut records = self.store.list(Filter::default(), None, 1_000).await.unwrap().records;
        records.reverse();
        records
    }

    pub(crate) async fn records(&self) -> Vec<Record> {
        self.stored().await.into_iter().map(|record| event_record(&record)).collect()
    }

    pub(crate) async fn only(&self) -> Record {
        let mut records = self.records().await;
        assert_eq!(records.len(), 1);
        records.remove(0)
    }
}

pub(crate) fn event_record(stored: &StoredRecord) -> Record {
    Record::from_body(
        &stored.body,
        stored.seq.get(),
        stored.key.clone(),
        stored.generation,
        stored.attempts,
        stored.flags.clone(),
    )
    .unwrap()
}

#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name).unwrap();
        self
    }

    pub(crate) fn doubled(mut self, name: &str) -> Self {
        let value = self.headers.get(name).unwrap().clone();
        self.headers.append(name.parse::<HeaderName>().unwrap(), value);
        self
    }
}

/// A v3 notification before it is sealed and signed; every part can be spoiled.
#[derive(Clone)]
pub(crate) struct Notify {
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) resource: Vec<u8>,
    pub(crate) nonce: String,
    pub(crate) algorithm: String,
    pub(crate) original_type: Option<&'static str>,
    /// JSON, as it stands in the envelope.
    pub(crate) associated_data: &'static str,
    pub(crate) timestamp: String,
    pub(crate) serial: String,
}

pub(crate) fn notify(event_type: &str, resource: &str) -> Notify {
    Notify {
        id: "EV-2018022511223320873".into(),
        event_type: event_type.into(),
        resource: resource.as_bytes().to_vec(),
        nonce: "0123456789ab".into(),
        algorithm: "AEAD_AES_256_GCM".into(),
        original_type: Some("transaction"),
        associated_data: "\"transaction\"",
        timestamp: NOW.to_string(),
        serial: SERIAL.into(),
    }
}

impl Notify {
    pub(crate) fn sealed(&self) -> Vec<u8> {
        let aad: Option<String> = serde_json::from_str(self.associated_data).unwrap();
        let nonce: [u8; 12] = *self.nonce.as_bytes().first_chunk().unwrap_or(b"0123456789ab");
        let aad = aad.unwrap_or_default();
        api_v3().seal(AeadAlgorithm::Aes256Gcm, &nonce, aad.as_bytes(), &self.resource).unwrap()
    }

    pub(crate) fn body(&self) -> String {
        self.body_with(&base64(&self.sealed()))
    }

    pub(crate) fn body_with(&self, ciphertext: &str) -> String {
        let original_type =
            self.original_type.map(|text| format!("\"original_type\":\"{text}\",")).unwrap_or_default();
        format!(
            "{{\"id\":{id:?},\"create_time\":\"2018-06-08T10:34:56+08:00\",\"resource_type\":\"encrypt-resource\",\
             \"event_type\":{event:?},\"summary\":\"支付成功\",\"resource\":{{{original_type}\"algorithm\":{algorithm:?},\
             \"ciphertext\":\"{ciphertext}\",\"associated_data\":{aad},\"nonce\":{nonce:?}}}}}",
            id = self.id,
            event = self.event_type,
            algorithm = self.algorithm,
            aad = self.associated_data,
            nonce = self.nonce,
        )
    }

    pub(crate) fn sign(&self) -> Request {
        self.sign_body(self.body())
    }

    /// Any body, signed rightly.
    pub(crate) fn sign_body(&self, body: impl Into<Vec<u8>>) -> Request {
        let body = body.into();
        let signature = wxhook_crypto::v3::sign(&KEY, &self.timestamp, "593BEC0C930BF1AF", &body).unwrap();
        Request { headers: HeaderMap::new(), body }
            .header("wechatpay-serial", &self.serial)
            .header("wechatpay-timestamp", &self.timestamp)
            .header("wechatpay-nonce", "593BEC0C930BF1AF")
            .header("wechatpay-signature", signature)
            .header("request-id", "08F78BB5AF0610A8")
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

pub(crate) const PAID: &str = r#"{"mchid":"1900000109","appid":"wxd678efh567hg6787","out_trade_no":"1217752501201407033233368018",
 "transaction_id":"1217752501201407033233368018","trade_type":"JSAPI","trade_state":"SUCCESS","bank_type":"CMC",
 "attach":"","success_time":"2018-06-08T10:34:56+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
 "amount":{"total":100,"payer_total":100,"currency":"CNY","payer_currency":"CNY"}}"#;

pub(crate) fn paid() -> Notify {
    notify("TRANSACTION.SUCCESS", PAID)
}

/// Fields in their order, as XML.
pub(crate) fn xml(root: &str, fields: &[(&str, &str)]) -> String {
    let fields: String =
        fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>")).collect();
    format!("<{root}>{fields}</{root}>")
}

pub(crate) fn v2(fields: &[(&str, &str)], algorithm: SignAlgorithm) -> Request {
    let sign = wxhook_crypto::v2::sign(fields.iter().copied(), &api_v2(), algorithm);
    let mut fields = fields.to_vec();
    fields.push(("sign", &sign));
    raw(xml("xml", &fields))
}

pub(crate) fn raw(body: impl Into<Vec<u8>>) -> Request {
    Request { headers: HeaderMap::new(), body: body.into() }
}

pub(crate) const PAYMENT: [(&str, &str); 10] = [
    ("appid", "wx2421b1c4370ec43b"),
    ("attach", "支付测试"),
    ("mch_id", MCHID),
    ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
    ("out_trade_no", "1409811653"),
    ("result_code", "SUCCESS"),
    ("return_code", "SUCCESS"),
    ("time_end", "20140903131540"),
    ("total_fee", "1"),
    ("transaction_id", "1004400740201409030005092168"),
];

pub(crate) fn refund(inner: &[(&str, &str)]) -> Request {
    let req_info = wxhook_crypto::v2::seal_refund(xml("root", inner).as_bytes(), &api_v2());
    raw(xml(
        "xml",
        &[
            ("return_code", "SUCCESS"),
            ("appid", "wx2421b1c4370ec43b"),
            ("mch_id", MCHID),
            ("nonce_str", "TeqClE3i0mvn3DrK"),
            ("req_info", &req_info),
        ],
    ))
}

pub(crate) const REFUND: [(&str, &str); 6] = [
    ("out_refund_no", "131811191610442717309"),
    ("out_trade_no", "71106718111915575302817"),
    ("refund_fee", "3960"),
    ("refund_id", "50000408942018111907145868882"),
    ("refund_status", "SUCCESS"),
    ("transaction_id", "4200000215201811190261405420"),
];

pub(crate) fn deposit_free(inner: &str, algorithm: SignAlgorithm) -> Request {
    deposit_free_with(inner, algorithm, "AEAD_AES_256_GCM", "0123456789ab", api_v3())
}

pub(crate) fn deposit_free_with(
    inner: &str,
    sign: SignAlgorithm,
    algorithm: &str,
    nonce: &str,
    key: ApiV3Key,
) -> Request {
    let sealed = key.seal(AeadAlgorithm::Aes256Gcm, b"0123456789ab", b"event", inner.as_bytes()).unwrap();
    v2(
        &[
            ("mch_id", MCHID),
            ("appid", "wx2421b1c4370ec43b"),
            ("algorithm", sign.as_str()),
            ("nonce_str", "5d2b6c2a8db53831"),
            ("event_id", "EV-v2-1"),
            ("event_type", "CHECK.SUCCESS"),
            ("event_algorithm", algorithm),
            ("event_nonce", nonce),
            ("event_associated_data", "event"),
            ("event_ciphertext", &base64(&sealed)),
        ],
        sign,
    )
}
