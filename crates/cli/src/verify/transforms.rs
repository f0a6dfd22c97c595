//! Changes that programs make to texts and bodies, undone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};
use percent_encoding::{percent_decode, percent_decode_str};

/// Undoes a change of a text, and describes the change.
pub(super) type TextTransform = (fn(&str) -> String, &'static str);

/// Changes of base64 in a header or a field.
pub(super) const BASE64: [TextTransform; 6] = [
    (unquote, "has quotes around it"),
    (unplus, "has spaces where + was: it was URL-decoded"),
    (url_decode, "is URL-encoded"),
    (unwrap_lines, "has whitespace in it: it was wrapped over several lines"),
    (pad, "lacks the = at its end: it was cut off"),
    (
        |text| pad(&text.replace('-', "+").replace('_', "/")),
        "is in the URL-safe alphabet of base64 (- and _): something has converted it",
    ),
];

pub(super) fn unquote(text: &str) -> String {
    text.trim_matches([',', ' ']).trim_matches(['"', '\'']).to_owned()
}

pub(super) fn url_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Restores the `+` that URL decoding has turned into spaces.
pub(super) fn unplus(text: &str) -> String {
    text.replace(' ', "+")
}

fn unwrap_lines(text: &str) -> String {
    text.split_whitespace().collect()
}

fn pad(text: &str) -> String {
    let bare = text.trim_end_matches('=');
    let missing = bare.len().next_multiple_of(4) - bare.len();
    format!("{bare}{}", "=".repeat(missing))
}

/// Resolves HTML entities.
pub(super) fn html_unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 13] = [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x22;", "\""),
        ("&#034;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#039;", "'"),
        ("&apos;", "'"),
        ("&#X27;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#x2F;", "/"),
        ("&amp;", "&"),
    ];
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// Returns a text that was read as Latin-1 as it was in UTF-8, where it can have been.
pub(super) fn read_as_latin1(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8(bytes?).ok()
}

/// Returns a text that was read as GBK as it was in UTF-8, where nothing was lost.
pub(super) fn read_as_gbk(text: &str) -> Option<String> {
    let (bytes, _, is_lossy) = GB18030.encode(text);
    String::from_utf8(bytes.into_owned()).ok().filter(|_| !is_lossy)
}

/// Undoes a change of a body, if it has the form that the change leaves.
type BodyTransform = (fn(&[u8]) -> Option<Vec<u8>>, &'static str);

const BODY: [BodyTransform; 17] = [
    (
        |body| Some(body.strip_prefix(b"\xef\xbb\xbf")?.to_vec()),
        "a byte order mark (BOM) was added at its start, as some editors and loggers do",
    ),
    (
        |body| {
            let line = body.strip_suffix(b"\n")?;
            Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
        },
        "a line end was added at its end, as editors and `echo` do",
    ),
    (
        |body| {
            let is_padding = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
            Some(body.get(..=body.iter().rposition(|byte| !is_padding(byte))?)?.to_vec())
        },
        "whitespace or zero bytes were added at its end, e.g. by a buffer longer than the body",
    ),
    (|body| Some([body, b"\n"].concat()), "the line end at its end was removed"),
    (|body| Some([body, b"\r\n"].concat()), "the line end at its end was removed"),
    (|body| Some(utf8(body)?.replace("\r\n", "\n").into()), "its line ends were changed from LF to CRLF"),
    (
        |body| Some(utf8(body)?.replace("\r\n", "\n").replace('\n', "\r\n").into()),
        "its line ends were changed from CRLF to LF",
    ),
    (
        unchunked,
        "it contains the chunk boundaries of the chunked transfer coding: use the body that the HTTP library returns, not the bytes on the wire",
    ),
    (
        |body| {
            let text = utf8(body).filter(|text| text.starts_with("POST "))?;
            Some(text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))?.1.into())
        },
        "the request's head is in front of it in the same file: pass the head as --headers and only the body as --body",
    ),
    (unquoted, "it was written as a quoted string, e.g. by a logger or a second JSON encoding"),
    (
        |body| {
            let compact: Vec<_> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            BASE64_STANDARD.decode(compact).ok().filter(|decoded| !decoded.is_empty())
        },
        "it was written in base64, as API gateways and function platforms do with binary bodies: decode it first",
    ),
    (form_decoded, "it was URL-encoded, as a form is"),
    (
        |body| {
            let encoding = if body.starts_with(b"\xff\xfe") { UTF_16LE } else { UTF_16BE };
            body.strip_prefix(b"\xff\xfe").or_else(|| body.strip_prefix(b"\xfe\xff"))?;
            let text = encoding.decode(body).0;
            Some(text.strip_suffix("\r\n").unwrap_or(&text).into())
        },
        "it was saved as UTF-16, as PowerShell's `>` does",
    ),
    (
        |body| Some(read_as_latin1(utf8(body)?)?.into()),
        "it was read as Latin-1 and written as UTF-8: use the bytes, or declare them as UTF-8",
    ),
    (
        |body| {
            let text = GB18030.decode_without_bom_handling_and_without_replacement(body)?;
            utf8(body).is_none().then(|| text.into_owned().into())
        },
        "it was converted from UTF-8 to GBK, by something that uses GBK by default",
    ),
    (
        // Bytes that GBK doesn't have are lost, so this restores only some.
        |body| Some(read_as_gbk(utf8(body).filter(|text| !text.is_ascii())?)?.into()),
        "it was read as GBK and written as UTF-8: use the bytes, or declare them as UTF-8",
    ),
    (
        |body| {
            let text = utf8(body).filter(|text| text.contains("&quot;") || text.starts_with("&lt;"))?;
            Some(html_unescape(text).into())
        },
        "its quotes were written as HTML entities, as filters against script injection do",
    ),
];

/// Returns what a body may have been, each with the change that made it what it is.
pub(super) fn originals(body: &[u8]) -> impl Iterator<Item = (Vec<u8>, &'static str)> {
    let originals = BODY.iter().filter_map(move |(undo, change)| Some((undo(body)?, *change)));
    originals.filter(move |(original, _)| original != body)
}

fn utf8(body: &[u8]) -> Option<&str> {
    str::from_utf8(body).ok()
}

/// Returns the content of a body in the chunked transfer coding (RFC 9112, section 7.1), whose end may be missing.
pub(super) fn unchunked(body: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut rest = body;
    loop {
        let (line, behind) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'\n')? + 1)?;
        let size = usize::from_str_radix(utf8(line)?.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(content);
        }
        let (chunk, behind) = behind.split_at_checked(size)?;
        content.extend_from_slice(chunk);
        if behind.trim_ascii().is_empty() {
            return Some(content);
        }
        rest = behind.strip_prefix(b"\r\n").or_else(|| behind.strip_prefix(b"\n"))?;
    }
}

fn unquoted(body: &[u8]) -> Option<Vec<u8>> {
    let text = utf8(body)?.trim();
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        return Some(inner.into());
    }
    // Python's b'…'.
    let bare = text.strip_prefix('b').unwrap_or(text);
    let bare = bare.strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?;
    Some(bare.replace("\\'", "'").replace("\\n", "\n").into())
}

/// Decodes a form, also one that has the body as a field's name or value.
fn form_decoded(body: &[u8]) -> Option<Vec<u8>> {
    let text = utf8(body).filter(|text| text.contains('%'))?.trim();
    let value = text.trim_end_matches('=').split_once('=').map_or(text, |(_, value)| value);
    let value = if value.starts_with(['%', '<', '{']) { value } else { text };
    Some(percent_decode(value.trim_end_matches('=').replace('+', " ").as_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "{\"id\":\"EV-1\",\"summary\":\"支付\"}";

    #[test]
    fn each_change_is_undone() {
        let latin: String = BODY.bytes().map(char::from).collect();
        let chunk = format!("{:x}\r\n{BODY}", BODY.len());
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(BODY.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for (changed, what) in [
            (format!("\u{feff}{BODY}").into_bytes(), "byte order mark"),
            (format!("{BODY}\n").into_bytes(), "line end was added"),
            (format!("{BODY}\r\n").into_bytes(), "line end was added"),
            (format!("{BODY}\0\0\0").into_bytes(), "zero bytes"),
            (
                format!("5\r\n{}\r\n{:x};x=y\r\n{}\r\n0\r\n\r\n", &BODY[..5], BODY.len() - 5, &BODY[5..])
                    .into_bytes(),
                "chunk",
            ),
            (format!("{chunk}\r\n").into_bytes(), "chunk"),
            (chunk.into_bytes(), "chunk"),
            (format!("POST /n HTTP/1.1\r\nA: 1\r\n\r\n{BODY}").into_bytes(), "head"),
            (serde_json::to_string(BODY).unwrap().into_bytes(), "quoted"),
            (format!("b'{BODY}'").into_bytes(), "quoted"),
            (BASE64_STANDARD.encode(BODY).into_bytes(), "base64"),
            (
                percent_encoding::utf8_percent_encode(BODY, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
                    .into_bytes(),
                "URL-encoded",
            ),
            (utf16, "UTF-16"),
            (latin.into_bytes(), "Latin-1"),
            (BODY.replace('"', "&quot;").into_bytes(), "HTML"),
            (GB18030.encode(BODY).0.into_owned(), "converted from UTF-8 to GBK"),
            (GB18030.decode_without_bom_handling(BODY.as_bytes()).0.into_owned().into_bytes(), "read as GBK"),
        ] {
            let found = originals(&changed).find(|(original, _)| original == BODY.as_bytes());
            let (_, change) = found.unwrap_or_else(|| panic!("{what}"));
            assert!(change.contains(what), "{what}: {change}");
        }
        let form = percent_encoding::utf8_percent_encode(BODY, percent_encoding::NON_ALPHANUMERIC);
        assert!(
            originals(format!("data={form}").as_bytes()).any(|(original, _)| original == BODY.as_bytes())
        );
    }

    #[test]
    fn malformed_bodies_do_not_panic() {
        for body in
            [&b""[..], b"\n", b"%", b"\"", b"b'", b"0", b"ffffffffffffffff\n", b"\xff\xfe\0", b"&quot;", b"="]
        {
            originals(body).for_each(drop);
        }
    }
}
