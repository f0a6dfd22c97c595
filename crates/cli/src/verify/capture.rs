//! Reads captured requests: finds the known headers, the body and the path in whatever form they were written down.

use super::printed::{member, unescaped};
use super::transforms::unchunked;
use crate::args::VerifyArgs;
use crate::usage::Usage;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::{self, Read as _};
use std::path::Path;

/// Far more than any notification has.
const MAX_BYTES: u64 = 8 << 20;
/// The headers that matter, longer names before those that they begin with.
const NAMES: [&str; 8] = [
    "wechatpay-signature-type",
    "wechatpay-signature",
    "wechatpay-timestamp",
    "wechatpay-serial",
    "wechatpay-nonce",
    "content-length",
    "content-encoding",
    "transfer-encoding",
];
/// Header names that are read from one text.
const MAX_NAMES: usize = 64;

/// Names in lower case and values, in their order.
pub(super) type Headers = Vec<(String, String)>;

/// A captured request.
#[derive(Debug, Default)]
pub(super) struct Captured {
    pub(super) headers: Headers,
    pub(super) body: Option<Vec<u8>>,
    /// The target of the request line.
    pub(super) path: Option<String>,
}

/// Reads the files that the arguments name.
///
/// # Errors
/// [`Usage`]: without a request there is no verdict.
pub(super) fn read(args: &VerifyArgs) -> Result<Captured, Usage> {
    if is_stdin(&args.headers) && args.body.as_deref().is_some_and(is_stdin) {
        return Err(Usage::new("--headers and --body can't both be stdin"));
    }
    let head = bytes("--headers", &args.headers)?;
    let captured = parse(&head);
    let is_unread = captured.headers.is_empty();
    let body = match &args.body {
        Some(file) => bytes("--body", file)?,
        None if is_unread && captured.body.is_none() && !head.is_empty() => {
            return Err(unreadable(&args.headers, &head));
        }
        None => captured
            .body
            .ok_or_else(|| Usage::new("--body is missing, and the file with the headers contains no body"))?,
    };
    // v2 needs no headers.
    let is_v2 = body.trim_ascii_start().starts_with(b"<");
    if is_unread && !is_v2 && head.iter().any(|byte| !b" \t\r\n{}[]\0".contains(byte)) {
        return Err(unreadable(&args.headers, &head));
    }
    Ok(Captured { body: Some(body), ..captured })
}

fn unreadable(file: &Path, head: &[u8]) -> Usage {
    let (file, head) = (file.display(), String::from_utf8_lossy(head));
    if head.contains("validate verify fail serial=") || head.contains("signature verif") {
        return Usage::new(format!(
            "--headers: {file} is an SDK's error text without the signed message, as wechatpay-go writes it; log the headers \
             and the body, and use those"
        ));
    }
    Usage::new(format!(
        "--headers: no Wechatpay headers found in {file}; use raw HTTP, the output of curl -v, JSON (an object, a list, HAR), \
         CGI variables, a printed request or event, or the error text of wechatpay-java or wechatpay-apache-httpclient"
    ))
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn bytes(option: &str, file: &Path) -> Result<Vec<u8>, Usage> {
    let mut bytes = Vec::new();
    let read = if is_stdin(file) {
        io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    let read =
        read.map_err(|error| Usage::new(format!("{option}: can't read {}: {error}", file.display())))?;
    if u64::try_from(read).is_ok_and(|read| read > MAX_BYTES) {
        let max = MAX_BYTES >> 20;
        return Err(Usage::new(format!("{option}: {} is larger than {max} MiB", file.display())));
    }
    Ok(bytes)
}

fn parse(bytes: &[u8]) -> Captured {
    let decoded = encoding_rs::Encoding::for_bom(bytes).map(|(encoding, _)| encoding.decode(bytes).0);
    let bytes = decoded.as_ref().map_or(bytes, |text| text.as_bytes());
    let text = String::from_utf8_lossy(bytes);
    if let Some(captured) = sdk_error(&text) {
        return captured;
    }
    if let Some(line) = logged(&text) {
        return parse(line.as_bytes());
    }
    let all = headers(&text);
    if let Some((head, body)) = raw_http(&text, bytes) {
        let headers = headers(&head);
        if all.is_empty() || !headers.is_empty() {
            return Captured { path: target(&head), headers, body };
        }
    }
    let path = || ["path", "rawPath", "url"].into_iter().find_map(|name| member(&text, name));
    let body = printed_body(&text);
    if all.is_empty() && body.is_none() {
        return Captured::default();
    }
    Captured { headers: all, body, path: path().and_then(|path| String::from_utf8(path).ok()) }
}

/// Returns the text of a line in a JSON log, as Docker, journald and most logging libraries write them.
fn logged(text: &str) -> Option<String> {
    let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let text = ["log", "MESSAGE", "message", "msg"].into_iter().find_map(|name| line.get(name)?.as_str())?;
    let is_capture = text.to_ascii_lowercase().contains("wechatpay") && !text.trim_start().starts_with('{');
    is_capture.then(|| text.to_owned())
}

/// Returns the head and the body of raw HTTP, with or without its request line, or of what `curl -v` prints.
fn raw_http(text: &str, bytes: &[u8]) -> Option<(String, Option<Vec<u8>>)> {
    if text.lines().any(|line| line.starts_with("> ")) {
        let sent = text.lines().skip_while(|line| !line.starts_with("> "));
        let sent = sent.filter_map(|line| line.strip_prefix('>').map(str::trim_start));
        return Some((sent.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"), None));
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_header = |line: &str| {
        let name = line.trim().trim_start_matches(':').split_once(':').map(|(name, _)| name);
        name.is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(is_name)
        }) && !line.trim_end().ends_with('{')
    };
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    if target(first).is_none() && !is_header(first) {
        return None;
    }
    let (mut head, mut end) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        match line.trim_ascii() {
            b"" if head.is_empty() => {}
            b"" => break,
            _ => head.extend_from_slice(line),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let rest = bytes.get(end..).filter(|rest| !rest.is_empty());
    let body = rest.map(|rest| {
        let headers = headers(&head);
        let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value);
        let length = value("content-length").and_then(|value| value.parse::<usize>().ok());
        let is_chunked =
            value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
        let body = is_chunked.then(|| unchunked(rest)).flatten();
        body.unwrap_or_else(|| length.and_then(|length| rest.get(..length)).unwrap_or(rest).to_vec())
    });
    Some((head, body))
}

/// Returns the target of a request line.
fn target(head: &str) -> Option<String> {
    let mut words = head.trim_start().lines().next()?.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let is_line = method.bytes().all(|byte| byte.is_ascii_uppercase())
        && words.next().is_some_and(|version| version.starts_with("HTTP/"));
    is_line.then(|| target.to_owned())
}

/// Returns the known headers of a text: `Name: value` lines, CGI variables, JSON, Go's `map[Name:[value]]`, Spring's
/// `[Name:"value"]`, Python's `[('Name', 'value')]`, Java's `{Name=value}`, PHP's `["Name"]=> string(5) "value"`,
/// `-H 'Name: value'` of a `curl` command, and the like.
fn headers(text: &str) -> Headers {
    let folded = text.to_ascii_lowercase().replace('_', "-");
    let places = ["wechatpay-", "content-", "transfer-"].iter().flat_map(|name| folded.match_indices(name));
    let mut places: Vec<_> = places.map(|(at, _)| at).collect();
    places.sort_unstable();
    let names = places.into_iter().filter_map(|at| {
        let rest = folded.get(at..)?;
        Some((at, *NAMES.iter().find(|known| rest.starts_with(**known))?))
    });
    let mut headers = Headers::new();
    for (at, name) in names.take(MAX_NAMES) {
        if let (Some(before), Some(behind)) = (text.get(..at), text.get(at + name.len()..)) {
            headers.extend(values(before, behind).into_iter().map(|value| (name.to_owned(), value)));
        }
    }
    headers
}

/// Returns the values behind a name: several in a JSON list.
fn values(before: &str, behind: &str) -> Vec<String> {
    let start = before.rsplit('\n').next().unwrap_or_default().trim_start();
    let closed = behind.trim_start_matches(['"', '\'', ']']).trim_start_matches([' ', '\t']);
    let separated = closed.strip_prefix("=>").or_else(|| closed.strip_prefix([':', '=', ',']));
    let Some(separated) = separated else { return Vec::new() };
    // The members of `{"name": "…", "value": "…"}`, and the types of PHP's `var_dump`.
    let named =
        separated.trim_start().strip_prefix("\"value\"").map(|rest| rest.trim_start_matches([' ', ':']));
    let typed =
        separated.trim_start().strip_prefix("string(").and_then(|rest| Some(rest.split_once(") ")?.1));
    let rest = named.or(typed).unwrap_or(separated).trim_start_matches([' ', '\t', '[']);
    let quote = rest.chars().next().filter(|quote| "\"'".contains(*quote));
    if let Some(quote) = quote {
        let mut values = Vec::new();
        let mut rest = rest;
        while let Some((value, behind)) = rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            values.push(value.trim().to_owned());
            let is_list = separated.trim_start().starts_with('[');
            rest = if is_list { behind.trim_start_matches([',', ' ']) } else { "" };
        }
        return values;
    }
    // A line of its own, or the rest of a quoted `Name: value`.
    let is_line = ["", "HTTP_", "http_", "[", "[HTTP_"].contains(&start);
    let opened =
        before.chars().next_back().filter(|quote| "\"'".contains(*quote) && !behind.starts_with(*quote));
    let value = match opened {
        None if is_line => return vec![line_value(rest)],
        Some(quote) => rest.split(quote).next(),
        None => rest.split(|c: char| c.is_whitespace() || ",;]})\"'".contains(c)).next(),
    };
    vec![value.unwrap_or_default().trim().to_owned()]
}

/// Returns the rest of a line, and the lines over which something has wrapped it: a header can't be, which the checks say.
fn line_value(rest: &str) -> String {
    let mut lines = rest.split('\n');
    // Wireshark prints line ends.
    let first = lines.next().unwrap_or_default().trim().trim_end_matches("\\n").trim_end_matches("\\r");
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    let more = lines
        .map(str::trim)
        .take_while(|line| !line.is_empty() && line.trim_end_matches('=').bytes().all(is_base64));
    std::iter::once(first).chain(more).collect::<Vec<_>>().join("\n")
}

/// Returns the body of a printed request, event or HAR entry.
fn printed_body(text: &str) -> Option<Vec<u8>> {
    let har = || text.split_once("\"postData\"").and_then(|(_, data)| member(data, "text"));
    let body = member(text, "rawBody").or_else(|| member(text, "body")).or_else(har)?;
    let is_base64 = text.split_once("isBase64Encoded").is_some_and(|(_, behind)| {
        let value = behind.trim_start_matches(['\'', '"', ':', ' ', '=']);
        value.starts_with("true") || value.starts_with("True")
    });
    let decoded = is_base64.then(|| BASE64_STANDARD.decode(body.trim_ascii()).ok()).flatten();
    Some(decoded.unwrap_or(body))
}

/// Reads the error text of an SDK that says what it verified, whatever is around it.
///
/// wechatpay-java: `...signature verification failed,signType[T]\tserial[S]\tmessage[M]\tsign[G]`;
/// wechatpay-apache-httpclient: `...serial=[S] message=[M] sign=[G], request-id=[R]`. M is the signed message: time, nonce
/// and body, each with a line end.
fn sdk_error(text: &str) -> Option<Captured> {
    let raw;
    let mut text = text;
    let begin = |text: &str| find(text, &["message[", "message=["], false);
    let (_, end) = begin(text)?;
    if !text.get(end..)?.contains('\n') || text.contains("\\\"id\\\"") {
        // In a JSON log.
        raw = String::from_utf8(unescaped(text)).ok()?;
        text = &raw;
    }
    let (at, end) = begin(text)?;
    let (before, rest) = (text.get(..at)?, text.get(end..)?);
    let (_, serial) = find(before, &["serial[", "serial=[", "Serial[", "Serial=["], true)?;
    let names = ["sign[", "sign=[", "signature[", "signature=[", "Signature=["];
    let (end, signature) = find(rest, &names, true)?;
    let message = rest.get(..rest.get(..end)?.rfind(']')?)?;
    let (timestamp, message) = message.split_once('\n')?;
    let (nonce, body) = message.split_once('\n')?;
    let until_bracket = |text: &str| text.split(']').next().unwrap_or_default().trim().to_owned();
    let kind =
        before.rsplit_once("signType[").map(|(_, kind)| kind).filter(|kind| kind.starts_with("WECHATPAY2-"));
    let headers = [
        ("wechatpay-serial", before.get(serial..)),
        ("wechatpay-timestamp", Some(timestamp)),
        ("wechatpay-nonce", Some(nonce)),
        ("wechatpay-signature", rest.get(signature..)),
        ("wechatpay-signature-type", kind),
    ];
    let headers =
        headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), until_bracket(value?))));
    let body = body.strip_suffix('\n').unwrap_or(body);
    Some(Captured { headers: headers.collect(), body: Some(body.into()), path: None })
}

/// Returns where the first, or last, of these names that a text contains begins and ends.
fn find(text: &str, names: &[&str], is_last: bool) -> Option<(usize, usize)> {
    let place = |name: &&str| if is_last { text.rfind(*name) } else { text.find(*name) };
    names.iter().filter_map(|name| place(name).map(|at| (at, at + name.len()))).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "{\"id\":\"EV-1\",\"summary\":\"支付 sign[x]\"}";

    #[test]
    fn sdk_errors_are_read() {
        let message = format!("1700000000\nn0nce\n{BODY}\n");
        let java = format!(
            "com.wechat.pay.java.core.exception.ValidationException: Processing WechatPay notification,signature verification \
             failed,signType[WECHATPAY2-SHA256-RSA2048]\tserial[5F1C]\tmessage[{message}]\tsign[a+/=]\n\tat com.example(x)"
        );
        let apache = format!(
            "WARN signature verify fail: serial=[5F1C] message=[{message}] sign=[a+/=], request-id=[08A8-0]\n"
        );
        let logged = serde_json::to_string(&java).unwrap();
        for text in
            [java.clone(), apache, logged[1..logged.len() - 1].to_owned(), format!("{{\"msg\":{logged}}}")]
        {
            let captured = sdk_error(&text).unwrap();
            let value = |name: &str| {
                captured.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
            };
            assert_eq!(value("wechatpay-serial"), Some("5F1C"), "{text}");
            assert_eq!(value("wechatpay-timestamp"), Some("1700000000"));
            assert_eq!(value("wechatpay-nonce"), Some("n0nce"));
            assert_eq!(value("wechatpay-signature"), Some("a+/="));
            assert_eq!(String::from_utf8(captured.body.unwrap()).unwrap(), BODY);
        }
        assert_eq!(sdk_error(&java).unwrap().headers.len(), 5);
    }

    #[test]
    fn other_texts_are_no_sdk_errors() {
        for text in [
            "",
            "message[",
            "serial[5F1C] message[1\nn\n{}\n]",
            "message[1\nn\n{}\n] sign[a]",
            "serial[5F1C] message[1] sign[a]",
            "POST / HTTP/1.1\r\nWechatpay-Serial: 5F1C\r\n\r\n{\"message\":\"x\"}",
        ] {
            assert!(sdk_error(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_form_gives_the_same_headers() {
        let expected = [("wechatpay-nonce", "n=="), ("wechatpay-serial", "5F1C")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        for text in [
            "Wechatpay-Nonce: n==\nWechatpay-Serial: 5F1C",
            "wechatpay-nonce:n==\r\nwechatpay-serial:  5F1C \r\n\r\n",
            "POST /notify/shop?x=http://y HTTP/1.1\r\nWechatpay-Nonce: n==\r\nWechatpay-Serial: 5F1C\r\n\r\n{}",
            "\n:method: POST\nwechatpay-nonce: n==\nwechatpay-serial: 5F1C\n",
            "    Wechatpay-Nonce: n==\\r\\n\n    Wechatpay-Serial: 5F1C\\r\\n\n",
            "*   Trying 127.0.0.1:80...\n} [5 bytes data]\n> POST /n HTTP/1.1\n> Wechatpay-Nonce: n==\n> Wechatpay-Serial: 5F1C\n>\n< HTTP/1.1 401\n< Wechatpay-Nonce: other\n> Wechatpay-Nonce: second\n",
            "HTTP_WECHATPAY_NONCE=n==\nPATH=/bin\n\nHTTP_WECHATPAY_SERIAL=5F1C\n",
            "Array\n(\n    [HTTP_WECHATPAY_NONCE] => n==\n    [HTTP_WECHATPAY_SERIAL] => 5F1C\n)\n",
            "array (\n  'HTTP_WECHATPAY_NONCE' => 'n==',\n  'HTTP_WECHATPAY_SERIAL' => '5F1C',\n)",
            "Array\n(\n    [Wechatpay-Nonce] => n==\n    [Wechatpay-Serial] => 5F1C\n)\n",
            "array (\n  'Wechatpay-Nonce' => 'n==',\n  'Wechatpay-Serial' => '5F1C',\n)",
            "export HTTP_X\nHTTP_WECHATPAY_NONCE='n=='\nHTTP_WECHATPAY_SERIAL=\"5F1C\"\n",
            "map[Accept:[*/*] Wechatpay-Nonce:[n==] Wechatpay-Serial:[5F1C]]",
            "[accept:\"*/*\", wechatpay-nonce:\"n==\", wechatpay-serial:\"5F1C\"]",
            "{accept=*/*, wechatpay-nonce=n==, wechatpay-serial=5F1C}",
            "{\n  host: 'x',\n  'wechatpay-nonce': 'n==',\n  'wechatpay-serial': '5F1C'\n}",
            "[('User-Agent', 'Mozilla/4.0 (x)'), ('Wechatpay-Nonce', 'n=='), ('Wechatpay-Serial', '5F1C')]",
            "curl -X POST http://x/ -H 'Wechatpay-Nonce: n==' -H \"Wechatpay-Serial: 5F1C\"",
            "curl 'http://x/' \\\n  --header 'Wechatpay-Nonce: n==' \\\n  --header 'Wechatpay-Serial: 5F1C'",
            "http_wechatpay_nonce=n==\nhttp_wechatpay_serial=5F1C\n",
            "array(2) {\n  [\"HTTP_WECHATPAY_NONCE\"]=>\n  string(3) \"n==\"\n  [\"HTTP_WECHATPAY_SERIAL\"]=>\n  string(4) \"5F1C\"\n}\n",
            "0000: POST / HTTP/1.1\n0011: Wechatpay-Nonce: n==\n0020: Wechatpay-Serial: 5F1C\n",
            r#"{"Wechatpay-Nonce":"n==","Wechatpay-Serial":"5F1C"}"#,
            r#"{"Wechatpay-Nonce":["n=="],"Wechatpay-Serial":["5F1C"]}"#,
            r#"{"HTTP_WECHATPAY_NONCE":"n==","HTTP_WECHATPAY_SERIAL":"5F1C","SCRIPT":null}"#,
            r#"[["wechatpay-nonce","n=="],["wechatpay-serial","5F1C"]]"#,
            r#"["wechatpay-nonce","n==","wechatpay-serial","5F1C"]"#,
            r#"[{"name":"Wechatpay-Nonce","value":"n=="},{"name":"wechatpay-serial","value":"5F1C"}]"#,
            r#"{"headers":{"Wechatpay-Nonce":"n==","Wechatpay-Serial":"5F1C"},"x":1}"#,
            r#"{"request":{"method":"POST","headers":[{"name":"Wechatpay-Nonce","value":"n=="},{"name":"Wechatpay-Serial","value":"5F1C"}]}}"#,
            r#"{"log":{"entries":[{"request":{"headers":[{"name":"Wechatpay-Nonce","value":"n=="},{"name":"Wechatpay-Serial","value":"5F1C"}]}}]}}"#,
            "{'Wechatpay-Nonce': 'n==', 'Wechatpay-Serial': '5F1C'}",
        ] {
            assert_eq!(parse(text.as_bytes()).headers, expected, "{text}");
        }
    }

    #[test]
    fn values_keep_their_form() {
        for (text, expected) in [
            (r#"{"Wechatpay-Nonce":["1","2"]}"#, &[("wechatpay-nonce", "1"), ("wechatpay-nonce", "2")][..]),
            ("Wechatpay-Nonce: 1, 2\nA: b", &[("wechatpay-nonce", "1, 2")]),
            // Decoded once too often, which is for the checks to find.
            ("-H 'Wechatpay-Nonce: a b'", &[("wechatpay-nonce", "a b")]),
            ("Wechatpay-Signature: abc+\n def/==\nA: 1", &[("wechatpay-signature", "abc+\ndef/==")]),
            ("Wechatpay-Signature: abc+\ndef/==\nA: 1\n", &[("wechatpay-signature", "abc+\ndef/==")]),
            (
                "{wechatpay-signature-type=T, wechatpay-signature=S, wechatpay-nonce=}",
                &[("wechatpay-signature-type", "T"), ("wechatpay-signature", "S"), ("wechatpay-nonce", "")],
            ),
        ] {
            let headers = parse(text.as_bytes()).headers;
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(headers, expected, "{text}");
        }
        assert_eq!(headers(&"wechatpay-nonce: n\n".repeat(400_000)).len(), MAX_NAMES);
    }

    #[test]
    fn other_texts_have_no_headers() {
        for text in [
            "",
            "wechatpay-nonce",
            "the Wechatpay-Nonce is missing",
            "{\"a\":1}",
            "wechatpay-nonce\"'] 支",
            "nothing of the kind\n",
            "1",
            "[1]",
            r#"{"log":{"entries":[{},{}]}}"#,
            "{",
        ] {
            let captured = parse(text.as_bytes());
            assert!(captured.headers.is_empty() && captured.body.is_none(), "{text}");
        }
    }

    #[test]
    fn bodies_are_read_to_the_byte() {
        for (text, body) in [
            ("A: 1\r\n\r\n{\r\n\r\n}\n", "{\r\n\r\n}\n"),
            ("POST / HTTP/1.1\nContent-Length: 2\n\n{}\n", "{}"),
            ("A: 1\nContent-Length: 9\n\n{}\n", "{}\n"),
            ("A: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", "{}"),
            (r#"{"headers":{},"body":"{}"}"#, "{}"),
            (r#"{"headers":{},"body":"{\"a\":\"\\/\u652f\"}"}"#, "{\"a\":\"\\/支\"}"),
            (r#"{"headers":{},"body":{"a": "}"}}"#, "{\"a\": \"}\"}"),
            (r#"{"headers":{},"body":"e30=","isBase64Encoded":true}"#, "{}"),
            (r#"{"log":{"entries":[{"request":{"headers":[],"postData":{"text":"{}"}}}]}}"#, "{}"),
        ] {
            let found = parse(text.as_bytes()).body;
            assert_eq!(found.map(|body| String::from_utf8(body).unwrap()).as_deref(), Some(body), "{text}");
        }
        for text in ["A: 1\r\n\r\n", "A: 1"] {
            assert!(parse(text.as_bytes()).body.is_none(), "{text}");
        }
    }
}
