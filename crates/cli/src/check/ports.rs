use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::time::timeout;
use wxhook_server::{AdminClient, Config};

use super::Findings;

/// A server that runs answers much sooner.
const PATIENCE: Duration = Duration::from_secs(3);
/// What only this program's metrics have.
const OWN: &str = "wxhook_build_info";

/// Whether both addresses can be listened on. One that is taken by a server which is to be restarted is no fault.
pub(super) async fn look_at(config: &Config, found: &mut Findings) {
    let tried = config.try_listen();
    let taken = tried.iter().any(|(kind, _)| *kind == ErrorKind::AddrInUse);
    let runs = taken && runs_at(config.admin_listen).await;
    for (kind, fault) in tried {
        if runs && kind == ErrorKind::AddrInUse {
            let what = "in use, as it seems by the wxhook that runs now";
            found.warnings.push(format!("{}: {what}", fault.place()));
        } else {
            found.faults.push(fault);
        }
    }
}

/// Whether this program's admin listener answers there.
async fn runs_at(mut addr: SocketAddr) -> bool {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    let Ok(client) = AdminClient::new(&format!("http://{addr}"), None) else { return false };
    matches!(timeout(PATIENCE, client.get("/metrics")).await, Ok(Ok((200, text))) if text.contains(OWN))
}
