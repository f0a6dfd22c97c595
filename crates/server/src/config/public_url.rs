//! The URL at which the platform reaches this server, and the platform's rules for notify URLs.

use super::fault::Fault;
use super::reader::Section;
use super::{Config, MerchantConfig};
use std::net::IpAddr;
use url::Url;

const KEY: &str = "public_url";
/// Maximum length of a notify URL in bytes.
const MAX_BYTES: usize = 256;
/// Ends of names that mean nothing outside of a network.
const PRIVATE_ENDS: [&str; 8] =
    [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp", ".localdomain"];
/// A leased line is the one case in which the documents allow both `http` and a private address.
const LEASED_LINE: &str = "or leave public_url out where the platform comes over a leased line";

/// Parses the URL; rejects what can't be a notify URL.
pub(super) fn parse(root: &Section<'_>) -> Option<String> {
    let text = root.text(KEY)?;
    let is_usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let what = match Url::parse(text).ok().filter(is_usable) {
        None => "not a usable URL",
        Some(url) if !url.username().is_empty() || url.password().is_some() => "has a user in it",
        Some(url) if url.query().is_some() => "has a query, which a notify URL may not have",
        Some(url) if url.fragment().is_some() => "has a fragment",
        Some(_) => return Some(text.trim_end_matches('/').to_owned()),
    };
    root.fault(KEY, what, "write it like \"https://pay.example.com/notify\"");
    None
}

impl Config {
    /// Returns the `notify_url` of each merchant for the platform; none without `public_url`.
    pub fn notify_urls(&self) -> Vec<String> {
        let url =
            |merchant: &MerchantConfig| Some(format!("{}/{}", self.public_url.as_ref()?, merchant.name));
        self.merchants.iter().filter_map(url).collect()
    }

    /// Returns the platform's rules for notify URLs that `public_url` breaks: `https`, a path, a public name or address, a
    /// port, at most 256 bytes with the longest merchant's name.
    pub fn check_public_url(&self) -> Vec<Fault> {
        let Some(url) = self.public_url.as_deref().and_then(|url| Url::parse(url).ok()) else {
            return Vec::new();
        };
        let mut faults = Vec::new();
        let mut fault = |what: &str, fix: &str| faults.push(Fault::new(self.place(KEY), what, fix));
        if url.scheme() != "https" {
            let fix = format!("put a TLS proxy in front and write https://, {LEASED_LINE}");
            fault("not https, which the platform requires", &fix);
        }
        if let Some(what) = unreachable(&url) {
            fault(what, &format!("give the name that the platform can resolve and reach, {LEASED_LINE}"));
        }
        if url.port() == Some(0) {
            fault("0 is not a port", "leave the port out, or give that of the proxy");
        }
        if url.path().trim_matches('/').is_empty() {
            fault("has no path", "give it one, e.g. /notify at its end");
        }
        if let Some(length) =
            self.notify_urls().iter().map(String::len).max().filter(|length| *length > MAX_BYTES)
        {
            let what = format!("makes a notify URL of {length} bytes, where {MAX_BYTES} are allowed");
            fault(&what, "give a shorter path, or the merchant a shorter name");
        }
        faults
    }
}

/// Returns why a host can't be reached from outside, as far as its text says.
fn unreachable(url: &Url) -> Option<&'static str> {
    if let Some(name) = url.domain() {
        let name = name.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return Some("localhost is each machine itself");
        }
        let is_private = !name.contains('.') || PRIVATE_ENDS.iter().any(|end| name.ends_with(end));
        return is_private.then_some("a name that means nothing outside of its own network");
    }
    let ip = url.host_str()?.trim_matches(['[', ']']).parse::<IpAddr>().ok()?.to_canonical();
    if ip.is_loopback() || ip.is_unspecified() {
        return Some("an address of this machine itself");
    }
    let is_private = match ip {
        // RFC 1918, 3927, 6598 and what is no host's address.
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            ip.is_private()
                || ip.is_link_local()
                || is_shared
                || ip.is_broadcast()
                || ip.is_multicast()
                || first == 0
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_multicast(),
    };
    is_private.then_some("a private address, which can't be reached from outside")
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
