//! The store's file in the world: backed up, copied, damaged, removed or replaced under the server.

use std::fs;
use std::path::{Path, PathBuf};

use wxhook_cli::throwaway::Settings;

use crate::support::{Child, Finished, Shop, finished, get, text};

const REPLACED: &str = "nothing is accepted or delivered until";

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(suffix);
    name.into()
}

fn database(shop: &Shop) -> PathBuf {
    shop.folder.path().join("wxhook.db")
}

/// Sends so many notifications, of which all are answered as expected.
async fn send(shop: &Shop, server: &Child, count: usize, seed: u32) -> Finished {
    let (count, seed, to) = (count.to_string(), seed.to_string(), server.notify());
    let config = text(&shop.config);
    let event = "TRANSACTION.SUCCESS";
    finished(&["trigger", event, "--config", config, "--to", &to, "--count", &count, "--seed", &seed]).await
}

async fn accepted(shop: &Shop, server: &Child, count: usize, seed: u32) {
    let sent = send(shop, server, count, seed).await;
    assert_eq!(sent.status.code(), Some(0), "{sent:#?}");
}

/// Returns the number of records in a configuration's store.
async fn records(config: &Path) -> usize {
    let listed =
        finished(&["events", "list", "--offline", "--json", "--limit", "1000", "--config", text(config)])
            .await;
    assert_eq!(listed.status.code(), Some(0), "{listed:#?}");
    listed.stdout.iter().filter(|line| line.contains("\"seq\"")).count()
}

fn with_simulator() -> Shop {
    let mut settings = Settings::default();
    settings.simulator = true;
    Shop::with(&settings)
}

#[tokio::test]
async fn a_backup_is_made_beside_the_server_and_restored() {
    let shop = with_simulator();
    let mut server = shop.serve(&[]).await;
    let (config, backup) = (text(&shop.config).to_owned(), shop.folder.path().join("backup.db"));
    accepted(&shop, &server, 5, 1).await;
    let arguments = ["backup", text(&backup), "--config", &config];
    let made = finished(&arguments).await;
    assert_eq!(made.status.code(), Some(0), "{made:#?}");
    assert!(made.stdout[0].contains("backed up"), "{made:#?}");
    let again = finished(&arguments).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stderr[0].contains("exists already"), "{again:#?}");
    accepted(&shop, &server, 3, 2).await;
    // The disk is lost together with the server.
    server.kill();
    let killed = server.finish().await;
    assert!(killed.stderr.iter().any(|line| line.contains("a new, empty store was created")), "{killed:#?}");
    let path = database(&shop);

    // Put in place with the log left there, it is refused with the remedy.
    fs::copy(&backup, &path).unwrap();
    for command in ["serve", "check"] {
        let refused = finished(&[command, "--config", &config]).await;
        assert_eq!(refused.status.code(), Some(1), "{refused:#?}");
        let line = refused.stderr.iter().find(|line| line.contains("isn't its own")).unwrap();
        assert!(line.contains("move the log away") && line.contains("docs/admin.md"), "{line}");
    }
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(beside(&path, suffix)).unwrap();
    }
    let server = shop.serve(&[]).await;
    // What the backup has is known, what came after it isn't.
    accepted(&shop, &server, 5, 1).await;
    accepted(&shop, &server, 3, 2).await;
    let ended = server.terminate().await;
    assert!(ended.stderr.iter().any(|line| line.contains("restored from a copy")), "{ended:#?}");
    assert_eq!(records(&shop.config).await, 8);
    let checked = finished(&["check", "--config", &config, "--deep"]).await;
    assert_eq!((checked.status.code(), checked.stderr.len()), (Some(0), 0), "{checked:#?}");
}

#[tokio::test]
async fn a_log_that_is_removed_under_the_server_loses_nothing_that_was_answered() {
    for suffix in ["-wal", "-shm"] {
        let shop = with_simulator();
        let mut server = shop.serve(&[]).await;
        accepted(&shop, &server, 40, 1).await;
        fs::remove_file(beside(&database(&shop), suffix)).unwrap();
        server.log(|line| line.contains(REPLACED)).await;
        let sent = send(&shop, &server, 1, 2).await;
        assert_eq!(sent.status.code(), Some(1), "{sent:#?}");
        let (status, ready) = get(&server.admin_addr, "/readyz").await;
        assert_eq!(status, 503, "{ready}");
        server.kill();
        server.finish().await;
        assert_eq!(records(&shop.config).await, 40, "{suffix}");
        let server = shop.serve(&[]).await;
        accepted(&shop, &server, 1, 2).await;
        assert_eq!(get(&server.admin_addr, "/readyz").await.0, 200);
        server.terminate().await;
    }
}

#[tokio::test]
async fn another_file_in_the_databases_place_gets_no_200() {
    let (shop, other) = (with_simulator(), with_simulator());
    other.serve(&[]).await.terminate().await;
    let mut server = shop.serve(&[]).await;
    accepted(&shop, &server, 1, 1).await;
    fs::rename(database(&other), database(&shop)).unwrap();
    server.log(|line| line.contains(REPLACED)).await;
    assert_eq!(send(&shop, &server, 1, 2).await.status.code(), Some(1));
    assert_eq!(get(&server.admin_addr, "/readyz").await.0, 503);
    let finished = server.terminate().await;
    let lines = finished.stderr.iter().filter(|line| line.contains(REPLACED)).count();
    assert_eq!(lines, 1, "it is said once");
}

#[tokio::test]
async fn a_store_is_copied_with_the_server_stopped() {
    let shop = with_simulator();
    let server = shop.serve(&[]).await;
    accepted(&shop, &server, 30, 1).await;
    let (from, copy) = (database(&shop), shop.folder.path().join("copy.db"));
    let (from, to) = (format!("sqlite://{}", text(&from)), format!("sqlite://{}", text(&copy)));
    let arguments = ["store", "copy", "--from", &from, "--to", &to];
    let refused = finished(&arguments).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr[0].contains("stop the server first"), "{refused:#?}");
    assert!(!copy.exists());
    server.terminate().await;
    let copied = finished(&arguments).await;
    assert_eq!(copied.status.code(), Some(0), "{copied:#?}");
    assert!(copied.stdout[0].starts_with("copied 30 records"), "{copied:#?}");

    let text_of = fs::read_to_string(&shop.config).unwrap();
    fs::write(&shop.config, text_of.replace("sqlite://wxhook.db", &to)).unwrap();
    assert_eq!(records(&shop.config).await, 30);
    let server = shop.serve(&[]).await;
    accepted(&shop, &server, 31, 1).await;
    server.terminate().await;
    assert_eq!(records(&shop.config).await, 31);
    // It isn't empty any more.
    let again = finished(&arguments).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(again.stderr.iter().any(|line| line.contains("must be empty")), "{again:#?}");
}

#[tokio::test]
async fn wrong_ways_to_copy_are_told() {
    let shop = Shop::new();
    let missing = format!("sqlite://{}", text(&shop.folder.path().join("missing.db")));
    for (from, to, code, part) in [
        (&*missing, "sqlite://there.db", 1, "there is no store"),
        ("memory://", "sqlite://there.db", 2, "memory://"),
        ("sqlite://same.db", "sqlite://same.db", 2, "the same store"),
        ("mysql://x", "sqlite://there.db", 2, "--from: not the url of a known store"),
        ("@missing-file", "sqlite://there.db", 1, "missing-file"),
    ] {
        let finished = finished(&["store", "copy", "--from", from, "--to", to]).await;
        assert_eq!(finished.status.code(), Some(code), "{from}: {finished:#?}");
        assert!(finished.stderr.iter().any(|line| line.contains(part)), "{from}: {finished:#?}");
    }
}

#[tokio::test]
async fn a_thorough_check_finds_damage() {
    let shop = with_simulator();
    let server = shop.serve(&[]).await;
    accepted(&shop, &server, 3, 1).await;
    server.terminate().await;
    let config = text(&shop.config);
    assert_eq!(finished(&["check", "--config", config, "--deep"]).await.status.code(), Some(0));
    let mut bytes = fs::read(database(&shop)).unwrap();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xff);
    fs::write(database(&shop), bytes).unwrap();
    let checked = finished(&["check", "--config", config, "--deep"]).await;
    assert_eq!(checked.status.code(), Some(1), "{checked:#?}");
    assert!(
        checked.stderr.iter().any(|line| line.contains("damaged") && line.contains("docs/admin.md")),
        "{checked:#?}"
    );
}

#[tokio::test]
async fn checking_leaves_a_file_of_an_earlier_version_alone() {
    let shop = Shop::new();
    let written =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/upgrade/c7b4cc5/sqlite/wxhook.db");
    fs::copy(&written, database(&shop)).unwrap();
    let checked = finished(&["check", "--config", text(&shop.config), "--deep"]).await;
    assert_eq!(checked.status.code(), Some(0), "{checked:#?}");
    assert!(checked.stdout.join("\n").contains("of an earlier version"), "{checked:#?}");
    assert_eq!(fs::read(database(&shop)).unwrap(), fs::read(written).unwrap());
    let backup = shop.folder.path().join("before.db");
    let made = finished(&["backup", text(&backup), "--config", text(&shop.config)]).await;
    assert_eq!(made.status.code(), Some(0), "{made:#?}");
    shop.serve(&[]).await.terminate().await;
    assert!(records(&shop.config).await > 100);
}
