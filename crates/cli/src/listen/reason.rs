//! Reasons for which a request isn't accepted, and what usually helps.

use crate::out::escaped;
use crate::verify::SIGNED;
use wxhook_receiver::{NotificationHeaders, Outcome, Rejection};
use wxhook_server::{Config, ObservedRequest};
use wxhook_wire::v3::header;

/// Prefix of the ids of the platform's public keys.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";
/// The paths and key ids of the configuration.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) paths: Vec<String>,
    /// Each merchant's name and key ids.
    keys: Vec<(String, Vec<String>)>,
}

impl Known {
    pub(super) fn new(config: &Config) -> Self {
        let merchants = || config.merchants.iter();
        let own = |name: &str| std::iter::once(format!("/notify/{name}"));
        let ids = |keys: &[(String, _)]| keys.iter().map(|(id, _)| id.clone()).collect();
        Self {
            paths: merchants().flat_map(|it| own(&it.name).chain(it.paths.iter().cloned())).collect(),
            keys: merchants().map(|it| (it.name.clone(), ids(&it.platform_keys))).collect(),
        }
    }
}

/// Returns the reason for which a request isn't accepted.
pub(super) fn reason(request: &ObservedRequest, known: &Known) -> Option<String> {
    let rejection = match request.report.outcome {
        Outcome::Rejected(rejection) => rejection,
        Outcome::Full => {
            return Some("not kept: its key already has the maximum number of changed records".to_owned());
        }
        Outcome::Draining => return Some("this program is ending".to_owned()),
        Outcome::NoRoom => return Some("too many large bodies in flight".to_owned()),
        Outcome::Unavailable | Outcome::Deadline | Outcome::Busy => {
            return Some("not kept in time".to_owned());
        }
        _ => return None,
    };
    let fix = match rejection {
        Rejection::NotFound => format!("; there is {}", known.paths.join(", ")),
        Rejection::Method => ": the platform sends only POST".to_owned(),
        Rejection::Header => {
            return Some(format!("{}: not from the platform, or a proxy drops them", missing(request)));
        }
        Rejection::DuplicateHeader => format!(": {}", duplicates(request)),
        Rejection::Stale(seconds) => return Some(stale(seconds)),
        Rejection::UnknownKey => return Some(unknown_key(request, known)),
        Rejection::Probe => {
            return Some(
                "a signature probe: the platform tests that signatures are verified; rejecting it is right"
                    .to_owned(),
            );
        }
        Rejection::Signature => format!(
            ", checked with {}: the body was changed on its way (by a proxy that rewrites it), or the configured file isn't \
             that key; `wxhook verify` explains a captured request",
            serial(request)
        ),
        Rejection::NoV2Key => "; add api_v2_key_file".to_owned(),
        Rejection::Sign => ": the api_v2_key is another one, or a field was changed on its way".to_owned(),
        Rejection::Refund => ": the api_v2_key is another one, or it isn't from the platform".to_owned(),
        Rejection::Envelope(_) | Rejection::Sealed(_) => "; kept in quarantine".to_owned(),
        _ => String::new(),
    };
    Some(format!("{rejection}{fix}"))
}

fn serial(request: &ObservedRequest) -> String {
    request.headers.get(header::SERIAL).map(|value| escaped(value.as_bytes())).unwrap_or_default()
}

/// Names the required headers that are missing or empty.
fn missing(request: &ObservedRequest) -> String {
    let is_missing = |name: &str| request.headers.get(name).is_none_or(|value| value.is_empty());
    let missing = SIGNED.iter().take(4).filter(|(name, _)| is_missing(name));
    let titles: Vec<_> = missing.map(|(_, title)| *title).collect();
    if titles.is_empty() { Rejection::Header.to_string() } else { format!("without {}", titles.join(", ")) }
}

fn duplicates(request: &ObservedRequest) -> String {
    let headers = NotificationHeaders::from(&request.headers);
    let duplicates = SIGNED.iter().filter(|(name, _)| headers.get(name) == Err(Rejection::DuplicateHeader));
    duplicates.map(|(_, title)| *title).collect::<Vec<_>>().join(", ")
}

fn stale(seconds: i64) -> String {
    let direction = if seconds > 0 { "ago by" } else { "ahead of" };
    format!(
        "authentic, but signed {} s {direction} this machine's clock, where 300 s are allowed: the clock is wrong, or it is an \
         old request",
        seconds.unsigned_abs()
    )
}

fn unknown_key(request: &ObservedRequest, known: &Known) -> String {
    let serial = serial(request);
    let merchant = request.report.merchant.as_deref();
    let keys = known.keys.iter().find(|(name, _)| Some(name.as_str()) == merchant);
    let ids = keys.map(|(_, ids)| ids.as_slice()).unwrap_or_default();
    format!(
        "signed with {serial}, which isn't configured: {}",
        configured(merchant.unwrap_or("the merchant"), &serial, ids)
    )
}

fn configured(name: &str, serial: &str, ids: &[String]) -> String {
    let is_public = |id: &str| id.starts_with(PUBLIC_KEY_ID);
    let same_kind = ids.iter().any(|id| is_public(id) == is_public(serial));
    match (ids, same_kind, is_public(serial)) {
        ([], ..) => format!("{name} has no platform key"),
        (_, true, _) => format!("{name} has {}", ids.join(", ")),
        (_, false, true) => {
            format!("{name} has only certificates ({}); add that public key", ids.join(", "))
        }
        (_, false, false) => {
            format!("{name} has only public keys ({}); add that platform certificate", ids.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_kind_of_key_is_named() {
        let told = |serial, ids: &[&str]| {
            configured("shop", serial, &ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>())
        };
        let (public, serial) = ("PUB_KEY_ID_0119", "5F1C72E2");
        assert!(told(public, &["AB"]).contains("only certificates (AB); add that public key"));
        assert!(told(serial, &["PUB_KEY_ID_1"]).contains("add that platform certificate"));
        assert!(told(serial, &["PUB_KEY_ID_1", "AB"]).ends_with("has PUB_KEY_ID_1, AB"));
        assert!(told(public, &["PUB_KEY_ID_1"]).ends_with("has PUB_KEY_ID_1"));
        assert!(told(public, &[]).ends_with("no platform key"));
    }

    #[test]
    fn stale_requests_show_the_distance_and_its_direction() {
        assert!(stale(412).contains("signed 412 s ago"));
        assert!(stale(-412).contains("signed 412 s ahead of this"));
    }
}
