//! What languages and tools print of headers: `Name` and a value with some punctuation in between.

use super::super::printed;
use super::{Headers, name};

/// The headers that are looked for, longer names before those that they begin with.
const NAMES: [&str; 7] = [
    "wechatpay-signature-type",
    "wechatpay-signature",
    "wechatpay-timestamp",
    "wechatpay-serial",
    "wechatpay-nonce",
    "content-length",
    "content-encoding",
];

const BEGINNINGS: [&str; 2] = ["wechatpay-", "content-"];
/// Names that are looked at in one text; a value may go to its end.
const MAX_NAMES: usize = 64;

/// The known headers in Go's `map[Name:[value]]`, Spring's `[Name:"value"]`, Python's `[('Name', 'value')]`, Java's
/// `{Name=value}`, PHP's `["Name"]=> string(5) "value"`, `-H 'Name: value'` of a `curl` command, and the like.
pub(super) fn parse(text: &str) -> Headers {
    let spelt = text.to_ascii_lowercase().replace('_', "-");
    let mut headers = Headers::new();
    let mut places: Vec<_> =
        BEGINNINGS.iter().flat_map(|name| spelt.match_indices(name)).map(|(at, _)| at).collect();
    places.sort_unstable();
    let names = places.into_iter().filter_map(|at| {
        let known =
            NAMES.iter().find(|known| spelt.get(at..).is_some_and(|rest| rest.starts_with(*known)))?;
        Some((at, *known))
    });
    for (begin, known) in names.take(MAX_NAMES) {
        let before = text.get(..begin).and_then(|before| before.chars().next_back());
        if let Some(value) = text.get(begin + known.len()..).and_then(|behind| value(before, behind)) {
            headers.push((name(known), value.trim().to_owned()));
        }
    }
    headers
}

/// Returns the body of a printed request or event.
pub(super) fn body(text: &str) -> Option<Vec<u8>> {
    let body = printed::member(text, "rawBody").or_else(|| printed::member(text, "body"))?;
    let is_base64 = text
        .split_once("isBase64Encoded")
        .map(|(_, behind)| behind.trim_start_matches(['\'', '"', ':', ' ', '=']))
        .is_some_and(|value| value.starts_with("true") || value.starts_with("True"));
    if is_base64 { printed::of_base64(&body).or(Some(body)) } else { Some(body) }
}

/// What stands behind a name: what may close it, a separator, what may open the value, and the value.
fn value(before: Option<char>, behind: &str) -> Option<&str> {
    let rest = behind.trim_start_matches(['"', '\'', ']']).trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix("=>").or_else(|| rest.strip_prefix([':', '=', ',']))?;
    let rest = typed(rest.trim_start_matches([' ', '\t'])).trim_start_matches('[');
    let close = match (rest.chars().next(), before) {
        (Some(quote @ ('"' | '\'')), _) => return rest.get(1..)?.split(quote).next(),
        // The quote stands before the name.
        (_, Some(quote @ ('"' | '\''))) if !behind.starts_with(quote) => Some(quote),
        _ => None,
    };
    let ends = |character: char| match close {
        Some(quote) => character == quote,
        None => character.is_whitespace() || matches!(character, ',' | ';' | ']' | '}' | ')' | '"' | '\''),
    };
    rest.split(ends).next()
}

/// Less what PHP's `var_dump` says of a value's type.
fn typed(rest: &str) -> &str {
    let behind = || {
        let (length, value) = rest.trim_start().strip_prefix("string(")?.split_once(") ")?;
        length.bytes().all(|byte| byte.is_ascii_digit()).then_some(value)
    };
    behind().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_same() {
        let expected = [("wechatpay-nonce", "a+/n=="), ("wechatpay-serial", "5F1C")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        for text in [
            "map[Accept:[*/*] Wechatpay-Nonce:[a+/n==] Wechatpay-Serial:[5F1C]]",
            "[accept:\"*/*\", wechatpay-nonce:\"a+/n==\", wechatpay-serial:\"5F1C\"]",
            "{accept=*/*, wechatpay-nonce=a+/n==, wechatpay-serial=5F1C}",
            "{\n  host: 'x',\n  'wechatpay-nonce': 'a+/n==',\n  'wechatpay-serial': '5F1C'\n}",
            "[('User-Agent', 'Mozilla/4.0 (x)'), ('Wechatpay-Nonce', 'a+/n=='), ('Wechatpay-Serial', '5F1C')]",
            "curl -X POST http://x/ -H 'Wechatpay-Nonce: a+/n==' -H \"Wechatpay-Serial: 5F1C\"",
            "curl 'http://x/' \\\n  --header 'Wechatpay-Nonce: a+/n==' \\\n  --header 'Wechatpay-Serial: 5F1C'",
            "http_wechatpay_nonce=a+/n==\nhttp_wechatpay_serial=5F1C\n",
            "array(2) {\n  [\"HTTP_WECHATPAY_NONCE\"]=>\n  string(6) \"a+/n==\"\n  [\"HTTP_WECHATPAY_SERIAL\"]=>\n  string(4) \"5F1C\"\n}\n",
            "0000: POST / HTTP/1.1\n0011: Wechatpay-Nonce: a+/n==\n0020: Wechatpay-Serial: 5F1C\n",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        let both = parse("{wechatpay-signature-type=T, wechatpay-signature=S, wechatpay-nonce=}");
        let both: Vec<_> = both.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            both,
            [("wechatpay-signature-type", "T"), ("wechatpay-signature", "S"), ("wechatpay-nonce", "")]
        );
        // What was decoded once too often is for the checks to see.
        assert_eq!(parse("-H 'Wechatpay-Nonce: a b'"), [("wechatpay-nonce".to_owned(), "a b".to_owned())]);
    }

    #[test]
    fn there_is_an_end_of_headers() {
        assert_eq!(parse(&"wechatpay-nonce: n\n".repeat(400_000)).len(), MAX_NAMES);
    }

    #[test]
    fn what_has_no_headers_gives_none() {
        for text in
            ["", "wechatpay-nonce", "the Wechatpay-Nonce is missing", "{\"a\":1}", "wechatpay-nonce\"'] 支"]
        {
            assert!(parse(text).is_empty(), "{text}");
        }
    }
}
