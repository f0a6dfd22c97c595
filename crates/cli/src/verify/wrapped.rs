//! Bodies that something has wrapped, or added to, as a whole; and what they were before.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use encoding_rs::GB18030;
use percent_encoding::percent_decode;

use super::undo;

/// Undoes a change, where that can be, and says what the change was.
type Unwrap = (fn(&[u8]) -> Option<Vec<u8>>, &'static str);

/// What a body may have been, and what then happened to it.
pub(super) fn before(body: &[u8]) -> Vec<(Vec<u8>, &'static str)> {
    let ways: [Unwrap; 17] = [
        (without_mark, "a byte order mark (BOM) was put in front of it, as some editors and loggers do"),
        (without_end, "a line end was added at its end, as editors and `echo` do"),
        (
            without_padding,
            "blanks or zero bytes were added at its end, e.g. by a buffer that is longer than the body",
        ),
        (|body| Some([body, b"\n"].concat()), "the line end at its end was removed"),
        (|body| Some([body, b"\r\n"].concat()), "the line end at its end was removed"),
        (unix_lines, "its line ends were changed from LF to CRLF"),
        (windows_lines, "its line ends were changed from CRLF to LF"),
        (
            unchunked,
            "the chunk boundaries of the chunked transfer coding stand in it: take the body that the HTTP library gives, not what came over the wire",
        ),
        (
            behind_head,
            "the request's head stands in front of it in the same file: give the head to --headers and only the body to --body",
        ),
        (unquoted, "it was written as a quoted string, e.g. by a logger or a second JSON encoding"),
        (
            unbase64,
            "it was written in base64, as API gateways and function platforms do with binary bodies: decode it first",
        ),
        (unform, "it was URL-encoded, as a form is"),
        (unutf16, "it was saved as UTF-16, as PowerShell's `>` does"),
        (unlatin, "it was read as Latin-1 and written as UTF-8: take the bytes, or say that they are UTF-8"),
        (ungbk, "it was converted from UTF-8 to GBK, by something that takes that for the usual encoding"),
        (unmojibake, "it was read as GBK and written as UTF-8: take the bytes, or say that they are UTF-8"),
        (unescaped, "its quotes were written as HTML entities, as filters against script injection do"),
    ];
    ways.iter()
        .filter_map(|(way, what)| Some((way(body)?, *what)))
        .filter(|(before, _)| before != body)
        .collect()
}

fn without_mark(body: &[u8]) -> Option<Vec<u8>> {
    body.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec)
}

fn without_end(body: &[u8]) -> Option<Vec<u8>> {
    let line = body.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

fn without_padding(body: &[u8]) -> Option<Vec<u8>> {
    let is_padding = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let length = body.iter().rposition(|byte| !is_padding(byte))?;
    body.get(..=length).map(<[u8]>::to_vec)
}

fn unix_lines(body: &[u8]) -> Option<Vec<u8>> {
    replaced(body, "\r\n", "\n")
}

fn windows_lines(body: &[u8]) -> Option<Vec<u8>> {
    replaced(&unix_lines(body)?, "\n", "\r\n")
}

fn replaced(body: &[u8], from: &str, to: &str) -> Option<Vec<u8>> {
    Some(str::from_utf8(body).ok()?.replace(from, to).into_bytes())
}

/// The content of a body in the chunked transfer coding (RFC 9112, section 7.1), whose end may have been cut off.
pub(super) fn unchunked(body: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut rest = body;
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, behind) = rest.split_at_checked(end + 1)?;
        let size = str::from_utf8(line).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
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

fn behind_head(body: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(body).ok().filter(|text| text.starts_with("POST "))?;
    let (_, rest) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n"))?;
    Some(rest.as_bytes().to_vec())
}

fn unquoted(body: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(body).ok()?.trim();
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        return Some(inner.into_bytes());
    }
    // Python's b'…'.
    let bare = text.strip_prefix('b').unwrap_or(text);
    let bare = bare.strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?;
    Some(bare.replace("\\'", "'").replace("\\n", "\n").into_bytes())
}

fn unbase64(body: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<_> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(compact).ok().filter(|decoded| !decoded.is_empty())
}

/// Also of a form that has the body as a field's name or value.
fn unform(body: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(body).ok().filter(|text| text.contains('%'))?.trim();
    let value = text.trim_end_matches('=').split_once('=').map_or(text, |(_, value)| value);
    let value = if value.starts_with(['%', '<', '{']) { value } else { text };
    Some(percent_decode(value.trim_end_matches('=').replace('+', " ").as_bytes()).collect())
}

fn unutf16(body: &[u8]) -> Option<Vec<u8>> {
    let read: fn([u8; 2]) -> u16 = match body {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let units: Vec<_> =
        body.get(2..)?.chunks_exact(2).filter_map(|pair| Some(read(pair.try_into().ok()?))).collect();
    let text = String::from_utf16(&units).ok()?;
    Some(text.strip_suffix("\r\n").unwrap_or(&text).as_bytes().to_vec())
}

fn unlatin(body: &[u8]) -> Option<Vec<u8>> {
    undo::latin(str::from_utf8(body).ok()?)
}

fn ungbk(body: &[u8]) -> Option<Vec<u8>> {
    if str::from_utf8(body).is_ok() {
        return None;
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(body)?;
    Some(text.into_owned().into_bytes())
}

/// Bytes that GBK doesn't have are lost, so this finds only some.
fn unmojibake(body: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(body).ok().filter(|text| !text.is_ascii())?;
    Some(undo::gbk(text).into_bytes())
}

fn unescaped(body: &[u8]) -> Option<Vec<u8>> {
    let text =
        str::from_utf8(body).ok().filter(|text| text.contains("&quot;") || text.starts_with("&lt;"))?;
    Some(undo::unescaped(text).into_bytes())
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
            let found = before(&changed).into_iter().find(|(before, _)| before == BODY.as_bytes());
            let (_, told) = found.unwrap_or_else(|| panic!("{what}"));
            assert!(told.contains(what), "{what}: {told}");
        }
        let form = percent_encoding::utf8_percent_encode(BODY, percent_encoding::NON_ALPHANUMERIC);
        assert!(
            before(format!("data={form}").as_bytes()).iter().any(|(before, _)| before == BODY.as_bytes())
        );
    }

    #[test]
    fn nothing_panics() {
        for body in
            [&b""[..], b"\n", b"%", b"\"", b"b'", b"0", b"ffffffffffffffff\n", b"\xff\xfe\0", b"&quot;", b"="]
        {
            let _ = before(body);
        }
    }
}
