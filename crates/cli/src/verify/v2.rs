//! Causes of a wrong v2 `sign`: each usual mistake is undone, and one after which the sign is right is the cause.

use super::case::Case;
use super::transforms::{self, TextTransform};
use crate::out::escaped;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::cell::Cell;
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{ApiV2Key, Error};
use wxhook_wire::v2::Fields;

/// Bytes that are hashed in search of a cause: less than a second of work.
const MAX_HASHED: usize = 64 << 20;
/// Empty fields up to which every choice is tried: 2^8 = 256.
const MAX_EMPTY: usize = 8;
/// The fields that name the algorithm.
const ALGORITHM_FIELDS: [&str; 2] = ["sign_type", "algorithm"];
/// Text that trimming removes from an end of a value, and its name.
const ENDS: [(&str, &str); 9] = [
    ("", ""),
    (" ", "a space"),
    ("  ", "more than one space"),
    ("   ", "more than one space"),
    ("\t", "a tab"),
    ("\n", "a line end"),
    ("\r\n", "a line end"),
    (" \n", "more than one space"),
    ("\u{3000}", "an ideographic space"),
];
/// Quotes and their HTML escapes.
const DOUBLE_QUOTES: [&str; 3] = ["\"", "&quot;", "&#34;"];
const SINGLE_QUOTES: [&str; 5] = ["'", "&#39;", "&#x27;", "&#039;", "&apos;"];
/// The value that was signed, and what it was changed by.
const VALUE: [TextTransform; 10] = [
    (|value| value.trim().to_owned(), "spaces or line ends were added around it"),
    (transforms::html_unescape, "it was escaped for HTML or XML once too often"),
    (transforms::url_decode, "it was URL-encoded"),
    (
        |value| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        "it was URL-decoded: it was signed encoded",
    ),
    (transforms::unplus, "it has spaces where + was: it was URL-decoded"),
    (|value| value.replace('+', " "), "it has + where spaces were: it was URL-encoded"),
    (|value| value.replace("\r\n", "\n"), "its line ends were changed from LF to CRLF"),
    (
        |value| value.replace("\r\n", "\n").replace('\n', "\r\n"),
        "its line ends were changed from CRLF to LF, as XML parsers do",
    ),
    (
        |value| transforms::read_as_latin1(value).unwrap_or_else(|| value.to_owned()),
        "it was read as Latin-1 and written as UTF-8",
    ),
    (
        |value| transforms::read_as_gbk(value).unwrap_or_else(|| value.to_owned()),
        "it was read as GBK and written as UTF-8",
    ),
];

type Pairs<'f> = Vec<(&'f str, &'f str)>;

/// Describes the algorithm of a sign that is right, and what names it.
pub(super) fn describe(fields: &Fields) -> String {
    let sign = fields.get("sign").unwrap_or_default();
    match (named_algorithm(fields), SignAlgorithm::from_sign(sign)) {
        (Some((field, algorithm)), _) => format!("{algorithm}, as {field} says"),
        (None, Some(algorithm)) => {
            format!("{algorithm}, by the length of sign ({} digits): no field names it", sign.len())
        }
        (None, None) => String::new(),
    }
}

/// Returns the field that names the algorithm, and the algorithm.
fn named_algorithm(fields: &Fields) -> Option<(&'static str, SignAlgorithm)> {
    ALGORITHM_FIELDS.into_iter().find_map(|name| Some((name, fields.get(name)?.parse().ok()?)))
}

/// Explains a wrong sign. Names fields, never values.
pub(super) fn explain(case: &Case<'_>, fields: &Fields) -> String {
    let sign = fields.get("sign").filter(|sign| !sign.is_empty());
    let (Some(key), Some(received)) = (&case.merchant.api_v2_key, sign) else {
        return "the field sign is missing or empty: it was lost on the way, or it isn't from the platform"
            .to_owned();
    };
    match v2::verify(fields.clone(), key).map(drop) {
        Err(Error::UnknownAlgorithm) => {
            return "sign_type (or algorithm) names neither MD5 nor HMAC-SHA256".to_owned();
        }
        Err(Error::AlgorithmConflict) => {
            return "sign_type and algorithm name different algorithms".to_owned();
        }
        _ => {}
    }
    let bare = received.trim().trim_matches(['"', '\'']);
    let (named, by_length) = (named_algorithm(fields), SignAlgorithm::from_sign(bare));
    let algorithm = named.map(|(_, algorithm)| algorithm).or(by_length).unwrap_or(SignAlgorithm::Md5);
    let pairs = fields.iter().filter(|(name, _)| *name != "sign").collect();
    let search = Search { left: &Cell::new(MAX_HASHED), received, pairs, key, algorithm };
    let cause = search
        .sign(bare)
        .or_else(|| search.algorithm())
        .or_else(|| search.key(case))
        .or_else(|| search.extra_field())
        .or_else(|| search.empty_fields())
        .or_else(|| search.values())
        .or_else(|| replaced_characters(fields));
    cause.unwrap_or_else(|| {
        let expected = match (named, by_length) {
            (Some((field, algorithm)), _) => format!("{field} names {algorithm}"),
            (None, Some(algorithm)) => {
                format!("no field names one, and by the length of sign it is {algorithm}")
            }
            (None, None) => format!(
                "no field names one, and sign has {} characters; MD5 has 32 and HMAC-SHA256 has 64",
                received.len()
            ),
        };
        format!(
            "the sign does not match, neither by MD5 nor by HMAC-SHA256 ({expected}): a field was changed, added or lost after \
             signing (usually a parser has trimmed, decoded or escaped values), or api_v2_key isn't the merchant's{}",
            case.framing_fault().map(|fault| format!(" ({fault})")).unwrap_or_default()
        )
    })
}

/// Finds characters that were replaced, which can't be undone.
fn replaced_characters(fields: &Fields) -> Option<String> {
    let is_replaced = |value: &str| value.contains("??") || value.contains('\u{fffd}');
    let (name, value) = fields.iter().find(|(_, value)| is_replaced(value))?;
    let what = if value.contains('\u{fffd}') { "U+FFFD" } else { "question marks" };
    Some(format!(
        "the sign does not match, and the value of the field {} has {what}: usually something has replaced Chinese characters, \
         assuming another encoding such as GBK or ASCII. That can't be undone",
        escaped(name.as_bytes())
    ))
}

struct Search<'f> {
    /// Bytes that may still be hashed.
    left: &'f Cell<usize>,
    received: &'f str,
    pairs: Pairs<'f>,
    key: &'f ApiV2Key,
    algorithm: SignAlgorithm,
}

impl Search<'_> {
    fn gives(&self, pairs: &[(&str, &str)], key: &ApiV2Key, algorithm: SignAlgorithm, sign: &str) -> bool {
        let length: usize = pairs.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        self.left.set(self.left.get().saturating_sub(length));
        !self.is_exhausted() && v2::sign(pairs.iter().copied(), key, algorithm) == sign
    }

    /// Returns whether these fields were signed.
    fn passes(&self, pairs: &[(&str, &str)]) -> bool {
        self.gives(pairs, self.key, self.algorithm, self.received)
    }

    fn is_exhausted(&self) -> bool {
        self.left.get() == 0
    }

    fn without(&self, name: &str) -> Pairs<'_> {
        self.pairs.iter().copied().filter(|(known, _)| *known != name).collect()
    }

    fn with<'p>(&'p self, at: usize, value: &'p str) -> Pairs<'p> {
        let pairs = self.pairs.iter().enumerate();
        pairs.map(|(nth, (name, old))| (*name, if nth == at { value } else { *old })).collect()
    }

    fn sign(&self, bare: &str) -> Option<String> {
        let upper = bare.to_ascii_uppercase();
        let is_right = upper != self.received && self.gives(&self.pairs, self.key, self.algorithm, &upper);
        is_right.then(|| {
            "the sign is right but for its form: it must be upper-case hex, with nothing around it".to_owned()
        })
    }

    fn algorithm(&self) -> Option<String> {
        let other = match self.algorithm {
            SignAlgorithm::Md5 => SignAlgorithm::HmacSha256,
            _ => SignAlgorithm::Md5,
        };
        let gives = |pairs: &[(&str, &str)]| self.gives(pairs, self.key, other, self.received);
        let is_named =
            self.pairs.iter().any(|(name, value)| ALGORITHM_FIELDS.contains(name) && !value.is_empty());
        if gives(&self.pairs) {
            return Some(if is_named {
                format!(
                    "it was made with {other}, and the fields name {}: sign_type was changed",
                    self.algorithm
                )
            } else {
                format!("it was made with {other}, and its length is that of {}", self.algorithm)
            });
        }
        let without = self.without("sign_type");
        (without.len() < self.pairs.len() && gives(&without)).then(|| {
            format!("it was made with {other}, before sign_type was added: sign_type is signed, too")
        })
    }

    fn key(&self, case: &Case<'_>) -> Option<String> {
        let keys = case.other_v2_keys();
        let (name, _) =
            keys.iter().find(|(_, key)| self.gives(&self.pairs, key, self.algorithm, self.received))?;
        Some(format!(
            "it was made with the key configured as {name}: keys are mixed up, or the request is for another merchant"
        ))
    }

    fn extra_field(&self) -> Option<String> {
        let (name, _) = self.pairs.iter().find(|(name, _)| self.passes(&self.without(name)))?;
        Some(format!(
            "it was made without the field {}: that was added after signing, or left out of the signed text; every field with \
             a value counts",
            escaped(name.as_bytes())
        ))
    }

    /// Finds empty fields that were signed: all of them, or some.
    fn empty_fields(&self) -> Option<String> {
        let empty: Vec<_> =
            self.pairs.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
        let choices = if empty.len() <= MAX_EMPTY { 1..(1_usize << empty.len()) } else { 0..0 };
        let some = choices.map(|choice| {
            let chosen = empty.iter().enumerate().filter(move |(at, _)| choice >> at & 1 == 1);
            chosen.map(|(_, name)| *name).collect::<Vec<_>>()
        });
        let all = std::iter::once(empty.clone()).filter(|all| !all.is_empty());
        let signed = all.chain(some).find(|chosen| self.passes_with_empty(chosen))?;
        let names: Vec<_> = signed.iter().map(|name| escaped(name.as_bytes())).collect();
        Some(format!("it was made over empty fields, too ({}): those don't count", names.join(", ")))
    }

    /// Returns whether these empty fields were signed. In the signed text a field is `name=value&`, so that one can be put
    /// at the end of its left neighbour's value, or before its right neighbour's name.
    fn passes_with_empty(&self, empty: &[&str]) -> bool {
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
        self.passes(&pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
    }

    fn values(&self) -> Option<String> {
        let trimmed = ENDS.iter().flat_map(|left| ENDS.iter().map(move |right| (left, right))).skip(1);
        let quotes =
            DOUBLE_QUOTES.into_iter().flat_map(|double| SINGLE_QUOTES.map(|single| (double, single)));
        VALUE
            .into_iter()
            .find_map(|(undo, change)| self.changed_values(undo, change))
            .or_else(|| trimmed.into_iter().find_map(|(left, right)| self.trimmed_values(*left, *right)))
            .or_else(|| self.two_trimmed_values())
            .or_else(|| {
                quotes.into_iter().find_map(|(double, single)| {
                    let undo = |value: &str| {
                        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                        value.replace('"', double).replace('\'', single)
                    };
                    self.changed_values(undo, "its HTML entities were resolved: it was signed with them")
                })
            })
    }

    /// Finds one value that was changed, or the same change of all values.
    fn changed_values(&self, undo: impl Fn(&str) -> String, change: &str) -> Option<String> {
        let originals: Vec<_> = self.pairs.iter().map(|(name, value)| (*name, undo(value))).collect();
        let originals: Vec<_> = originals.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let changed: Vec<_> =
            (0..originals.len()).filter(|at| originals.get(*at) != self.pairs.get(*at)).collect();
        for at in &changed {
            let (name, original) = originals.get(*at).filter(|_| !self.is_exhausted())?;
            if self.passes(&self.with(*at, original)) {
                return Some(format!(
                    "the value of the field {} was changed: {change}",
                    escaped(name.as_bytes())
                ));
            }
        }
        if changed.len() < 2 || !self.passes(&originals) {
            return None;
        }
        let names: Vec<_> =
            changed.iter().filter_map(|at| Some(escaped(originals.get(*at)?.0.as_bytes()))).collect();
        Some(format!("the values of the fields {} were changed: {change}", names.join(", ")))
    }

    fn trimmed_values(&self, left: (&str, &str), right: (&str, &str)) -> Option<String> {
        let removed = match (left.1, right.1) {
            (left, "") => format!("{left} before it was"),
            ("", right) => format!("{right} after it was"),
            (left, right) => format!("{left} before it and {right} after it were"),
        };
        let undo = |value: &str| format!("{}{value}{}", left.0, right.0);
        self.changed_values(undo, &format!("{removed} removed: values are never trimmed"))
    }

    /// Finds two values around which spaces were removed.
    fn two_trimmed_values(&self) -> Option<String> {
        const SPACES: [(&str, &str); 3] = [(" ", ""), ("", " "), (" ", " ")];
        let spaced = |at: usize, (left, right): (&str, &str)| {
            let (name, value) = self.pairs.get(at)?;
            Some((escaped(name.as_bytes()), format!("{left}{value}{right}")))
        };
        for one in 0..self.pairs.len() {
            for first in SPACES {
                let (first_name, value) = spaced(one, first).filter(|_| !self.is_exhausted())?;
                let search = Search { pairs: self.with(one, &value), ..*self };
                for (other, second) in
                    (one + 1..self.pairs.len()).flat_map(|at| SPACES.map(|spaces| (at, spaces)))
                {
                    let (second_name, value) = spaced(other, second)?;
                    if search.passes(&search.with(other, &value)) {
                        return Some(format!(
                            "the values of the fields {first_name}, {second_name} were changed: spaces around them were \
                             removed: values are never trimmed"
                        ));
                    }
                }
            }
        }
        None
    }
}
