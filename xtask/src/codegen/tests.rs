use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::run_in;

const EVENT: &str = "fixtures/catalog/v3/COMPLAINT.CREATE.toml";
const GENERATED: &str = "crates/events/src/generated/complaint.rs";

/// A copy of all that codegen reads and writes.
fn copy() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for path in
        ["fixtures/overview.md", "fixtures/catalog", "crates/events", "docs/events.md", "rustfmt.toml"]
            .map(Path::new)
    {
        copy_into(path, copy.path());
    }
    copy
}

fn copy_into(path: &Path, to: &Path) {
    let from = crate::root().join(path);
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            copy_into(&path.join(entry.unwrap().file_name()), to);
        }
    } else {
        fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
        fs::copy(from, to.join(path)).unwrap();
    }
}

fn change(root: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(root.join(file)).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    fs::write(root.join(file), text.replacen(from, to, 1)).unwrap();
}

/// Returns the faults that `--check` reports after a change.
fn complaint(file: &str, from: &str, to: &str) -> String {
    let copy = copy();
    change(copy.path(), file, from, to);
    let before = snapshot(copy.path());
    let complaint = run_in(copy.path(), true).unwrap_err().to_string();
    assert_eq!(snapshot(copy.path()), before, "it wrote");
    complaint
}

fn snapshot(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push((path.clone(), fs::read(path).unwrap()))
            }
        }
    }
    files.sort();
    files
}

#[test]
fn what_is_committed_is_what_the_catalog_gives() {
    let outputs = super::generate(crate::root()).unwrap();
    let stale = super::output::compare(crate::root(), &outputs).unwrap();
    assert!(stale.is_empty(), "{}", super::lines(&stale));
}

#[test]
fn an_edited_file_is_found() {
    let complaint = complaint(GENERATED, "complaint_id: String", "complaint_id: Time");
    assert!(complaint.contains(&format!("{GENERATED}:")), "{complaint}");
    assert!(complaint.contains("is stale or was edited by hand"), "{complaint}");
    assert!(complaint.ends_with("run `cargo xtask codegen`"), "{complaint}");
}

#[test]
fn a_missing_or_superfluous_file_is_found() {
    let copy = copy();
    fs::rename(copy.path().join(GENERATED), copy.path().join("crates/events/src/generated/other.rs"))
        .unwrap();
    let complaint = run_in(copy.path(), true).unwrap_err().to_string();
    assert!(
        complaint.contains(&format!("{GENERATED}: isn't there: run `cargo xtask codegen`")),
        "{complaint}"
    );
    assert!(complaint.contains("generated/other.rs: isn't generated any more: run"), "{complaint}");
}

#[test]
fn a_table_that_changed_is_found() {
    let complaint = complaint("fixtures/overview.md", "[产生新投诉通知]", "[产生投诉通知]");
    assert!(complaint.contains("generated/complaint.rs:"), "{complaint}");
    assert!(complaint.contains("run `cargo xtask codegen`"), "{complaint}");
}

#[test]
fn an_unknown_type_is_found() {
    let complaint = complaint(EVENT, "type = \"string\"", "type = \"strnig\"");
    assert!(
        complaint.starts_with("the catalog has faults:\nfixtures/catalog/v3/COMPLAINT.CREATE.toml"),
        "{complaint}"
    );
    assert!(complaint.contains("strnig"), "{complaint}");
}

#[test]
fn an_area_must_be_declared() {
    let complaint = complaint("crates/events/Cargo.toml", "\ncomplaint = []\n", "\n");
    assert!(
        complaint.contains("crates/events/Cargo.toml: the area \"complaint\" isn't declared: add"),
        "{complaint}"
    );
}

#[test]
fn a_key_may_not_change_silently() {
    let file = "fixtures/catalog/v3/COUPON.SEND.toml";
    let complaint = complaint(file, "\"coupon_code\"]", "\"openid\"]");
    assert!(complaint.contains("older_keys"), "{complaint}");
}

#[test]
fn writing_mends_what_check_finds() {
    let copy = copy();
    change(copy.path(), GENERATED, "complaint_id: String", "complaint_id: Time");
    change(copy.path(), "fixtures/overview.md", "[产生新投诉通知]", "[产生投诉通知]");
    assert!(run_in(copy.path(), true).is_err());
    run_in(copy.path(), false).unwrap();
    run_in(copy.path(), true).unwrap();
    let meta = fs::read_to_string(copy.path().join("crates/events/src/generated/complaint.rs")).unwrap();
    assert!(meta.contains("产生投诉通知"), "the table's title is taken over");
}
