//! Bodies as logs and programs print them, and the original bytes.
//!
//! No HTTP server receives a body in such a form, so it comes from the capture: it is restored and reported.

/// Original bytes and the name of their printed form.
pub(super) type Printed = (Vec<u8>, &'static str);

const PYTHON: &str = "printed by Python as quoted bytes (b'...')";
const NGINX: &str = "escaped as in nginx's access log (\\x22 for a quote, \\x0A, \\xE6)";
const QUOTES: &str =
    "escaped as in a log that escapes quotes (Apache's, nginx's with escape=json, a JSON log)";
const BYTES: &str = "printed with its bytes as escapes (\\xe6), as Python and web servers' logs do";
const NODE: &str = "a Buffer as Node prints it";
const HEX: &str = "a hexadecimal dump";

/// Returns the possible originals of a body in a printed form, the likeliest first.
pub(super) fn originals(body: &[u8]) -> Vec<Printed> {
    let Ok(text) = str::from_utf8(body) else { return Vec::new() };
    let text = text.trim();
    if let Some(bytes) = buffer(text) {
        return vec![(bytes, NODE)];
    }
    if let Some(bytes) = hex(text) {
        return vec![(bytes, HEX)];
    }
    // Programs do encode JSON twice, so a receiver may get it.
    if !text.contains('\\') && python(text).is_none()
        || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    {
        return Vec::new();
    }
    let mut forms: Vec<Printed> = python(text).map(|inner| (unescaped(inner), PYTHON)).into_iter().collect();
    let what = if text.contains("\\x22") || text.contains("\\x0A") || has_upper_escape(text) {
        NGINX
    } else if text.contains("\\\"") {
        QUOTES
    } else {
        BYTES
    };
    let parts =
        [Some(text), between(text, "{\\", "}"), between(text, "{\"", "}"), between(text, "<xml", "</xml>")];
    forms.extend(parts.into_iter().flatten().map(|part| (unescaped(part), what)));
    forms
}

/// Describes how the printing program has truncated a body.
pub(super) fn truncated(body: &[u8]) -> Option<&'static str> {
    let text = str::from_utf8(body).ok()?.trim_start();
    let is_cut = |unit: &str| text.contains(&format!(" more {unit}"));
    if text.starts_with("<Buffer ") && is_cut("byte") || is_buffer(text) && is_cut("item") {
        return Some(
            "the body is a Buffer as Node prints it, and truncated (\"... more bytes\"): the rest is missing; write the body's \
             bytes to a file, or print body.toString('base64')",
        );
    }
    None
}

/// Returns whether a body is the printed form of a program's object.
pub(super) fn is_object(body: &[u8]) -> bool {
    let Some(text) = str::from_utf8(body).ok().and_then(|text| text.trim_start().strip_prefix('{')) else {
        return false;
    };
    let first = text.trim_start();
    let name = first.trim_start_matches(['\'', '"']);
    let end = name.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let behind = end.and_then(|end| name.get(end..)).unwrap_or_default();
    // `{ id: 'EV-1'`, `{'id': 'EV-1'`, `{id=EV-1`.
    end != Some(0)
        && !first.starts_with('"')
        && (behind.starts_with(':') || behind.starts_with('=') || behind.starts_with("':"))
}

/// Returns the content of `b'...'` anywhere in a line.
fn python(text: &str) -> Option<&str> {
    ["b'{", "b'<", "b\"{", "b\"<"].into_iter().find_map(|begin| {
        let at = text.find(begin)?;
        let quote = begin.get(1..2)?;
        let inner = text.get(at + 2..)?;
        inner.get(..inner.rfind(quote)?)
    })
}

/// Returns the text from the first of one to the last of the other, both included.
fn between<'t>(text: &'t str, first: &str, last: &str) -> Option<&'t str> {
    let rest = text.get(text.find(first)?..)?;
    rest.get(..rest.rfind(last)? + last.len())
}

fn has_upper_escape(text: &str) -> bool {
    text.as_bytes().windows(4).any(|window| {
        matches!(window, [b'\\', b'x', high, low]
            if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()
                && (high.is_ascii_uppercase() || low.is_ascii_uppercase()))
    })
}

/// Resolves the escapes of C-like languages.
pub(super) fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        rest = escape(behind, &mut bytes).unwrap_or_else(|| {
            bytes.push(b'\\');
            behind
        });
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Appends the character of an escape, and returns the text after it.
fn escape<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Option<&'t str> {
    let kind = *text.as_bytes().first()?;
    let simple = match kind {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        b'\\' | b'"' | b'\'' | b'/' | b'`' => kind,
        b'x' => {
            bytes.push(u8::from_str_radix(digits(text, 1, 3)?, 16).ok()?);
            return text.get(3..);
        }
        b'u' => {
            let unit = |at: usize| u16::from_str_radix(digits(text, at, at + 4)?, 16).ok();
            let first = unit(1)?;
            let (units, length) = match unit(7).filter(|_| text.get(5..7) == Some("\\u")) {
                Some(second) if (0xd800..0xdc00).contains(&first) => (vec![first, second], 11),
                _ => (vec![first], 5),
            };
            bytes.extend_from_slice(String::from_utf16(&units).ok()?.as_bytes());
            return text.get(length..);
        }
        _ => return None,
    };
    bytes.push(simple);
    text.get(1..)
}

fn digits(text: &str, begin: usize, end: usize) -> Option<&str> {
    text.get(begin..end).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_buffer(text: &str) -> bool {
    if !text.starts_with('{') || !text.contains("Buffer") {
        return false;
    }
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !"'\"".contains(*c)).collect();
    bare.starts_with("{type:Buffer,data:[")
        || (bare.starts_with("{data:[") && bare.ends_with("],type:Buffer}"))
}

/// Returns the bytes of `<Buffer 7b 22>`, of `{"type":"Buffer","data":[123,34]}`, and of such a list alone.
fn buffer(text: &str) -> Option<Vec<u8>> {
    if let Some(inner) = text.strip_prefix("<Buffer ") {
        let words = inner.strip_suffix('>')?.split_ascii_whitespace();
        return words.map(|word| u8::from_str_radix(word, 16).ok().filter(|_| word.len() == 2)).collect();
    }
    if !is_buffer(text) && !text.starts_with('[') {
        return None;
    }
    let (_, list) = text.split_once('[')?;
    let (list, _) = list.split_once(']')?;
    let list = list.trim().trim_end_matches(',');
    let bytes: Option<Vec<u8>> = list.split(',').map(|number| number.trim().parse().ok()).collect();
    bytes.filter(|bytes| bytes.len() > 2)
}

/// Returns the bytes of a bare hexadecimal dump of JSON or XML.
fn hex(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.split_ascii_whitespace().collect();
    // `{` or `<`.
    let is_hex = compact.starts_with("7b")
        || compact.starts_with("7B")
        || compact.starts_with("3c")
        || compact.starts_with("3C");
    if !is_hex || !compact.len().is_multiple_of(2) {
        return None;
    }
    (0..compact.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits(&compact, at, at + 2)?, 16).ok())
        .collect()
}

/// Occurrences of a member's name that are tried; each may take the rest of the text.
const MAX_PLACES: usize = 32;

/// Returns the printed value of a member: a quoted text without its escapes, or a Buffer or an object as printed.
pub(super) fn member(text: &str, wanted: &str) -> Option<Vec<u8>> {
    let places = text.match_indices(wanted).map(|(at, _)| at).take(MAX_PLACES);
    for at in places {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|character| character.is_alphanumeric() || "-_.".contains(character)) {
            continue;
        }
        let behind = text.get(at + wanted.len()..)?.trim_start_matches(['\'', '"']).trim_start();
        let value = behind.strip_prefix("=>").or_else(|| behind.strip_prefix([':', '=']));
        if let Some(found) = value.and_then(|value| printed_value(value.trim_start())) {
            return Some(found);
        }
    }
    None
}

fn printed_value(text: &str) -> Option<Vec<u8>> {
    if text.starts_with("<Buffer ") {
        return text.get(..=text.find('>')?).map(|text| text.as_bytes().to_vec());
    }
    if text.starts_with("{") {
        return balanced(text).map(|text| text.as_bytes().to_vec());
    }
    let text = text.strip_prefix('b').filter(|rest| rest.starts_with(['\'', '"'])).unwrap_or(text);
    let quote = text.chars().next().filter(|quote| "'\"`".contains(*quote))?;
    let mut value = Vec::new();
    let mut rest = text;
    // Older versions of Node print long texts in several parts.
    while let Some(part) = rest.strip_prefix(quote) {
        let end = closing(part, quote)?;
        value.extend(unescaped(part.get(..end)?));
        rest = part.get(end + 1..)?.trim_start();
        rest = rest.strip_prefix('+').map_or("", str::trim_start);
    }
    Some(value)
}

/// Returns the end of a quoted text.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let ends = character == quote && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// Returns an object up to its closing brace.
fn balanced(text: &str) -> Option<&str> {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if is_escaped => {
                is_escaped = false;
                continue;
            }
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(..=at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "{\"id\":\"EV-1\",\"s\":\"支付\\/'\\n\\u652f\"}\n";

    fn nginx(text: &str) -> String {
        let escaped = |byte: u8| match byte {
            b'"' | b'\\' | ..32 | 127.. => format!("\\x{byte:02X}"),
            _ => char::from(byte).to_string(),
        };
        text.bytes().map(escaped).collect()
    }

    fn apache(text: &str) -> String {
        let escaped = |byte: u8| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b'\n' => "\\n".to_owned(),
            ..32 | 127.. => format!("\\x{byte:02x}"),
            _ => char::from(byte).to_string(),
        };
        text.bytes().map(escaped).collect()
    }

    fn python(text: &str) -> String {
        let escaped = |byte: u8| match byte {
            b'\'' | b'\\' => format!("\\{}", char::from(byte)),
            b'\n' => "\\n".to_owned(),
            ..32 | 127.. => format!("\\x{byte:02x}"),
            _ => char::from(byte).to_string(),
        };
        text.bytes().map(escaped).collect()
    }

    #[test]
    fn each_form_is_undone() {
        let hex = |separator: &str| {
            BODY.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
        };
        let list: Vec<_> = BODY.bytes().map(|byte| byte.to_string()).collect();
        let json = serde_json::to_string(BODY).unwrap();
        for (printed, what) in [
            (nginx(BODY), NGINX),
            (format!("{}\n", nginx(BODY)), NGINX),
            (format!("b'{}'", python(BODY)), PYTHON),
            (format!("b'{}'\n", python(BODY)), PYTHON),
            (format!("INFO body=b'{}'", python(BODY)), PYTHON),
            (format!("b\"{}\"", python(BODY).replace("\\'", "'")), PYTHON),
            (python(BODY), BYTES),
            (apache(BODY), QUOTES),
            (json[1..json.len() - 1].to_owned(), QUOTES),
            (format!("<Buffer {}>", hex(" ")), NODE),
            (format!("{{\"type\":\"Buffer\",\"data\":[{}]}}", list.join(",")), NODE),
            (format!("{{\"data\":[{}],\"type\":\"Buffer\"}}", list.join(",")), NODE),
            (format!("{{ type: 'Buffer', data: [\n  {} ] }}", list.join(", ")), NODE),
            (hex(""), HEX),
        ] {
            let forms = originals(printed.as_bytes());
            let found = forms.iter().find(|(body, _)| body == BODY.as_bytes());
            assert_eq!(found.map(|(_, what)| *what), Some(what), "{printed}");
        }
        let line = format!("1.2.3.4 - - [x] \"POST / HTTP/1.1\" 401 \"{}\" \"-\"", nginx(BODY.trim_end()));
        assert!(originals(line.as_bytes()).iter().any(|(body, _)| body == BODY.trim_end().as_bytes()));
        let xml = "<xml>\n<attach><![CDATA[支\"付]]></attach>\n</xml>";
        let line = format!("body: \"{}\"", nginx(xml));
        assert!(originals(line.as_bytes()).iter().any(|(body, _)| body == xml.as_bytes()));
    }

    #[test]
    fn other_bodies_are_in_no_form() {
        let json = serde_json::to_string(BODY).unwrap();
        for body in [
            BODY,
            &json,
            "",
            "{}",
            "<xml><a>b</a></xml>",
            "hello",
            "b'",
            "[1,2]",
            "[1,2,300]",
            "<Buffer >x",
            "7b2",
        ] {
            assert!(originals(body.as_bytes()).is_empty(), "{body}");
        }
        assert_eq!(unescaped("\\q\\x\\xg0\\u12\\ud800\\"), b"\\q\\x\\xg0\\u12\\ud800\\");
    }

    #[test]
    fn cut_ones_and_objects_are_seen() {
        for text in [
            "<Buffer 7b 22 ... 1000 more bytes>",
            "{ type: 'Buffer', data: [ 1, 2, 3, ... 900 more items ] }",
        ] {
            assert!(truncated(text.as_bytes()).is_some() && originals(text.as_bytes()).is_empty(), "{text}");
        }
        assert!(truncated(b"<Buffer 7b 22>").is_none() && truncated(b"{\"a\":\"100 more bytes\"}").is_none());
        for text in ["{ id: 'EV-1' }", "{'id': 'EV-1'}", "{\n  id: 1", "{id=EV-1, resource=x}"] {
            assert!(is_object(text.as_bytes()), "{text}");
        }
        for text in ["{\"id\":1}", "{}", "{", "x", "{ \"id\" : 1", "{:", "{\\x22id"] {
            assert!(!is_object(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn members_of_printed_objects() {
        let found = |text: &str| member(text, "body").map(|body| String::from_utf8(body).unwrap());
        assert_eq!(
            found("{ anybody: 'x', body: '{\"a\":\"it\\'s\"}', z: 1 }").as_deref(),
            Some("{\"a\":\"it's\"}")
        );
        assert_eq!(found("{\n  body: '{\"a\"' +\n    ':1}' }").as_deref(), Some("{\"a\":1}"));
        assert_eq!(found("{'body': \"{}\"}").as_deref(), Some("{}"));
        assert_eq!(found("{ body: <Buffer 7b 7d> }").as_deref(), Some("<Buffer 7b 7d>"));
        assert_eq!(
            found("{ body: { type: 'Buffer', data: [ 1 ] }, x: 1 }").as_deref(),
            Some("{ type: 'Buffer', data: [ 1 ] }")
        );
        // However often the name is there.
        assert_eq!(found(&"{ body: { ".repeat(400_000)), None);
        for text in ["", "body", "body: x", "{ body: 'x", "rawbody: 'x'", "body: { a: '}'"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
