use crate::tree::Tree;
use wxhook_events::catalog;
use wxhook_wire::json::Doc;
use wxhook_wire::v2::{Fields, Shape};
use wxhook_wire::v3::Envelope;
use wxhook_wire::{Event, EventMeta, KeyRule, Opened, Protocol, When, business_key};

/// The catalog's view of a notification.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) meta: EventMeta,
    pub(crate) key: String,
    pub(crate) older: Vec<String>,
    pub(crate) fallback: bool,
}

impl Told {
    pub(crate) fn name(&self) -> (&'static str, Option<&'static str>) {
        (self.meta.name, self.meta.variant)
    }

    /// Returns the resource as the model writes it back.
    pub(crate) fn given_back(&self, resource: &str) -> String {
        roundtrip(&self.meta, resource).unwrap()
    }
}

/// Through an entry's model and back, or where it doesn't fit.
pub(crate) fn roundtrip(meta: &EventMeta, resource: &str) -> Result<String, String> {
    (meta.model.unwrap().roundtrip)(resource).map_err(|misfit| misfit.path().to_owned())
}

/// Checks that it fits an entry's model; the error is the path where it doesn't.
pub(crate) fn fits(meta: &EventMeta, resource: &str) -> Result<(), String> {
    let doc = Doc::parse(resource).unwrap();
    (meta.model.unwrap().fits)(doc.root()).map_err(|misfit| misfit.path().to_owned())
}

/// Decodes what a notification was told to be.
pub(crate) fn decoded<E: Event>(told: &Told, resource: &str) -> E {
    assert_eq!(told.meta.name, E::NAME);
    E::decode(told.meta.variant, resource).unwrap()
}

/// A v3 notification by its envelope's `original_type` and its resource.
pub(crate) fn v3(event_type: &str, original_type: &str, resource: &str) -> Option<Told> {
    opened_v3(event_type, original_type, resource, |opened| told(opened, None))
}

/// A v2 notification and its resource; `opened` stands for what its hidden field held.
pub(crate) fn v2(xml: &str, opened: Option<&str>) -> (Option<Told>, String) {
    let fields = Fields::parse(xml.as_bytes()).unwrap();
    let hidden = opened.map(|xml| Fields::parse_opened(xml.as_bytes()).unwrap().to_json(&[]));
    let mut open = Vec::new();
    if let (Some((field, name)), Some(json)) = (Shape::detect(&fields).opened(), hidden.as_deref()) {
        open.push((field, name, json));
    }
    if let Some(list) = fields.get("sub_order_list") {
        open.push(("sub_order_list", "sub_order_list", list));
    }
    let resource = fields.to_json(&open);
    let doc = Doc::parse(&resource).unwrap();
    let told = told(&Opened::v2(&fields, doc.root()), None);
    (told, resource)
}

/// The notification that this resource of an entry came in; with `rule` the key is by that one.
pub(crate) fn of(meta: &EventMeta, resource: &Tree, rule: Option<&KeyRule>) -> Option<Told> {
    let text = resource.to_json();
    if meta.protocol == Protocol::V3 {
        let original_type = original_type(&meta.when).unwrap_or_default();
        return opened_v3(meta.name, original_type, &text, |opened| told(opened, rule));
    }
    let doc = Doc::parse(&text).unwrap();
    let fields = Fields::parse(xml(resource).as_bytes()).unwrap();
    told(&Opened::v2(&fields, doc.root()), rule)
}

fn opened_v3<R>(
    event_type: &str,
    original_type: &str,
    resource: &str,
    look: impl FnOnce(&Opened<'_>) -> R,
) -> R {
    let body = format!(
        r#"{{"id":"EV-1","create_time":"2026-01-01T00:00:00+08:00","event_type":"{event_type}","resource":{{
        "algorithm":"x","ciphertext":"x","nonce":"x","original_type":"{original_type}"}}}}"#
    );
    let body = Doc::parse(&body).unwrap();
    let envelope = Envelope::read(&body).unwrap();
    let resource = Doc::parse(resource).unwrap();
    look(&Opened::v3(&envelope, Some(resource.root())))
}

fn told(opened: &Opened<'_>, rule: Option<&KeyRule>) -> Option<Told> {
    let catalog = catalog();
    let meta = *catalog.classify(opened)?;
    let otherwise: (_, &[_]) =
        if meta.protocol == Protocol::V3 { ("id", &["EV-1"]) } else { ("fingerprint", &["f1"]) };
    let rule = rule.unwrap_or(&meta.key);
    let key = business_key("shop", meta.name, rule, opened, otherwise, wxhook_crypto::sha256);
    Some(Told { meta, key: key.key, older: key.older, fallback: key.fallback })
}

/// The `original_type` that a condition asks for.
fn original_type(when: &When) -> Option<&'static str> {
    match when {
        When::EnvelopeEquals("resource.original_type", text) => Some(text),
        When::All(conditions) | When::Any(conditions) => conditions.iter().find_map(original_type),
        _ => None,
    }
}

/// The XML that a v2 resource is shown for; what was hidden is sealed again.
fn xml(resource: &Tree) -> String {
    let Tree::Object(members) = resource else { panic!("no object") };
    let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let field = |(name, value): &(String, Tree)| {
        let name = name.trim_matches('"');
        if name.is_empty() || !is_plain(name) {
            return String::new();
        }
        let text = match value {
            Tree::Token(token) if token == "null" => String::new(),
            _ => value.text().unwrap_or_else(|| value.to_json()),
        };
        let name = if name == "event" { "event_ciphertext" } else { name };
        format!("<{name}><![CDATA[{text}]]></{name}>")
    };
    format!("<xml>{}</xml>", members.iter().map(field).collect::<String>())
}
