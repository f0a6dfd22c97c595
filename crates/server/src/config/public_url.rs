//! The address under which the platform reaches this server, and what its documents ask of a notify URL.

use super::fault::Fault;
use super::reader::Reader;
use super::{Config, MerchantConfig};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Url;

const AT: &str = "public_url";
/// Bytes of a notify URL.
const MOST_BYTES: usize = 256;
/// What names end with that mean nothing outside of a network.
const PRIVATE_ENDS: [&str; 8] =
    [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp", ".localdomain"];
/// A leased line is the one case in which the documents allow both `http` and a private address.
const LEASED: &str = "or leave public_url out where the platform comes over a leased line";

/// What could never be a notify URL.
pub(super) fn parse(reader: &mut Reader<'_>, url: &str) -> Option<String> {
    const LIKE: &str = "write it like \"https://pay.example.com/notify\"";
    let fits = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let Some(parsed) = Url::parse(url).ok().filter(fits) else {
        reader.fault(AT, "not a usable URL", LIKE);
        return None;
    };
    let what = if !parsed.username().is_empty() || parsed.password().is_some() {
        "has a user in it"
    } else if parsed.query().is_some() {
        "has a query, which a notify URL may not have"
    } else if parsed.fragment().is_some() {
        "has a fragment"
    } else {
        return Some(url.trim_end_matches('/').to_owned());
    };
    reader.fault(AT, what, LIKE);
    None
}

impl Config {
    /// The URLs to be given to the platform as `notify_url`, one for each merchant; none without `public_url`.
    pub fn notify_urls(&self) -> Vec<String> {
        let url =
            |merchant: &MerchantConfig| Some(format!("{}/{}", self.public_url.as_ref()?, merchant.name));
        self.merchants.iter().filter_map(url).collect()
    }

    /// What the platform's documents ask of a notify URL and `public_url` isn't: `https`, a path, a name or an address
    /// that can be reached from outside, a port, at most 256 bytes with the longest merchant's name. (What could never
    /// be one, [`load`](Self::load) has refused.)
    pub fn check_public_url(&self) -> Vec<Fault> {
        let Some(url) = self.public_url.as_deref().and_then(|url| Url::parse(url).ok()) else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        let mut fault = |what: String, fix: String| faults.push(Fault::new(self.place(AT), what, fix));
        if url.scheme() != "https" {
            let fix = format!("put a TLS proxy in front and write https://, {LEASED}");
            fault("not https, which the platform asks for".to_owned(), fix);
        }
        if let Some(what) = unreachable(&url) {
            let fix = format!("give the name that the platform can resolve and reach, {LEASED}");
            fault(what.to_owned(), fix);
        }
        if url.port() == Some(0) {
            fault("no port is 0".to_owned(), "leave the port out, or give that of the proxy".to_owned());
        }
        if url.path().trim_matches('/').is_empty() {
            fault("has no path".to_owned(), "give it one, e.g. /notify at its end".to_owned());
        }
        if let Some(longest) =
            self.notify_urls().iter().map(String::len).max().filter(|most| *most > MOST_BYTES)
        {
            let what = format!("makes a notify URL of {longest} bytes, where {MOST_BYTES} are allowed");
            fault(what, "give a shorter path, or the merchant a shorter name".to_owned());
        }
        faults
    }
}

/// Why a host can't be reached from outside, as far as its text tells.
fn unreachable(url: &Url) -> Option<&'static str> {
    if let Some(name) = url.domain() {
        let name = name.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return Some("localhost is each machine itself");
        }
        let private = !name.contains('.') || PRIVATE_ENDS.iter().any(|end| name.ends_with(end));
        return private.then_some("a name that means nothing outside of its own network");
    }
    let host = url.host_str()?.trim_matches(['[', ']']);
    let ip = host.parse::<IpAddr>().ok()?.to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return Some("an address of this machine itself");
    }
    let private = match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    };
    private.then_some("a private address, which can't be reached from outside")
}

/// RFC 1918, 3927, 6598 and what is no host's address.
fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0xc0 == 64;
    ip.is_private() || ip.is_link_local() || shared || ip.is_broadcast() || ip.is_multicast() || first == 0
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_nobody_reaches_from_outside() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "wxhook",
            "pay.internal",
            "nas.local",
            "127.0.0.1",
            "127.1",
            "0.0.0.0",
            "10.0.0.7",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[fd00::1]",
            "[fe80::1]",
            "[::ffff:10.0.0.1]",
        ] {
            let url = Url::parse(&format!("https://{host}/notify")).unwrap();
            assert!(unreachable(&url).is_some(), "{host}");
        }
        for host in [
            "pay.example.com",
            "localhost.example.com",
            "local.example",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "[2606:4700::1]",
        ] {
            let url = Url::parse(&format!("https://{host}/notify")).unwrap();
            assert_eq!(unreachable(&url), None, "{host}");
        }
    }
}
