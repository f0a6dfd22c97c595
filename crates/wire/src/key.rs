use crate::opened::Opened;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;
use std::collections::HashSet;

/// One way to identify a business fact: components, all of which must be present unless marked with `?`.
///
/// A component is a dotted path of the content, `a|b` the first of several that is present, `@path` a part of the
/// envelope; a trailing `?` marks one that may be absent, a leading `#` one that describes a person and enters the key as
/// a hash.
pub type Alternative = &'static [&'static str];

/// A rule that identifies an event's business fact: alternatives in their order, and at last the notification's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "made by struct update in const context")]
pub struct KeyRule {
    /// Alternatives, tried in their order; none means the notification's id (v2: the fingerprint).
    pub alternatives: &'static [Alternative],
    /// Earlier versions of this rule, so that a changed catalog doesn't take a resend for something new. One without
    /// alternatives is the notification's id.
    pub older: &'static [&'static [Alternative]],
    /// The event's new name, where it was renamed: keys carry that one, and the old one counts as an earlier version.
    pub name: Option<&'static str>,
    /// Marks a v2 kind whose notifications once had the keys of an unknown kind.
    pub was_unknown: bool,
}

impl KeyRule {
    /// The notification's id (v2: the fingerprint).
    pub const NONE: Self = Self::new(&[]);

    /// Creates a rule of these alternatives, with no earlier versions.
    pub const fn new(alternatives: &'static [Alternative]) -> Self {
        Self { alternatives, older: &[], name: None, was_unknown: false }
    }
}

/// A notification's key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusinessKey {
    /// `merchant/EVENT/name=value/…`, ASCII.
    pub key: String,
    /// The keys by earlier versions of the rule, where they differ.
    pub older: Vec<String>,
    /// Set where the rule has alternatives and none of them could be used.
    pub fallback: bool,
}

/// Everything but RFC 3986's unreserved characters; `~` too, since it separates a changed sibling's key.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Encodes a value for a segment of a key.
pub fn encode_segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, SEGMENT).into()
}

/// Returns the key of a notification of `event` by `rule`.
///
/// `otherwise` identifies the notification itself where the rule can't: its name (`id` or `fingerprint`) and its text,
/// followed by those of earlier versions, which make older keys. `sha256` hashes what a key doesn't show.
pub fn business_key(
    merchant: &str,
    event: &str,
    rule: &KeyRule,
    opened: &Opened<'_>,
    otherwise: (&str, &[&str]),
    sha256: fn(&[u8]) -> [u8; 32],
) -> BusinessKey {
    let own_prefix = prefix(merchant, event, opened);
    let prefix = rule.name.map_or_else(|| own_prefix.clone(), |name| prefix(merchant, name, opened));
    let by_rule = |prefix: &str, alternatives: &[Alternative]| {
        alternatives.iter().find_map(|components| by_components(prefix, components, opened, sha256))
    };
    let (name, texts) = otherwise;
    let by_itself = |prefix: &str, text: &str| [prefix, "/@", name, "=", &encode_segment(text)].concat();

    let identified = by_rule(&prefix, rule.alternatives);
    let fallback = identified.is_none() && !rule.alternatives.is_empty();
    let mut older = Vec::new();
    for alternatives in std::iter::once(&rule.alternatives).chain(rule.older) {
        let keys: Vec<_> =
            [&prefix, &own_prefix].iter().filter_map(|prefix| by_rule(prefix, alternatives)).collect();
        if keys.is_empty() {
            older.extend(texts.iter().map(|text| by_itself(&prefix, text)));
        }
        older.extend(keys);
    }
    if rule.was_unknown {
        let unknown = [merchant, "/", crate::v2::UNKNOWN].concat();
        older.extend(texts.last().map(|text| by_itself(&unknown, text)));
    }
    let key = identified.unwrap_or_else(|| by_itself(&prefix, texts.first().unwrap_or(&"")));
    let mut seen = HashSet::from([key.clone()]);
    older.retain(|earlier| seen.insert(earlier.clone()));
    BusinessKey { key, older, fallback }
}

/// v2 names keep the slash that marks them; one in a v3 event type is encoded.
fn prefix(merchant: &str, event: &str, opened: &Opened<'_>) -> String {
    match (opened.event_type(), event.strip_prefix("v2/")) {
        (None, Some(kind)) => [merchant, "/v2/", &encode_segment(kind)].concat(),
        _ => [merchant, "/", &encode_segment(event)].concat(),
    }
}

/// `None` also where only optional ones are there: they identify nothing, and distinct facts would share the key.
fn by_components(
    prefix: &str,
    components: &[&str],
    opened: &Opened<'_>,
    sha256: fn(&[u8]) -> [u8; 32],
) -> Option<String> {
    let mut found = Vec::with_capacity(components.len());
    for component in components {
        let (names, optional) =
            component.strip_suffix('?').map_or((*component, false), |names| (names, true));
        let (names, hidden) = names.strip_prefix('#').map_or((names, false), |names| (names, true));
        match names.split('|').find_map(|name| Some((name, component_text(name, opened)?))) {
            Some((name, text)) => found.push((name, text, hidden, optional)),
            None if optional => {}
            None => return None,
        }
    }
    let mut key = String::with_capacity(prefix.len() + 64);
    key.push_str(prefix);
    for (name, text, hidden, _) in &found {
        match hidden {
            false => push_segment(&mut key, &["/", name, "="], text),
            true => push_segment(&mut key, &["/", name, HASHED], &digest(prefix, &found, name, sha256)),
        }
    }
    found.iter().any(|(.., optional)| !optional).then_some(key)
}

/// The separator between the name of a component and its hash; no component has such a name.
const HASHED: &str = ".hash=";

fn push_segment(key: &mut String, before: &[&str], text: &str) {
    before.iter().for_each(|part| key.push_str(part));
    key.push_str(&encode_segment(text));
}

/// Returns 64 bits of a hash over the whole key in clear for a hidden component, so that one person's records don't share
/// it.
fn digest(
    prefix: &str,
    found: &[(&str, Cow<'_, str>, bool, bool)],
    name: &str,
    sha256: fn(&[u8]) -> [u8; 32],
) -> String {
    let mut clear = prefix.to_owned();
    found.iter().for_each(|(name, text, ..)| push_segment(&mut clear, &["/", name, "="], text));
    push_segment(&mut clear, &["#"], name);
    sha256(clear.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn component_text<'a>(name: &str, opened: &Opened<'a>) -> Option<Cow<'a, str>> {
    let text = match name.strip_prefix('@') {
        Some(path) => opened.envelope_text(path)?.into(),
        None => opened.text(name)?,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Numbers that operators use to look up records.
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

/// The limit for one notification.
const MAX_NUMBERS: usize = 64;

/// Returns the business numbers of a notification, as (name, value): each once, the first 64.
pub fn business_numbers(opened: &Opened<'_>) -> Vec<(String, String)> {
    let Some(subject) = opened.subject() else { return Vec::new() };
    let mut numbers = Vec::with_capacity(4);
    for (name, value) in subject.entries() {
        if NUMBERS.contains(&name.as_ref())
            && let Some(text) = value.text().filter(|text| !text.is_empty())
        {
            let number = (name.into_owned(), text.into_owned());
            if numbers.len() < MAX_NUMBERS && !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    numbers
}

/// Returns the group that keeps the records of one order in sequence: the sub-merchant and the merchant's own number, or
/// else the platform's.
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

    /// No hash, but one whose first bytes tell two texts apart.
    fn sha256(bytes: &[u8]) -> [u8; 32] {
        let mut out = [0_u8; 32];
        for (index, byte) in bytes.iter().enumerate() {
            out[index % 8] = out[index % 8].rotate_left(3) ^ byte;
        }
        out
    }

    fn key(rule: &KeyRule, event: &str, resource: &str) -> BusinessKey {
        let body = format!(
            r#"{{"id":"EV/1","event_type":{event:?},"resource":{{"algorithm":"x","ciphertext":"x","nonce":"x"}}}}"#
        );
        let doc = Doc::parse(&body).unwrap();
        let envelope = Envelope::read(&doc).unwrap();
        let resource = Doc::parse(resource).unwrap();
        let opened = Opened::v3(&envelope, Some(resource.root()));
        business_key("shop", event, rule, &opened, ("id", &["EV/1"]), sha256)
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
        assert_eq!(found.key, "shop/X/a=1");
        // The third one couldn't be used, and the key was the id.
        assert_eq!(found.older, ["shop/X/b=2", "shop/X/@id=EV%2F1"]);
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

    #[test]
    fn a_rule_that_was_added_keeps_the_id() {
        let rule = KeyRule { older: &[&[]], ..KeyRule::new(&[&["a"]]) };
        let found = key(&rule, "X", r#"{"a":"1"}"#);
        assert_eq!((found.key.as_str(), found.older), ("shop/X/a=1", vec!["shop/X/@id=EV%2F1".to_owned()]));
        let found = key(&rule, "X", "{}");
        assert_eq!((found.key.as_str(), found.older), ("shop/X/@id=EV%2F1", Vec::new()));
    }

    #[test]
    fn earlier_fingerprints_make_older_keys() {
        let fields = crate::v2::Fields::parse(b"<xml><a>1</a></xml>").unwrap();
        let json = fields.to_json(&[]);
        let doc = Doc::parse(&json).unwrap();
        let of = |rule| {
            let opened = Opened::v2(&fields, doc.root());
            let found = business_key("shop", "v2/x", &rule, &opened, ("fingerprint", &["f2", "f1"]), sha256);
            (found.key, found.older)
        };
        assert_eq!(
            of(KeyRule::NONE),
            ("shop/v2/x/@fingerprint=f2".to_owned(), vec!["shop/v2/x/@fingerprint=f1".to_owned()])
        );
        assert_eq!(of(KeyRule::new(&[&["a"]])), ("shop/v2/x/a=1".to_owned(), Vec::new()));
        let was_unknown = KeyRule { was_unknown: true, ..KeyRule::new(&[&["a"]]) };
        assert_eq!(
            of(was_unknown),
            ("shop/v2/x/a=1".to_owned(), vec!["shop/v2/unknown/@fingerprint=f1".to_owned()])
        );
    }

    #[test]
    fn what_describes_a_person_is_hashed_with_the_rest() {
        let of = |resource| key(&KeyRule::new(&[&["id", "#plate|card", "#last?"]]), "X", resource).key;
        let one = of(r#"{"id":"1","plate":"A1"}"#);
        let hash = one.strip_prefix("shop/X/id=1/plate.hash=").unwrap();
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert_eq!(one, of(r#"{"plate":"A1","id":1}"#));
        assert_ne!(one, of(r#"{"id":"1","plate":"A2"}"#));
        assert_ne!(one, of(r#"{"id":"1","card":"A1"}"#));
        let other = of(r#"{"id":"2","plate":"A1"}"#);
        assert!(!other.ends_with(hash), "one person's keys are alike");
        let both = of(r#"{"id":"1","plate":"A1","last":"A1"}"#);
        let hashes: Vec<_> = both.split(".hash=").skip(1).map(|hash| &hash[..16]).collect();
        assert_ne!(hashes[0], hashes[1]);
        assert!(of(r#"{"id":"1"}"#).contains("/@id="), "a missing one identifies nothing");
    }
}
