//! The program's own server on the file, asked through its command line.

use crate::times::{median, ms, peak_mib};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Parts of the program to run.
const QUESTIONS: [&[&str]; 7] = [
    &["list"],
    &["list", "--state", "parked"],
    &["list", "--merchant", "school", "--state", "done"],
    &["list", "--flag", "unsigned", "--state", "parked"],
    &["list", "--number", "no such number"],
    &["park", "--state", "ready"],
    &["resend", "--flag", "unsigned", "--state", "done"],
];

/// Runs it and says how long each question took from the program's start to its end, and the server's memory.
pub(crate) fn ask(program: &Path, file: &Path, folder: &Path) {
    let keys = folder.join("keys");
    let made = Command::new(program).args(["keys", "new"]).arg(&keys).stdout(Stdio::null()).status().unwrap();
    assert!(made.success());
    let config = keys.join("wxhook.toml");
    let url = format!("sqlite://{}", std::path::absolute(file).unwrap().display());
    let mut server = serve(program, &config, &url);
    let asked = |words: &[&str]| {
        let mut command = Command::new(program);
        let command =
            command.arg("events").args(words).arg("--config").arg(&config).env("WXHOOK_STORE__URL", &url);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    while !asked(&["list", "--limit", "1"]) {
        assert!(server.try_wait().unwrap().is_none(), "the server ended");
        thread::sleep(Duration::from_millis(50));
    }
    println!("\nthe program                                     ms");
    for words in QUESTIONS {
        let times = (0..5).map(|_| {
            let start = Instant::now();
            assert!(asked(words), "{words:?}");
            ms(start.elapsed())
        });
        println!("{:<40}{:>10.1}", words.join(" "), median(times.collect()));
    }
    println!("peak memory of the server {:.0} MiB", peak_mib(server.id()));
    server.kill().unwrap();
    server.wait().unwrap();
}

fn serve(program: &Path, config: &Path, url: &str) -> Child {
    let mut command = Command::new(program);
    command.arg("serve").arg("--config").arg(config).env("WXHOOK_STORE__URL", url);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
