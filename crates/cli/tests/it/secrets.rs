//! No secret, body or plaintext in a log line, a reply or a metric.

use wxhook_crypto::v2::SignAlgorithm;
use wxhook_crypto::{ApiV2Key, ApiV3Key, SigningKey};
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Client, DepositFree, Nonces, Notification, Platform, SignedRequest};

use crate::support::{PATIENCE, Shop, get, now};

/// Stands in every plaintext.
const MARKER: &str = "pLaInTeXt-MaRkEr";
/// Stands in bodies that are no notifications.
const BODY: &str = "bOdY-mArKeR";

#[tokio::test]
async fn nothing_that_is_secret_comes_out() {
    let shop = Shop::new();
    let mut server = shop.serve(&["--log-level", "trace"]).await;
    let client = Client::new(PATIENCE);
    let mut outside = String::new();
    let (mut taken, mut refused) = (0, 0);
    let requests = requests(&shop);
    for (path, request) in &requests {
        let answer = client.post(&format!("http://{}{path}", server.addr), request).await.unwrap();
        outside.push_str(&format!("{:?} ", answer.headers));
        outside.push_str(&String::from_utf8_lossy(&answer.body));
        if answer.accepted() { taken += 1 } else { refused += 1 }
    }
    // The quarantined ones are answered as failures, and all the others that are refused, too.
    assert_eq!((taken, refused), (TAKEN, requests.len() - TAKEN));
    // The last of what is handed on.
    server.line(|line| line.contains("MCHTRANSFER.AUTHORIZATION.CONFIRMED")).await;
    for path in ["/metrics", "/healthz", "/readyz", "/nowhere"] {
        outside.push_str(&get(&server.admin_addr, path).await.1);
    }
    let finished = server.terminate().await;

    // What is searched is there: records with their plaintext on stdout, log lines on stderr.
    let logged = finished.stderr.join("\n");
    assert!(finished.stdout.iter().filter(|line| line.contains(MARKER)).count() >= 6);
    for part in ["DEBUG", "INFO", "WARN", "signature", "stale", "probe", "refund"] {
        assert!(logged.contains(part), "{part}\n{logged}");
    }
    assert!(outside.contains("wxhook_requests_total") && outside.contains("SIGN_ERROR"));
    for (what, secret) in secrets(&shop, &requests) {
        assert!(!logged.contains(&secret), "{what} in a log line");
        assert!(!outside.contains(&secret), "{what} in a reply");
    }
}

/// The number of requests that are answered with success.
const TAKEN: usize = 9;

fn requests(shop: &Shop) -> Vec<(&'static str, SignedRequest)> {
    let platform = &shop.platform;
    let fresh = || Nonces::fresh().unwrap();
    let (case, other) = (Case::new("1900000109", 1), Case::new("1900000109", 2));
    let paid = marked(samples::v3::transaction(&case));
    let good = |notification: &Notification| platform.v3(notification, now(), &fresh()).unwrap();
    let body = || platform.envelope(&paid, &fresh()).unwrap();
    let payment = |case: &Case| marked_fields(samples::v2::payment(case));
    let refund = samples::v2::refund(&case);
    let req_info = marked_fields(refund.req_info.clone());
    let free = samples::v2::deposit_free(&case);
    let free = DepositFree::new(free.event_type, free.event_id, marked_fields(free.fields));

    let mut all = vec![
        // taken
        good(&paid),
        good(&paid),
        good(&marked(samples::v3::transaction(&case.changed()))),
        good(&Notification::new("EV-1", "NOBODY.KNOWS", format!(r#"{{"a":"{MARKER}"}}"#))),
        platform.v2(payment(&case), SignAlgorithm::Md5, &fresh()).unwrap(),
        platform.v2(payment(&other), SignAlgorithm::HmacSha256, &fresh()).unwrap(),
        platform.v2_refund(refund.fields.clone(), &req_info, &fresh()).unwrap(),
        platform.v2_deposit_free(&free, &fresh()).unwrap(),
        // not verified
        platform.probe(body(), now(), &fresh()),
        platform.sign(body(), now() - 360, &fresh()).unwrap(),
        platform.sign(body(), now() + 360, &fresh()).unwrap(),
        platform.sign(body(), "1e9", &fresh()).unwrap(),
        tampered(good(&paid)),
        tampered(platform.v2(payment(&case), SignAlgorithm::Md5, &fresh()).unwrap()),
        tampered(platform.v2_refund(refund.fields.clone(), &req_info, &fresh()).unwrap()),
        tampered(platform.v2_deposit_free(&free, &fresh()).unwrap()),
        with_header(good(&paid), "Wechatpay-Serial", "UNKNOWN"),
        with_header(good(&paid), "Wechatpay-Signature", "AAAA"),
        with_header(good(&paid), "Wechatpay-Signature-Type", "WECHATPAY2-SHA1"),
        doubled(good(&paid)),
        // verified, but unusable
        platform.sign(format!("[\"{BODY}\"]"), now(), &fresh()).unwrap(),
        platform.sign(format!("{{\"id\":\"{BODY}"), now(), &fresh()).unwrap(),
        stranger(shop).v3(&paid, now(), &fresh()).unwrap(),
        // unreadable
        SignedRequest::new(Vec::new(), format!("<xml><a>{BODY}</a><a>{BODY}</a></xml>")),
        SignedRequest::new(Vec::new(), format!("<!DOCTYPE x [<!ENTITY e \"{BODY}\">]><xml>&e;</xml>")),
        SignedRequest::new(Vec::new(), format!("<xml><b>{BODY}")),
        SignedRequest::new(Vec::new(), BODY.repeat(40_000)),
        SignedRequest::new(Vec::new(), BODY),
    ];
    let last = good(&marked(samples::v3::transfer_authorized(&case)));
    let mut requests = vec![("/notify/nobody", good(&paid))];
    requests.extend(all.drain(..).map(|request| ("/notify/shop", request)));
    requests.push(("/notify/shop", last));
    requests
}

/// Returns the secrets that must not come out, each with its name.
fn secrets(shop: &Shop, requests: &[(&str, SignedRequest)]) -> Vec<(String, String)> {
    let mut secrets = vec![("plaintext".to_owned(), MARKER.to_owned()), ("body".to_owned(), BODY.to_owned())];
    for (name, content) in shop.merchant.files().filter(|(name, _)| !name.contains("pub")) {
        secrets.extend(content.lines().map(|line| (name.to_owned(), line.to_owned())));
    }
    for (_, request) in requests {
        let body = String::from_utf8_lossy(&request.body);
        for mark in
            ["\"ciphertext\":\"", "<event_ciphertext><![CDATA[", "<req_info><![CDATA[", "<sign><![CDATA["]
        {
            // Without the first character, which may be tampered with: so it is part of the right one, too.
            let sealed = body.split_once(mark).map(|(_, rest)| &rest[1..32]);
            secrets.extend(sealed.map(|sealed| (format!("{mark}…"), sealed.to_owned())));
        }
        let signature = request.header("Wechatpay-Signature").filter(|signature| signature.len() > 100);
        secrets.extend(signature.map(|signature| ("a signature".to_owned(), signature[..64].to_owned())));
    }
    // Base64 of a plaintext, and a debug print of bytes.
    secrets.push((
        "plaintext as bytes".to_owned(),
        format!("{:?}", &MARKER.as_bytes()[..8]).replace(['[', ']'], ""),
    ));
    secrets
}

/// Adds the marker in a field outside the key.
fn marked(mut notification: Notification) -> Notification {
    assert!(notification.resource.trim_end().ends_with('}'));
    notification.resource = format!("{{\"marker\":\"{MARKER}\",{}", &notification.resource.trim_start()[1..]);
    notification
}

fn marked_fields(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    fields.push(("marker".to_owned(), MARKER.to_owned()));
    fields
}

/// Changes the last letter or digit before the end of a value.
fn tampered(mut request: SignedRequest) -> SignedRequest {
    let marks: [&[u8]; 4] =
        [b"\"ciphertext\":\"", b"<event_ciphertext><![CDATA[", b"<req_info><![CDATA[", b"<sign><![CDATA["];
    let place = marks.iter().find_map(|mark| {
        let at = request.body.windows(mark.len()).position(|window| window == *mark)?;
        Some(at + mark.len())
    });
    let byte = &mut request.body[place.unwrap()];
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    request
}

fn with_header(mut request: SignedRequest, name: &str, value: &str) -> SignedRequest {
    request.set_header(name, value);
    request
}

fn doubled(mut request: SignedRequest) -> SignedRequest {
    let nonce = request.header("Wechatpay-Nonce").unwrap().to_owned();
    request.headers.push(("Wechatpay-Nonce".to_owned(), nonce));
    request
}

/// Signs with the platform's key but encrypts with another one: as when the merchant configured a wrong key.
fn stranger(shop: &Shop) -> Platform {
    let pem = std::fs::read(shop.file("shop-wechatpay-private.pem")).unwrap();
    Platform::builder()
        .mchid("1900000109")
        .signing_key(shop.merchant.key_id(), SigningKey::from_pem(&pem).unwrap())
        .api_v3_key(ApiV3Key::new(&[b'k'; 32]).unwrap())
        .api_v2_key(ApiV2Key::new(&[b'k'; 32]).unwrap())
        .build()
        .unwrap()
}
