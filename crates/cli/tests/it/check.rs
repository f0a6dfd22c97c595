use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Finished, Shop, finished, finished_with, text};

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
    for part in ["ok: ", "shop (mchid 1900000109)", "v3 and v2", id, "wxhook.db", "will be made", "stdout"] {
        assert!(summary.contains(part), "{part}\n{summary}");
    }
    assert!(!shop.folder.path().join("wxhook.db").exists(), "checking makes no store");
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
        ("mchid = \"1900000109\"", "mchid = 1900000109", "mchid: not a text"),
        ("\"shop-api-v3-key\"", "\"nothing-there\"", "nothing-there"),
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
