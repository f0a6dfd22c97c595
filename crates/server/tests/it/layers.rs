//! Variables over the file, secrets and keys in files of their own, and who can read those.

use crate::folder::{Folder, KEY_ID, KEYS, SMALL, TOKEN, V2_KEY, V3_KEY, WHOLE};
use wxhook_server::StoreUrl;

#[test]
fn variables_come_over_the_file() {
    let folder = Folder::new();
    let env = [
        ("WXHOOK_LISTEN", "127.0.0.1:7001"),
        ("WXHOOK_LIMITS__CONNECTIONS", "9"),
        ("WXHOOK_STORE__URL", "memory://"),
        ("WXHOOK_MERCHANT__SHOP__MCHID", "42"),
        ("WXHOOK_MERCHANT__SHOP__PATHS", "/a,/b"),
        ("WXHOOK_MERCHANT__SHOP__SINK__KIND", "stdout"),
        ("WXHOOK_LOG", "debug"),
        ("HOME", "/root"),
    ];
    let config = folder.load_with(WHOLE, &env).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7001");
    assert_eq!(config.limits.connections, 9);
    assert_eq!(config.store.url, StoreUrl::Memory);
    let shop = &config.merchants[0];
    assert_eq!(shop.mchid, "42");
    assert_eq!(shop.paths, ["/a", "/b"]);
    assert!(shop.sink.is_some());
    assert_eq!(shop.platform_keys.len(), 2, "the rest is the file's");
}

#[test]
fn a_platform_key_is_named_by_its_id() {
    let folder = Folder::new();
    folder.write("other.pem", &KEYS.public);
    let variable = format!("WXHOOK_MERCHANT__SHOP__PLATFORM_KEY__{KEY_ID}__FILE");
    assert!(folder.load_with(WHOLE, &[(&variable, "other.pem")]).is_ok());
    let faults = folder.faults(WHOLE, &[(&variable, "gone.pem")]);
    assert_eq!(faults, [format!("{variable}: the file does not exist; create it, or correct the path")]);
}

#[test]
fn secrets_come_by_variable() {
    let folder = Folder::new();
    let bare = "[store]\nurl = \"memory://\"\n[[merchant]]\nname = \"my-shop\"\nmchid = \"1\"\n";
    let config = folder.load_with(bare, &[("WXHOOK_MERCHANT__MY_SHOP__API_V2_KEY", V2_KEY)]).unwrap();
    assert!(config.merchants[0].api_v2_key.is_some());
    let faults = folder.faults(bare, &[("WXHOOK_MERCHANT__MY_SHOP__API_V2_KEY", "s3cret")]);
    assert_eq!(
        faults,
        [
            "WXHOOK_MERCHANT__MY_SHOP__API_V2_KEY: 6 bytes long, where an API v2 key has 32; copy it again from the merchant platform"
        ]
    );
}

#[test]
fn a_variable_replaces_the_other_form() {
    let folder = Folder::new();
    let text = SMALL.replace(&format!("api_v2_key = \"{V2_KEY}\""), "api_v2_key_file = \"gone.key\"");
    assert_eq!(folder.faults(&text, &[]).len(), 1);
    assert!(folder.load_with(&text, &[("WXHOOK_MERCHANT__SHOP__API_V2_KEY", V2_KEY)]).is_ok());
    folder.write("v2.key", V2_KEY);
    assert!(folder.load_with(SMALL, &[("WXHOOK_MERCHANT__SHOP__API_V2_KEY_FILE", "v2.key")]).is_ok());
    let both =
        [("WXHOOK_MERCHANT__SHOP__API_V2_KEY", V2_KEY), ("WXHOOK_MERCHANT__SHOP__API_V2_KEY_FILE", "v2.key")];
    let faults = folder.faults(SMALL, &both);
    assert_eq!(
        faults,
        ["WXHOOK_MERCHANT__SHOP__API_V2_KEY_FILE: given together with api_v2_key; keep one of the two"]
    );
}

#[test]
fn one_final_line_end_is_removed() {
    let folder = Folder::new();
    let text = SMALL.replace(&format!("api_v2_key = \"{V2_KEY}\""), "api_v2_key_file = \"v2.key\"");
    for (end, bytes) in
        [("", None), ("\n", None), ("\r\n", None), ("\n\n", Some(33)), ("\r", Some(33)), (" \n", Some(33))]
    {
        folder.write("v2.key", &format!("{V2_KEY}{end}"));
        match bytes {
            None => assert!(folder.load(&text).is_ok(), "{end:?}"),
            Some(bytes) => {
                let faults = folder.faults(&text, &[]);
                assert!(
                    faults[0].contains(&format!("api_v2_key_file: {bytes} bytes long")),
                    "{end:?} {faults:?}"
                );
            }
        }
    }
    let token = SMALL.replacen("listen", "admin_token_file = \"token\"\nlisten", 1);
    folder.write("token", &format!("{TOKEN}\n"));
    assert!(folder.load(&token).unwrap().admin_token.unwrap().is(TOKEN.as_bytes()));
    let url = SMALL.replace("url = \"memory://\"", "url_file = \"store.url\"");
    folder.write("store.url", "sqlite://of-file.db\n");
    assert_eq!(folder.load(&url).unwrap().store.url, StoreUrl::Sqlite(folder.path().join("of-file.db")));
}

#[test]
fn secrets_that_others_can_read_are_a_warning() {
    let folder = Folder::new();
    let text = WHOLE
        .replace(&format!("api_v3_key = \"{V3_KEY}\""), "api_v3_key_file = \"v3.key\"")
        .replace(&format!("api_v2_key = \"{V2_KEY}\""), "api_v2_key_file = \"v2.key\"")
        + "[simulator]\nserial = \"1\"\nprivate_key_file = \"key.pem\"\n";
    folder.write("v3.key", V3_KEY);
    folder.write("v2.key", V2_KEY);
    folder.mode("pub.pem", 0o644);
    assert!(folder.load(&text).unwrap().warnings().is_empty());
    folder.mode("v3.key", 0o640);
    folder.mode("key.pem", 0o604);
    let config = folder.load(&text).unwrap();
    let file = folder.path().join("v3.key").display().to_string();
    assert_eq!(config.warnings().len(), 2, "{:?}", config.warnings());
    assert!(
        config.warnings()[0]
            .ends_with(&format!("{file} can be read by others than its owner; run chmod 600 {file}"))
    );
    assert!(config.warnings()[1].contains("simulator.private_key_file: "));
}

#[test]
fn a_configuration_with_secrets_is_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let load = |text: &str, env: &[(&str, &str)]| {
        let path = folder.write("wxhook.toml", text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        wxhook_server::Config::load(&path, env).unwrap().warnings().to_vec()
    };
    let warnings = load(SMALL, &[]);
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0]
            .contains("wxhook.toml holds secrets and can be read by others than its owner; run chmod 600")
    );
    let without = SMALL.replace(&format!("api_v2_key = \"{V2_KEY}\""), "");
    assert!(load(&without, &[("WXHOOK_MERCHANT__SHOP__API_V2_KEY", V2_KEY)]).is_empty());
}

#[test]
fn files_of_another_encoding_are_told() {
    use base64::Engine as _;
    let folder = Folder::new();
    let fault = |name: &str, content: &[u8]| {
        std::fs::write(folder.path().join(name), content).unwrap();
        folder.faults(&WHOLE.replace("file = \"pub.pem\"", &format!("file = \"{name}\"")), &[]).join("\n")
    };
    let der = |pem: &str| {
        let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        base64::prelude::BASE64_STANDARD.decode(base64).unwrap()
    };
    assert_eq!(
        fault("c.der", &der(&KEYS.certificate)),
        "wxhook.toml:19: merchant[0].platform_key[0].file: a certificate in DER, not in PEM; convert it: openssl x509 -inform der -in c.der -out c.der.pem"
    );
    assert!(fault("p.der", &der(&KEYS.public)).ends_with(
        "a public key in DER, not in PEM; convert it: openssl rsa -pubin -inform der -in p.der -out p.der.pem"
    ));
    assert_eq!(
        fault("bom.pem", format!("\u{feff}{}", KEYS.public).as_bytes()),
        "wxhook.toml:19: merchant[0].platform_key[0].file: bom.pem begins with a byte-order mark; save it without one (UTF-8 without BOM)"
    );
    folder.write("v3.key", "\u{feff}s3cretV3s3cretV3s3cretV3s3cretV3");
    let text =
        WHOLE.replace("api_v3_key = \"s3cretV3s3cretV3s3cretV3s3cretV3\"", "api_v3_key_file = \"v3.key\"");
    assert!(folder.faults(&text, &[])[0].contains("api_v3_key_file: v3.key begins with a byte-order mark"));
}
