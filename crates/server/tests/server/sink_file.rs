//! The file sink: whole lines, each at least once, whatever happens to the file.

use crate::deliveries::{clock, delivery, file_config, file_sink, file_sink_of};
use crate::folder::Folder;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinSet;
use wxhook_delivery::{Sink, SinkError};

const NAME: &str = "events.jsonl";

fn retry(why: &str) -> SinkError {
    SinkError::retry(format!("writing the file failed: {why}"))
}

/// The full files in their order, then the current one.
fn files(folder: &Folder) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{NAME}.")))
        .collect();
    files.sort();
    files.push(folder.path().join(NAME));
    files
}

/// How often each record stands in a file; every line is one.
fn count(text: &str, counts: &mut BTreeMap<u64, usize>) {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    for line in text.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        *counts.entry(record["seq"].as_u64().unwrap()).or_default() += 1;
    }
}

fn counts(folder: &Folder) -> BTreeMap<u64, usize> {
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
async fn a_record_is_a_line_for_its_owner_only() {
    let folder = Folder::new();
    let sink = file_sink(&folder, "");
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
async fn full_files_are_set_aside_under_load() {
    let folder = Folder::new();
    let sink = Arc::new(file_sink(&folder, "rotate_size = \"4KiB\""));
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
async fn numbers_tell_the_order() {
    let folder = Folder::new();
    // As if the clock had been in the year 2100 once; and what isn't ours.
    folder.write("events.jsonl.4102444800000", "");
    for other in ["events.jsonl.1", "events.jsonl.4102444800000.gz", "events.jsonl.x", "other.4102444800001"]
    {
        folder.write(other, "other\n");
    }
    let sink = file_sink(&folder, "rotate_size = \"1KiB\"\nrotate_keep = 2");
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
async fn a_file_that_is_moved_away_is_begun_anew() {
    let folder = Folder::new();
    let sink = file_sink(&folder, "");
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
async fn half_a_line_is_ended_first() {
    let folder = Folder::new();
    folder.write(NAME, "{\"seq\":1,\"half");
    let sink = file_sink(&folder, "rotate_size = \"1KiB\"");
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
async fn a_full_disk_is_tried_again() {
    let folder = Folder::new();
    let sink = file_sink(&folder, "");
    let file = folder.path().join(NAME);
    fs::remove_file(&file).unwrap();
    symlink("/dev/full", &file).unwrap();
    assert_eq!(sink.deliver(&delivery(1)).await.unwrap_err(), retry("no storage space"));
    fs::remove_file(&file).unwrap();
    sink.deliver(&delivery(1)).await.unwrap();
    assert_eq!(counts(&folder).into_keys().collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_tried_again() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let config = "kind = \"file\"\npath = \"logs/events.jsonl\"";
    let sink = file_sink_of(&folder, config).unwrap();
    sink.deliver(&delivery(1)).await.unwrap();
    fs::remove_dir_all(folder.path().join("logs")).unwrap();
    assert_eq!(sink.deliver(&delivery(2)).await.unwrap_err(), retry("entity not found"));
    fs::create_dir(folder.path().join("logs")).unwrap();
    sink.deliver(&delivery(2)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_of_one_file_keep_out_of_each_others_lines() {
    let folder = Folder::new();
    let sinks = [(); 3].map(|()| Arc::new(file_sink(&folder, "rotate_size = \"2KiB\"")));
    deliver_all(&sinks, 0..600).await;
    let counts = counts(&folder);
    assert!(counts.len() == 600 && counts.values().all(|count| *count == 1), "{}", counts.len());
    assert!(files(&folder).len() > 20);
}

#[tokio::test]
async fn where_no_file_can_be_written_nothing_starts() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let config = "kind = \"file\"\npath = \"logs/events.jsonl\"";
    drop(file_sink_of(&folder, config).unwrap());
    // Between reading the configuration and opening the file.
    let parsed = file_config(&folder, config);
    fs::remove_dir_all(folder.path().join("logs")).unwrap();
    let error = wxhook_server::FileSink::open("file", &parsed, clock()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("sink.path: ") && error.contains("can't be written: No such file"), "{error}");
    assert!(error.ends_with("; let the user that runs wxhook write it and its folder"), "{error}");
}
