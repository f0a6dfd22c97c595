use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wxhook_cli::throwaway::{self, Merchant, PlatformKeyKind, Settings};
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_simulator::samples::{self, Case};
use wxhook_simulator::{Client, Nonces, SignedRequest};

use crate::support::{Child, PATIENCE, Shop, finished, now, text};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// `wxhook listen`, and the base of its URLs.
struct Listening {
    child: Child,
    base: String,
}

impl Listening {
    async fn start(shop: &Shop, options: &[&str]) -> Self {
        let arguments = ["listen", "--config", text(&shop.config), "--listen", "127.0.0.1:0", "--json"];
        let mut child = Child::start(&[&arguments, options].concat(), &[]);
        let opening = child.line(|line| line.contains(r#""kind":"listening""#)).await;
        let opening: Value = serde_json::from_str(&opening).unwrap();
        let url = opening["urls"][0].as_str().unwrap();
        let base = url.strip_suffix("/notify/shop").unwrap().to_owned();
        Self { child, base }
    }

    async fn send(&self, path: &str, request: &SignedRequest) -> u16 {
        Client::new(PATIENCE).post(&format!("{}{path}", self.base), request).await.unwrap().status
    }

    /// The next line, and what it says.
    async fn next(&mut self) -> (String, Value) {
        let line = self.child.line(|_| true).await;
        let said = serde_json::from_str(&line).unwrap();
        (line, said)
    }
}

/// A program of the user's own: answers so, one after the other, and gives every request's head and body.
async fn own_program(answers: &'static [&'static str]) -> (String, UnboundedReceiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/wechat-pay", listener.local_addr().unwrap());
    let (tell, requests) = unbounded_channel();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            let whole = |request: &str| {
                let (head, body) = request.split_once("\r\n\r\n")?;
                let length = head.split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
                (body.len() >= length).then(|| (head.to_owned(), body.to_owned()))
            };
            while whole(&request).is_none() {
                let mut piece = [0; 4096];
                let Ok(read @ 1..) = stream.read(&mut piece).await else { break };
                request.push_str(&String::from_utf8_lossy(&piece[..read]));
            }
            let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            tell.send(whole(&request).unwrap()).unwrap();
        }
    });
    (url, requests)
}

fn paid(shop: &Shop, number: u32) -> SignedRequest {
    paid_at(shop, number, now())
}

fn paid_at(shop: &Shop, number: u32, at: u64) -> SignedRequest {
    let paid = samples::v3::transaction(&Case::new("1900000109", number));
    shop.platform.v3(&paid, at, &Nonces::fresh().unwrap()).unwrap()
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{name}: {head}"))
}

#[tokio::test]
async fn what_is_verified_is_shown_and_handed_on_with_the_headers_of_the_http_sink() {
    let shop = Shop::new();
    let config = std::fs::read_to_string(&shop.config).unwrap();
    // Not where it goes, but what it is signed with.
    let sink = format!("kind = \"http\"\nurl = \"http://127.0.0.1:1\"\nsecret = \"{SECRET}\"");
    std::fs::write(&shop.config, config.replace("kind = \"stdout\"", &sink)).unwrap();
    let before: Vec<_> = files(&shop);
    let (url, mut requests) = own_program(&["204 No Content"]).await;
    let mut listening = Listening::start(&shop, &["--forward-to", &url]).await;

    assert_eq!(listening.send("/notify/shop", &paid(&shop, 7)).await, 200);
    let (_, request) = listening.next().await;
    assert_eq!((&request["kind"], &request["verified"]), (&"request".into(), &true.into()), "{request}");
    assert_eq!((&request["outcome"], &request["status"]), (&"new".into(), &200.into()));
    assert_eq!(
        (&request["event_type"], &request["serial"]),
        (&"TRANSACTION.SUCCESS".into(), &shop.merchant.key_id().into())
    );
    assert!(request["why"].is_null());
    let (line, record) = listening.next().await;
    assert_eq!((&record["kind"], &record["record"]["seq"]), (&"record".into(), &1.into()));

    let (head, body) = requests.recv().await.unwrap();
    assert_eq!(line, format!(r#"{{"kind":"record","record":{body}}}"#), "to the letter");
    assert_eq!(header(&head, "webhook-id"), "1-1");
    assert_eq!(header(&head, "idempotency-key"), record["record"]["key"].as_str().unwrap());
    assert_eq!(header(&head, "content-type"), "application/json");
    assert!(header(&head, "wxhook-fence").parse::<u64>().is_ok());
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = names.iter().map(|name| (name.parse().unwrap(), header(&head, name).parse().unwrap()));
    Webhook::new(SECRET).unwrap().verify(body.as_bytes(), &headers.collect()).unwrap();
    let (_, forward) = listening.next().await;
    assert_eq!(
        (&forward["kind"], &forward["taken"], &forward["seq"]),
        (&"forward".into(), &true.into(), &1.into())
    );

    // A resend, signed anew, is the same record; it isn't handed on again.
    assert_eq!(listening.send("/notify/shop", &paid(&shop, 7)).await, 200);
    let (_, request) = listening.next().await;
    assert_eq!((&request["outcome"], &request["seq"]), (&"duplicate".into(), &1.into()), "{request}");

    let finished = listening.child.terminate().await;
    assert!(finished.stdout.last().unwrap().contains(r#""outcome":"duplicate""#), "{finished:?}");
    assert!(finished.stderr.is_empty(), "{finished:?}");
    assert_eq!(files(&shop), before, "nothing is kept");
}

fn files(shop: &Shop) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> =
        std::fs::read_dir(shop.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn why_it_is_refused_is_told_and_nothing_of_the_body() {
    let shop = Shop::new();
    let mut listening = Listening::start(&shop, &[]).await;
    let fresh = || Nonces::fresh().unwrap();
    let good = || paid(&shop, 7);
    let with = |change: &dyn Fn(&mut SignedRequest)| {
        let mut request = good();
        change(&mut request);
        request
    };
    let serial = shop.merchant.key_id();
    let signature = |request: &SignedRequest| request.header("Wechatpay-Signature").unwrap().to_owned();
    let v2 = shop
        .platform
        .v2(samples::v2::payment(&Case::new("1900000109", 8)), SignAlgorithm::Md5, &fresh())
        .unwrap();
    let mut v2_changed = v2.clone();
    v2_changed.body = String::from_utf8(v2.body.clone()).unwrap().replacen("[CFT]", "[CFU]", 1).into_bytes();
    assert_ne!(v2_changed.body, v2.body);

    // What is sent, the answer's status, the outcome, and what the reason says.
    let cases: Vec<(SignedRequest, u16, &str, Vec<String>)> = vec![
        (
            with(&|request| request.set_header("Wechatpay-Serial", "5F1C72\tE2")),
            401,
            "unknown-key",
            vec![
                r"signed with 5F1C72\tE2, which isn't configured".into(),
                "only public keys".into(),
                serial.into(),
            ],
        ),
        (
            with(&|request| request.set_header("Wechatpay-Serial", "PUB_KEY_ID_0")),
            401,
            "unknown-key",
            vec!["signed with PUB_KEY_ID_0".into(), format!("shop has {serial}")],
        ),
        (
            with(&|request| request.body.push(b' ')),
            401,
            "signature",
            vec![serial.into(), "changed on its way".into()],
        ),
        (
            paid_at(&shop, 7, now() - 412),
            401,
            "stale",
            vec!["signed 41".into(), "s ago by this machine's clock".into()],
        ),
        (paid_at(&shop, 7, now() + 412), 401, "stale", vec!["s ahead of this machine's clock".into()]),
        (
            shop.platform.probe(good().body, now(), &fresh()),
            401,
            "probe",
            vec!["rejecting it is right".into()],
        ),
        (
            with(&|request| request.remove_header("Wechatpay-Nonce")),
            401,
            "header",
            vec!["without Wechatpay-Nonce: not from the platform".into()],
        ),
        (
            with(&|request| request.headers.push(("Wechatpay-Signature".into(), signature(request)))),
            401,
            "doubled-header",
            vec!["duplicate Wechatpay header: Wechatpay-Signature".into()],
        ),
        (
            with(&|request| request.set_header("Wechatpay-Timestamp", "soon")),
            401,
            "timestamp",
            vec!["not a number".into()],
        ),
        (v2_changed, 401, "sign", vec!["the api_v2_key is another one".into()]),
        (SignedRequest::new(Vec::new(), "  "), 400, "empty", vec!["the body is empty".into()]),
        (
            shop.platform.sign(b"{}".to_vec(), now(), &fresh()).unwrap(),
            400,
            "envelope",
            vec!["verified, but".into(), "quarantine".into()],
        ),
    ];
    for (request, status, outcome, words) in cases {
        assert_eq!(listening.send("/notify/shop", &request).await, status, "{outcome}");
        let (line, said) = listening.next().await;
        assert_eq!((&said["outcome"], &said["status"]), (&outcome.into(), &status.into()), "{line}");
        assert_eq!(said["verified"], (outcome == "envelope"), "{line}");
        let why = said["why"].as_str().unwrap();
        for word in words {
            assert!(why.contains(&word), "{word}: {why}");
        }
        assert!(!line.contains("ciphertext") && !line.contains("CFU"), "{line}");
        let signature = request.header("Wechatpay-Signature").unwrap_or("nothing");
        assert!(!line.contains(signature), "{line}");
    }
    assert_eq!(listening.send("/notify/other", &good()).await, 404);
    let (_, said) = listening.next().await;
    assert_eq!(said["outcome"], "not-found");
    assert!(said["why"].as_str().unwrap().ends_with("there is /notify/shop"), "{said}");

    assert_eq!(listening.send("/notify/shop", &v2).await, 200, "the twin that is right");
    assert_eq!(listening.next().await.1["verified"], true);
    listening.child.terminate().await;
}

#[tokio::test]
async fn a_program_that_fails_is_asked_three_times_and_one_that_is_gone_once() {
    let shop = Shop::new();
    let (url, mut requests) = own_program(&["500 Oh", "503 No", "500 Oh", "410 Gone", "200 OK"]).await;
    let mut listening = Listening::start(&shop, &["--forward-to", &url]).await;
    let mut tell = async |number: u32| {
        assert_eq!(listening.send("/notify/shop", &paid(&shop, number)).await, 200, "whatever becomes of it");
        assert_eq!(listening.next().await.1["outcome"], "new");
        assert_eq!(listening.next().await.1["kind"], "record");
        let mut said = Vec::new();
        loop {
            let (_, forward) = listening.next().await;
            requests.recv().await.unwrap();
            said.push(forward["error"].as_str().unwrap_or("taken").to_owned());
            if forward["again"] == false {
                break said;
            }
        }
    };
    assert_eq!(tell(1).await, ["answered 500", "answered 503", "answered 500"]);
    assert_eq!(tell(2).await, ["answered 410: the receiver is gone"]);
    assert_eq!(tell(3).await, ["taken"]);
    listening.child.terminate().await;
}

#[tokio::test]
async fn it_says_whether_what_it_forwards_is_signed() {
    for (secret, told) in [
        (format!("secret = \"{SECRET}\""), "(signed)"),
        (String::new(), "(not signed: [sink] has no secret)"),
    ] {
        let mut settings = Settings::default();
        settings.listen = "127.0.0.1:0".to_owned();
        let shop = Shop::with(&settings);
        let config = std::fs::read_to_string(&shop.config).unwrap();
        if !secret.is_empty() {
            let sink = format!("kind = \"http\"\nurl = \"http://127.0.0.1:1\"\n{secret}");
            std::fs::write(&shop.config, config.replace("kind = \"stdout\"", &sink)).unwrap();
        }
        let options = ["--forward-to", "http://127.0.0.1:1"];
        let mut child =
            Child::start(&[&["listen", "--config", text(&shop.config)], &options[..]].concat(), &[]);
        let line = child.line(|line| line.starts_with("forwarding to")).await;
        assert!(line.ends_with(told), "{line}");
        child.terminate().await;
    }
}

#[tokio::test]
async fn people_get_lines_and_ctrl_c_ends_it() {
    let mut settings = Settings::default();
    settings.listen = "127.0.0.1:0".to_owned();
    let shop = Shop::with(&settings);
    let mut child = Child::start(&["listen", "--config", text(&shop.config)], &[]);
    let opening = child.line(|line| line.starts_with("listening on")).await;
    let url = opening.split_whitespace().last().unwrap().to_owned();
    assert!(child.line(|line| line.starts_with("forwarding to")).await.contains("only shown"));
    let client = Client::new(PATIENCE);
    assert_eq!(client.post(&url, &paid(&shop, 7)).await.unwrap().status, 200);
    let line = child.line(|line| line.contains("-->")).await;
    let by = format!("POST /notify/shop v3 verified by {}: TRANSACTION.SUCCESS#", shop.merchant.key_id());
    assert!(line.contains(&by), "{line}");
    assert!(child.line(|line| line.contains("<--")).await.contains("<-- 200 "));
    let record = child.line(|line| line.starts_with("    record 1: TRANSACTION.SUCCESS#")).await;
    assert!(record.contains("transaction_id ") && record.ends_with(", amount 1.00"), "{record}");
    let probe = shop.platform.probe("{}", now(), &Nonces::fresh().unwrap());
    assert_eq!(client.post(&url, &probe).await.unwrap().status, 401);
    let line = child.line(|line| line.contains("NOT VERIFIED")).await;
    assert!(line.contains("v3 NOT VERIFIED: a signature probe"), "{line}");
    child.signal("INT").await;
    let finished = child.finish().await;
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    assert_eq!(finished.stdout.last().unwrap(), "2 requests, 1 rejected, 1 records");
    assert!(
        finished.stdout.len() < 12 && !finished.stdout.join("\n").contains("\"resource\""),
        "{finished:?}"
    );
}

#[tokio::test]
async fn what_is_shown_can_be_chosen() {
    let shop = Shop::new();
    let (url, mut requests) = own_program(&["200 OK", "500 Oh", "410 Gone"]).await;
    let plain = async |options: &[&str]| {
        let arguments = ["listen", "--config", text(&shop.config), "--listen", "127.0.0.1:0"];
        let mut child = Child::start(&[&arguments, options].concat(), &[]);
        let opening = child.line(|line| line.starts_with("listening on")).await;
        let to = opening.split_whitespace().last().unwrap().to_owned();
        (child, to)
    };
    let client = Client::new(PATIENCE);
    let probe = || shop.platform.probe("{}", now(), &Nonces::fresh().unwrap());

    let (mut full, to) = plain(&["--full"]).await;
    assert_eq!(client.post(&to, &paid(&shop, 7)).await.unwrap().status, 200);
    full.line(|line| line.contains(r#""transaction_id": ""#)).await;
    full.terminate().await;

    let (other, to) = plain(&["--event", "REFUND.SUCCESS"]).await;
    assert_eq!(client.post(&to, &paid(&shop, 7)).await.unwrap().status, 200);
    assert_eq!(client.post(&to, &probe()).await.unwrap().status, 401);
    let shown = other.terminate().await.stdout.join("\n");
    assert!(!shown.contains("TRANSACTION.SUCCESS") && shown.contains("NOT VERIFIED"), "{shown}");
    let (same, to) = plain(&["--event", "TRANSACTION.SUCCESS"]).await;
    assert_eq!(client.post(&to, &paid(&shop, 7)).await.unwrap().status, 200);
    assert!(same.terminate().await.stdout.join("\n").contains("TRANSACTION.SUCCESS"));
    let unknown = finished(&["listen", "--config", text(&shop.config), "--event", "REFUND.SUCESS"]).await;
    assert_eq!(unknown.status.code(), Some(2), "{unknown:?}");

    // The first is taken, the second isn't, and then given up.
    let (mut failed, to) = plain(&["--failed", "--forward-to", &url]).await;
    for number in [7, 8] {
        assert_eq!(client.post(&to, &paid(&shop, number)).await.unwrap().status, 200);
        requests.recv().await.unwrap();
    }
    failed.line(|line| line.contains("given up, parked")).await;
    assert_eq!(client.post(&to, &probe()).await.unwrap().status, 401);
    let shown = failed.terminate().await.stdout.join("\n");
    assert!(!shown.contains("record 1") && shown.contains("    record 2: TRANSACTION.SUCCESS"), "{shown}");
    assert!(shown.contains("answered 500") && shown.contains("NOT VERIFIED"), "{shown}");
}

#[tokio::test]
async fn the_answer_of_the_own_program_is_shown() {
    const ANSWER: &str =
        "500 Oh\r\ncontent-type: text/plain\r\ncontent-length: 17\r\n\r\nno such order: 7\u{1b}";
    let shop = Shop::new();
    let (url, _requests) = own_program(&[ANSWER]).await;
    let arguments =
        ["listen", "--config", text(&shop.config), "--listen", "127.0.0.1:0", "--forward-to", &url];
    let mut child = Child::start(&arguments, &[]);
    let opening = child.line(|line| line.starts_with("listening on")).await;
    let to = opening.split_whitespace().last().unwrap();
    assert_eq!(Client::new(PATIENCE).post(to, &paid(&shop, 7)).await.unwrap().status, 200);
    let line = child.line(|line| line.contains("answered: ")).await;
    assert_eq!(line, "    answered: no such order: 7 ");
    child.terminate().await;
}

#[tokio::test]
async fn one_merchant_alone_can_be_listened_for() {
    let folder = tempfile::tempdir().unwrap();
    let merchant = |name: &str, kind| Merchant::new(name, "1900000109", kind).unwrap();
    let merchants =
        [merchant("shop", PlatformKeyKind::PublicKey), merchant("market", PlatformKeyKind::Certificate)];
    let config = throwaway::write(folder.path(), &merchants, &Settings::default()).unwrap();
    let options = ["--listen", "127.0.0.1:0", "--json", "--merchant", "market"];
    let mut child = Child::start(&[&["listen", "--config", text(&config)], &options[..]].concat(), &[]);
    let opening: Value = serde_json::from_str(&child.line(|_| true).await).unwrap();
    let urls = opening["urls"].as_array().unwrap();
    let market = urls[0].as_str().unwrap();
    assert!(urls.len() == 1 && market.ends_with("/notify/market"), "{opening}");

    let paid = samples::v3::transaction(&Case::new("1900000109", 7));
    let [of_shop, of_market] = merchants
        .each_ref()
        .map(|merchant| merchant.platform().unwrap().v3(&paid, now(), &Nonces::fresh().unwrap()).unwrap());
    let client = Client::new(PATIENCE);
    let shop = market.replace("market", "shop");
    assert_eq!(client.post(&shop, &of_shop).await.unwrap().status, 404);
    assert!(child.line(|_| true).await.contains("there is /notify/market"));
    assert_eq!(client.post(market, &of_market).await.unwrap().status, 200);
    assert!(child.line(|_| true).await.contains(r#""merchant":"market""#));
    child.terminate().await;
}

#[tokio::test]
async fn wrong_usage_and_faults_are_told() {
    let shop = Shop::new();
    let config = text(&shop.config);
    for (options, code, words) in [
        (["--merchant", "market"], 2, "--merchant: there is none named \"market\"; there is shop"),
        (
            ["--forward-to", "localhost:3000"],
            2,
            "--forward-to: not a usable URL; write it like http://127.0.0.1:3000",
        ),
        (["--listen", "8080"], 2, "--listen"),
        (["--listen", "203.0.113.1:1"], 1, "203.0.113.1 is not an address of this machine"),
    ] {
        let finished = finished(&[&["listen", "--config", config], &options[..]].concat()).await;
        assert_eq!((finished.status.code(), finished.stdout.len()), (Some(code), 0), "{finished:?}");
        assert!(finished.stderr.join("\n").contains(words), "{words}: {finished:?}");
    }
}
