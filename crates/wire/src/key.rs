use crate::opened::Opened;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// One way to identify a business fact: components, all of which must be there unless marked with `?`.
///
/// A component is a dotted path of the content, `a|b` for the first of several that is there, `@path` for a part of
/// the envelope, and a trailing `?` for one that may be absent.
pub type Alternative = &'static [&'static str];

/// What identifies an event's business fact: alternatives in their order, and at last the notification's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRule {
    /// Tried in their order; none means the notification's id (v2: the fingerprint).
    pub alternatives: &'static [Alternative],
    /// Earlier versions of this rule, so that a changed catalog doesn't take a resend for something new.
    pub older: &'static [&'static [Alternative]],
    /// The event's new name, where it was renamed: keys carry that one, and the old one counts as an earlier version.
    pub name: Option<&'static str>,
}

impl KeyRule {
    /// The notification's id (v2: the fingerprint).
    pub const NONE: Self = Self::new(&[]);

    /// These alternatives, with no earlier versions.
    pub const fn new(alternatives: &'static [Alternative]) -> Self {
        Self { alternatives, older: &[], name: None }
    }
}

/// A notification's key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusinessKey {
    /// `merchant/EVENT/name=value/…`, ASCII.
    pub key: String,
    /// The same by earlier versions of the rule, where they give another one.
    pub older: Vec<String>,
    /// The rule has alternatives and none of them could be used.
    pub fallback: bool,
}

/// Everything but RFC 3986's unreserved characters; `~` too, since it separates a changed sibling's key.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A value as it stands between the slashes of a key.
pub fn encode_segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, SEGMENT).into()
}

/// The key of a notification of `event` by `rule`.
///
/// `otherwise` identifies the notification itself where the rule can't: (`id` or `fingerprint`, its text).
pub fn business_key(
    merchant: &str,
    event: &str,
    rule: &KeyRule,
    opened: &Opened<'_>,
    otherwise: (&str, &str),
) -> BusinessKey {
    let own_prefix = prefix(merchant, event, opened);
    let prefix = rule.name.map_or_else(|| own_prefix.clone(), |name| prefix(merchant, name, opened));
    let by_rule = by_alternatives(&prefix, rule.alternatives, opened);
    let fallback = by_rule.is_none() && !rule.alternatives.is_empty();
    let key =
        by_rule.unwrap_or_else(|| [&prefix, "/@", otherwise.0, "=", &encode_segment(otherwise.1)].concat());
    let mut older = Vec::new();
    for alternatives in std::iter::once(&rule.alternatives).chain(rule.older) {
        for prefix in [&prefix, &own_prefix] {
            let earlier = by_alternatives(prefix, alternatives, opened);
            older.extend(earlier.filter(|earlier| *earlier != key && !older.contains(earlier)));
        }
    }
    BusinessKey { key, older, fallback }
}

/// v2 names keep the slash that marks them; one in a v3 event type is encoded.
fn prefix(merchant: &str, event: &str, opened: &Opened<'_>) -> String {
    match (opened.event_type(), event.strip_prefix("v2/")) {
        (None, Some(kind)) => [merchant, "/v2/", &encode_segment(kind)].concat(),
        _ => [merchant, "/", &encode_segment(event)].concat(),
    }
}

fn by_alternatives(prefix: &str, alternatives: &[Alternative], opened: &Opened<'_>) -> Option<String> {
    alternatives.iter().find_map(|components| by_components(prefix, components, opened))
}

/// `None` also where only optional ones are there: they identify nothing, and distinct facts would share the key.
fn by_components(prefix: &str, components: &[&str], opened: &Opened<'_>) -> Option<String> {
    let mut key = String::with_capacity(prefix.len() + 64);
    key.push_str(prefix);
    let mut identified = false;
    for component in components {
        let (names, optional) =
            component.strip_suffix('?').map_or((*component, false), |names| (names, true));
        match names.split('|').find_map(|name| Some((name, component_text(name, opened)?))) {
            Some((name, text)) => {
                for part in ["/", name, "=", &encode_segment(&text)] {
                    key.push_str(part);
                }
                identified |= !optional;
            }
            None if optional => {}
            None => return None,
        }
    }
    identified.then_some(key)
}

fn component_text<'a>(name: &str, opened: &Opened<'a>) -> Option<Cow<'a, str>> {
    let text = match name.strip_prefix('@') {
        Some(path) => opened.envelope_text(path)?.into(),
        None => opened.text(name)?,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Numbers that people look records up by.
const NUMBERS: [&str; 16] = [
    "transaction_id",
    "out_trade_no",
    "combine_out_trade_no",
    "refund_id",
    "out_refund_no",
    "order_id",
    "out_order_no",
    "contract_id",
    "contract_code",
    "out_bill_no",
    "transfer_bill_no",
    "out_batch_no",
    "authorization_id",
    "out_authorization_no",
    "complaint_id",
    "id",
];

/// More than these are no numbers of one notification.
const MOST_NUMBERS: usize = 64;

/// The business numbers of a notification, as (name, value): each once, the first 64.
pub fn business_numbers(opened: &Opened<'_>) -> Vec<(String, String)> {
    let Some(subject) = opened.subject() else { return Vec::new() };
    let mut numbers = Vec::with_capacity(4);
    for (name, value) in subject.entries() {
        if NUMBERS.contains(&name.as_ref())
            && let Some(text) = value.text().filter(|text| !text.is_empty())
        {
            let number = (name.into_owned(), text.into_owned());
            if numbers.len() < MOST_NUMBERS && !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    numbers
}

/// What an order's records have in common, so that they keep their order: the sub-merchant and the merchant's own
/// number, or else the platform's.
pub fn group(merchant: &str, opened: &Opened<'_>) -> Option<String> {
    let first =
        |names: &[&'static str]| names.iter().find_map(|name| Some((*name, component_text(name, opened)?)));
    let sub_merchant = first(&["sub_mchid", "sub_mch_id"]).map(|(_, text)| text).unwrap_or_default();
    let (name, number) =
        first(&["out_trade_no", "combine_out_trade_no", "out_order_no", "transaction_id", "contract_id"])?;
    Some([merchant, "/", &encode_segment(&sub_merchant), "/", name, "=", &encode_segment(&number)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;
    use crate::v3::Envelope;

    const PAYMENT: KeyRule = KeyRule::new(&[&["transaction_id"], &["sub_mchid|sub_mch_id?", "out_trade_no"]]);

    fn key(rule: &KeyRule, event: &str, resource: &str) -> BusinessKey {
        let body = format!(
            r#"{{"id":"EV/1","event_type":{event:?},"resource":{{"algorithm":"x","ciphertext":"x","nonce":"x"}}}}"#
        );
        let doc = Doc::parse(&body).unwrap();
        let envelope = Envelope::read(&doc).unwrap();
        let resource = Doc::parse(resource).unwrap();
        let opened = Opened::v3(&envelope, Some(resource.root()));
        business_key("shop", event, rule, &opened, ("id", "EV/1"))
    }

    #[test]
    fn the_first_alternative_that_is_complete_counts() {
        let of = |resource| key(&PAYMENT, "PAID", resource);
        assert_eq!(of(r#"{"transaction_id":"42","out_trade_no":"7"}"#).key, "shop/PAID/transaction_id=42");
        assert_eq!(of(r#"{"transaction_id":"","out_trade_no":"7"}"#).key, "shop/PAID/out_trade_no=7");
        assert_eq!(
            of(r#"{"out_trade_no":"7","sub_mch_id":"9"}"#).key,
            "shop/PAID/sub_mch_id=9/out_trade_no=7"
        );
        let none = of(r#"{"transaction_id":null,"sub_mchid":"9"}"#);
        assert_eq!((none.key.as_str(), none.fallback), ("shop/PAID/@id=EV%2F1", true));
        assert!(!key(&KeyRule::NONE, "PAID", "{}").fallback);
        assert!(of(r#"{"transaction_id":{"a":1}}"#).fallback);
    }

    #[test]
    fn optional_components_alone_identify_nothing() {
        for rule in [KeyRule::new(&[&[]]), KeyRule::new(&[&["sub_mchid?"]])] {
            let found = key(&rule, "PAID", r#"{"sub_mchid":"9"}"#);
            assert_eq!((found.key.as_str(), found.fallback), ("shop/PAID/@id=EV%2F1", true));
        }
    }

    #[test]
    fn long_numbers_are_told_apart_by_their_text() {
        let of = |number: &str| key(&PAYMENT, "PAID", &format!(r#"{{"transaction_id":{number}}}"#)).key;
        assert_ne!(of("1008450740201411110005820873"), of("1008450740201411110005820874"));
        assert_eq!(of("1008450740201411110005820873"), of("\"1008450740201411110005820873\""));
        assert_eq!(of("1.008e27"), "shop/PAID/transaction_id=1.008e27");
    }

    #[test]
    fn nothing_in_a_value_can_forge_another_key() {
        let of = |text: &str| key(&PAYMENT, "PAID", &format!(r#"{{"out_trade_no":"{text}"}}"#)).key;
        assert_eq!(of("a/b"), "shop/PAID/out_trade_no=a%2Fb");
        assert_eq!(of("a=b~c%2F"), "shop/PAID/out_trade_no=a%3Db%7Ec%252F");
        assert_eq!(of("订单"), "shop/PAID/out_trade_no=%E8%AE%A2%E5%8D%95");
        assert_eq!(key(&KeyRule::NONE, "v2/PAID", "{}").key, "shop/v2%2FPAID/@id=EV%2F1");
    }

    #[test]
    fn older_versions_of_a_rule_are_kept() {
        let rule = KeyRule { older: &[&[&["b"]], &[&["a"]], &[&["c"]]], ..KeyRule::new(&[&["a"]]) };
        let found = key(&rule, "X", r#"{"a":"1","b":"2"}"#);
        assert_eq!((found.key.as_str(), found.older), ("shop/X/a=1", vec!["shop/X/b=2".to_owned()]));
    }

    #[test]
    fn a_renamed_event_has_the_keys_of_its_new_name() {
        let rule = KeyRule { name: Some("NEW"), older: &[&[&["b"]]], ..KeyRule::new(&[&["a"]]) };
        let found = key(&rule, "OLD", r#"{"a":"1","b":"2"}"#);
        assert_eq!(found.key, "shop/NEW/a=1");
        assert_eq!(found.older, ["shop/OLD/a=1", "shop/NEW/b=2", "shop/OLD/b=2"]);
        assert_eq!(key(&rule, "OLD", "{}").key, "shop/NEW/@id=EV%2F1");
        assert_eq!(key(&KeyRule::new(&[&["a"]]), "NEW", r#"{"a":"1"}"#).older, [""; 0]);
    }
}
