//! One thing wrong, one line that says what, where and how to mend it.

use crate::folder::{Folder, KEY_ID, KEYS, SERIAL, SMALL, WHOLE};
use std::time::Duration;
use wxhook_server::{SinkConfig, StoreUrl};

/// The configuration with one text in place of another.
fn with(from: &str, to: &str) -> String {
    assert_eq!(WHOLE.matches(from).count(), 1, "{from}");
    WHOLE.replace(from, to)
}

/// Each change of [`WHOLE`] and the only line that it leads to, or its beginning.
fn one_fault_each(cases: &[(&str, &str, &str)]) {
    let folder = Folder::new();
    folder.write("bad.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    folder.write("short.key", "s3cret\n");
    for (from, to, expected) in cases {
        let faults = folder.faults(&with(from, to), &[]);
        assert_eq!(faults.len(), 1, "{to}: {faults:#?}");
        assert!(faults[0].starts_with(expected), "{to}\n     got {}\nexpected {expected}", faults[0]);
        assert!(faults[0].contains("; "), "says how to mend it: {}", faults[0]);
        assert!(faults[0].chars().count() <= 130, "{}", faults[0]);
    }
}

#[test]
fn what_is_right_is_parsed() {
    let folder = Folder::new();
    let config = folder.load(WHOLE).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:0");
    assert_eq!(config.public_url.as_deref(), Some("https://pay.example.com/notify"));
    assert_eq!(config.store.url, StoreUrl::Sqlite(folder.path().join("wxhook.db")));
    assert_eq!(config.store.retention.records(), Duration::from_secs(9 * 86_400));
    assert!(matches!(config.sink, Some(SinkConfig::Stdout)));
    let shop = &config.merchants[0];
    assert_eq!((&*shop.name, &*shop.mchid), ("shop", "1900000109"));
    assert!(shop.api_v3_key.is_some() && shop.api_v2_key.is_some());
    let ids: Vec<_> = shop.platform_keys.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, [KEY_ID, SERIAL]);
    assert_eq!(shop.paths, ["/pay/wechat/callback"]);
    assert_eq!(config.warnings(), <[String; 0]>::default());
    assert!(config.check_serve().is_ok());
}

#[test]
fn the_least_has_defaults() {
    let folder = Folder::new();
    let config = folder
        .load("[[merchant]]\nname = \"a\"\nmchid = \"1\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"")
        .unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:9090");
    assert_eq!(config.store.url, StoreUrl::Sqlite(folder.path().join("wxhook.db")));
    assert_eq!(config.store.retention.records(), Duration::from_secs(7 * 86_400));
    assert_eq!(config.limits, wxhook_server::Limits::default());
    assert!(config.sink.is_none() && config.simulator.is_none() && config.admin_token.is_none());
}

#[test]
fn debug_shows_no_secret() {
    let folder = Folder::new();
    let text = WHOLE.replacen("listen", "admin_token = \"s3cret-token\"\nlisten", 1);
    let shown = format!("{:?}", folder.load(&text).unwrap());
    assert!(shown.contains("1900000109"));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn addresses_and_tokens() {
    one_fault_each(&[
        (
            "\nlisten = \"127.0.0.1:0\"",
            "\nlisten = \"8080\"",
            "wxhook.toml:2: listen: not an IP address with a port",
        ),
        (
            "admin_listen = \"127.0.0.1:0\"",
            "admin_listen = \"0.0.0.0:0\"",
            "wxhook.toml:3: admin_listen: not loopback, and there is no admin_token; add admin_token_file",
        ),
        ("public_url", "admin_token = \"\"\npublic_url", "wxhook.toml:4: admin_token: is empty"),
        (
            "public_url",
            "admin_token = \"s3cret s3cret\"\npublic_url",
            "wxhook.toml:4: admin_token: has whitespace",
        ),
        (
            "public_url",
            "admin_token_file = \"none\"\npublic_url",
            "wxhook.toml:4: admin_token_file: the file does not exist; create it",
        ),
        ("https://pay.example.com/notify/", "pay.example.com", "wxhook.toml:4: public_url: not a usable URL"),
        ("notify/\"", "notify?s3cret\"", "wxhook.toml:4: public_url: has a query"),
    ]);
    let folder = Folder::new();
    let same = with("\nlisten = \"127.0.0.1:0\"", "\nlisten = \"127.0.0.1:7777\"")
        .replace("admin_listen = \"127.0.0.1:0\"", "admin_listen = \"127.0.0.1:7777\"");
    assert_eq!(
        folder.faults(&same, &[]),
        ["wxhook.toml:3: admin_listen: the same as listen; give another port"]
    );
    let public =
        with("admin_listen = \"127.0.0.1:0\"", "admin_listen = \"0.0.0.0:0\"\nadmin_token = \"s3cret\"");
    let warnings = folder.load(&public).unwrap().warnings().join("\n");
    assert!(
        warnings.ends_with(
            "wxhook.toml:4: admin_token: shorter than 16 characters; make one with openssl rand -hex 32"
        ),
        "{warnings}"
    );
    let long = public.replace("\"s3cret\"", "\"s3crets3crets3cr\"");
    assert_eq!(folder.load(&long).unwrap().warnings(), <[String; 0]>::default());
}

#[test]
fn the_store() {
    one_fault_each(&[
        (
            "sqlite://wxhook.db",
            "redis://",
            "wxhook.toml:7: store.url: names no host; write it like rediss://",
        ),
        (
            "sqlite://wxhook.db",
            "redis://:s3cret@db/first",
            "wxhook.toml:7: store.url: its path is no database number",
        ),
        ("sqlite://wxhook.db", "rediss://:s3cret@db?x=1", "wxhook.toml:7: store.url: has options"),
        (
            "sqlite://wxhook.db",
            "s3cret",
            "wxhook.toml:7: store.url: not the url of a known store; give sqlite://",
        ),
        ("sqlite://wxhook.db", "mysql://s3cret", "wxhook.toml:7: store.url: not the url of a known store"),
        ("sqlite://wxhook.db", "sqlite://", "wxhook.toml:7: store.url: names no database file"),
        ("sqlite://wxhook.db", "sqlite://a?mode=rw", "wxhook.toml:7: store.url: the path holds a ?"),
        ("sqlite://wxhook.db", "sqlite://:memory:", "wxhook.toml:7: store.url: is no file; give memory://"),
        ("sqlite://wxhook.db", "memory://x", "wxhook.toml:7: store.url: there is something after memory://"),
        ("\"9d\"", "\"24h\"", "wxhook.toml:8: store.retention: out of range; give from 25h to 100years"),
        ("\"9d\"", "\"soon\"", "wxhook.toml:8: store.retention: not a duration; write it like"),
        ("\"9d\"", "\"1000years\"", "wxhook.toml:8: store.retention: out of range"),
        (
            "retention",
            "url_file = \"x\"\nretention",
            "wxhook.toml:8: store.url_file: given together with url",
        ),
    ]);
    let folder = Folder::new();
    let absolute = folder.load(&with("sqlite://wxhook.db", "sqlite:///tmp/x.db")).unwrap();
    assert_eq!(absolute.store.url.to_string(), "sqlite:///tmp/x.db");
    let redis = folder.load(&with("sqlite://wxhook.db", "rediss://me:s3cret@db:7000/3")).unwrap();
    assert_eq!(redis.store.url.to_string(), "rediss://db:7000/3");
    assert!(!format!("{redis:?}").contains("s3cret@"));
}

#[test]
fn merchants() {
    let name = "name = \"shop\"";
    one_fault_each(&[
        (name, "", "wxhook.toml:10: merchant[0].name: missing"),
        (name, "name = \"Shop\"", "wxhook.toml:11: merchant[0].name: not a usable name"),
        (name, "name = \"-a\"", "wxhook.toml:11: merchant[0].name: not a usable name"),
        (name, "name = \"a/b\"", "wxhook.toml:11: merchant[0].name: not a usable name"),
        ("mchid = \"1900000109\"", "", "wxhook.toml:10: merchant[0].mchid: missing"),
        ("\"1900000109\"", "\"wx19\"", "wxhook.toml:12: merchant[0].mchid: not a merchant's number"),
        (
            "s3cretV3s3cretV3s3cretV3s3cretV3",
            "s3cretV3s3cretV3s3cretV3s3cretV",
            "wxhook.toml:13: merchant[0].api_v3_key: 31 bytes long, where an APIv3 key has 32; copy it again",
        ),
        (
            "s3cretV2s3cretV2s3cretV2s3cretV2",
            "s3cretV2s3cretV2s3cretV2s3cretV2 ",
            "wxhook.toml:14: merchant[0].api_v2_key: 33 bytes long, where an API v2 key has 32; remove the whitespace or",
        ),
        (
            "api_v2_key",
            "api_v3_key_file = \"short.key\"\napi_v2_key",
            "wxhook.toml:14: merchant[0].api_v3_key_file: given together with api_v3_key; keep one",
        ),
        (
            "api_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"",
            "api_v2_key_file = \"short.key\"",
            "wxhook.toml:14: merchant[0].api_v2_key_file: 6 bytes long",
        ),
        (
            "api_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"",
            "api_v2_key_file = \".\"",
            "wxhook.toml:14: merchant[0].api_v2_key_file: . is a folder",
        ),
    ]);
    let folder = Folder::new();
    assert_eq!(
        folder.faults("", &[]),
        ["wxhook.toml: merchant: missing; add [[merchant]] with name, mchid and keys"]
    );
    let bare = "[[merchant]]\nname = \"a\"\nmchid = \"1\"\n";
    assert!(folder.faults(bare, &[])[0].starts_with("wxhook.toml:1: merchant[0]: the merchant has no key"));
    let unverifiable = format!("{bare}api_v3_key = \"s3cretV3s3cretV3s3cretV3s3cretV3\"\n");
    let faults = folder.faults(&unverifiable, &[]);
    assert!(faults[0].starts_with("wxhook.toml:1: merchant[0]: there is an api_v3_key but no platform key"));
    let twins = format!(
        "{SMALL}[[merchant]]\nname = \"shop\"\nmchid = \"1\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"\n"
    );
    assert!(folder.faults(&twins, &[])[0].contains("merchant[1].name: another merchant has this name"));
}

#[test]
fn platform_keys() {
    let (file, id) = ("file = \"pub.pem\"", "id = \"PUB_KEY_ID_0119000001092024\"");
    one_fault_each(&[
        (file, "", "wxhook.toml:17: merchant[0].platform_key[0].file: missing"),
        (
            file,
            "file = \"none.pem\"",
            "wxhook.toml:19: merchant[0].platform_key[0].file: the file does not exist",
        ),
        (file, "file = \"bad.pem\"", "wxhook.toml:19: merchant[0].platform_key[0].file: "),
        (
            file,
            "file = \"key.pem\"",
            "wxhook.toml:19: merchant[0].platform_key[0].file: a private key; give the platform's public key or certificate (PEM)",
        ),
        (id, "", "wxhook.toml:17: merchant[0].platform_key[0].id: missing, and a public key has no serial"),
        (id, "id = \"\"", "wxhook.toml:18: merchant[0].platform_key[0].id: missing; copy it"),
        (
            id,
            "id = \"5F1C72E2A8931B72\"",
            "wxhook.toml:21: merchant[0].platform_key[1]: the merchant has another key with this id",
        ),
        (
            "file = \"cert.pem\"",
            "id = \"5F1C72E2A8931B73\"\nfile = \"cert.pem\"",
            "wxhook.toml:22: merchant[0].platform_key[1].id: not the certificate's serial number; leave it out, or write \"5F1C72E2A8931B72\"",
        ),
    ]);
    let folder = Folder::new();
    let config =
        folder.load(&with("file = \"cert.pem\"", "id = \"5f1c72e2a8931b72\"\nfile = \"cert.pem\"")).unwrap();
    assert_eq!(config.merchants[0].platform_keys[1].0, SERIAL, "as the platform writes it");
}

#[test]
fn paths() {
    let path = "\"/pay/wechat/callback\"";
    one_fault_each(&[
        (path, "\"pay\"", "wxhook.toml:15: merchant[0].paths[0]: doesn't begin with /"),
        (path, "\"/pay?a=1\"", "wxhook.toml:15: merchant[0].paths[0]: has a query"),
        (path, "\"/pay me\"", "wxhook.toml:15: merchant[0].paths[0]: not a plain path"),
        (path, "\"/a/../b\"", "wxhook.toml:15: merchant[0].paths[0]: not a plain path"),
        (
            path,
            "\"/a\"]\naccept_mchids = [\"1900000111\", \"wx1\"",
            "wxhook.toml:16: merchant[0].accept_mchids[1]: not a merchant's number",
        ),
        (path, "\"/a\", \"/a\"", "wxhook.toml:15: merchant[0].paths[1]: duplicate; remove one"),
    ]);
    let folder = Folder::new();
    let two = |own: &str| {
        format!(
            "{SMALL}paths = [\"/a\"]\n[[merchant]]\nname = \"b\"\nmchid = \"1\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"\npaths = [\"{own}\"]\n"
        )
    };
    let fault = |own: &str| folder.faults(&two(own), &[]).join("\n");
    assert!(fault("/a").contains("merchant[1].paths[0]: the merchant shop has this path, too"));
    assert!(fault("/notify/shop").contains("merchant[1].paths[0]: belongs to the merchant shop"));
    assert!(fault("/notify/shop/x").contains("belongs to the merchant shop"));
    assert!(folder.load(&two("/notify/b")).unwrap().merchants[1].paths.is_empty(), "its own anyway");
    assert_eq!(folder.load(&two("/notify/old")).unwrap().merchants[1].paths, ["/notify/old"]);
}

#[test]
fn limits() {
    let limits = |text: &str| format!("[limits]\n{text}\n[sink]");
    one_fault_each(&[
        ("[sink]", &limits("body = \"1KB\""), "wxhook.toml:25: limits.body: not a size; write it like"),
        (
            "[sink]",
            &limits("body = 12"),
            "wxhook.toml:25: limits.body: out of range; give from 1KiB to 16MiB",
        ),
        ("[sink]", &limits("body = -1"), "wxhook.toml:25: limits.body: not a size"),
        (
            "[sink]",
            &limits("in_flight = \"128KiB\""),
            "wxhook.toml:25: limits.in_flight: less than limits.body",
        ),
        (
            "[sink]",
            &limits("connections = 0"),
            "wxhook.toml:25: limits.connections: out of range; give from 1 to 1000000",
        ),
        (
            "[sink]",
            &limits("header_timeout = \"11s\""),
            "wxhook.toml:25: limits.header_timeout: out of range; give from 10ms to 10s",
        ),
        ("[sink]", &limits("body_timeout = \"5\""), "wxhook.toml:25: limits.body_timeout: not a duration"),
    ]);
    let folder = Folder::new();
    let text =
        limits("body = \"64KiB\"\nin_flight = 1048576\nconnections = \"7\"\nheader_timeout = \"1500ms\"");
    let limits = folder.load(&with("[sink]", &text)).unwrap().limits;
    assert_eq!((limits.body, limits.in_flight, limits.connections), (65_536, 1_048_576, 7));
    assert_eq!(limits.header_timeout, Duration::from_millis(1_500));
}

#[test]
fn the_simulator() {
    let simulator = |text: &str| format!("[simulator]\n{text}\n[sink]");
    one_fault_each(&[
        ("[sink]", &simulator("serial = \"1\""), "wxhook.toml:24: simulator.private_key_file: missing"),
        ("[sink]", &simulator("private_key_file = \"key.pem\""), "wxhook.toml:24: simulator.serial: missing"),
        (
            "[sink]",
            &simulator("serial = \"1\"\nprivate_key_file = \"pub.pem\""),
            "wxhook.toml:26: simulator.private_key_file: a public key or certificate; give an RSA private key",
        ),
    ]);
    let folder = Folder::new();
    let text = with("[sink]", &simulator("serial = \"1\"\nprivate_key_file = \"key.pem\""));
    let config = folder.load(&text).unwrap();
    assert_eq!(config.simulator.as_ref().unwrap().private_key_file, folder.path().join("key.pem"));
    assert!(config.check_serve().is_ok());
    let public = text.replace("\nlisten = \"127.0.0.1:0\"", "\nlisten = \"0.0.0.0:0\"");
    let fault = folder.load(&public).unwrap().check_serve().unwrap_err().to_string();
    assert!(fault.contains("simulator: allowed only while listen is on loopback; remove [simulator]"));
}

#[test]
fn the_file_itself() {
    let folder = Folder::new();
    one_fault_each(&[
        ("mchid = \"1900000109\"", "mchid = \"s3cret", "wxhook.toml:12: not TOML: "),
        ("mchid = \"1900000109\"", "mchid = s3cret", "wxhook.toml:12: not TOML: "),
        (
            "mchid = \"1900000109\"",
            "mchid = 19.5",
            "wxhook.toml:12: merchant[0].mchid: not a text; put it in double",
        ),
        ("mchid", "mchidd", "wxhook.toml:12: merchant[0].mchidd: unknown key; did you mean mchid?"),
        (
            "name = \"shop\"",
            "name = \"shop\"\nname = \"s3cret\"",
            "wxhook.toml:12: not TOML: duplicate key; remove one of the two",
        ),
    ]);
    let missing = wxhook_server::Config::load(&folder.path().join("none.toml"), []).unwrap_err().to_string();
    assert!(
        missing.ends_with("none.toml: does not exist; correct the path, or create it: wxhook init"),
        "{missing}"
    );
    std::fs::write(folder.path().join("latin.toml"), b"listen = \"\xff\"").unwrap();
    let latin = wxhook_server::Config::load(&folder.path().join("latin.toml"), []).unwrap_err().to_string();
    assert!(latin.ends_with("latin.toml: is not UTF-8; save it as UTF-8"), "{latin}");
}

#[test]
fn a_merchants_number_may_stand_without_quotes() {
    let folder = Folder::new();
    let config = folder.load(&with("\"1900000109\"", "1900000109")).unwrap();
    assert_eq!(config.merchants[0].mchid, "1900000109");
}

/// A value at the wrong key may be the secret itself.
#[test]
fn a_name_that_leads_to_no_file_is_not_shown() {
    let folder = Folder::new();
    let long = format!("-----BEGIN PRIVATE KEY-----{}", "s3cret".repeat(60));
    for secret in
        ["s3cretV3s3cretV3s3cretV3s3cretV3", "/s3cret/s3cret", "pub.pem/s3cret", &long, "s3cret\\u0000"]
    {
        let text = format!(
            "admin_token_file = \"{secret}\"\n{}[simulator]\nserial = \"1\"\nprivate_key_file = \"{secret}\"\n",
            WHOLE
                .replace("url = \"sqlite://wxhook.db\"", &format!("url_file = \"{secret}\""))
                .replace(
                    "api_v3_key = \"s3cretV3s3cretV3s3cretV3s3cretV3\"",
                    &format!("api_v3_key_file = \"{secret}\"")
                )
                .replace(
                    "api_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"",
                    &format!("api_v2_key_file = \"{secret}\"")
                )
                .replace("file = \"pub.pem\"", &format!("file = \"{secret}\""))
                .replace("\"stdout\"", &format!("\"http\"\nurl = \"http://a\"\nsecret_file = \"{secret}\""))
        );
        let faults = folder.faults(&text, &[]);
        assert_eq!(faults.len(), 7, "{faults:#?}");
        for key in [
            "1: admin_token_file",
            "8: store.url_file",
            "14: merchant[0].api_v3_key_file",
            "15: merchant[0].api_v2_key_file",
            "20: merchant[0].platform_key[0].file",
            "28: sink.secret_file",
            "31: simulator.private_key_file",
        ] {
            let plain = format!("wxhook.toml:{key}: the file does not exist; create it");
            let pasted =
                format!("wxhook.toml:{key}: holds a secret, not the path of a file; put it into a file");
            let expected = if secret.contains('/') || secret.contains('\\') { &plain } else { &pasted };
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{key}: {faults:#?}");
        }
        assert!(!faults.concat().contains("s3cret"), "{faults:#?}");
    }
    for variable in
        ["WXHOOK_MERCHANT__SHOP__API_V2_KEY_FILE", "WXHOOK_ADMIN_TOKEN_FILE", "WXHOOK_STORE__URL_FILE"]
    {
        let faults = folder.faults(WHOLE, &[(variable, "s3cret")]);
        assert_eq!(faults, [format!("{variable}: the file does not exist; create it, or correct the path")]);
    }
    // The twin: one that leads to something is no secret.
    folder.write("short.key", "s3cret");
    let faults = folder.faults(WHOLE, &[("WXHOOK_MERCHANT__SHOP__API_V2_KEY_FILE", "short.key/.")]);
    assert!(!faults[0].contains("short.key"), "{faults:?}");
    let faults = folder.faults(WHOLE, &[("WXHOOK_MERCHANT__SHOP__API_V2_KEY_FILE", ".")]);
    assert!(faults[0].ends_with(". is a folder; give the path of a plain file"), "{faults:?}");
}

/// Reading a FIFO would wait for ever.
#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_named_at_once() {
    let folder = Folder::new();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("fifo")).status().unwrap();
    assert!(made.success());
    one_fault_in(
        &folder,
        "api_v3_key = \"s3cretV3s3cretV3s3cretV3s3cretV3\"",
        "api_v3_key_file = \"fifo\"",
        "fifo is not a plain file",
    );
    one_fault_in(&folder, "\"pub.pem\"", "\"fifo\"", "fifo is not a plain file; give the path");
    one_fault_in(&folder, "\"pub.pem\"", "\"/dev/zero\"", "/dev/zero is not a plain file");
    one_fault_in(&folder, "\"pub.pem\"", "\".\"", "is a folder");
    // A store is looked at, too.
    let store = folder.load(&with("sqlite://wxhook.db", "sqlite://fifo")).unwrap().store;
    assert_eq!(store.warning(), None);
}

#[cfg(unix)]
fn one_fault_in(folder: &Folder, from: &str, to: &str, says: &str) {
    let faults = folder.faults(&with(from, to), &[]);
    assert!(matches!(faults.as_slice(), [fault] if fault.contains(says)), "{to}: {faults:#?}");
}

#[test]
fn a_value_of_another_kind_hides_no_other_fault() {
    let folder = Folder::new();
    let text = with("\"9d\"", "9").replace("\"1900000109\"", "[1]").replace("\"pub.pem\"", "\"none\"");
    let faults = folder.faults(&text, &[("WXHOOK_NONE", "1")]);
    assert_eq!(faults.len(), 4, "{faults:#?}");
    for says in [
        "store.retention: not a text",
        "mchid: not a text",
        "platform_key[0].file: the file",
        "WXHOOK_NONE: ",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(says)), "{says}: {faults:#?}");
    }
    // What it leaves open isn't missing as well.
    for (from, to) in [
        (
            "api_v3_key = \"s3cretV3s3cretV3s3cretV3s3cretV3\"\napi_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"",
            "api_v2_key = 5",
        ),
        ("[sink]\nkind = \"stdout\"", "[sink]\nkind = 7"),
        ("paths = [\"/pay/wechat/callback\"]", "paths = [1, \"/a\"]"),
        ("paths = [\"/pay/wechat/callback\"]", "sink = \"stdout\""),
        ("mchid = \"1900000109\"", "mchid = true"),
    ] {
        let faults = folder.faults(&with(from, to), &[]);
        assert!(matches!(faults.as_slice(), [fault] if fault.contains("not a t")), "{to}: {faults:#?}");
    }
    let faults = folder.faults("listen = 1\nmerchant = [5]", &[]);
    assert_eq!(faults.len(), 2, "{faults:#?}");
    let faults = folder.faults("merchant = 5", &[]);
    assert_eq!(faults.len(), 1, "{faults:#?}");
}

#[test]
fn several_faults_are_all_said() {
    let folder = Folder::new();
    let text = with("\"9d\"", "\"1h\"")
        .replace("\"1900000109\"", "\"x\"")
        .replace("file = \"pub.pem\"", "file = \"none\"");
    let faults = folder.faults(&text, &[("WXHOOK_SINK__KIND", "kafka"), ("WXHOOK_NONE", "s3cret")]);
    let starts =
        ["WXHOOK_NONE: ", "wxhook.toml:8: ", "wxhook.toml:12: ", "wxhook.toml:19: ", "WXHOOK_SINK__KIND: "];
    assert_eq!(faults.len(), starts.len(), "{faults:#?}");
    for (fault, start) in faults.iter().zip(starts) {
        assert!(fault.starts_with(start), "{faults:#?}");
    }
    let unknown = with("mchid", "mchidd").replace("retention", "retain").replace("\"pub.pem\"", "\"none\"");
    assert_eq!(folder.faults(&unknown, &[("WXHOOK_NONE", "1")]).len(), 4, "what is known is looked at, too");
}

#[test]
fn keys_are_looked_at() {
    let folder = Folder::new();
    folder.write("cert.pem", &KEYS.expired);
    let config = folder.load(WHOLE).unwrap();
    assert_eq!(config.warnings().len(), 1);
    assert!(config.warnings()[0].contains("platform_key[1].file: the certificate has expired"));
}
