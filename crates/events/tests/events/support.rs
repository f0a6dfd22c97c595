use wxhook_events::catalog;
use wxhook_wire::json::Doc;
use wxhook_wire::v2::{Fields, Shape};
use wxhook_wire::v3::Envelope;
use wxhook_wire::{EventMeta, Opened, business_key};

/// What the catalog makes of a notification.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) meta: EventMeta,
    pub(crate) key: String,
    pub(crate) fallback: bool,
}

impl Told {
    pub(crate) fn name(&self) -> (&'static str, Option<&'static str>) {
        (self.meta.name, self.meta.variant)
    }

    /// Through the model and back.
    pub(crate) fn fits(&self, resource: &str) -> Result<String, String> {
        (self.meta.model.unwrap().roundtrip)(resource).map_err(|misfit| misfit.at().to_owned())
    }
}

/// A v3 notification by its envelope's `original_type` and its resource.
pub(crate) fn v3(event_type: &str, original_type: &str, resource: &str) -> Option<Told> {
    let body = format!(
        r#"{{"id":"EV-1","create_time":"2026-01-01T00:00:00+08:00","event_type":"{event_type}","resource":{{
        "algorithm":"x","ciphertext":"x","nonce":"x","original_type":"{original_type}"}}}}"#
    );
    let body = Doc::parse(&body).unwrap();
    let envelope = Envelope::read(&body).unwrap();
    let resource = Doc::parse(resource).unwrap();
    told(&Opened::v3(&envelope, Some(resource.root())), ("id", "EV-1"))
}

/// A v2 notification and its resource; `opened` stands for what its hidden field held.
pub(crate) fn v2(xml: &str, opened: Option<&str>) -> (Option<Told>, String) {
    let fields = Fields::parse(xml.as_bytes()).unwrap();
    let hidden = opened.map(|xml| Fields::parse_opened(xml.as_bytes()).unwrap().to_json(&[]));
    let mut open = Vec::new();
    if let (Some((field, name)), Some(json)) = (Shape::of(&fields).opened(), hidden.as_deref()) {
        open.push((field, name, json));
    }
    if let Some(list) = fields.get("sub_order_list") {
        open.push(("sub_order_list", "sub_order_list", list));
    }
    let resource = fields.to_json(&open);
    let doc = Doc::parse(&resource).unwrap();
    let told = told(&Opened::v2(&fields, doc.root()), ("fingerprint", "f1"));
    (told, resource)
}

fn told(opened: &Opened<'_>, otherwise: (&str, &str)) -> Option<Told> {
    let catalog = catalog();
    let meta = *catalog.classify(opened)?;
    let key = business_key("shop", meta.name, &meta.key, opened, otherwise);
    Some(Told { meta, key: key.key, fallback: key.fallback })
}
