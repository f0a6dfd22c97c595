use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wxhook_cli::throwaway::{Merchant, PlatformKeyKind, Settings};

use crate::sinks::tls_server;
use crate::support::{Finished, Shop, finished, finished_with, now, text};

async fn check(config: &Path) -> Finished {
    finished(&["check", "--config", text(config)]).await
}

#[tokio::test]
async fn a_good_configuration_is_summed_up() {
    let shop = Shop::new();
    let checked = check(&shop.config).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    let summary = checked.stdout.join("\n");
    let id = shop.merchant.key_id();
    for part in ["ok: ", "shop (mchid 1900000109)", "v3 and v2", id, "wxhook.db", "will be created", "stdout"]
    {
        assert!(summary.contains(part), "{part}\n{summary}");
    }
    assert!(!shop.folder.path().join("wxhook.db").exists(), "checking creates no store");
    for (_, secret) in shop.merchant.files().skip(1) {
        assert!(!summary.contains(secret));
    }
}

#[tokio::test]
async fn a_secret_that_others_can_read_is_a_warning() {
    let shop = Shop::new();
    let key = shop.file("shop-api-v3-key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let checked = check(&shop.config).await;
    assert_eq!(checked.status.code(), Some(0));
    assert_eq!(checked.stdout.iter().filter(|line| line.contains("warning")).count(), 1, "{checked:?}");

    shop.serve(&[]).await.terminate().await;
    let store = shop.file("wxhook.db");
    std::fs::set_permissions(&store, PermissionsExt::from_mode(0o640)).unwrap();
    let checked = check(&shop.config).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    let warnings: Vec<_> = checked.stdout.iter().filter(|line| line.contains("warning")).collect();
    assert!(warnings.len() == 2 && warnings[1].contains("wxhook.db can be read by others"), "{warnings:?}");
}

#[tokio::test]
async fn each_fault_has_its_line_and_no_secret_shows() {
    // Replaced text, its replacement, and what the fault names.
    let one: [(&str, &str, &str); 10] = [
        ("[store]", "[stored]", "stored: unknown key; did you mean store?"),
        ("mchid = \"1900000109\"\n", "", "mchid: missing"),
        ("mchid = \"1900000109\"", "mchid = true", "mchid: not a text"),
        ("\"shop-api-v3-key\"", "\"nothing-there\"", "api_v3_key_file: the file does not exist"),
        ("\"shop-api-v3-key\"", "\"shop-wechatpay-pub.pem\"", "api_v3_key"),
        ("\"shop-wechatpay-pub.pem\"", "\"shop-wechatpay-private.pem\"", "private key"),
        (
            "sqlite://wxhook.db",
            "sqlite:///no/such/folder/n.db",
            "store.url: the folder /no/such/folder does not exist; create",
        ),
        (
            "sqlite://wxhook.db",
            "sqlite://shop-api-v2-key",
            "shop-api-v2-key is not a wxhook database; give another path",
        ),
        ("sqlite://wxhook.db", "sqlite://.", "is a folder; give the path of a file"),
        ("sqlite://wxhook.db", "redis://127.0.0.1:1/0", "store.url: redis at 127.0.0.1:1 is unavailable"),
    ];
    for (from, to, names) in one {
        let shop = Shop::new();
        replace(&shop.config, from, to);
        let checked = check(&shop.config).await;
        assert_eq!((checked.status.code(), checked.stdout.len()), (Some(1), 0), "{to}: {checked:?}");
        assert_eq!(checked.stderr.len(), 1, "{to}: {checked:?}");
        assert!(checked.stderr[0].contains(names), "{names}: {checked:?}");
        assert_silent(&shop, &checked);
    }

    let shop = Shop::new();
    replace(&shop.config, "[store]", "lisen = \"x\"\n[store]");
    replace(&shop.config, "sqlite://wxhook.db", "sqlite://shop-api-v3-key");
    replace(&shop.config, "mchid = \"1900000109\"\n", "");
    replace(&shop.config, "kind = \"stdout\"", "kind = \"paper\"");
    std::fs::write(shop.file("shop-api-v2-key"), "tooshortasecret").unwrap();
    let checked = check(&shop.config).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(1), 5), "{checked:?}");
    assert!(!checked.stderr.join("\n").contains("tooshortasecret"));
    assert_silent(&shop, &checked);
}

#[tokio::test]
async fn the_environment_counts_and_what_cannot_be_read_is_1() {
    let shop = Shop::new();
    let arguments = ["check", "--config", text(&shop.config)];
    let checked = finished_with(&arguments, &[("WXHOOK_LISTEN", "127.0.0.1:7777")]).await;
    assert!(checked.status.success() && checked.stdout.join("\n").contains("127.0.0.1:7777"));
    let checked = finished_with(&arguments, &[("WXHOOK_LISTEN", "elsewhere")]).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(1), 1));
    assert!(checked.stderr[0].contains("WXHOOK_LISTEN"));

    let config = ("WXHOOK_CONFIG", text(&shop.config));
    assert!(finished_with(&["check"], &[config]).await.status.success(), "its path, too");

    for command in ["check", "serve"] {
        let missing = finished(&[command, "--config", "no/such/file.toml"]).await;
        assert_eq!((missing.status.code(), missing.stderr.len()), (Some(1), 1), "{missing:?}");
    }
}

/// What is wrong, and what its one line names.
struct Wrong<'a> {
    from: &'a str,
    to: &'a str,
    says: &'a str,
}

const fn wrong<'a>(from: &'a str, to: &'a str, says: &'a str) -> Wrong<'a> {
    Wrong { from, to, says }
}

/// A shop whose configuration has everything that is looked at.
fn whole() -> Shop {
    let mut settings = Settings::default();
    settings.simulator = true;
    let shop = Shop::with(&settings);
    let config = std::fs::read_to_string(&shop.config).unwrap();
    std::fs::write(&shop.config, format!("public_url = \"https://pay.example.com/notify\"\n{config}"))
        .unwrap();
    shop
}

/// Its only fault, in the configuration.
async fn one_fault(shop: &Shop, says: &str) {
    let checked = check(&shop.config).await;
    assert_eq!((checked.status.code(), checked.stdout.len()), (Some(1), 0), "{says}: {checked:?}");
    assert_eq!(checked.stderr.len(), 1, "{says}: {checked:?}");
    assert!(checked.stderr[0].contains(says), "{says}: {checked:?}");
    assert_silent(shop, &checked);
}

#[tokio::test]
async fn a_whole_one_is_without_fault_or_warning() {
    let checked = check(&whole().config).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    let summary = checked.stdout.join("\n");
    assert!(
        summary.contains("notify_url https://pay.example.com/notify/shop") && !summary.contains("warning")
    );
}

#[tokio::test]
async fn each_rule_of_a_notify_url_has_its_fault() {
    let (shop, url) = (whole(), "https://pay.example.com/notify");
    let right = std::fs::read_to_string(&shop.config).unwrap();
    let long = format!("{url}/{}", "x".repeat(256));
    for Wrong { from, to, says } in [
        wrong(
            "https",
            "http",
            "public_url: not https, which the platform requires; put a TLS proxy in front",
        ),
        wrong("pay.example.com", "localhost", "public_url: localhost is each machine itself; give the name"),
        wrong(
            "pay.example.com",
            "192.168.1.7",
            "public_url: a private address, which can't be reached from outside",
        ),
        wrong("pay.example.com", "[::1]", "public_url: an address of this machine itself"),
        wrong("pay.example.com", "wxhook", "public_url: a name that means nothing outside"),
        wrong("/notify", "", "public_url: has no path; give it one"),
        wrong("example.com", "example.com:0", "public_url: 0 is not a port"),
        wrong("/notify", "/notify?shop=1", "public_url: has a query, which a notify URL may not have"),
        wrong("/notify", "/notify#shop", "public_url: has a fragment"),
        wrong("pay.", "li:s3cret@pay.", "public_url: has a user in it"),
        wrong(url, "pay.example.com/notify", "public_url: not a usable URL"),
        wrong(url, &long, "public_url: makes a notify URL of 292 bytes, where 256 are allowed"),
    ] {
        std::fs::write(&shop.config, right.replace(url, &url.replacen(from, to, 1))).unwrap();
        one_fault(&shop, says).await;
    }
}

#[tokio::test]
async fn the_simulators_key_pairs_up_with_a_platform_key() {
    let shop = whole();
    let id = format!("serial = \"{}\"", shop.merchant.key_id());
    replace(&shop.config, &id, "serial = \"PUB_KEY_ID_01\"");
    one_fault(&shop, "simulator.serial: no merchant has a platform key of this id").await;

    let shop = whole();
    let other = Merchant::new("other", "1", PlatformKeyKind::PublicKey).unwrap();
    let (_, private) = other.files().find(|(name, _)| name.contains("private")).unwrap();
    std::fs::write(shop.file("shop-wechatpay-private.pem"), private).unwrap();
    one_fault(&shop, "simulator.private_key_file: not the private half of the platform key").await;
}

#[tokio::test]
async fn the_times_of_certificates_and_the_form_of_ids_are_worth_a_look() {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let in_days = |days: i64| {
        UNIX_EPOCH + Duration::from_secs(now()) + Duration::from_secs(86_400 * days.unsigned_abs())
    };
    let mut times = Vec::new();
    for (begin, end, says) in [
        (None, Some(in_days(400)), None),
        // Half a day more: however long the test takes, it is the same day.
        (
            None,
            Some(in_days(20) + Duration::from_secs(43_200)),
            Some("the certificate expires in 20 days; add the newer one beside it"),
        ),
        (None, Some(UNIX_EPOCH + Duration::from_secs(946_684_800)), Some("the certificate has expired")),
        (
            Some(in_days(2)),
            Some(in_days(400)),
            Some("the certificate is not valid yet; this machine's clock"),
        ),
    ] {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_after = end.unwrap().into();
        if let Some(begin) = begin {
            params.not_before = begin.into();
        }
        times.push((params.self_signed(&pair).unwrap().pem(), says));
    }
    let shop = Shop::new();
    let right = std::fs::read_to_string(&shop.config).unwrap();
    let id = format!("id = \"{}\"\n", shop.merchant.key_id());
    let public = std::fs::read(shop.file("shop-wechatpay-pub.pem")).unwrap();
    std::fs::write(&shop.config, right.replace(&id, "")).unwrap();
    for (pem, says) in times {
        std::fs::write(shop.file("shop-wechatpay-pub.pem"), pem).unwrap();
        one_warning(&shop, says).await;
    }
    std::fs::write(shop.file("shop-wechatpay-pub.pem"), public).unwrap();
    std::fs::write(&shop.config, right.replace(&id, "id = \"5F1C72E2A8931B72\"\n")).unwrap();
    one_warning(&shop, Some("platform_key[0].id: public keys have ids of PUB_KEY_ID_ and digits")).await;
    std::fs::write(&shop.config, right.replace("sqlite://wxhook.db", "memory://")).unwrap();
    one_warning(&shop, Some("store.url: everything is lost when the process ends")).await;
}

/// Its only warning, if there is to be one, and no fault.
async fn one_warning(shop: &Shop, says: Option<&str>) {
    let checked = check(&shop.config).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    let warnings: Vec<_> = checked.stdout.iter().filter(|line| line.starts_with("  warning ")).collect();
    assert_eq!(warnings.len(), usize::from(says.is_some()), "{checked:?}");
    assert!(says.is_none_or(|says| warnings[0].contains(says)), "{says:?}: {warnings:?}");
}

#[tokio::test]
async fn ports_that_are_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let shop = Shop::new();
    let right = std::fs::read_to_string(&shop.config).unwrap();
    for (key, at) in [("\nlisten", "listen"), ("\nadmin_listen", "admin_listen")] {
        let config = right.replace(&format!("{key} = \"127.0.0.1:0\""), &format!("{key} = \"{taken}\""));
        std::fs::write(&shop.config, config).unwrap();
        one_fault(&shop, &format!(": {at}: {taken} is taken by another program; stop it")).await;
    }
    let elsewhere = right.replace("\nlisten = \"127.0.0.1:0\"", "\nlisten = \"203.0.113.1:80\"");
    std::fs::write(&shop.config, elsewhere).unwrap();
    one_fault(&shop, "listen: 203.0.113.1 is not an address of this machine").await;

    // serve says the same, and creates no store.
    let config = right.replace("\nlisten = \"127.0.0.1:0\"", &format!("\nlisten = \"{taken}\""));
    std::fs::write(&shop.config, config).unwrap();
    let served = finished(&["serve", "--config", text(&shop.config)]).await;
    assert_eq!((served.status.code(), &served.stderr), (Some(1), &check(&shop.config).await.stderr));
    assert!(!shop.folder.path().join("wxhook.db").exists());

    // By a server of the same configuration, which may be started anew.
    std::fs::write(&shop.config, right).unwrap();
    let server = shop.serve(&[]).await;
    let variables = [("WXHOOK_LISTEN", &*server.addr), ("WXHOOK_ADMIN_LISTEN", &*server.admin_addr)];
    let checked = finished_with(&["check", "--config", text(&shop.config)], &variables).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    let warnings: Vec<_> =
        checked.stdout.iter().filter(|line| line.contains("by the wxhook that runs now")).collect();
    assert_eq!(warnings.len(), 2, "{checked:?}");
    server.terminate().await;
}

#[tokio::test]
async fn sinks_that_cannot_be_reached() {
    let (ca, port, mut bodies) = tls_server().await;
    let shop = Shop::new();
    let right = std::fs::read_to_string(&shop.config).unwrap();
    let without = right.replace("\n[sink]\nkind = \"stdout\"\n", "");
    let https = format!("kind = \"http\"\nurl = \"https://localhost:{port}/\"");
    // At the end, where a merchant's own sink may follow.
    let write = |sink: &str| std::fs::write(&shop.config, format!("{without}\n[sink]\n{sink}\n")).unwrap();
    for (sink, says) in [
        (https.as_str(), "sink.url: can't reach https://localhost"),
        ("kind = \"file\"\npath = \"/proc/no.jsonl\"", "sink.path: /proc/no.jsonl can't be written: "),
    ] {
        write(sink);
        one_fault(&shop, says).await;
    }
    // A server lives with those that are down; whoever wants them up asks for that.
    for (sink, says) in [
        ("kind = \"http\"\nurl = \"http://127.0.0.1:1/a\"", "sink.url: can't reach http://127.0.0.1:1/a: "),
        (
            "kind = \"stdout\"\n[merchant.sink]\nkind = \"http\"\nurl = \"http://127.0.0.1:1/\"",
            "merchant[0].sink.url: can't reach http://127.0.0.1:1/: ",
        ),
        (
            "kind = \"redis-stream\"\nstream = \"s\"\nurl = \"redis://127.0.0.1:1/0\"",
            "sink.url: can't use the stream s: ",
        ),
    ] {
        write(sink);
        one_warning(&shop, Some(says)).await;
        let strict = finished(&["check", "--strict", "--config", text(&shop.config)]).await;
        assert_eq!((strict.status.code(), strict.stderr.len()), (Some(1), 1), "{strict:?}");
        assert!(strict.stderr[0].contains(says), "{strict:?}");
    }
    // The twin that is right: the certificate is trusted, the handshake is all that happens.
    std::fs::write(&shop.config, right.replace("kind = \"stdout\"", &https)).unwrap();
    let trusted = shop.folder.path().join("ca.pem");
    std::fs::write(&trusted, ca).unwrap();
    let variables = [("SSL_CERT_FILE", text(&trusted))];
    let checked = finished_with(&["check", "--config", text(&shop.config)], &variables).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    assert!(bodies.try_recv().is_err(), "nothing is posted");
}

#[tokio::test]
async fn the_clock_is_compared_with_a_date() {
    let shop = Shop::new();
    let checked =
        async |url: &str| finished(&["check", "--config", text(&shop.config), "--clock-from", url]).await;
    let url = dated(vec![Some(0), Some(100), Some(-600), Some(600), None]).await;
    let good = checked(&url).await;
    assert!(good.status.success() && !good.stdout.join("\n").contains("warning"), "{good:?}");
    let notable = checked(&url).await;
    assert_eq!(notable.status.code(), Some(0));
    assert!(notable.stdout.last().unwrap().contains("s behind; let it follow NTP"), "{notable:?}");
    for says in ["s ahead; correct it (NTP)", "s behind; correct it (NTP)"] {
        let wrong = checked(&url).await;
        assert_eq!((wrong.status.code(), wrong.stderr.len()), (Some(1), 1), "{wrong:?}");
        assert!(
            wrong.stderr[0].starts_with("clock: this machine's clock is ") && wrong.stderr[0].contains(says)
        );
    }
    for (url, says) in
        [(&*url, "no Date header in its answer"), ("nowhere", "not a URL"), ("http://127.0.0.1:1", "")]
    {
        let untold = checked(url).await;
        assert_eq!((untold.status.code(), untold.stderr.len()), (Some(1), 1), "{untold:?}");
        assert!(
            untold.stderr[0].starts_with("--clock-from: ") && untold.stderr[0].contains(says),
            "{untold:?}"
        );
    }
}

/// A server whose clock is ahead by these seconds, one after the other.
async fn dated(ahead: Vec<Option<i64>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for ahead in ahead {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0 && request.starts_with(b"HEAD / "));
            let time = |ahead| UNIX_EPOCH + Duration::from_secs(now().saturating_add_signed(ahead));
            let date = |ahead| format!("date: {}\r\n", httpdate::fmt_http_date(time(ahead)));
            let date = ahead.map(date).unwrap_or_default();
            let answer = format!("HTTP/1.1 204 No Content\r\n{date}connection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn json_has_faults_and_warnings() {
    let shop = Shop::new();
    replace(&shop.config, "sqlite://wxhook.db", "memory://");
    let arguments = ["check", "--config", text(&shop.config), "--json"];
    let checked = finished(&arguments).await;
    let said: Value = serde_json::from_str(&checked.stdout.join("\n")).unwrap();
    assert_eq!((checked.status.code(), &said["ok"], &said["faults"]), (Some(0), &true.into(), &json!([])));
    assert_eq!(said["warnings"].as_array().unwrap().len(), 1, "{said}");

    replace(&shop.config, "kind = \"stdout\"", "kind = \"paper\"");
    let checked = finished(&arguments).await;
    assert_eq!((checked.status.code(), checked.stdout.len(), checked.stderr.len()), (Some(1), 1, 0));
    let said: Value = serde_json::from_str(&checked.stdout[0]).unwrap();
    assert_eq!(said["ok"], false);
    let place = said["faults"][0]["where"].as_str().unwrap();
    assert!(place.ends_with(": sink.kind") && said["faults"][0]["what"] == "unknown value", "{said}");
    assert!(said["faults"][0]["fix"].is_string() && said["faults"].as_array().unwrap().len() == 1);
}

fn replace(config: &Path, from: &str, to: &str) {
    let content = std::fs::read_to_string(config).unwrap();
    assert!(content.contains(from), "{from}");
    std::fs::write(config, content.replace(from, to)).unwrap();
}

fn assert_silent(shop: &Shop, checked: &Finished) {
    let said = checked.stderr.join("\n");
    for (name, secret) in shop.merchant.files().skip(1) {
        assert!(secret.lines().all(|line| !said.contains(line)), "{name}: {said}");
    }
}

#[tokio::test]
async fn init_writes_a_configuration_that_check_leads_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wxhook.toml");
    let wrote = finished(&["init", text(&path)]).await;
    assert_eq!((wrote.status.code(), wrote.stdout.len(), wrote.stderr.len()), (Some(0), 3, 0), "{wrote:?}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = finished(&["init", text(&path)]).await;
    assert!(
        again.status.code() == Some(1) && again.stderr[0].contains("exists and is not overwritten"),
        "{again:?}"
    );

    let free = [("WXHOOK_LISTEN", "127.0.0.1:0"), ("WXHOOK_ADMIN_LISTEN", "127.0.0.1:0")];
    let checked = finished_with(&["check", "--config", text(&path)], &free).await;
    let missing = [
        "mchid: missing",
        "api_v3_key_file: the file does not exist",
        "platform_key[0].id: missing",
        "platform_key[0].file: the file does not exist",
    ];
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(1), missing.len()), "{checked:?}");
    for says in missing {
        assert!(checked.stderr.iter().any(|line| line.contains(says)), "{says}: {checked:?}");
    }

    let shop = Shop::new();
    for (from, to) in [("shop-api-v3-key", "api_v3_key"), ("shop-wechatpay-pub.pem", "wechatpay_pub.pem")] {
        std::fs::copy(shop.file(from), folder.path().join(to)).unwrap();
    }
    std::fs::remove_file(&path).unwrap();
    let wrote = finished(&["init", text(&path), "--merchant", "kiosk", "--mchid", "1900000109"]).await;
    assert!(wrote.status.success(), "{wrote:?}");
    replace(&path, "\nid = \"\"", &format!("\nid = \"{}\"", shop.merchant.key_id()));
    let checked = finished_with(&["check", "--config", text(&path)], &free).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:?}");
    assert!(checked.stdout.join("\n").contains("kiosk (mchid 1900000109): v3, /notify/kiosk"), "{checked:?}");
}
