//! Measures how fast a batch is sent to a bare server that answers 200, in a process of its own.
//!
//! `cargo bench -p wxhook-simulator --bench send -- [requests] [rounds]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    missing_docs,
    reason = "a bench"
)]

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroU32;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use wxhook_crypto::{ApiV3Key, SigningKey};
use wxhook_simulator::{Campaign, Pace, Platform, Sender};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|argument| argument == "--serve") {
        return tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(serve());
    }
    let count: u32 = arguments.first().map_or(5_000, |count| count.parse().expect("how many requests"));
    let rounds: u32 = arguments.get(1).map_or(10, |rounds| rounds.parse().expect("how many rounds"));
    let mut child =
        Command::new(std::env::current_exe().unwrap()).arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();

    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let platform = Platform::builder()
        .mchid("1900000109")
        .signing_key(
            "PUB_KEY_ID_0119000001092024",
            SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap(),
        )
        .api_v3_key(ApiV3Key::new(b"0123456789abcdef0123456789abcdef").unwrap())
        .build()
        .unwrap();
    let catalog = wxhook_events::catalog();
    let paid = *catalog.lookup("TRANSACTION.SUCCESS", Some("BASIC")).unwrap();
    let campaign = Campaign::new(catalog, "1900000109", 7).event(&paid).count(count);
    let sender = Sender::new(platform, url.trim(), SystemTime::now).unwrap();

    let began = Instant::now();
    let batch = sender.prepare(&campaign, |_| ()).unwrap();
    let cpu = cpu_micros() / f64::from(count);
    println!("signed {} in {:.1} s, {cpu:.0} us of CPU each", batch.len(), began.elapsed().as_secs_f64());
    println!("{:.0} KiB of memory", memory_kib());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let pace = Pace::new().concurrency(NonZeroU32::new(64).unwrap());
    for _ in 0..rounds {
        let before = cpu_micros();
        let summary = runtime.block_on(batch.send(pace, |_| ())).unwrap();
        let cpu = (cpu_micros() - before) / f64::from(count);
        println!(
            "{:.0} requests/s, {cpu:.1} us of CPU each, {:?}, {:?}",
            summary.rate(),
            summary.latencies,
            summary.statuses
        );
    }
    println!("{:.0} KiB of memory", memory_kib());
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/notify/shop", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::default()))
}

/// Returns the CPU time that this process has used, in microseconds; ticks are 10 ms.
fn cpu_micros() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>()
        * 1e4
}

/// Returns the peak memory of this process, in KiB.
fn memory_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or_default()
}
