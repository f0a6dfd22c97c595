//! Bodies that were parsed and written again, and the form in which they were signed.
//!
//! A signature is over bytes. Whoever parses JSON and writes it again writes other bytes: other whitespace, another order,
//! other escapes. The forms of the usual libraries are tried.

use crate::json::{Escapes, Node, Style, write};
use wxhook_wire::json::{Doc, Kind, Value};

/// Orders in which the platform's documents list the members.
const OUTER: [&[&str]; 3] = [
    &["id", "create_time", "resource_type", "event_type", "summary", "resource"],
    &["id", "create_time", "event_type", "resource_type", "resource", "summary"],
    &["id", "create_time", "event_type", "resource_type", "summary", "resource"],
];
const INNER: [&[&str]; 4] = [
    &["original_type", "algorithm", "ciphertext", "associated_data", "nonce"],
    &["algorithm", "ciphertext", "nonce", "associated_data", "original_type"],
    &["algorithm", "ciphertext", "associated_data", "nonce", "original_type"],
    &["algorithm", "ciphertext", "nonce", "original_type", "associated_data"],
];
/// Indentation, comma and colon: compact, Python's, and printed for people.
const SPACINGS: [(Option<&str>, &str, &str); 5] = [
    (None, ",", ":"),
    (None, ", ", ": "),
    (Some("  "), ",", ": "),
    (Some("    "), ",", ": "),
    (Some("\t"), ",", ": "),
];
/// As in the body, none but the necessary, PHP's, Python's, both; Go's and Gson's for HTML.
const ESCAPES: [Option<Escapes>; 7] = [
    None,
    Some(Escapes { non_ascii: false, others: "" }),
    Some(Escapes { non_ascii: false, others: "/" }),
    Some(Escapes { non_ascii: true, others: "" }),
    Some(Escapes { non_ascii: true, others: "/" }),
    Some(Escapes { non_ascii: false, others: "<>&" }),
    Some(Escapes { non_ascii: false, others: "<>&='" }),
];
const ASSOCIATED_DATA: &str = "\"associated_data\"";
/// Members of an object up to which every order is tried: 6! = 720.
const MAX_ORDERED: usize = 6;

type Members<'d> = Vec<(Value<'d>, Value<'d>)>;
type Order = Vec<usize>;

/// Returns whether a form is the one that was signed; `None` gives up.
type Passes<'p> = dyn Fn(&str) -> Option<bool> + 'p;

/// Describes how a body differs from the form that passes, if one does; `passes` is called a few thousand times at most.
pub(super) fn changes(body: &str, passes: &Passes<'_>) -> Option<String> {
    let doc = Doc::parse(body).ok().filter(|doc| doc.root().kind() == Kind::Object)?;
    let resource = doc.root().get("resource").filter(|value| value.kind() == Kind::Object)?;
    let envelope = Envelope { outer: doc.root().members().collect(), inner: resource.members().collect() };

    let (outers, inners) = (orders(&envelope.outer, &OUTER), orders(&envelope.inner, &INNER));
    let styles: Vec<_> = ESCAPES
        .into_iter()
        .flat_map(|escapes| SPACINGS.map(|(indent, comma, colon)| Style { indent, comma, colon, escapes }))
        .collect();
    let mut members = envelope.outer.iter().chain(&envelope.inner);
    let mut blanks = vec![Blanks::Keep];
    if members.any(|(_, value)| value.is_blank()) {
        blanks.push(Blanks::Omit);
    }
    if !envelope.inner.iter().any(|(name, _)| name.raw() == ASSOCIATED_DATA) {
        blanks.push(Blanks::Add);
    }
    envelope.search(body, &pairs(&outers, &inners), &styles, &blanks, passes).or_else(|| {
        if is_documented(&envelope.outer, &OUTER) && is_documented(&envelope.inner, &INNER) {
            return None;
        }
        // Every order, but compact only: libraries that sort, or keep no order, write no whitespace. They seldom leave the
        // members in a documented order.
        let (all_outer, all_inner) = (permutations(envelope.outer.len()), permutations(envelope.inner.len()));
        let orders = [pairs(&all_outer, &inners), pairs(&outers, &all_inner)].concat();
        let styles: Vec<_> =
            styles.iter().take(2 * SPACINGS.len()).step_by(SPACINGS.len()).copied().collect();
        envelope.search(body, &orders, &styles, &[Blanks::Keep], passes)
    })
}

/// Returns whether a body differs from those in the platform's documents, which are compact, without escapes, and in a
/// known order.
pub(super) fn is_unusual(body: &str) -> bool {
    Doc::parse(body).is_ok_and(|doc| {
        let is_ordered = |value: Value<'_>, known| is_documented(&value.members().collect::<Vec<_>>(), known);
        let resource = doc.root().get("resource");
        doc.compact() != body
            || body.contains('\\')
            || !is_ordered(doc.root(), &OUTER)
            || resource.is_some_and(|value| !is_ordered(value, &INNER))
    })
}

/// Returns a body with the documented names of its members, if some are in camel case.
pub(super) fn snake_case(body: &str) -> Option<String> {
    const NAMES: [(&str, &str); 5] = [
        ("createTime", "create_time"),
        ("eventType", "event_type"),
        ("resourceType", "resource_type"),
        ("originalType", "original_type"),
        ("associatedData", "associated_data"),
    ];
    let doc = Doc::parse(body).ok()?;
    let has = |value: Value<'_>, name: &str| value.kind() == Kind::Object && value.get(name).is_some();
    let is_used = |name: &str| {
        has(doc.root(), name) || doc.root().get("resource").is_some_and(|value| has(value, name))
    };
    let renamed =
        NAMES.iter().filter(|(name, _)| is_used(name)).fold(body.to_owned(), |text, (name, known)| {
            text.replace(&format!("\"{name}\""), &format!("\"{known}\""))
        });
    (renamed != body).then_some(renamed)
}

/// The members of an envelope and of its resource.
struct Envelope<'d> {
    outer: Members<'d>,
    inner: Members<'d>,
}

/// Changes of the members without a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Keep,
    Omit,
    /// Adds an empty `associated_data`, which the cipher doesn't distinguish from a missing one.
    Add,
}

impl Envelope<'_> {
    fn search(
        &self,
        body: &str,
        orders: &[(&Order, &Order)],
        styles: &[Style],
        blanks: &[Blanks],
        passes: &Passes<'_>,
    ) -> Option<String> {
        for blanks in blanks {
            for (outer, inner) in orders {
                for style in styles {
                    if !passes(&self.write(outer, inner, *style, *blanks))? {
                        continue;
                    }
                    let (outer_now, inner_now): (Order, Order) =
                        ((0..self.outer.len()).collect(), (0..self.inner.len()).collect());
                    let spacing = Style { escapes: None, ..*style };
                    let respaced = self.write(&outer_now, &inner_now, spacing, Blanks::Keep);
                    let changes = [
                        (respaced != body, "the whitespace between its tokens"),
                        (**outer != outer_now || **inner != inner_now, "the order of its members"),
                        (
                            style.escapes.is_some(),
                            "how its strings are escaped (such as / or non-ASCII characters)",
                        ),
                        (*blanks != Blanks::Keep, "members without a value (added or left out)"),
                    ];
                    let changes: Vec<_> =
                        changes.iter().filter(|(changed, _)| *changed).map(|(_, what)| *what).collect();
                    return Some(changes.join(", "));
                }
            }
        }
        None
    }

    fn write(&self, outer: &[usize], inner: &[usize], style: Style, blanks: Blanks) -> String {
        let is_kept = |(_, value): &&(Value<'_>, Value<'_>)| blanks != Blanks::Omit || !value.is_blank();
        let inner = inner.iter().filter_map(|at| self.inner.get(*at)).filter(is_kept);
        let mut inner: Vec<_> = inner.map(|(name, value)| (name.raw(), Node::Value(*value))).collect();
        if blanks == Blanks::Add {
            let ciphertext = inner.iter().position(|(name, _)| *name == "\"ciphertext\"");
            let place = ciphertext.map_or(inner.len(), |at| at + 1);
            inner.insert(place, (ASSOCIATED_DATA, Node::Text("\"\"")));
        }
        let outer = outer.iter().filter_map(|at| self.outer.get(*at)).filter(is_kept);
        let outer = outer.map(|(name, value)| {
            let is_resource = name.text().as_deref() == Some("resource");
            (name.raw(), if is_resource { Node::Object(&inner) } else { Node::Value(*value) })
        });
        let outer: Vec<_> = outer.collect();
        write(&Node::Object(&outer), style)
    }
}

fn pairs<'o>(outers: &'o [Order], inners: &'o [Order]) -> Vec<(&'o Order, &'o Order)> {
    outers.iter().flat_map(|outer| inners.iter().map(move |inner| (outer, inner))).collect()
}

fn place(order: &[&str], name: &Value<'_>) -> usize {
    order.iter().position(|known| name.text().as_deref() == Some(*known)).unwrap_or(order.len())
}

fn is_documented(members: &[(Value<'_>, Value<'_>)], known: &[&[&str]]) -> bool {
    known.iter().any(|order| members.iter().is_sorted_by_key(|(name, _)| place(order, name)))
}

/// Returns the order as it is, the sorted one, and the documented ones.
fn orders(members: &[(Value<'_>, Value<'_>)], known: &[&[&str]]) -> Vec<Order> {
    let arranged = |key: &dyn Fn(&Value<'_>) -> (usize, String)| {
        let mut order: Vec<_> = members.iter().enumerate().collect();
        order.sort_by_cached_key(|(_, (name, _))| key(name));
        order.into_iter().map(|(at, _)| at).collect::<Order>()
    };
    let mut orders = vec![
        (0..members.len()).collect(),
        arranged(&|name| (0, name.text().unwrap_or_default().into_owned())),
    ];
    for order in known {
        let order = arranged(&|name| (place(order, name), String::new()));
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    orders
}

/// Returns every order of so many things, the given one first; none if there are too many.
pub(super) fn permutations(count: usize) -> Vec<Order> {
    if count > MAX_ORDERED {
        return Vec::new();
    }
    let longer = |order: Order| {
        let rest = (0..count).filter(|next| !order.contains(next));
        rest.map(|next| [order.as_slice(), &[next]].concat()).collect::<Vec<_>>()
    };
    (0..count).fold(vec![Vec::new()], |orders, _| orders.into_iter().flat_map(longer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = r#"{"id":"EV-1","create_time":"2018-06-08T10:34:56+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付 / <成功>","resource":{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"ab+/cd==","associated_data":"transaction","nonce":"0123456789ab"}}"#;

    fn found(body: &str) -> Option<String> {
        found_in(SENT, body)
    }

    fn found_in(sent: &str, body: &str) -> Option<String> {
        assert_ne!(sent, body);
        changes(body, &|text| Some(text == sent))
    }

    #[test]
    fn what_libraries_write_is_recognized() {
        let value: serde_json::Value = serde_json::from_str(SENT).unwrap();
        let spacing = Some("the whitespace between its tokens".to_owned());
        let python = SENT.replace("\":", "\": ").replace("\",\"", "\", \"");
        assert_eq!(found(&python), spacing);
        assert_eq!(found(&crate::json::pretty(SENT)), spacing);
        let order = Some("the order of its members".to_owned());
        assert_eq!(found(&value.to_string()), order, "sorted");
        let escapes = |body: &str| assert!(found(body).unwrap().starts_with("how its strings"), "{body}");
        escapes(&SENT.replace('/', "\\/"));
        escapes(&SENT.replace("支付", "\\u652f\\u4ed8").replace("成功", "\\u6210\\u529f"));
        escapes(&SENT.replace('=', "\\u003d").replace('<', "\\u003c").replace('>', "\\u003e"));
        let both = found(&serde_json::to_string_pretty(&value).unwrap()).unwrap();
        assert_eq!(both, "the whitespace between its tokens, the order of its members");
    }

    #[test]
    fn what_was_sent_otherwise_is_recognized_too() {
        let pretty = crate::json::pretty(SENT);
        assert!(found_in(&pretty, SENT).unwrap().contains("whitespace"));
        let slashes = SENT.replace('/', "\\/");
        assert!(found_in(&slashes, SENT).unwrap().contains("escaped"));
        // An order that no document has.
        let odd = r#"{"summary":"s","resource":{"nonce":"n","algorithm":"a","ciphertext":"c"},"event_type":"e","id":"i"}"#;
        let sorted: serde_json::Value = serde_json::from_str(odd).unwrap();
        assert!(found_in(odd, &sorted.to_string()).is_none(), "two odd orders at once aren't found");
        let odd = r#"{"summary":"s","resource":{"algorithm":"a","ciphertext":"c","nonce":"n"},"event_type":"e","id":"i"}"#;
        let sorted: serde_json::Value = serde_json::from_str(odd).unwrap();
        assert_eq!(found_in(odd, &sorted.to_string()).as_deref(), Some("the order of its members"));
    }

    #[test]
    fn camel_case_is_undone() {
        let camel = SENT
            .replace("create_time", "createTime")
            .replace("event_type", "eventType")
            .replace("resource_type", "resourceType")
            .replace("original_type", "originalType")
            .replace("associated_data", "associatedData");
        assert_eq!(snake_case(&camel).as_deref(), Some(SENT));
        assert_eq!(snake_case(SENT), None);
        // Values, and what stands elsewhere, are no names.
        assert_eq!(snake_case(&SENT.replace("EV-1", "eventType")), None);
        assert_eq!(snake_case("{\"amount\":{\"eventType\":1}}"), None);
    }

    #[test]
    fn members_without_a_value_may_come_and_go() {
        let with_null = SENT.replace("\"resource\":{", "\"other\":null,\"resource\":{\"x\":\"\",");
        assert!(found(&with_null).unwrap().contains("without a value"));
        let sent = SENT.replace("\"associated_data\":\"transaction\"", "\"associated_data\":\"\"");
        let without = SENT.replace("\"associated_data\":\"transaction\",", "");
        assert!(found_in(&sent, &without).unwrap().contains("without a value"));
    }

    #[test]
    fn it_ends_where_it_is_given_up() {
        let tries = std::cell::Cell::new(0);
        let passes = |_: &str| {
            tries.set(tries.get() + 1);
            (tries.get() < 10).then_some(false)
        };
        let sorted: serde_json::Value = serde_json::from_str(SENT).unwrap();
        assert_eq!(changes(&sorted.to_string(), &passes), None);
        // Once more for the orders.
        assert_eq!(tries.get(), 11);
    }

    #[test]
    fn other_content_is_not_explained_away() {
        assert_eq!(found(&SENT.replace("EV-1", "EV-2")), None);
        for body in ["", "{}", "[]", r#"{"resource":1}"#, r#"{"resource":{},"resource":{}}"#] {
            assert_eq!(found(body), None);
        }
    }
}
