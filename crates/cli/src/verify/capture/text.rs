use super::{Captured, Headers, name};

/// Raw HTTP with or without its first line and body, what `curl -v` prints, or CGI variables.
pub(super) fn parse(bytes: &[u8]) -> Captured {
    let lines = || lines(bytes).map(|(line, _)| line);
    if lines().any(|line| line.starts_with("> ")) {
        let sent = lines().skip_while(|line| !line.starts_with("> "));
        let sent = sent.filter_map(|line| line.strip_prefix('>').map(str::to_owned));
        let head: Vec<_> = sent.take_while(|line| !line.trim().is_empty()).collect();
        let path = head.first().and_then(|line| target(line));
        return Captured { headers: headers(head.into_iter()), body: None, path };
    }
    if lines().any(|line| variable(&line).is_some()) {
        let headers = lines().filter_map(|line| variable(&line)).collect();
        return Captured { headers, ..Captured::default() };
    }
    let mut head = Vec::new();
    let mut end = 0;
    for (line, behind) in self::lines(bytes) {
        end = behind;
        match line.trim() {
            "" if head.is_empty() => {}
            "" => break,
            _ => head.push(line),
        }
    }
    let rest = bytes.get(end..).unwrap_or_default();
    let path = head.first().and_then(|line| target(line));
    let headers = headers(head.into_iter());
    let body = (!rest.is_empty()).then(|| framed(&headers, rest));
    Captured { headers, body, path }
}

/// Returns the target of a request line.
fn target(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let is_line = method.bytes().all(|byte| byte.is_ascii_uppercase())
        && words.next().is_some_and(|version| version.starts_with("HTTP/"));
    is_line.then(|| target.to_owned())
}

/// Each line as text without its end, and the place behind it.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (String, usize)> {
    let mut at = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').map(move |line| {
        at += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (String::from_utf8_lossy(line).into_owned(), at)
    })
}

fn headers(lines: impl Iterator<Item = String>) -> Headers {
    let mut headers: Headers = Vec::new();
    for line in lines {
        match (header(&line), headers.last_mut()) {
            (Some(header), _) => headers.push(header),
            // A value that something has wrapped: no header can be, so that is for the checks to say.
            (None, Some((_, value))) if is_more(&line) => {
                value.push('\n');
                value.push_str(line.trim());
            }
            _ => {}
        }
    }
    headers
}

/// `Name: value`. A first line has blanks before its colon, and the names that HTTP/2 has made up begin with one.
fn header(line: &str) -> Option<(String, String)> {
    let (written, value) = line.split_once(':')?;
    let written = written.trim();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // What Wireshark shows ends visibly.
    let value = value.trim().trim_end_matches("\\n").trim_end_matches("\\r");
    (!written.is_empty() && written.bytes().all(is_name)).then(|| (name(written), value.to_owned()))
}

/// `HTTP_NAME=value`; and what PHP prints, where other names may stand, too: `[Name] => value`, `'Name' => 'value',`.
fn variable(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let printed = line.split_once("=>");
    let (written, value) = printed.or_else(|| line.split_once('='))?;
    let written = written.trim();
    let bare = written.trim_matches(['[', ']', '\'', '"']);
    let is_variable = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_printed = printed.is_some() && written.len() > bare.len() && bare.bytes().all(is_name);
    let is_cgi = bare.starts_with("HTTP_") && bare.bytes().all(is_variable);
    if !is_printed && !is_cgi {
        return None;
    }
    let value = value.trim();
    if printed.is_some() && value.is_empty() && written.starts_with("[\"") {
        // `var_dump`, which has the value in the next line.
        return None;
    }
    let value = if written.starts_with(['\'', '"']) { value.trim_end_matches(',') } else { value };
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    Some((name(bare), quoted('\'').or_else(|| quoted('"')).unwrap_or(value).to_owned()))
}

fn is_more(line: &str) -> bool {
    let is_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let line = line.trim();
    !line.is_empty() && line.bytes().all(is_base64)
}

/// The body as a server gets it: what the head says of its length is HTTP's, not the body's.
fn framed(headers: &[(String, String)], rest: &[u8]) -> Vec<u8> {
    let value =
        |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    if value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        && let Some(body) = super::super::wrapped::unchunked(rest)
    {
        return body;
    }
    let length = value("content-length").and_then(|value| value.parse::<usize>().ok());
    length.and_then(|length| rest.get(..length)).unwrap_or(rest).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Headers {
        parse(text.as_bytes()).headers
    }

    #[test]
    fn every_form_gives_the_same() {
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
        ] {
            assert_eq!(pairs(text), expected, "{text}");
        }
        assert!(pairs("").is_empty() && pairs("nothing of the kind\n").is_empty());
    }

    #[test]
    fn a_wrapped_value_is_seen_as_such() {
        let expected =
            [("wechatpay-signature".to_owned(), "abc+\ndef/==".to_owned()), ("a".to_owned(), "1".to_owned())];
        for text in ["Wechatpay-Signature: abc+\n def/==\nA: 1", "Wechatpay-Signature: abc+\ndef/==\nA: 1\n"]
        {
            assert_eq!(pairs(text), expected);
        }
    }

    #[test]
    fn a_whole_request_has_its_body_to_the_byte() {
        let body = |text: &str| parse(text.as_bytes()).body;
        assert_eq!(body("A: 1\r\n\r\n{\r\n\r\n}\n").unwrap(), b"{\r\n\r\n}\n");
        assert_eq!(body("POST / HTTP/1.1\nContent-Length: 2\n\n{}\n").unwrap(), b"{}");
        assert_eq!(body("A: 1\nContent-Length: 9\n\n{}\n").unwrap(), b"{}\n");
        let chunked = "A: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
        assert_eq!(body(chunked).unwrap(), b"{}");
        assert!(body("A: 1\r\n\r\n").is_none() && body("A: 1").is_none());
    }
}
