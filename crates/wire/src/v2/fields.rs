use super::names::FieldNames;
use super::xml::scan;
use crate::Error;
use std::fmt;

/// The fields of a v2 notification, every one of them, in the order they came, values untouched.
///
/// It has no meaning until its `sign` was verified. `Debug` shows how many there are, not what they hold.
///
/// ```
/// use wxhook_wire::v2::Fields;
/// let fields = Fields::parse(b"<xml><total_fee>1</total_fee><attach><![CDATA[ a&b ]]></attach></xml>").unwrap();
/// assert_eq!(fields.get("attach"), Some(" a&b "));
/// assert!(Fields::parse(b"<!DOCTYPE xml><xml/>").is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a notification's body: one `<xml>` element with flat children.
    ///
    /// # Errors
    /// [`Error::Xml`] for a DTD, an entity beyond the five predefined ones and character references, nesting, a field
    /// that appears twice, another encoding than UTF-8, more than [`super::MOST_BYTES`] or [`super::MOST_FIELDS`], and
    /// what isn't well-formed.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        scan(body, &["xml"]).map(Self)
    }

    /// Reads opened content (`req_info`, `event_ciphertext`), whose root is `<root>` or `<xml>`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_opened(plaintext: &[u8]) -> Result<Self, Error> {
        scan(plaintext, &["root", "xml"]).map(Self)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every field in its order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a value holds what looks like another field, `&name=`, of those `names`.
    ///
    /// The signed text joins fields with `&` and `=` and escapes neither, so a replayed notification can hide a field in
    /// its left neighbour's value without breaking the `sign`, and gets another key by that.
    pub fn hides_a_field(&self, names: &FieldNames) -> bool {
        let mut pairs = self
            .iter()
            .flat_map(|(_, value)| value.split('&').skip(1))
            .filter_map(|pair| pair.split_once('='));
        pairs.any(|(name, _)| names.contains(name))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a JSON object of strings, in their order.
    ///
    /// `opened` may replace fields: (the field, the name that it gets, its content as JSON).
    pub fn to_json(&self, opened: &[(&str, &str, &str)]) -> String {
        let mut out = String::from("{");
        for (name, value) in self.iter() {
            if out.len() > 1 {
                out.push(',');
            }
            match opened.iter().find(|(field, ..)| *field == name) {
                Some((_, name, json)) => {
                    push_string(name, &mut out);
                    out.push(':');
                    out.push_str(json);
                }
                None => {
                    push_string(name, &mut out);
                    out.push(':');
                    push_string(value, &mut out);
                }
            }
        }
        out.push('}');
        out
    }
}

fn push_string(text: &str, out: &mut String) {
    match serde_json::to_string(text) {
        Ok(json) => out.push_str(&json),
        // Writing a string to memory can't fail; if it could, an empty one keeps the text JSON.
        Err(_) => out.push_str("\"\""),
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a str, &'a str);
    type IntoIter = std::iter::Map<
        std::slice::Iter<'a, (String, String)>,
        fn(&'a (String, String)) -> (&'a str, &'a str),
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::{MOST_BYTES, MOST_FIELDS, Shape};
    use crate::{EventMeta, Table, When};
    use proptest::prelude::*;

    const SCRAPS: [&str; 24] = [
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<c/>",
        "<xml>",
        "</xml>",
        "<![CDATA[",
        "]]>",
        "&lt;",
        "&#65;",
        "&#x110000;",
        "&",
        ";",
        "<!--",
        "-->",
        "<?xml version=\"1.0\"?>",
        "<!DOCTYPE x>",
        " ",
        "text",
        "中",
        "<",
        ">",
        "\"",
    ];

    const GOOD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml>\n<a><![CDATA[1]]></a>\n<b>&lt;&#20013;&#x6587;&amp; </b><c/></xml>\n";

    #[test]
    fn values_are_kept_to_the_letter() {
        let fields = Fields::parse(GOOD.as_bytes()).unwrap();
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("a", "1"), ("b", "<中文& "), ("c", "")]);
        let mixed = Fields::parse(b"<xml><a> x<![CDATA[ <y> ]]>z\r\n</a></xml>").unwrap();
        assert_eq!(mixed.get("a"), Some(" x <y> z\r\n"));
    }

    #[test]
    fn one_thing_wrong_is_refused() {
        let wrong = [
            GOOD.replace("\n<xml>", "\n<!DOCTYPE xml [<!ENTITY e \"x\">]>\n<xml>"),
            GOOD.replace("&amp;", "&e;"),
            GOOD.replace("&#20013;", "&#0;"),
            GOOD.replace("&#20013;", "&#1;"),
            GOOD.replace("&#20013;", "\u{1}"),
            GOOD.replace("<c/>", "<a>2</a>"),
            GOOD.replace("<c/>", "<c><d>1</d></c>"),
            GOOD.replace("<c/>", "text"),
            GOOD.replace("<c/>", "<![CDATA[text]]>"),
            GOOD.replace("<c/>", "<c><!-- x --></c>"),
            GOOD.replace("<c/>", "<?php ?>"),
            GOOD.replace("<c/>", "<c>1<?xml version=\"1.0\"?>2</c>"),
            GOOD.replace("<c/>", "<1c/>"),
            GOOD.replace("<c/>", "<c&d/>"),
            GOOD.replace("</xml>", ""),
            GOOD.replace("</xml>", "</xmls>"),
            GOOD.replace("</xml>", "</xml><xml/>"),
            GOOD.replace("</xml>", "</xml>x"),
            GOOD.replace("xml>", "html>"),
            GOOD.replace("UTF-8", "GBK"),
            GOOD.replace("<a>", "<a").replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""),
            String::new(),
            "<".to_owned(),
        ];
        for text in wrong {
            assert!(Fields::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Fields::parse(b"<xml><a>\xff</a></xml>").is_err());
    }

    #[test]
    fn every_cut_is_refused() {
        let whole = GOOD.trim_end();
        for end in 0..whole.len() {
            assert!(Fields::parse(&whole.as_bytes()[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn limits_are_inclusive() {
        let with = |count: usize| (0..count).map(|n| format!("<f{n}>1</f{n}>")).collect::<String>();
        assert!(Fields::parse(format!("<xml>{}</xml>", with(MOST_FIELDS)).as_bytes()).is_ok());
        assert!(Fields::parse(format!("<xml>{}</xml>", with(MOST_FIELDS + 1)).as_bytes()).is_err());
        let long = |bytes: usize| format!("<xml><a>{}</a></xml>", "x".repeat(bytes - 18));
        assert!(Fields::parse(long(MOST_BYTES).as_bytes()).is_ok());
        assert!(Fields::parse(long(MOST_BYTES + 1).as_bytes()).is_err());
    }

    #[test]
    fn the_shape_is_told_by_the_fields() {
        let shape =
            |inner: &str| Shape::of(&Fields::parse(format!("<xml>{inner}</xml>").as_bytes()).unwrap());
        assert_eq!(shape("<req_info>x</req_info>"), Shape::Refund);
        assert_eq!(
            shape("<event_type>CHECK.FAIL</event_type><event_ciphertext>x</event_ciphertext>"),
            Shape::DepositFree
        );
        assert_eq!(shape("<transaction_id>1</transaction_id>"), Shape::Plain);
    }

    #[test]
    fn a_field_in_a_value_is_seen() {
        let paid = EventMeta::v2("v2/paid", "支付", When::EnvelopePresent("total_fee")).key(&[&[
            "result_code",
            "coupon_id?",
            "coupon_fee?",
        ]]);
        let names = FieldNames::of(&Table::new([paid]).unwrap());
        let hides = |value: &str| {
            let xml = format!("<xml><attach><![CDATA[{value}]]></attach></xml>");
            Fields::parse(xml.as_bytes()).unwrap().hides_a_field(&names)
        };
        for value in ["x&result_code=SUCCESS", "&total_fee=", "a&b=1&coupon_id_0=9", "x&coupon_fee_12=1"] {
            assert!(hides(value), "{value}");
        }
        for value in
            ["", "a&b=c", "result_code=SUCCESS", "x&result_code", "x&result_codes=1", "https://a/?x=1&y=2"]
        {
            assert!(!hides(value), "{value}");
        }
    }

    #[test]
    fn json_has_every_field_and_what_was_opened() {
        let fields = Fields::parse(b"<xml><a>\"1\"</a><req_info>zzz</req_info><b>2</b></xml>").unwrap();
        assert_eq!(
            fields.to_json(&[("req_info", "req_info", r#"{"refund_id":"5"}"#)]),
            r#"{"a":"\"1\"","req_info":{"refund_id":"5"},"b":"2"}"#
        );
    }

    proptest! {
        /// Whatever a value holds comes back as it went in, as CDATA and as escaped text.
        #[test]
        fn values_survive(value in "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{0,40}") {
            let cdata = format!("<xml><a><![CDATA[{}]]></a></xml>", value.replace("]]>", "]]]]><![CDATA[>"));
            let cdata = Fields::parse(cdata.as_bytes()).unwrap();
            prop_assert_eq!(cdata.get("a"), Some(value.as_str()));
            let escaped = format!("<xml><a>{}</a></xml>", quick_xml::escape::escape(&value));
            let escaped = Fields::parse(escaped.as_bytes()).unwrap();
            prop_assert_eq!(escaped.get("a"), Some(value.as_str()));
        }

        /// No scrap of XML makes it panic, and what it takes has each field once.
        #[test]
        fn no_panic(scraps in prop::collection::vec(prop::sample::select(SCRAPS.to_vec()), 0..20)) {
            let _ = Fields::parse(scraps.concat().as_bytes());
            if let Ok(fields) = Fields::parse(format!("<xml>{}</xml>", scraps.concat()).as_bytes()) {
                let names: std::collections::HashSet<_> = fields.iter().map(|(name, _)| name).collect();
                prop_assert_eq!(names.len(), fields.len());
            }
        }
    }
}
