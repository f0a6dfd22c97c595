//! The log is never a dependency: a stderr that is full, gone or not read changes nothing but the log, and rubbish
//! doesn't fill it.

mod flood;
mod serving;

use std::fs::File;
use std::io::{PipeReader, Read as _};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Shop, finished_with, program};
use flood::{Flood, Sent};
use serving::Serving;

/// Duration of each flood.
const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(600);
/// The platform waits for so long.
const IN_TIME: Duration = Duration::from_secs(2);

/// The state of stderr. The reader lives as long as this.
enum Reader {
    /// Each write fails as on a full disk.
    Full,
    /// Nobody has the other end.
    Gone,
    /// Somebody has the other end and reads nothing.
    Stalled(#[expect(dead_code, reason = "kept open")] PipeReader),
}

fn readers() -> [(Stdio, Reader); 3] {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (_, gone) = std::io::pipe().unwrap();
    let (reader, stalled) = std::io::pipe().unwrap();
    [
        (Stdio::from(full), Reader::Full),
        (Stdio::from(gone), Reader::Gone),
        (Stdio::from(stalled), Reader::Stalled(reader)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stderr_that_takes_nothing_changes_nothing() {
    for (stderr, reader) in readers() {
        let shop = Arc::new(Shop::new());
        // Enough lines for every buffer to be full soon.
        let serving = Serving::start(&shop, stderr, &["--log-level", "trace"]).await;
        let sent = Flood::start(&shop, &serving.addr).run(SHORT).await;
        assert_good(&sent, &serving).await;
        // What a reader that stalls was given is in the pipe and in the queue, and what is beyond that is dropped.
        let dropped = serving.metric("wxhook_log_dropped_total").await;
        assert!(dropped > 100 || matches!(reader, Reader::Stalled(_)), "{dropped}");
        let began = Instant::now();
        assert_eq!(serving.terminate().await.code(), Some(0));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(delivered(&shop), sent.valid, "each valid one is delivered");
        drop(reader);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_at_full_speed_costs_less_than_16_kib_a_minute() {
    let shop = Arc::new(Shop::new());
    let (mut reader, stderr) = std::io::pipe().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    });
    let serving = Serving::start(&shop, Stdio::from(stderr), &["--log-format", "json"]).await;
    let sent = Flood::start(&shop, &serving.addr).run(SHORT).await;
    assert_good(&sent, &serving).await;
    assert_eq!(serving.terminate().await.code(), Some(0));
    let log = reading.join().unwrap();
    assert!(log.len() < 16 << 10, "{} bytes for {sent:?}\n{log}", log.len());
    // What was suppressed is summed up, at the end at the latest.
    let summary: Vec<_> = log.lines().filter(|line| line.contains("more requests were rejected")).collect();
    assert_eq!(summary.len(), 1, "{log}");
    let lines = log.lines().filter(|line| line.contains(r#""message":"rejected: "#)).count();
    let more: serde_json::Value = serde_json::from_str(summary[0]).unwrap();
    assert_eq!(more["more"].as_u64().unwrap() + u64::try_from(lines).unwrap(), sent.rubbish);
}

/// The long one of issue 10; for `cargo xtask test --full`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_minutes_of_rubbish_with_the_log_on_a_full_disk() {
    if std::env::var_os("WXHOOK_TEST_FULL").is_none() {
        eprintln!("skipped: it takes ten minutes; cargo xtask test --full runs it");
        return;
    }
    let shop = Arc::new(Shop::new());
    let full = File::options().write(true).open("/dev/full").unwrap();
    let serving = Serving::start(&shop, Stdio::from(full), &[]).await;
    let flood = Flood::start(&shop, &serving.addr);
    let warm = flood.clone().run(LONG / 10).await;
    let before = serving.memory_kib();
    let sent = flood.run(LONG - LONG / 10).await;
    let after = serving.memory_kib();
    for sent in [&warm, &sent] {
        assert_good(sent, &serving).await;
    }
    eprintln!("{sent:?}; {before} KiB after a minute, {after} KiB at the end");
    assert!(after < before + (32 << 10), "memory grows: {before} KiB, {after} KiB");
    // Nothing could be written: each dropped line is one that the log would have.
    let lines = serving.metric("wxhook_log_dropped_total").await;
    assert!(lines * 512 < 1 << 20, "{lines} lines are more than 1 MiB");
    assert_eq!(serving.terminate().await.code(), Some(0));
    assert_eq!(delivered(&shop), warm.valid + sent.valid, "each valid one is delivered");
}

async fn assert_good(sent: &Sent, serving: &Serving) {
    assert!(sent.valid > 10 && sent.rubbish > 5 * sent.valid, "{sent:?}");
    assert!(sent.slowest < IN_TIME, "{sent:?}");
    assert_eq!(sent.not_accepted, 0, "{sent:?}");
    serving.is_ready().await;
}

/// Records on stdout, which is a file.
fn delivered(shop: &Shop) -> u64 {
    let text = std::fs::read_to_string(shop.folder.path().join("stdout")).unwrap();
    u64::try_from(text.lines().count()).unwrap()
}

#[tokio::test]
async fn a_complaint_that_cannot_be_written_is_an_exit_code_all_the_same() {
    for (stderr, _reader) in readers() {
        let mut child = program().args(["check", "--config", "/nowhere"]).stderr(stderr).spawn().unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(1));
    }
}

#[tokio::test]
async fn stdout_that_takes_nothing_is_an_error_unless_its_reader_has_gone() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let gone = || Stdio::from(std::io::pipe().unwrap().1);
    for arguments in [&["catalog"][..], &["catalog", "--json"], &["catalog", "TRANSACTION.SUCCESS"]] {
        let run = async |stdout: Stdio| {
            let mut command = program();
            command.args(arguments).stdout(stdout).stderr(Stdio::piped());
            command.spawn().unwrap().wait_with_output().await.unwrap()
        };
        let ended = run(full()).await;
        let told = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.starts_with("error: ") && !told.contains("panicked"), "{told}");
        let ended = run(gone()).await;
        assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0), "{arguments:?}");
    }
}

#[tokio::test]
async fn no_color_means_no_colour_in_the_log() {
    let shop = Shop::new();
    let text = crate::support::text(&shop.config);
    let log = async |variables: &[(&str, &str)]| {
        // It warns about the store, can't open its sink, and ends.
        let others = [
            ("WXHOOK_STORE__URL", "memory://"),
            ("WXHOOK_SINK__KIND", "file"),
            ("WXHOOK_SINK__PATH", "/proc/no.jsonl"),
        ];
        finished_with(&["serve", "--config", text], &[variables, &others].concat()).await.stderr.join("\n")
    };
    assert!(log(&[("CLICOLOR_FORCE", "1")]).await.contains("\u{1b}["), "there is something to be coloured");
    for variables in [&[][..], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]] {
        assert!(!log(variables).await.contains('\u{1b}'), "{variables:?}");
    }
}
