//! Why a v2 `sign` is wrong: each usual mistake is undone, and what then gives the sign was the cause.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{ApiV2Key, Error};
use wxhook_wire::v2::{Fields, Shape};

use super::case::Case;
use super::shown::shown;
use super::undo::{self, Undo};

type Pairs<'f> = Vec<(&'f str, &'f str)>;

/// What happened. Names fields, never values.
pub(super) fn wrong(case: &Case<'_>, fields: &Fields) -> String {
    let (Some(key), Some(received)) =
        (&case.merchant.api_v2_key, fields.get("sign").filter(|sign| !sign.is_empty()))
    else {
        return "the field sign is missing or empty: it was lost on the way, or it isn't from the platform"
            .to_owned();
    };
    let algorithm = match v2::verify(fields.clone(), key).map(drop) {
        Err(Error::UnknownAlgorithm) => {
            return "sign_type (or algorithm) names neither MD5 nor HMAC-SHA256".to_owned();
        }
        Err(Error::AlgorithmConflict) => {
            return "sign_type and algorithm name different algorithms".to_owned();
        }
        // Right in itself, and not enough.
        Ok(()) if Shape::of(fields) == Shape::DepositFree => {
            return "it is right, but made with MD5, and notifications with event_ciphertext take HMAC-SHA256".to_owned();
        }
        _ => named(fields),
    };
    let look =
        Look { received, pairs: fields.iter().filter(|(name, _)| *name != "sign").collect(), key, algorithm };
    look.at_the_sign()
        .or_else(|| look.at_the_algorithm())
        .or_else(|| look.at_the_key(case))
        .or_else(|| look.at_the_fields())
        .or_else(|| look.at_empty_fields())
        .or_else(|| look.at_the_values())
        .unwrap_or_else(|| {
            format!(
                "the sign does not match: a field was changed, added or lost after signing, or api_v2_key isn't the \
                 merchant's{}",
                case.misframed().map(|what| format!(" ({what})")).unwrap_or_default()
            )
        })
}

fn named(fields: &Fields) -> SignAlgorithm {
    let names = ["sign_type", "algorithm"].into_iter().filter_map(|name| fields.get(name));
    names.filter_map(|name| name.parse().ok()).next().unwrap_or(SignAlgorithm::Md5)
}

struct Look<'f> {
    received: &'f str,
    pairs: Pairs<'f>,
    key: &'f ApiV2Key,
    algorithm: SignAlgorithm,
}

impl Look<'_> {
    fn gives(&self, pairs: &[(&str, &str)]) -> bool {
        v2::sign(pairs.iter().copied(), self.key, self.algorithm) == self.received
    }

    fn at_the_sign(&self) -> Option<String> {
        let bare = self.received.trim().trim_matches(['"', '\'']).to_ascii_uppercase();
        let right = bare != self.received
            && Look { received: &bare, pairs: self.pairs.clone(), ..*self }.gives(&self.pairs);
        right.then(|| {
            "the sign is right but for its form: upper-case hex is wanted, nothing around it".to_owned()
        })
    }

    fn at_the_algorithm(&self) -> Option<String> {
        let other = match self.algorithm {
            SignAlgorithm::Md5 => SignAlgorithm::HmacSha256,
            _ => SignAlgorithm::Md5,
        };
        let look = Look { algorithm: other, pairs: self.pairs.clone(), ..*self };
        if look.gives(&self.pairs) {
            return Some(format!(
                "it was made with {other}, and the fields say {} (no sign_type means MD5): sign_type was changed or \
                 lost",
                self.algorithm
            ));
        }
        let without: Vec<_> = self.pairs.iter().copied().filter(|(name, _)| *name != "sign_type").collect();
        (without.len() < self.pairs.len() && look.gives(&without)).then(|| {
            format!("it was made with {other}, before sign_type was added: sign_type is signed, too")
        })
    }

    fn at_the_key(&self, case: &Case<'_>) -> Option<String> {
        let keys = case.other_v2_keys();
        let (name, _) = keys
            .iter()
            .find(|(_, key)| Look { key, pairs: self.pairs.clone(), ..*self }.gives(&self.pairs))?;
        Some(format!(
            "it was made with what is configured as {name}: keys are mixed up, or the request is for another merchant"
        ))
    }

    fn at_the_fields(&self) -> Option<String> {
        let name = self.pairs.iter().map(|(name, _)| *name).find(|name| {
            self.gives(&self.pairs.iter().copied().filter(|(known, _)| known != name).collect::<Vec<_>>())
        })?;
        Some(format!(
            "it was made without the field {}: that was added after signing, or left out when it was signed; every field \
             with a value counts",
            shown(name)
        ))
    }

    /// `sign` leaves empty fields out. In the signed text a field is `name=value&`, so one can stand at the end of its
    /// left neighbour's value.
    fn at_empty_fields(&self) -> Option<String> {
        let mut sorted = self.pairs.clone();
        sorted.sort_unstable();
        let mut with_empty: Vec<(&str, String)> = Vec::new();
        let mut empty = Vec::new();
        for (name, value) in &sorted {
            match with_empty.last_mut().filter(|_| value.is_empty()) {
                Some((_, left)) => {
                    left.push_str(&format!("&{name}="));
                    empty.push(shown(name));
                }
                None => with_empty.push((name, (*value).to_owned())),
            }
        }
        let pairs: Vec<_> = with_empty.iter().map(|(name, value)| (*name, value.as_str())).collect();
        (!empty.is_empty() && self.gives(&pairs))
            .then(|| format!("it was made over empty fields, too ({}): those don't count", empty.join(", ")))
    }

    fn at_the_values(&self) -> Option<String> {
        for (way, what) in WAYS {
            let changed: Vec<_> = self.pairs.iter().map(|(name, value)| (*name, way(value))).collect();
            let pairs: Vec<_> = changed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let differ: Vec<_> =
                (0..pairs.len()).filter(|at| pairs.get(*at) != self.pairs.get(*at)).collect();
            for at in &differ {
                let mut one = self.pairs.clone();
                let Some((place, changed)) = one.get_mut(*at).zip(pairs.get(*at)) else { continue };
                *place = *changed;
                if self.gives(&one) {
                    return Some(format!("the value of the field {} was changed: {what}", shown(changed.0)));
                }
            }
            if differ.len() > 1 && self.gives(&pairs) {
                let names: Vec<_> = differ.iter().filter_map(|at| Some(shown(pairs.get(*at)?.0))).collect();
                return Some(format!("the values of the fields {} were changed: {what}", names.join(", ")));
            }
        }
        None
    }
}

/// What a value may have been, and what then happened to it.
const WAYS: [Undo; 12] = [
    (|value| value.trim().to_owned(), "blanks or line ends were put around it"),
    (|value| format!(" {value}"), "a blank before it was removed: values are never trimmed"),
    (|value| format!("{value} "), "a blank behind it was removed: values are never trimmed"),
    (|value| format!("{value}\n"), "a line end behind it was removed: values are never trimmed"),
    (undo::unescaped, "it was escaped for HTML or XML once too often"),
    (escaped, "its HTML entities were resolved: it was signed with them"),
    (undo::decoded, "it was URL-encoded"),
    (
        |value| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        "it was URL-decoded: it was signed encoded",
    ),
    (undo::plus, "blanks stand where + was: it was URL-decoded"),
    (|value| value.replace('+', " "), "+ stands where blanks were: it was URL-encoded"),
    (|value| value.replace("\r\n", "\n"), "its line ends were changed"),
    (utf8, "it was read as Latin-1 and written as UTF-8"),
];

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn utf8(value: &str) -> String {
    undo::latin(value).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| value.to_owned())
}
