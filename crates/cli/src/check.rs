//! `wxhook check`: validates a configuration and its environment.

mod store;

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::time::timeout;
use wxhook_crypto::{PlatformKey, SigningKey, v3};
use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_server::{
    AdminClient, Config, DateError, Fault, MerchantConfig, SimulatorConfig, SinkProblem, http_date,
};
use zeroize::Zeroizing;

use crate::args::CheckArgs;
use crate::{config, out};

/// Maximum difference of clocks; beyond it every v3 notification is rejected as stale.
const MAX_DIFFERENCE: Duration = Duration::from_secs(300);
/// A greater difference doesn't come of whole seconds and the way of the date.
const NOTABLE_DIFFERENCE: Duration = Duration::from_secs(30);
/// Maximum time for the answer of a server that runs.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Default, Serialize)]
struct Findings {
    ok: bool,
    faults: Vec<Fault>,
    warnings: Vec<String>,
}

/// Checks everything that `serve` needs, prints what is found, and returns whether there is no fault.
pub(crate) async fn check(args: &CheckArgs) -> anyhow::Result<bool> {
    let mut found = Findings::default();
    let mut summary = None;
    match config::load(&config::path(args.with.config.as_deref())?) {
        Ok(config) => {
            let state = check_config(&config, args.strict, &mut found).await;
            if args.deep && state.is_some() {
                store::check_deep(&config.store, &mut found).await;
            }
            summary = state.map(|state| summarize(&config, state));
        }
        Err(errors) => {
            found.faults.extend(errors.faults().iter().cloned());
            if let Some(store) = errors.store() {
                store::check(store, None, &mut found).await;
            }
        }
    }
    if let Some(url) = &args.clock_from {
        check_clock(url, &mut found).await;
    }

    found.ok = found.faults.is_empty();
    if args.json {
        out::print(serde_json::to_string(&found)?)?;
    } else if found.ok {
        let warnings = found.warnings.iter().map(|warning| format!("\n  warning   {warning}"));
        out::print(format_args!("{}{}", summary.unwrap_or_default(), warnings.collect::<String>()))?;
    } else {
        found.faults.iter().for_each(out::complain);
    }
    Ok(found.ok)
}

/// Checks what a configuration names; returns the state of its store, if that is without fault.
async fn check_config(config: &Config, strict: bool, found: &mut Findings) -> Option<&'static str> {
    found.warnings.extend(config.warnings().iter().cloned());
    if let Err(errors) = config.check_serve() {
        found.faults.extend(errors.faults().iter().cloned());
    }
    found.faults.extend(config.check_public_url());
    check_simulator(config, found);
    let state = store::check(&config.store, Some(config), found).await;
    check_ports(config, found).await;
    for fault in config.try_sinks().await {
        match fault {
            // A server lives with it: records wait.
            SinkProblem::Down(fault) if !strict => found.warnings.push(fault.to_string()),
            SinkProblem::Down(fault) | SinkProblem::Unusable(fault) => found.faults.push(fault),
            _ => {}
        }
    }
    state
}

/// Checks that `trigger` signs with a platform key that is configured.
fn check_simulator(config: &Config, found: &mut Findings) {
    let Some(simulator) = &config.simulator else { return };
    let keys = config.merchants.iter().flat_map(|merchant| &merchant.platform_keys);
    let keys: Vec<_> = keys.filter(|(id, _)| *id == simulator.serial).map(|(_, key)| key).collect();
    let (key, what, fix) = if keys.is_empty() {
        let what = "no merchant has a platform key of this id: what trigger signs would be rejected";
        ("simulator.serial", what, "write the id of the platform key that belongs to the private key")
    } else if !keys.into_iter().all(|key| are_a_pair(simulator, key)) {
        let what = "not the private half of the platform key that simulator.serial names";
        ("simulator.private_key_file", what, "give that one, or correct serial; wxhook keys new makes a pair")
    } else {
        return;
    };
    found.faults.push(Fault::new(config.place(key), what, fix));
}

/// Returns whether the public key verifies what the simulator signs.
pub(crate) fn are_a_pair(simulator: &SimulatorConfig, public: &PlatformKey) -> bool {
    const TIMESTAMP: &str = "0";
    const NONCE: &str = "check";
    const BODY: &[u8] = b"{}";
    let sign = || {
        let pem = Zeroizing::new(fs::read(&simulator.private_key_file).ok()?);
        let private = SigningKey::from_pem(&pem).ok()?;
        let signature = v3::sign(&private, TIMESTAMP, NONCE, BODY).ok()?;
        let (serial, signature) = (&*simulator.serial, &*signature);
        v3::Signed { timestamp: TIMESTAMP, nonce: NONCE, serial, signature, body: BODY }.verify(public).ok()
    };
    sign().is_some()
}

/// Checks that both addresses can be listened on. One that a wxhook to be restarted holds is only a warning.
async fn check_ports(config: &Config, found: &mut Findings) {
    let tried = config.try_listen();
    let is_taken = tried.iter().any(|(kind, _)| *kind == ErrorKind::AddrInUse);
    let is_ours = is_taken && is_wxhook(config.admin_listen).await;
    for (kind, fault) in tried {
        if is_ours && kind == ErrorKind::AddrInUse {
            let what = "in use, as it seems by the wxhook that runs now";
            found.warnings.push(format!("{}: {what}", fault.place()));
        } else {
            found.faults.push(fault);
        }
    }
}

/// Returns whether this program's admin listener answers at an address.
async fn is_wxhook(mut addr: SocketAddr) -> bool {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    let Ok(client) = AdminClient::new(&format!("http://{addr}"), None) else { return false };
    let reply = timeout(PATIENCE, client.get("/metrics")).await;
    matches!(reply, Ok(Ok((200, text))) if text.contains("wxhook_build_info"))
}

/// Compares this machine's clock with the date of a server's reply.
async fn check_clock(url: &str, found: &mut Findings) {
    let (ours, theirs) = match both_times(url).await {
        Ok(times) => times,
        Err(error) => {
            let what = format!("{url} doesn't tell the time: {error}");
            return found.faults.push(Fault::new("--clock-from", what, "give another URL"));
        }
    };
    let (direction, off) = match ours.duration_since(theirs) {
        Ok(ahead) => ("ahead", ahead),
        Err(behind) => ("behind", behind.duration()),
    };
    let what = format!("this machine's clock is {} s {direction}", off.as_secs());
    if off > MAX_DIFFERENCE {
        let fix = "correct it (NTP): beyond 300 s every v3 notification is rejected as stale";
        found.faults.push(Fault::new("clock", what, fix));
    } else if off > NOTABLE_DIFFERENCE {
        found.warnings.push(format!("clock: {what}; let it follow NTP"));
    }
}

/// Returns the time here and there, at one moment.
async fn both_times(url: &str) -> Result<(SystemTime, SystemTime), DateError> {
    let began = SystemClock::default().now();
    let theirs = http_date(url).await?;
    let took = SystemClock::default().now().duration_since(began).unwrap_or_default();
    Ok((began + took / 2, theirs))
}

/// Returns a few lines about a configuration without faults.
fn summarize(config: &Config, state: &str) -> String {
    let sink = config.sink.as_ref().map_or_else(|| "none: an inbox only".to_owned(), ToString::to_string);
    let mut lines = vec![
        format!("ok: {}", config.file().display()),
        format!("  listen    {}, admin {}", config.listen, config.admin_listen),
        format!("  store     {} ({state})", config.store.url),
        format!("  sink      {sink}"),
    ];
    let mut notify_urls = config.notify_urls().into_iter();
    for merchant in &config.merchants {
        lines.push(format!("  merchant  {}", summarize_merchant(merchant)));
        lines.extend(merchant.platform_keys.iter().map(|(id, _)| format!("              platform key {id}")));
        lines.extend(notify_urls.next().map(|url| format!("              notify_url {url}")));
    }
    lines.join("\n")
}

fn summarize_merchant(merchant: &MerchantConfig) -> String {
    let MerchantConfig { name, mchid, paths, sink, .. } = merchant;
    let protocols = match (&merchant.api_v3_key, &merchant.api_v2_key) {
        (Some(_), Some(_)) => "v3 and v2",
        (Some(_), None) => "v3",
        _ => "v2",
    };
    let paths: String = paths.iter().map(|path| format!(", {path}")).collect();
    let sink = sink.as_ref().map(|sink| format!(", own sink {sink}")).unwrap_or_default();
    format!("{name} (mchid {mchid}): {protocols}, /notify/{name}{paths}{sink}")
}
