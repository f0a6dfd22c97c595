//! Why a v2 `sign` is wrong: each usual mistake is undone, and what then gives the sign was the cause.

use std::cell::Cell;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{ApiV2Key, Error};
use wxhook_wire::v2::Fields;

use super::case::Case;
use super::shown::shown;
use super::undo::{self, Undo};

/// Far more than any explanation of a real notification takes; less than a second of work.
const MOST_HASHED: usize = 64 << 20;
/// Of no more empty fields every choice is tried: 2^8 = 256.
const MOST_EMPTY: usize = 8;

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
        _ => named(fields).unwrap_or_else(|| {
            // By its length, whatever is around it; a cut one may have been either.
            SignAlgorithm::from_sign(bare(received)).unwrap_or(SignAlgorithm::Md5)
        }),
    };
    let left = Cell::new(MOST_HASHED);
    let look = Look {
        left: &left,
        received,
        pairs: fields.iter().filter(|(name, _)| *name != "sign").collect(),
        key,
        algorithm,
    };
    look.at_the_sign()
        .or_else(|| look.at_the_algorithm())
        .or_else(|| look.at_the_key(case))
        .or_else(|| look.at_the_fields())
        .or_else(|| look.at_empty_fields())
        .or_else(|| look.at_the_values())
        .unwrap_or_else(|| {
            format!(
                "the sign does not match: a field was changed, added or lost after signing (usual are values that were \
                 trimmed, decoded or escaped by what parsed them), or api_v2_key isn't the merchant's{}",
                case.misframed().map(|what| format!(" ({what})")).unwrap_or_default()
            )
        })
}

fn named(fields: &Fields) -> Option<SignAlgorithm> {
    let names = ["sign_type", "algorithm"].into_iter().filter_map(|name| fields.get(name));
    names.filter_map(|name| name.parse().ok()).next()
}

/// Returns the sign without what programs put around it.
fn bare(sign: &str) -> &str {
    sign.trim().trim_matches(['"', '\''])
}

struct Look<'f> {
    /// As many bytes may yet be hashed.
    left: &'f Cell<usize>,
    received: &'f str,
    pairs: Pairs<'f>,
    key: &'f ApiV2Key,
    algorithm: SignAlgorithm,
}

impl Look<'_> {
    fn gives(&self, pairs: &[(&str, &str)]) -> bool {
        let length: usize = pairs.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let left = self.left.get().saturating_sub(length);
        self.left.set(left);
        if left == 0 {
            return false;
        }
        v2::sign(pairs.iter().copied(), self.key, self.algorithm) == self.received
    }

    /// Whether nothing more is tried.
    fn gives_up(&self) -> bool {
        self.left.get() == 0
    }

    fn at_the_sign(&self) -> Option<String> {
        let bare = bare(self.received).to_ascii_uppercase();
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
                "it was made with {other}, and the fields name {}: sign_type was changed",
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

    /// That empty fields were signed, too: all of them, or some.
    fn at_empty_fields(&self) -> Option<String> {
        let empty: Vec<_> =
            self.pairs.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
        let every = (empty.len() <= MOST_EMPTY).then(|| 1..(1_usize << empty.len()).saturating_sub(1));
        let some = every.into_iter().flatten().map(|choice| {
            empty.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1).map(|(_, name)| *name).collect()
        });
        let all = (!empty.is_empty()).then(|| empty.clone());
        let counted = all.into_iter().chain(some).find(|counted: &Vec<&str>| self.counts(counted))?;
        let names: Vec<_> = counted.iter().map(|name| shown(name)).collect();
        Some(format!("it was made over empty fields, too ({}): those don't count", names.join(", ")))
    }

    /// Whether these empty fields were signed, too, which `sign` leaves out. In the signed text a field is `name=value&`,
    /// so one can stand at the end of its left neighbour's value, or before its right neighbour's name.
    fn counts(&self, empty: &[&str]) -> bool {
        let mut sorted = self.pairs.clone();
        sorted.sort_unstable();
        let mut before = String::new();
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in sorted {
            match pairs.last_mut() {
                _ if value.is_empty() && !empty.contains(&name) => {}
                Some((_, left)) if value.is_empty() => left.push_str(&format!("&{name}=")),
                None if value.is_empty() => before.push_str(&format!("{name}=&")),
                _ => pairs.push((std::mem::take(&mut before) + name, value.to_owned())),
            }
        }
        self.gives(&pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
    }

    fn at_the_values(&self) -> Option<String> {
        WAYS.into_iter()
            .find_map(|(way, what)| self.at_values(way, what))
            .or_else(|| self.at_trimmed())
            .or_else(|| {
                let quotes = |double| QUOTES.into_iter().map(move |single| (double, single));
                DOUBLE_QUOTES.into_iter().flat_map(quotes).find_map(|(double, single)| {
                    let escaped =
                        |value: &str| undo::escaped(value).replace('"', double).replace('\'', single);
                    self.at_values(escaped, "its HTML entities were resolved: it was signed with them")
                })
            })
    }

    fn at_values(&self, way: impl Fn(&str) -> String, what: &str) -> Option<String> {
        let changed: Vec<_> = self.pairs.iter().map(|(name, value)| (*name, way(value))).collect();
        let pairs: Vec<_> = changed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let differ: Vec<_> = (0..pairs.len()).filter(|at| pairs.get(*at) != self.pairs.get(*at)).collect();
        for at in &differ {
            let changed = pairs.get(*at).filter(|_| !self.gives_up())?;
            if self.gives(&self.with(*at, changed.1)) {
                return Some(format!("the value of the field {} was changed: {what}", shown(changed.0)));
            }
        }
        if differ.len() > 1 && self.gives(&pairs) {
            let names: Vec<_> = differ.iter().filter_map(|at| Some(shown(pairs.get(*at)?.0))).collect();
            return Some(format!("the values of the fields {} were changed: {what}", names.join(", ")));
        }
        None
    }

    /// That values were trimmed: one in any usual way, or two of blanks.
    fn at_trimmed(&self) -> Option<String> {
        let around = |ends: &[&'static str]| -> Vec<_> {
            let pairs = ends.iter().flat_map(|left| ends.iter().map(|right| (*left, *right)));
            pairs.filter(|(left, right)| !left.is_empty() || !right.is_empty()).collect()
        };
        let padded =
            |at: usize, (left, right): (&str, &str)| Some(format!("{left}{}{right}", self.pairs.get(at)?.1));
        let name = |at: usize| self.pairs.get(at).map(|(name, _)| shown(name)).unwrap_or_default();
        for around in around(&ENDS) {
            for at in 0..self.pairs.len() {
                if self.gives_up() {
                    return None;
                }
                if self.gives(&self.with(at, &padded(at, around)?)) {
                    return Some(format!(
                        "the value of the field {} was changed: {}: values are never trimmed",
                        name(at),
                        removed(around)
                    ));
                }
            }
        }
        let blanks = around(&["", " "]);
        for one in 0..self.pairs.len() {
            for first in &blanks {
                let value = padded(one, *first)?;
                if self.gives_up() {
                    return None;
                }
                let look = Look { pairs: self.with(one, &value), ..*self };
                for other in one + 1..self.pairs.len() {
                    for second in &blanks {
                        if look.gives(&look.with(other, &padded(other, *second)?)) {
                            return Some(format!(
                                "the values of the fields {}, {} were changed: blanks around them were removed: values \
                                 are never trimmed",
                                name(one),
                                name(other)
                            ));
                        }
                    }
                }
            }
        }
        None
    }

    fn with<'p>(&'p self, at: usize, value: &'p str) -> Pairs<'p> {
        let pairs = self.pairs.iter().enumerate();
        pairs.map(|(nth, (name, old))| (*name, if nth == at { value } else { *old })).collect()
    }
}

/// What trimming takes away at either end of a value.
const ENDS: [&str; 9] = ["", " ", "  ", "   ", "\t", "\n", "\r\n", " \n", "\u{3000}"];
/// What a quote becomes when HTML is escaped.
const DOUBLE_QUOTES: [&str; 3] = ["\"", "&quot;", "&#34;"];
const QUOTES: [&str; 5] = ["'", "&#39;", "&#x27;", "&#039;", "&apos;"];

/// Which of [`ENDS`] went.
fn removed((left, right): (&str, &str)) -> String {
    let what = |end: &str, place: &str| {
        let what = match end {
            "" => return None,
            " " => "a blank",
            "\t" => "a tab",
            "\n" | "\r\n" => "a line end",
            "\u{3000}" => "an ideographic blank",
            _ => "more than one blank",
        };
        Some(format!("{what} {place} it"))
    };
    match (what(left, "before"), what(right, "behind")) {
        (Some(left), Some(right)) => format!("{left} and {right} were removed"),
        (left, right) => format!("{} was removed", left.or(right).unwrap_or_default()),
    }
}

/// What a value may have been, and what then happened to it.
const WAYS: [Undo; 9] = [
    (|value| value.trim().to_owned(), "blanks or line ends were put around it"),
    (undo::unescaped, "it was escaped for HTML or XML once too often"),
    (undo::decoded, "it was URL-encoded"),
    (
        |value| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        "it was URL-decoded: it was signed encoded",
    ),
    (undo::plus, "blanks stand where + was: it was URL-decoded"),
    (|value| value.replace('+', " "), "+ stands where blanks were: it was URL-encoded"),
    (|value| value.replace("\r\n", "\n"), "its line ends were changed from LF to CRLF"),
    (
        |value| value.replace("\r\n", "\n").replace('\n', "\r\n"),
        "its line ends were changed from CRLF to LF, as XML parsers do",
    ),
    (utf8, "it was read as Latin-1 and written as UTF-8"),
];

fn utf8(value: &str) -> String {
    undo::latin(value).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| value.to_owned())
}
