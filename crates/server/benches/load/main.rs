//! The whole server under load, beside a bare hyper server that does the same verification, opening and decoding.
//!
//! 64 keep-alive connections send valid, distinct notifications of about 1.5 KiB, signed before the clock starts. Each
//! server is a child process of its own and is measured in turn, round by round; medians, and medians of the rounds'
//! ratios, are printed. The load generator shares the machine with the server.
//!
//! `cargo bench -p wxhook-server --bench load -- [--requests N] [--rounds N] [--quick] [--only bare|memory|sqlite]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench"
)]

mod bare;
mod full;
mod generate;
mod prepare;

use generate::Measured;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;

/// Measured configurations; the first is the floor.
const TARGETS: [(&str, &str); 3] = [
    ("bare", "bare hyper: verify, open, decode"),
    ("memory", "wxhook, memory store"),
    ("sqlite", "wxhook, SQLite, synchronous=FULL"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--child") {
        return child(&arguments[place + 1], Path::new(&arguments[place + 2]));
    }
    let number = |name: &str, otherwise: usize| {
        let place = arguments.iter().position(|argument| argument == name);
        place.map_or(otherwise, |place| arguments[place + 1].parse().expect("a number"))
    };
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let requests = number("--requests", if quick { 2_000 } else { 20_000 });
    let rounds = number("--rounds", if quick { 1 } else { 5 });

    let only =
        arguments.iter().position(|argument| argument == "--only").map(|place| arguments[place + 1].clone());
    let chosen = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let targets: Vec<_> = TARGETS.into_iter().filter(|(name, _)| chosen(name)).collect();

    let folder = tempfile::tempdir().unwrap();
    println!("signing {requests} distinct notifications …");
    let prepared = prepare::requests(folder.path(), requests);
    println!("{} B each over the wire; {CONNECTIONS} connections, {rounds} rounds", prepared[0].len());

    let mut all: Vec<Vec<Measured>> = vec![Vec::new(); targets.len()];
    for _ in 0..rounds {
        for ((target, _), measured) in targets.iter().zip(&mut all) {
            measured.push(measure(target, folder.path(), &prepared));
        }
    }
    println!(
        "\n{:<36}{:>12}{:>10}{:>10}{:>10}{:>12}",
        "", "requests/s", "of first", "p50 ms", "p99 ms", "peak MiB"
    );
    for ((_, title), measured) in targets.iter().zip(&all) {
        let of = |value: fn(&Measured) -> f64| median(measured.iter().map(value).collect());
        let ratio = median(measured.iter().zip(&all[0]).map(|(own, bare)| own.rate / bare.rate).collect());
        println!(
            "{title:<36}{:>12.0}{:>9.0}%{:>10.2}{:>10.2}{:>12.1}",
            of(|m| m.rate),
            ratio * 100.0,
            of(|m| m.p50_ms),
            of(|m| m.p99_ms),
            of(|m| m.peak_mib),
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server in its own process, given every request once.
fn measure(target: &str, folder: &Path, prepared: &[Vec<u8>]) -> Measured {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--child", target])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().expect("the child's address");
    let mut measured = generate::run(address, prepared, CONNECTIONS);
    measured.peak_mib = peak_mib(&child);
    child.kill().unwrap();
    child.wait().unwrap();
    measured
}

fn peak_mib(child: &Child) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// Prints its address and serves until it is killed.
fn child(target: &str, folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match target {
            "bare" => bare::serve(folder).await,
            store => full::serve(folder, store).await,
        }
    });
}
