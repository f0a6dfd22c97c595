use wxhook_receiver::{NotificationHeaders, Outcome, Rejection};
use wxhook_server::ObservedRequest;
use wxhook_wire::v3::header;

use super::event::plain;
use super::known::{Known, Merchant};

/// What the ids of the platform's public keys begin with.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";
const NEEDED: [&str; 4] = [header::SERIAL, header::TIMESTAMP, header::NONCE, header::SIGNATURE];

/// Why a request wasn't accepted, and what usually helps.
pub(super) fn why(exchange: &ObservedRequest, known: &Known) -> Option<String> {
    let report = &exchange.report;
    let Outcome::Rejected(rejection) = &report.outcome else { return unanswered(report.outcome) };
    let merchant = report.merchant.as_deref().and_then(|name| known.merchant(name));
    let serial =
        exchange.headers.get(header::SERIAL).map(|value| plain(value.as_bytes())).unwrap_or_default();
    Some(match rejection {
        Rejection::NotFound => format!("{rejection}; there is {}", known.paths().join(", ")),
        Rejection::Method => format!("{rejection}: the platform sends nothing but POST"),
        Rejection::Header => {
            format!("{}: not from the platform, or a proxy keeps them back", missing(exchange, rejection))
        }
        Rejection::DuplicateHeader => format!("{rejection}: {}", doubled(exchange).join(", ")),
        Rejection::Stale(seconds) => stale(*seconds),
        Rejection::UnknownKey => unknown_key(&serial, merchant),
        Rejection::Probe => {
            "a signature probe: the platform looks whether signatures are verified, and this one had to be refused"
                .to_owned()
        }
        Rejection::Signature => format!(
            "{rejection}, checked with {serial}: the body was changed on its way (a proxy that writes it anew), or \
             the configured file isn't that key; `wxhook verify` says more of a captured request"
        ),
        Rejection::NoV2Key => format!("{rejection}; add api_v2_key_file"),
        Rejection::Sign => format!("{rejection}: the api_v2_key is another one, or a field was changed on its way"),
        Rejection::Refund => format!("{rejection}: the api_v2_key is another one, or it isn't from the platform"),
        Rejection::Envelope(_) | Rejection::Sealed(_) => format!("{rejection}; put aside in quarantine"),
        _ => rejection.to_string(),
    })
}

/// What no rejection is the reason for.
fn unanswered(outcome: Outcome) -> Option<String> {
    let why = match outcome {
        Outcome::Full => "not kept: its key has all the changed ones that are kept",
        Outcome::Draining => "this program is ending",
        Outcome::NoRoom => "too many large bodies at once",
        Outcome::Unavailable | Outcome::Deadline | Outcome::Busy => "not kept in time",
        _ => return None,
    };
    Some(why.to_owned())
}

fn missing(exchange: &ObservedRequest, rejection: &Rejection) -> String {
    let missing: Vec<_> = NEEDED
        .into_iter()
        .filter(|name| exchange.headers.get(*name).is_none_or(|value| value.is_empty()))
        .map(titled)
        .collect();
    if missing.is_empty() { rejection.to_string() } else { format!("without {}", missing.join(", ")) }
}

fn doubled(exchange: &ObservedRequest) -> Vec<String> {
    let names = NEEDED.into_iter().chain([header::SIGNATURE_TYPE]);
    let head = NotificationHeaders::from(&exchange.headers);
    names.filter(|name| head.get(name) == Err(Rejection::DuplicateHeader)).map(titled).collect()
}

/// A header's name as the documents write it.
fn titled(name: &str) -> String {
    let titled = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    });
    titled.collect::<Vec<_>>().join("-")
}

fn stale(seconds: i64) -> String {
    let direction = if seconds > 0 { "ago by" } else { "ahead of" };
    format!(
        "authentic, but signed {} s {direction} this machine's clock, where 300 s are allowed: the clock is \
         wrong, or somebody sends an old request",
        seconds.unsigned_abs()
    )
}

fn unknown_key(serial: &str, merchant: Option<&Merchant>) -> String {
    let what = format!("signed with {serial}, which isn't configured");
    let Some(merchant) = merchant else { return what };
    let Merchant { name, public_keys, certificates, .. } = merchant;
    let is_public = serial.starts_with(PUBLIC_KEY_ID);
    match (public_keys.is_empty(), certificates.is_empty()) {
        (true, true) => format!("{what}: {name} has no platform key at all"),
        (true, false) if is_public => format!(
            "{what}: {name} has certificates only ({}); add that public key beside them",
            certificates.join(", ")
        ),
        (false, true) if !is_public => format!(
            "{what}: {name} has public keys only ({}); add that platform certificate beside them",
            public_keys.join(", ")
        ),
        _ => {
            let all: Vec<_> = public_keys.iter().chain(certificates).map(String::as_str).collect();
            format!("{what}: {name} has {}", all.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(public_keys: &[&str], certificates: &[&str]) -> Merchant {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Merchant {
            name: "shop".to_owned(),
            paths: Vec::new(),
            public_keys: owned(public_keys),
            certificates: owned(certificates),
        }
    }

    #[test]
    fn the_other_kind_of_key_is_named() {
        let (public, serial) = ("PUB_KEY_ID_0119", "5F1C72E2");
        let said = |serial, known: &Merchant| unknown_key(serial, Some(known));
        assert!(
            said(public, &merchant(&[], &["AB"])).contains("certificates only (AB); add that public key")
        );
        assert!(said(serial, &merchant(&["PUB_KEY_ID_1"], &[])).contains("add that platform certificate"));
        assert!(said(serial, &merchant(&["PUB_KEY_ID_1"], &["AB"])).ends_with("shop has PUB_KEY_ID_1, AB"));
        assert!(said(public, &merchant(&["PUB_KEY_ID_1"], &[])).ends_with("shop has PUB_KEY_ID_1"));
        assert!(said(public, &merchant(&[], &[])).ends_with("no platform key at all"));
    }

    #[test]
    fn a_stale_one_says_by_how_much_and_to_which_side() {
        assert!(stale(412).contains("signed 412 s ago"));
        assert!(stale(-412).contains("signed 412 s ahead of this"));
    }
}
