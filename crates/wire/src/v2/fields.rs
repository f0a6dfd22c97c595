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
    /// that appears twice, another encoding than UTF-8, more than [`super::MAX_BYTES`] or [`super::MAX_FIELDS`], and
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

    /// Returns whether a field of those `names` may be hidden in the value of another one, as `&name=`.
    ///
    /// The signed text joins fields with `&` and `=` and escapes neither, so a field can be folded into the value of the one
    /// before it without breaking the `sign`. The text is sorted by name and no name appears twice: what is hidden sorts
    /// after the field that holds it and before the next one with a value. Anything else, such as a query string in
    /// `attach`, is a value like any other.
    pub fn hides_a_field(&self, names: &FieldNames) -> bool {
        let signed = || self.iter().filter(|(name, value)| *name != "sign" && !value.is_empty());
        signed().filter(|(_, value)| value.contains('&')).any(|(holder, value)| {
            let next = signed().map(|(name, _)| name).filter(|name| *name > holder).min();
            let mut hidden = value.split('&').skip(1).filter_map(|pair| pair.split_once('='));
            hidden.any(|(name, _)| {
                name > holder && next.is_none_or(|next| name < next) && name != "sign" && names.contains(name)
            })
        })
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no fields.
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
    use crate::v2::{MAX_BYTES, MAX_FIELDS, Shape};
    use crate::{EventMeta, FieldKind, FieldMeta, Table, When};
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
            GOOD.replace("&amp;", "&"),
            GOOD.replace("&amp;", "&amp"),
            GOOD.replace("&#20013;", "&#0;"),
            GOOD.replace("&#20013;", "&#1;"),
            GOOD.replace("&#20013;", "&#xFFFE;"),
            GOOD.replace("&#20013;", "&#xD800;"),
            GOOD.replace("&#20013;", "&#X4E2D;"),
            GOOD.replace("&#20013;", "&#+65;"),
            GOOD.replace("&#20013;", "&#;"),
            GOOD.replace("&#20013;", "&#x;"),
            GOOD.replace("&#20013;", "\u{1}"),
            GOOD.replace("&#20013;", "\u{fffe}"),
            GOOD.replace("&#20013;", "\u{ffff}"),
            GOOD.replace("&#20013;", "]]>"),
            GOOD.replace("<![CDATA[1]]>", "<![cdata[1]]>"),
            GOOD.replace("<c/>", "<a>2</a>"),
            GOOD.replace("<c/>", "<c><d>1</d></c>"),
            GOOD.replace("<c/>", "text"),
            GOOD.replace("<c/>", "&#65;"),
            GOOD.replace("<c/>", "]]>"),
            GOOD.replace("<c/>", "<![CDATA[text]]>"),
            GOOD.replace("<c/>", "<!-- x -- y --><c/>"),
            GOOD.replace("<c/>", "<!-- x ---><c/>"),
            GOOD.replace("<c/>", "<c>1<?xml version=\"1.0\"?>2</c>"),
            GOOD.replace("<c/>", "<?XML x?><c/>"),
            GOOD.replace("<c/>", "<??><c/>"),
            GOOD.replace("<c/>", "<?1 x?><c/>"),
            GOOD.replace("<c/>", "<1c/>"),
            GOOD.replace("<c/>", "<c&d/>"),
            GOOD.replace("<c/>", "< c/>"),
            GOOD.replace("<c/>", "<c></ c>"),
            GOOD.replace("<c/>", "<c / >"),
            GOOD.replace("<c/>", "<c x/>"),
            GOOD.replace("<c/>", "<c x=/>"),
            GOOD.replace("<c/>", "<c x=1/>"),
            GOOD.replace("<c/>", "<c x='1/>"),
            GOOD.replace("<c/>", "<c x='1' x='2'/>"),
            GOOD.replace("<c/>", "<c x='1'y='2'/>"),
            GOOD.replace("<c/>", "<c 1x='1'/>"),
            GOOD.replace("<c/>", "<c x='<'/>"),
            GOOD.replace("<c/>", "<c x='&e;'/>"),
            GOOD.replace("<c/>", "<c x='&'/>"),
            GOOD.replace("<c/>", "<c></c x='1'>"),
            GOOD.replace("<xml>", "<xml a>"),
            GOOD.replace("</xml>", ""),
            GOOD.replace("</xml>", "</xmls>"),
            GOOD.replace("</xml>", "</xml><xml/>"),
            GOOD.replace("</xml>", "</xml>x"),
            GOOD.replace("</xml>", "</xml>&#32;"),
            GOOD.replace("</xml>", "</xml><![CDATA[ ]]>"),
            GOOD.replace("</xml>", "</xml><!-- x -- y -->"),
            GOOD.replace("xml>", "html>"),
            GOOD.replace("UTF-8", "GBK"),
            GOOD.replace("1.0", "2.0"),
            GOOD.replace("1.0", "1."),
            GOOD.replace(" encoding", "encoding"),
            GOOD.replace("version=\"1.0\" ", ""),
            GOOD.replace("version=\"1.0\" encoding=\"UTF-8\"", "encoding=\"UTF-8\" version=\"1.0\""),
            GOOD.replace("\"UTF-8\"", "\"UTF-8\" standalone=\"maybe\""),
            GOOD.replace("\"UTF-8\"", "\"UTF-8\" x=\"y\""),
            GOOD.replace("\"UTF-8\"", "UTF-8"),
            GOOD.replace("?>\n", "?>\n<?xml version=\"1.0\"?>\n"),
            format!(" {GOOD}"),
            format!("<!-- x -->{GOOD}"),
            GOOD.replace("<a>", "<a").replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", ""),
            String::new(),
            "<".to_owned(),
            "<xml a='b'".to_owned(),
        ];
        for text in wrong {
            assert_ne!(text, GOOD);
            assert!(Fields::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Fields::parse(b"<xml><a>\xff</a></xml>").is_err());
    }

    /// Well-formed, flat XML is read, whatever stands beside the fields.
    #[test]
    fn well_formed_xml_is_read_alike() {
        let fields = Fields::parse(GOOD.as_bytes()).unwrap();
        for text in [
            format!("\u{feff}{GOOD}"),
            GOOD.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", " <!-- x -->"),
            GOOD.replace("\"1.0\" encoding=\"UTF-8\"", "'1.1' encoding='utf-8' standalone = 'yes' "),
            GOOD.replace(" encoding=\"UTF-8\"", ""),
            GOOD.replace("<c/>", "<c></c>"),
            GOOD.replace("<c/>", "<c\n></c\t>"),
            GOOD.replace("<c/>", "<c x='1' y = \"a&gt;&#65;'b>/\" ></c>"),
            GOOD.replace("<xml>", "<xml xmlns='x'>"),
            GOOD.replace("<c/>", "<c><!-- - x --></c>"),
            GOOD.replace("<c/>", "<c><?php echo 1 ?></c>"),
            GOOD.replace("<c/>", "<?php?><c/><!----><![CDATA[ \n]]>&#10;"),
            GOOD.replace("&amp;", "<![CDATA[&]]><!-- x --><![CDATA[]]>"),
            GOOD.replace("&amp;", "&#0038;"),
            GOOD.replace("</xml>", "</xml ><!-- x --><?x?>\n"),
        ] {
            assert_ne!(text, GOOD);
            assert_eq!(Fields::parse(text.as_bytes()).unwrap(), fields, "{text}");
        }
        let named = Fields::parse("<xml><金额>1</金额><a:b-c.d·1>2</a:b-c.d·1></xml>".as_bytes()).unwrap();
        assert_eq!(named.iter().collect::<Vec<_>>(), [("金额", "1"), ("a:b-c.d·1", "2")]);
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
        assert!(Fields::parse(format!("<xml>{}</xml>", with(MAX_FIELDS)).as_bytes()).is_ok());
        assert!(Fields::parse(format!("<xml>{}</xml>", with(MAX_FIELDS + 1)).as_bytes()).is_err());
        let long = |bytes: usize| format!("<xml><a>{}</a></xml>", "x".repeat(bytes - 18));
        assert!(Fields::parse(long(MAX_BYTES).as_bytes()).is_ok());
        assert!(Fields::parse(long(MAX_BYTES + 1).as_bytes()).is_err());
    }

    #[test]
    fn the_shape_is_told_by_the_fields() {
        let shape =
            |inner: &str| Shape::detect(&Fields::parse(format!("<xml>{inner}</xml>").as_bytes()).unwrap());
        assert_eq!(shape("<req_info>x</req_info>"), Shape::Refund);
        assert_eq!(
            shape("<event_type>CHECK.FAIL</event_type><event_ciphertext>x</event_ciphertext>"),
            Shape::DepositFree
        );
        assert_eq!(shape("<transaction_id>1</transaction_id>"), Shape::Plain);
        // Nobody signs an empty field, so that it makes nothing of something else.
        assert_eq!(shape("<sign>S</sign><req_info></req_info>"), Shape::Plain);
        assert_eq!(shape("<sign>S</sign><event_ciphertext></event_ciphertext>"), Shape::Plain);
        assert_eq!(shape("<req_info></req_info>"), Shape::Refund);
        assert_eq!(shape("<req_info>x</req_info><sign>S</sign>"), Shape::Refund);
    }

    fn names() -> FieldNames {
        const COUPON: &[FieldMeta] =
            &[FieldMeta::new("coupon_id", FieldKind::String), FieldMeta::new("coupon_fee", FieldKind::Fen)];
        const FIELDS: &[FieldMeta] = &[
            FieldMeta::new("bank_type", FieldKind::String),
            FieldMeta::new("attach", FieldKind::String),
            FieldMeta::new("coupons", FieldKind::Numbered(COUPON)),
            FieldMeta::new("openid", FieldKind::String),
            FieldMeta::new("out_trade_no", FieldKind::String),
            FieldMeta::new("result_code", FieldKind::String),
            FieldMeta::new("sign", FieldKind::String),
        ];
        let paid = EventMeta {
            fields: FIELDS,
            ..EventMeta::v2("v2/paid", "支付", When::EnvelopePresent("total_fee"))
        };
        FieldNames::from_catalog(&Table::new([paid]).unwrap())
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_field_is_hidden_only_where_one_could_be() {
        let names = names();
        let hides = |pairs: &[(&str, &str)]| {
            let mut reversed = pairs.to_vec();
            reversed.reverse();
            let hides = fields(pairs).hides_a_field(&names);
            assert_eq!(fields(&reversed).hides_a_field(&names), hides, "whatever their order");
            hides
        };
        for pairs in [
            &[("attach", "x&bank_type=CFT"), ("openid", "o")][..],
            &[("attach", "x&y=1&bank_type=CFT"), ("openid", "o")],
            &[("attach", "x&bank_type=CFT&coupon_id_0=9"), ("openid", "o")],
            &[("attach", "x&coupon_fee_12=1"), ("openid", "o")],
            &[("attach", "x&coupon_id=1"), ("openid", "o")],
            &[("attach", "&bank_type="), ("openid", "o")],
            &[("attach", "x&bank_type=CFT"), ("bank_type", ""), ("openid", "o")],
            &[("out_trade_no", "1&result_code=SUCCESS"), ("sign", "S")],
            &[("out_trade_no", "1&result_code=SUCCESS&total_fee=1")],
            // Where a field has no value of its own, nothing says that it wasn't there.
            &[("attach", "uid=7&openid=o1"), ("result_code", "SUCCESS")],
        ] {
            assert!(hides(pairs), "{pairs:?}");
        }
        for pairs in [
            &[("attach", ""), ("openid", "o")][..],
            &[("attach", "a&b=c"), ("openid", "o")],
            &[("attach", "bank_type=CFT"), ("openid", "o")],
            &[("attach", "x&bank_type"), ("openid", "o")],
            &[("attach", "x&bank_types=1"), ("openid", "o")],
            &[("attach", "x&bank_type1=1"), ("openid", "o")],
            &[("attach", "x&coupon_id_=1&coupon_id_x=1"), ("openid", "o")],
            &[("attach", "https://a/?x=1&y=2"), ("openid", "o")],
            // Behind the next field, before its holder, or with a value of its own.
            &[("attach", "uid=7&openid=o1"), ("bank_type", "CFT"), ("openid", "o")],
            &[("attach", "a=1&result_code=5"), ("bank_type", "CFT")],
            &[("bank_type", "x&attach=1"), ("openid", "o")],
            &[("attach", "x&bank_type=CFT"), ("bank_type", "CFT")],
            &[("attach", "x&attach=1"), ("bank_type", "CFT")],
            // It isn't signed itself.
            &[("result_code", "x&sign=1"), ("sign", "S"), ("t", "1")],
            &[("result_code", "x"), ("sign", "S&total_fee=1")],
        ] {
            assert!(!hides(pairs), "{pairs:?}");
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

    /// The text that is signed, without the key.
    fn signed_text(fields: &[(String, String)]) -> String {
        let mut pairs: Vec<_> = fields.iter().filter(|(_, value)| !value.is_empty()).collect();
        pairs.sort();
        pairs.iter().map(|(name, value)| format!("{name}={value}&")).collect()
    }

    /// Every way to fold fields into the value of one before them, as sets of those that are left.
    fn folded(fields: &[(String, String)]) -> Vec<Vec<(String, String)>> {
        let mut pairs: Vec<_> = fields.to_vec();
        pairs.sort();
        let full: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
        let empty: Vec<_> = pairs.into_iter().filter(|(_, value)| value.is_empty()).collect();
        let choices = 1_u32 << full.len().saturating_sub(1);
        let fold = |choice: u32| {
            let mut left: Vec<(String, String)> = Vec::new();
            for (at, (name, value)) in full.iter().enumerate() {
                match left.last_mut() {
                    Some((_, holder)) if at > 0 && choice >> (at - 1) & 1 == 1 => {
                        holder.push_str(&format!("&{name}={value}"));
                    }
                    _ => left.push((name.clone(), value.clone())),
                }
            }
            left.extend(empty.clone());
            left
        };
        (1..choices).map(fold).collect()
    }

    const NAMES: [&str; 8] = [
        "attach",
        "bank_type",
        "coupon_fee_0",
        "coupon_id_1",
        "openid",
        "out_trade_no",
        "result_code",
        "total_fee",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Fields that a third party can fold without breaking the sign are detected; unfolded ones aren't.
        #[test]
        fn whatever_can_be_folded_is_seen(
            values in prop::collection::vec("(|[a-z0-9]{1,4}|[a-z]=[0-9]&[a-z]=[0-9]|&[a-z]{1,3}=)", 8),
            query in prop::sample::select(NAMES.to_vec()),
        ) {
            let names = names();
            let genuine: Vec<_> =
                NAMES.iter().zip(&values).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            prop_assert!(!Fields(genuine.clone()).hides_a_field(&names));
            for folded in folded(&genuine) {
                prop_assert_eq!(signed_text(&folded), signed_text(&genuine));
                prop_assert!(Fields(folded.clone()).hides_a_field(&names), "{:?}", folded);
            }
            // A query string that names a field hides it only where that one could have been.
            for at in 0..genuine.len() {
                let mut with_query = genuine.clone();
                with_query[at].1 = format!("x=1&{query}=2");
                let could_be = query > NAMES[at]
                    && with_query.iter().all(|(name, value)| {
                        value.is_empty() || name.as_str() <= NAMES[at] || name.as_str() > query
                    });
                prop_assert_eq!(Fields(with_query.clone()).hides_a_field(&names), could_be, "{:?}", with_query);
            }
        }
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
