use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use wxhook_wire::json::{Doc, Kind};

use super::{Captured, Headers, name};

/// Headers as an object of texts or lists, as a list of pairs or objects, or within a logged request (also HAR).
pub(super) fn parse(text: &str) -> Option<Captured> {
    let value = serde_json::from_str(text).or_else(|_| {
        // Python prints dictionaries like this; neither names nor values of headers have quotes in them.
        serde_json::from_str(&text.replace('\'', "\""))
    });
    let value = value.ok()?;
    let mut captured = captured(&value)?;
    if let Some(body) = parsed_body(text) {
        captured.body = Some(body);
    }
    Some(captured)
}

/// Returns a body that isn't a text: a Buffer, or what a framework has parsed already, as it stands there.
fn parsed_body(text: &str) -> Option<Vec<u8>> {
    let doc = Doc::parse(text).ok()?;
    doc.root().get("headers")?;
    let body = doc.root().get("body").filter(|body| body.kind() == Kind::Object)?;
    Some(body.raw().as_bytes().to_vec())
}

/// Returns the target of a logged request.
fn path(request: &Map<String, Value>) -> Option<String> {
    let context = || request.get("requestContext")?.get("path");
    let names = ["path", "rawPath", "url"].into_iter().find_map(|name| request.get(name));
    names.or_else(context)?.as_str().map(str::to_owned)
}

fn captured(value: &Value) -> Option<Captured> {
    match value {
        Value::Object(object) => {
            if let Some(inner) = object.get("headers").filter(|inner| inner.is_object() || inner.is_array()) {
                return Some(Captured { headers: headers(inner)?, body: body(object), path: path(object) });
            }
            let entries = || object.get("log")?.get("entries")?.as_array();
            match (object.get("request").filter(|request| request.is_object()), entries().map(Vec::as_slice))
            {
                (Some(request), _) => captured(request),
                (None, Some([entry])) => captured(entry),
                (None, Some(_)) => None,
                (None, None) if let Some(text) = logged(object) => Some(super::parse(text.as_bytes())),
                (None, None) => Some(Captured { headers: headers(value)?, ..Captured::default() }),
            }
        }
        _ => Some(Captured { headers: headers(value)?, ..Captured::default() }),
    }
}

/// Returns the text of a line in a JSON log, as Docker, journald and most logging libraries write them.
fn logged(line: &Map<String, Value>) -> Option<&str> {
    let text = ["log", "MESSAGE", "message", "msg"].into_iter().find_map(|name| line.get(name)?.as_str())?;
    // Only headers may stand in it; what it holds is no such line again.
    let is_capture = text.to_ascii_lowercase().contains("wechatpay") && !text.trim_start().starts_with('{');
    is_capture.then_some(text)
}

fn headers(value: &Value) -> Option<Headers> {
    let mut headers = Vec::new();
    match value {
        Value::Object(object) => {
            for (written, value) in object {
                push(&mut headers, written, value);
            }
        }
        // Node's rawHeaders: names and values in turn.
        Value::Array(items) if items.iter().all(Value::is_string) && items.len() % 2 == 0 => {
            let mut texts = items.iter().filter_map(Value::as_str);
            while let (Some(written), Some(value)) = (texts.next(), texts.next()) {
                headers.push((name(written), value.trim().to_owned()));
            }
        }
        Value::Array(items) => {
            for item in items {
                let (written, value) = match item {
                    Value::Array(pair) => (pair.first()?.as_str()?, pair.get(1)?),
                    Value::Object(pair) => {
                        (pair.get("name").or_else(|| pair.get("key"))?.as_str()?, pair.get("value")?)
                    }
                    _ => return None,
                };
                push(&mut headers, written, value);
            }
        }
        _ => return None,
    }
    Some(headers)
}

/// A list is a header that stood there several times. What isn't text is no header.
fn push(headers: &mut Headers, written: &str, value: &Value) {
    match value {
        Value::String(text) => headers.push((name(written), text.trim().to_owned())),
        Value::Number(number) => headers.push((name(written), number.to_string())),
        Value::Array(values) => values.iter().for_each(|value| push(headers, written, value)),
        _ => {}
    }
}

/// As API gateways log it, or HAR.
fn body(request: &Map<String, Value>) -> Option<Vec<u8>> {
    let har = || request.get("postData")?.get("text");
    let text = request.get("body").or_else(har)?.as_str()?;
    match request.get("isBase64Encoded") {
        Some(Value::Bool(true)) => BASE64_STANDARD.decode(text).ok(),
        _ => Some(text.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_same() {
        let expected = [("wechatpay-nonce", "n=="), ("wechatpay-serial", "5F1C")];
        for text in [
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
            let headers = parse(text).unwrap().headers;
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(headers, expected, "{text}");
        }
        let doubled = parse(r#"{"A":["1","2"]}"#).unwrap().headers;
        assert_eq!(doubled, [("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())]);
        for text in ["1", "[1]", r#"{"log":{"entries":[{},{}]}}"#, "{"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_logged_request_has_its_body() {
        for text in [
            r#"{"headers":{},"body":"{}"}"#,
            r#"{"headers":{},"body":"e30=","isBase64Encoded":true}"#,
            r#"{"log":{"entries":[{"request":{"headers":[],"postData":{"text":"{}"}}}]}}"#,
        ] {
            assert_eq!(parse(text).unwrap().body.unwrap(), b"{}", "{text}");
        }
    }
}
