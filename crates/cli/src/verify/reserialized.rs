//! A v3 body that was parsed and written again, and what it was before.
//!
//! What a signature is over are bytes. Whoever parses JSON and writes it again writes other ones: with other blanks,
//! another order, other escapes. The forms in which the usual libraries write are tried.

mod writer;

use wxhook_wire::json::{Doc, Kind, Value};

use writer::{Escapes, Part, Spacing};

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
/// Blanks of an indent, behind a comma and behind a colon: nothing, Python's, and printed for people.
const SPACINGS: [Spacing; 5] = [
    Spacing { indent: None, comma: ",", colon: ":" },
    Spacing { indent: None, comma: ", ", colon: ": " },
    Spacing { indent: Some("  "), comma: ",", colon: ": " },
    Spacing { indent: Some("    "), comma: ",", colon: ": " },
    Spacing { indent: Some("\t"), comma: ",", colon: ": " },
];
const COMPACT: Spacing = Spacing { indent: None, comma: ",", colon: ":" };
/// As they came, none that needn't be, PHP's, Python's, both; Go's and Gson's for HTML.
const ESCAPES: [Escapes; 7] = [
    Escapes::AsTheyCame,
    Escapes::Of { unicode: false, extra: "" },
    Escapes::Of { unicode: false, extra: "/" },
    Escapes::Of { unicode: true, extra: "" },
    Escapes::Of { unicode: true, extra: "/" },
    Escapes::Of { unicode: false, extra: "<>&" },
    Escapes::Of { unicode: false, extra: "<>&='" },
];
const DATA: &str = "\"associated_data\"";
/// Of no more members every order is tried: 6! = 720.
const MOST_ORDERED: usize = 6;

type Members<'d> = Vec<(Value<'d>, Value<'d>)>;

/// Tells whether a form is what was signed; `None` gives up.
type Passes<'p> = dyn Fn(&str) -> Option<bool> + 'p;

/// What was changed in a body, if a form of it passes; `passes` is asked some thousand times at most.
pub(super) fn changed(body: &str, passes: &Passes<'_>) -> Option<String> {
    let doc = Doc::parse(body).ok().filter(|doc| doc.root().kind() == Kind::Object)?;
    let outer: Members<'_> = doc.root().members().collect();
    let resource = doc.root().get("resource").filter(|value| value.kind() == Kind::Object)?;
    let inner: Members<'_> = resource.members().collect();
    let place = outer.iter().position(|(name, _)| name.text().as_deref() == Some("resource"))?;
    let form = Form { outer, inner, place };

    form.usual(body, passes).or_else(|| form.any_order(passes))
}

/// Whether a body isn't as the platform's documents show one: without blanks and escapes, its members in a known order.
pub(super) fn is_unusual(body: &str) -> bool {
    Doc::parse(body).is_ok_and(|doc| {
        let members = |value: Value<'_>, known| is_documented(&value.members().collect::<Vec<_>>(), known);
        let resource = doc.root().get("resource");
        let is_ordered = members(doc.root(), &OUTER) && resource.is_none_or(|value| members(value, &INNER));
        doc.compact() != body || body.contains('\\') || !is_ordered
    })
}

/// Returns the body with the names that the platform's documents have, if it has them in camel case.
pub(super) fn snake_case(body: &str) -> Option<String> {
    const NAMES: [(&str, &str); 5] = [
        ("createTime", "create_time"),
        ("eventType", "event_type"),
        ("resourceType", "resource_type"),
        ("originalType", "original_type"),
        ("associatedData", "associated_data"),
    ];
    let doc = Doc::parse(body).ok()?;
    let root = doc.root();
    let has = |value: Value<'_>, name: &str| value.kind() == Kind::Object && value.get(name).is_some();
    let resource = root.get("resource");
    let found =
        NAMES.iter().filter(|(name, _)| has(root, name) || resource.is_some_and(|value| has(value, name)));
    let renamed = found.fold(body.to_owned(), |text, (name, known)| {
        text.replace(&format!("\"{name}\""), &format!("\"{known}\""))
    });
    (renamed != body).then_some(renamed)
}

struct Form<'d> {
    outer: Members<'d>,
    inner: Members<'d>,
    /// Of the resource among the outer ones.
    place: usize,
}

impl Form<'_> {
    fn usual(&self, body: &str, passes: &Passes<'_>) -> Option<String> {
        let as_it_is: Vec<usize> = (0..self.outer.len()).collect();
        let inner_as_it_is: Vec<usize> = (0..self.inner.len()).collect();
        let outers = orders(&self.outer, &OUTER);
        let inners = orders(&self.inner, &INNER);
        let members = || self.outer.iter().chain(&self.inner);
        let is_given = self.inner.iter().any(|(name, _)| name.raw() == DATA);
        let blanks = [
            (Blanks::Stay, true),
            (Blanks::Go, members().any(|(_, value)| value.is_blank())),
            (Blanks::Added, !is_given),
        ];
        for blanks in blanks.into_iter().filter(|(_, possible)| *possible).map(|(blanks, _)| blanks) {
            for outer in &outers {
                for inner in &inners {
                    for escapes in ESCAPES {
                        for spacing in SPACINGS {
                            let text = self.write(outer, inner, escapes, spacing, blanks);
                            if !passes(&text)? {
                                continue;
                            }
                            let respaced = self.write(
                                &as_it_is,
                                &inner_as_it_is,
                                Escapes::AsTheyCame,
                                spacing,
                                Blanks::Stay,
                            );
                            return Some(described(&[
                                (respaced != body, "the blanks between its tokens"),
                                (*outer != as_it_is || *inner != inner_as_it_is, "the order of its members"),
                                (
                                    escapes != Escapes::AsTheyCame,
                                    "how its strings are escaped (such as / or non-ASCII characters)",
                                ),
                                (blanks != Blanks::Stay, "members without a value were added or left out"),
                            ]));
                        }
                    }
                }
            }
        }
        None
    }

    /// Every order, in one form only: libraries that sort, or don't keep any order, write nothing between tokens. Those
    /// leave hardly anything in an order that the documents have.
    fn any_order(&self, passes: &Passes<'_>) -> Option<String> {
        if is_documented(&self.outer, &OUTER) && is_documented(&self.inner, &INNER) {
            return None;
        }
        let (every_outer, every_inner) = (permutations(self.outer.len()), permutations(self.inner.len()));
        let (outers, inners) = (orders(&self.outer, &OUTER), orders(&self.inner, &INNER));
        let tries = [(&every_outer, &inners), (&outers, &every_inner)];
        for escapes in [Escapes::AsTheyCame, Escapes::Of { unicode: false, extra: "" }] {
            for (outers, inners) in tries {
                for inner in inners {
                    for outer in outers {
                        if passes(&self.write(outer, inner, escapes, COMPACT, Blanks::Stay))? {
                            return Some(described(&[(true, "the order of its members")]));
                        }
                    }
                }
            }
        }
        None
    }

    fn write(
        &self,
        outer: &[usize],
        inner: &[usize],
        escapes: Escapes,
        spacing: Spacing,
        blanks: Blanks,
    ) -> String {
        let inner = inner
            .iter()
            .filter_map(|at| self.inner.get(*at))
            .filter(|(_, value)| blanks != Blanks::Go || !value.is_blank());
        let mut inner: Vec<_> = inner.map(|(name, value)| (name.raw(), Part::Value(*value))).collect();
        if blanks == Blanks::Added {
            let behind =
                inner.iter().position(|(name, _)| *name == "\"ciphertext\"").map_or(inner.len(), |at| at + 1);
            inner.insert(behind, (DATA, Part::Text("\"\"")));
        }
        let outer = outer.iter().filter_map(|at| Some((*at, self.outer.get(*at)?)));
        let outer = outer.filter(|(_, (_, value))| blanks != Blanks::Go || !value.is_blank());
        let outer: Vec<_> = outer
            .map(|(at, (name, value))| {
                (name.raw(), if at == self.place { Part::Members(&inner) } else { Part::Value(*value) })
            })
            .collect();
        writer::object(&outer, escapes, spacing)
    }
}

/// What happens to members that say nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blanks {
    Stay,
    Go,
    /// An empty `associated_data`, which is all the same to the cipher and not to the signature.
    Added,
}

fn is_documented(members: &[(Value<'_>, Value<'_>)], known: &[&[&str]]) -> bool {
    let place = |order: &[&str], name: &Value<'_>| {
        order.iter().position(|known| name.text().as_deref() == Some(*known))
    };
    known
        .iter()
        .any(|order| members.iter().is_sorted_by_key(|(name, _)| place(order, name).unwrap_or(order.len())))
}

/// The order as it is, sorted, and the documents' ones.
fn orders(members: &[(Value<'_>, Value<'_>)], known: &[&[&str]]) -> Vec<Vec<usize>> {
    let names: Vec<_> = members.iter().map(|(name, _)| name.text().unwrap_or_default()).collect();
    let mut orders = vec![(0..names.len()).collect::<Vec<usize>>()];
    let mut sorted: Vec<_> = names.iter().enumerate().collect();
    sorted.sort_by_key(|(_, name)| *name);
    orders.push(sorted.iter().map(|(at, _)| *at).collect());
    for order in known {
        let mut arranged: Vec<_> = names.iter().enumerate().collect();
        arranged
            .sort_by_key(|(_, name)| order.iter().position(|known| *known == **name).unwrap_or(order.len()));
        orders.push(arranged.iter().map(|(at, _)| *at).collect());
    }
    let mut seen = Vec::new();
    orders.retain(|order| {
        !seen.contains(order) && {
            seen.push(order.clone());
            true
        }
    });
    orders
}

/// Every order of so many things, or none where there are too many.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count > MOST_ORDERED {
        return Vec::new();
    }
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = |order: Vec<usize>| {
            (0..count)
                .filter(|next| !order.contains(next))
                .map(|next| [order.as_slice(), &[next]].concat())
                .collect::<Vec<_>>()
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

fn described(changes: &[(bool, &str)]) -> String {
    let changes: Vec<_> = changes.iter().filter(|(changed, _)| *changed).map(|(_, what)| *what).collect();
    changes.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = r#"{"id":"EV-1","create_time":"2018-06-08T10:34:56+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付 / <成功>","resource":{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"ab+/cd==","associated_data":"transaction","nonce":"0123456789ab"}}"#;

    fn told(body: &str) -> Option<String> {
        told_of(SENT, body)
    }

    fn told_of(sent: &str, body: &str) -> Option<String> {
        assert_ne!(sent, body);
        changed(body, &|text| Some(text == sent))
    }

    #[test]
    fn what_libraries_write_is_recognized() {
        let value: serde_json::Value = serde_json::from_str(SENT).unwrap();
        let spacing = Some("the blanks between its tokens".to_owned());
        let python = SENT.replace("\":", "\": ").replace("\",\"", "\", \"");
        assert_eq!(told(&python), spacing);
        assert_eq!(told(&crate::pretty::pretty(SENT)), spacing);
        let order = Some("the order of its members".to_owned());
        assert_eq!(told(&value.to_string()), order, "sorted");
        let escapes = |body: &str| assert!(told(body).unwrap().starts_with("how its strings"), "{body}");
        escapes(&SENT.replace('/', "\\/"));
        escapes(&SENT.replace("支付", "\\u652f\\u4ed8").replace("成功", "\\u6210\\u529f"));
        escapes(&SENT.replace('=', "\\u003d").replace('<', "\\u003c").replace('>', "\\u003e"));
        let both = told(&serde_json::to_string_pretty(&value).unwrap()).unwrap();
        assert_eq!(both, "the blanks between its tokens, the order of its members");
    }

    #[test]
    fn what_was_sent_otherwise_is_recognized_too() {
        let pretty = crate::pretty::pretty(SENT);
        assert!(told_of(&pretty, SENT).unwrap().contains("blanks"));
        let slashes = SENT.replace('/', "\\/");
        assert!(told_of(&slashes, SENT).unwrap().contains("escaped"));
        // An order that no document has.
        let odd = r#"{"summary":"s","resource":{"nonce":"n","algorithm":"a","ciphertext":"c"},"event_type":"e","id":"i"}"#;
        let sorted: serde_json::Value = serde_json::from_str(odd).unwrap();
        assert!(told_of(odd, &sorted.to_string()).is_none(), "two odd orders at once aren't found");
        let odd = r#"{"summary":"s","resource":{"algorithm":"a","ciphertext":"c","nonce":"n"},"event_type":"e","id":"i"}"#;
        let sorted: serde_json::Value = serde_json::from_str(odd).unwrap();
        assert_eq!(told_of(odd, &sorted.to_string()).as_deref(), Some("the order of its members"));
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
        assert!(told(&with_null).unwrap().contains("without a value"));
        let sent = SENT.replace("\"associated_data\":\"transaction\"", "\"associated_data\":\"\"");
        let without = SENT.replace("\"associated_data\":\"transaction\",", "");
        assert!(told_of(&sent, &without).unwrap().contains("without a value"));
    }

    #[test]
    fn it_ends_where_it_is_given_up() {
        let tries = std::cell::Cell::new(0);
        let passes = |_: &str| {
            tries.set(tries.get() + 1);
            (tries.get() < 10).then_some(false)
        };
        let sorted: serde_json::Value = serde_json::from_str(SENT).unwrap();
        assert_eq!(changed(&sorted.to_string(), &passes), None);
        // Once more for the orders.
        assert_eq!(tries.get(), 11);
    }

    #[test]
    fn other_content_is_not_explained_away() {
        assert_eq!(told(&SENT.replace("EV-1", "EV-2")), None);
        for body in ["", "{}", "[]", r#"{"resource":1}"#, r#"{"resource":{},"resource":{}}"#] {
            assert_eq!(told(body), None);
        }
    }
}
