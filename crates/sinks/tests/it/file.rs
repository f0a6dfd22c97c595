//! The file sink: whole lines, each at least once, regardless of what happens to the file.

use crate::support::{delivery, file_sink};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinSet;
use wxhook_delivery::{Sink, SinkError};
use wxhook_sinks::{FileSink, FileSinkOptions};

const NAME: &str = "events.jsonl";

fn retry(why: &str) -> SinkError {
    SinkError::retry(format!("writing the file failed: {why}"))
}

/// The full files in their order, then the current one.
fn files(folder: &TempDir) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{NAME}.")))
        .collect();
    files.sort();
    files.push(folder.path().join(NAME));
    files
}

/// Counts how often each record is in a file; every line is one.
fn count(text: &str, counts: &mut BTreeMap<u64, usize>) {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    for line in text.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        *counts.entry(record["seq"].as_u64().unwrap()).or_default() += 1;
    }
}

fn counts(folder: &TempDir) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for file in files(folder) {
        count(&fs::read_to_string(file).unwrap(), &mut counts);
    }
    counts
}

/// Delivers these records, many at a time.
async fn deliver_all(sinks: &[Arc<impl Sink>], records: std::ops::Range<u64>) {
    let mut running = JoinSet::new();
    for (seq, sink) in records.zip(sinks.iter().cycle()) {
        let sink = Arc::clone(sink);
        running.spawn(async move { sink.deliver(&delivery(seq)).await.unwrap() });
        if running.len() >= 64 {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(joined) = running.join_next().await {
        joined.unwrap();
    }
}

#[tokio::test]
async fn records_are_lines_readable_by_the_owner_only() {
    let folder = TempDir::new().unwrap();
    let sink = file_sink(&folder, |_| {});
    let file = folder.path().join(NAME);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for seq in 1..=3 {
        sink.deliver(&delivery(seq)).await.unwrap();
        assert!(counts(&folder).into_keys().eq(1..=seq), "it is there once that is said");
    }
    let first = fs::read_to_string(&file).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(first, delivery(1).record.to_json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_files_are_rotated_under_load() {
    let folder = TempDir::new().unwrap();
    let sink = Arc::new(file_sink(&folder, |options| options.rotate_size = 4 << 10));
    deliver_all(&[sink], 0..1000).await;
    let counts = counts(&folder);
    assert!(counts.len() == 1000 && counts.values().all(|count| *count == 1));
    let files = files(&folder);
    assert!(files.len() > 10, "{files:?}");
    for (nth, file) in files.iter().enumerate() {
        let size = fs::metadata(file).unwrap().size();
        assert!(size <= 4096, "{size}");
        assert!(size > 3000 || nth == files.len() - 1, "{size}: full, but for the last");
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn rotated_files_are_numbered_in_order() {
    let folder = TempDir::new().unwrap();
    // As if the clock had been in the year 2100 once; and what isn't ours.
    fs::write(folder.path().join("events.jsonl.4102444800000"), "").unwrap();
    for other in ["events.jsonl.1", "events.jsonl.4102444800000.gz", "events.jsonl.x", "other.4102444800001"]
    {
        fs::write(folder.path().join(other), "other\n").unwrap();
    }
    let sink = file_sink(&folder, |options| {
        options.rotate_size = 1 << 10;
        options.rotate_keep = Some(2);
    });
    for seq in 1..=40 {
        sink.deliver(&delivery(seq)).await.unwrap();
    }
    let ours: Vec<_> =
        files(&folder).into_iter().filter(|file| fs::read_to_string(file).unwrap() != "other\n").collect();
    assert_eq!(ours.len(), 3, "two full ones and the current one: {ours:?}");
    let mut last = 0;
    for file in &ours {
        for line in fs::read_to_string(file).unwrap().lines() {
            let seq = serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap();
            assert!(seq > last, "{seq} after {last}");
            last = seq;
        }
    }
    assert_eq!(last, 40);
    assert!(ours[0].to_str().unwrap().contains(".41024448000"), "greater than what was there: {ours:?}");
    for other in ["events.jsonl.1", "events.jsonl.4102444800000.gz", "events.jsonl.x", "other.4102444800001"]
    {
        assert!(folder.path().join(other).exists(), "{other}");
    }
}

#[tokio::test]
async fn a_file_that_is_moved_away_is_created_again() {
    let folder = TempDir::new().unwrap();
    let sink = file_sink(&folder, |_| {});
    sink.deliver(&delivery(1)).await.unwrap();
    fs::rename(folder.path().join(NAME), folder.path().join("moved")).unwrap();
    sink.deliver(&delivery(2)).await.unwrap();
    fs::remove_file(folder.path().join(NAME)).unwrap();
    sink.deliver(&delivery(3)).await.unwrap();
    assert_eq!(counts(&folder).into_keys().collect::<Vec<_>>(), [3]);
    let moved = fs::read_to_string(folder.path().join("moved")).unwrap();
    assert_eq!(moved, format!("{}\n", delivery(1).record.to_json()));
    // And cut to nothing, as `copytruncate` does.
    fs::write(folder.path().join(NAME), "").unwrap();
    sink.deliver(&delivery(4)).await.unwrap();
    assert_eq!(counts(&folder).into_keys().collect::<Vec<_>>(), [4]);
}

#[tokio::test]
async fn a_partial_line_is_ended_first() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(NAME), "{\"seq\":1,\"half").unwrap();
    let sink = file_sink(&folder, |options| options.rotate_size = 1 << 10);
    sink.deliver(&delivery(1)).await.unwrap();
    let file = folder.path().join(NAME);
    let whole = format!("{}\n", delivery(1).record.to_json());
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{{\"seq\":1,\"half\n{whole}"));
    // Also before a file is set aside.
    fs::write(&file, "x".repeat(1024)).unwrap();
    sink.deliver(&delivery(2)).await.unwrap();
    let files = files(&folder);
    assert!(fs::read_to_string(&files[0]).unwrap().ends_with("x\n"));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", delivery(2).record.to_json()));
}

#[tokio::test]
async fn a_full_disk_is_retried() {
    let folder = TempDir::new().unwrap();
    let sink = file_sink(&folder, |_| {});
    let file = folder.path().join(NAME);
    fs::remove_file(&file).unwrap();
    symlink("/dev/full", &file).unwrap();
    assert_eq!(sink.deliver(&delivery(1)).await.unwrap_err(), retry("no storage space"));
    fs::remove_file(&file).unwrap();
    sink.deliver(&delivery(1)).await.unwrap();
    assert_eq!(counts(&folder).into_keys().collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_missing_directory_is_retried() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let sink = FileSink::open("file", FileSinkOptions::new(folder.path().join("logs/events.jsonl"))).unwrap();
    sink.deliver(&delivery(1)).await.unwrap();
    fs::remove_dir_all(folder.path().join("logs")).unwrap();
    assert_eq!(sink.deliver(&delivery(2)).await.unwrap_err(), retry("entity not found"));
    fs::create_dir(folder.path().join("logs")).unwrap();
    sink.deliver(&delivery(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_writers_share_a_file() {
    let folder = TempDir::new().unwrap();
    let sinks = [(); 3].map(|()| Arc::new(file_sink(&folder, |options| options.rotate_size = 2 << 10)));
    deliver_all(&sinks, 0..600).await;
    let counts = counts(&folder);
    assert!(counts.len() == 600 && counts.values().all(|count| *count == 1), "{}", counts.len());
    assert!(files(&folder).len() > 20);
}

#[tokio::test]
async fn opening_fails_where_no_file_can_be_written() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gone/events.jsonl");
    let error = FileSink::open("file", FileSinkOptions::new(&path)).unwrap_err().to_string();
    assert_eq!(error, format!("{} can't be written: No such file or directory (os error 2)", path.display()));
}
