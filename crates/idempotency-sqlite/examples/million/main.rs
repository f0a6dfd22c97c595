//! A file of a million records: what accepting, listing, counting and purging cost beside an empty one, and the memory
//! it takes.
//!
//! ```text
//! cargo run --release -p wxhook-idempotency-sqlite --example million -- [--records N] [--file FILE] [--seconds N]
//!     [--rounds N] [--program target/release/wxhook]
//! ```
//!
//! The file is filled if it isn't there, by the store's own operations, over nine days of its clock; without `--file` it
//! is a temporary one in the working directory (some 2.5 GB). Every figure comes from a child process that does nothing
//! else, so that its memory is its own; what is compared is measured in turn, medians. `--program` also runs that
//! program's server on the file and asks it through its command line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a measurement, not a program"
)]

mod fill;
mod lists;
mod load;
mod program;
mod records;
mod times;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use times::median;

/// Callers, and accepts a second of all together; 0 is as many as they can.
const LOADS: [(usize, u32); 4] = [(8, 500), (16, 1_000), (8, 0), (16, 0)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--child", "fill", file, records] => fill::fill(Path::new(file), records.parse().unwrap()),
        ["--child", "accept", file, callers, pace, seconds] => {
            let load =
                load::Load::new(callers.parse().unwrap(), pace.parse().unwrap(), seconds.parse().unwrap());
            println!("{}", load::accept(Path::new(file), &load));
        }
        ["--child", "lists", file] => lists::all(Path::new(file)),
        ["--child", "purge", file, pause, seconds] => {
            let pause = Duration::from_millis(pause.parse().unwrap());
            println!("{}", load::purge(Path::new(file), pause, seconds.parse().unwrap()));
        }
        _ => everything(&arguments),
    }
}

fn everything(arguments: &[String]) {
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        place.map(|place| arguments[place + 1].clone())
    };
    let number =
        |name: &str, otherwise: u64| value(name).map_or(otherwise, |value| value.parse().expect("a number"));
    let (records, seconds, rounds) =
        (number("--records", 1_000_000), number("--seconds", 4), number("--rounds", 5));
    let folder = tempfile::tempdir_in(".").unwrap();
    let file = value("--file").map_or_else(|| folder.path().join("million.db"), PathBuf::from);
    if !file.exists() {
        print!("{}", child(&["fill", path(&file), &records.to_string()]));
    }
    println!("{:.2} GB", std::fs::metadata(&file).unwrap().len() as f64 / 1e9);
    accepts(&file, folder.path(), seconds, rounds);
    print!("\n{}", child(&["lists", path(&file)]));
    println!("\naccepts (8 callers, 500/s) while purging {}", load::HEADER);
    for (name, pause) in [("as the server does", "200"), ("without a pause", "0")] {
        let (mut lines, mut purged) = (Vec::new(), 0.0);
        for _ in 0..rounds {
            let line = figures(&child(&["purge", path(&file), pause, &(2 * seconds).to_string()]));
            purged += line[5];
            lines.push(line);
        }
        println!("{name:<42}{}   purged {purged}", load::line(&lines));
    }
    if let Some(program) = value("--program") {
        program::ask(Path::new(&program), &file, folder.path());
    }
}

/// Accepts on an empty file and on the full one, in turn.
fn accepts(file: &Path, folder: &Path, seconds: u64, rounds: u64) {
    println!("\naccepts                                   {}", load::HEADER);
    for (callers, pace) in LOADS {
        let (mut empty, mut full) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let fresh = folder.join(format!("empty-{callers}-{pace}-{round}.db"));
            for (file, lines) in [(&*fresh, &mut empty), (file, &mut full)] {
                let words =
                    ["accept", path(file), &callers.to_string(), &pace.to_string(), &seconds.to_string()];
                lines.push(figures(&child(&words)));
            }
        }
        let pace = if pace == 0 { "flat out".to_owned() } else { format!("{pace}/s") };
        for (name, lines) in [("empty", &empty), ("full", &full)] {
            println!("{:<42}{}", format!("{name}, {callers} callers, {pace}"), load::line(lines));
        }
        let ratio = |column: usize| {
            median(full.iter().zip(&empty).map(|(full, empty)| full[column] / empty[column]).collect())
        };
        println!("{:<42}{:>10.2}{:>10.2}{:>10.2}{:>10.2}", "  ratio", ratio(0), ratio(1), ratio(2), ratio(3));
    }
}

/// Output of this program when it is run for one figure.
fn child(words: &[&str]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.arg("--child").args(words).stderr(std::process::Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn figures(line: &str) -> Vec<f64> {
    line.split_whitespace().map(|word| word.parse().expect("a figure")).collect()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
