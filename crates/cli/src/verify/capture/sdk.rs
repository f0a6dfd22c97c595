//! The error texts of SDKs that say what they verified.
//!
//! wechatpay-java: `...signature verification failed,signType[T]\tserial[S]\tmessage[M]\tsign[G]`;
//! wechatpay-apache-httpclient: `...serial=[S] message=[M] sign=[G], request-id=[R]`. M is what was signed: time, nonce and
//! body, each with a line end.

use super::super::printed;
use super::{Captured, Headers};

/// Reads such a text, whatever stands around it.
pub(super) fn parse(text: &str) -> Option<Captured> {
    let unescaped;
    let begin = |text: &str| first(text, &["message[", "message=["]);
    let mut text = text;
    let (_, behind) = begin(text)?;
    if !text.get(behind..)?.contains('\n') || text.contains("\\\"id\\\"") {
        // In a JSON log.
        unescaped = String::from_utf8(printed::unescaped(text)).ok()?;
        text = &unescaped;
    }
    let (at, behind) = begin(text)?;
    let before = text.get(..at)?;
    let (_, serial) = last(before, &["serial[", "serial=[", "Serial[", "Serial=["])?;
    let serial = before.get(serial..)?.split(']').next()?;
    let rest = text.get(behind..)?;
    let (end, signature) = last(rest, &["sign[", "sign=[", "signature[", "signature=[", "Signature=["])?;
    let signature = rest.get(signature..)?.split(']').next()?;
    let message = rest.get(..rest.get(..end)?.rfind(']')?)?;
    let (timestamp, rest) = message.split_once('\n')?;
    let (nonce, body) = rest.split_once('\n')?;
    let body = body.strip_suffix('\n').unwrap_or(body);
    let header = |name: &str, value: &str| (name.to_owned(), value.trim().to_owned());
    let mut headers: Headers = vec![
        header("wechatpay-serial", serial),
        header("wechatpay-timestamp", timestamp),
        header("wechatpay-nonce", nonce),
        header("wechatpay-signature", signature),
    ];
    if let Some((_, rest)) =
        before.rsplit_once("signType[").filter(|(_, rest)| rest.starts_with("WECHATPAY2-"))
    {
        headers.push(header("wechatpay-signature-type", rest.split(']').next()?));
    }
    Some(Captured { headers, body: Some(body.as_bytes().to_vec()), path: None })
}

/// Returns whether it is an SDK's error text that doesn't say enough.
pub(super) fn is_incomplete(text: &str) -> bool {
    text.contains("validate verify fail serial=") || text.contains("signature verif")
}

/// Returns where the first of these names that is there begins and ends.
fn first(text: &str, names: &[&str]) -> Option<(usize, usize)> {
    names.iter().find_map(|name| text.find(name).map(|at| (at, at + name.len())))
}

/// Returns where the last of these names begins and ends.
fn last(text: &str, names: &[&str]) -> Option<(usize, usize)> {
    names.iter().filter_map(|name| text.rfind(name).map(|at| (at, at + name.len()))).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "{\"id\":\"EV-1\",\"summary\":\"支付 sign[x]\"}";

    #[test]
    fn both_texts_are_read() {
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
            let captured = parse(&text).unwrap();
            let value = |name: &str| {
                captured.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
            };
            assert_eq!(value("wechatpay-serial"), Some("5F1C"), "{text}");
            assert_eq!(value("wechatpay-timestamp"), Some("1700000000"));
            assert_eq!(value("wechatpay-nonce"), Some("n0nce"));
            assert_eq!(value("wechatpay-signature"), Some("a+/="));
            assert_eq!(String::from_utf8(captured.body.unwrap()).unwrap(), BODY);
        }
        assert_eq!(parse(&java).unwrap().headers.len(), 5);
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            "message[",
            "serial[5F1C] message[1\nn\n{}\n]",
            "message[1\nn\n{}\n] sign[a]",
            "serial[5F1C] message[1] sign[a]",
            "POST / HTTP/1.1\r\nWechatpay-Serial: 5F1C\r\n\r\n{\"message\":\"x\"}",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(is_incomplete(
            "not valid wechatpay notify request: validate verify fail serial=[5F1C] request-id=[] err=x"
        ));
        assert!(!is_incomplete("Wechatpay-Serial: 5F1C"));
    }
}
