//! Flat XML in the platform's style: CDATA except for a few numbers.

use crate::Error;

/// Written without CDATA where it is a number.
const PLAIN: &str = "total_fee";

/// One `<xml>` element: a notification's body, or the content of `event_ciphertext`.
pub(crate) fn document(fields: &[(String, String)]) -> Result<String, Error> {
    write("xml", fields)
}

/// One `<root>` element: the content of a refund's `req_info`.
pub(crate) fn refund(fields: &[(String, String)]) -> Result<String, Error> {
    write("root", fields)
}

fn write(root: &str, fields: &[(String, String)]) -> Result<String, Error> {
    let mut out = format!("<{root}>\n");
    for (name, value) in fields {
        if !is_name(name) || !value.chars().all(is_char) {
            return Err(Error::Field);
        }
        let bare = root == "xml" && name == PLAIN && value.bytes().all(|byte| byte.is_ascii_digit());
        let value = if bare { value.clone() } else { cdata(value) };
        out.push_str(&format!("<{name}>{value}</{name}>\n"));
    }
    out.push_str(&format!("</{root}>"));
    Ok(out)
}

/// A carriage return stands outside, as a reference: readers turn a bare one into a line feed.
fn cdata(value: &str) -> String {
    let value = value.replace("]]>", "]]]]><![CDATA[>").replace('\r', "]]>&#13;<![CDATA[");
    format!("<![CDATA[{value}]]>")
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// XML 1.0, production 2.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wxhook_wire::v2::Fields;

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn numbers_are_plain_and_text_is_cdata() {
        let pairs = fields(&[("total_fee", "1"), ("coupon_fee", "10"), ("empty", "")]);
        let expected = "<xml>\n<total_fee>1</total_fee>\n<coupon_fee><![CDATA[10]]></coupon_fee>\n\
             <empty><![CDATA[]]></empty>\n</xml>";
        assert_eq!(document(&pairs).unwrap(), expected);
        let expected = "<root>\n<total_fee><![CDATA[6]]></total_fee>\n</root>";
        assert_eq!(refund(&fields(&[("total_fee", "6")])).unwrap(), expected);
        assert!(document(&fields(&[("total_fee", "1<2")])).unwrap().contains("<![CDATA[1<2]]>"));
    }

    #[test]
    fn every_value_comes_back_as_it_was() {
        let values = [
            "]]>",
            "a]]>b]]>",
            "]]",
            ">",
            "]]]>",
            "<b>&amp;</b>",
            " a\r\nb\tc\r",
            "<![CDATA[x]]>",
            "支付测试",
            "",
        ];
        for value in values {
            let text = document(&fields(&[("attach", value)])).unwrap();
            assert_eq!(Fields::parse(text.as_bytes()).unwrap().get("attach"), Some(value), "{value:?}");
        }
        assert!(document(&fields(&[("a", "x]]>y")])).unwrap().contains("<![CDATA[x]]]]><![CDATA[>y]]>"));
    }

    #[test]
    fn what_xml_cannot_hold_is_refused() {
        for (name, value) in
            [("", "1"), ("1a", "1"), ("a b", "1"), ("a>", "1"), ("a", "\u{0}"), ("a", "\u{1b}")]
        {
            assert!(matches!(document(&fields(&[(name, value)])), Err(Error::Field)), "{name:?} {value:?}");
        }
    }
}
