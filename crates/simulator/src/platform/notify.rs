use wxhook_crypto::v2::SignAlgorithm;
use wxhook_wire::v2::Shape;
use wxhook_wire::{EventMeta, Protocol};

use super::Platform;
use crate::example::written;
use crate::view::{associated_data, fields, original_type, wanted};
use crate::{Error, Nonces, Notification, Resource, SignedRequest};

type Fields = Vec<(String, String)>;

impl Platform {
    /// Makes the request of any catalogued event from its resource, encrypted and signed as the kind of event requires.
    ///
    /// `timestamp` is in seconds since the epoch, and is also the creation time. `id` is the notification's id. In v2,
    /// only notifications of deposit-free rent and stay have one, and the resource's own `event_id` overrides it. If
    /// the event's conditions require something in the v3 envelope, it is added; `associated_data` is always present,
    /// but may be empty. A v2 resource has the form that a record shows; its `nonce_str` and `sign` are made again, and
    /// it is signed with the algorithm of its `sign_type` (MD5 by default).
    ///
    /// # Errors
    /// [`Error::Resource`] for a v2 resource without the object to encrypt (`req_info`, `event`);
    /// [`Error::Missing`] without the required key, [`Error::Field`] for a field that XML can't hold, [`Error::Nonce`],
    /// [`Error::Crypto`].
    pub fn notify(
        &self,
        meta: &EventMeta,
        resource: &Resource,
        id: &str,
        timestamp: u64,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        if meta.protocol == Protocol::V2 {
            return self.notify_v2(meta, resource, id, None, nonces);
        }
        let notification = notification(meta, resource, id, timestamp);
        self.v3(&notification, timestamp, nonces)
    }

    pub(super) fn notify_v2(
        &self,
        meta: &EventMeta,
        resource: &Resource,
        id: &str,
        sign: Option<SignAlgorithm>,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        let mut around = fields(resource.tree());
        around.retain(|(name, _)| name != "nonce_str" && name != "sign");
        match meta.hidden() {
            None => {
                let named = around.iter().find(|(name, value)| name == "sign_type" && !value.is_empty());
                let named = named.map(|(_, name)| name.parse()).transpose();
                let algorithm = sign.map_or(named, |sign| Ok(Some(sign)))?.unwrap_or(SignAlgorithm::Md5);
                around.push(("nonce_str".to_owned(), nonces.signature.clone()));
                self.v2_sign(around, algorithm)
            }
            Some(place) if Shape::Refund.opened() == Some(place) => {
                let content =
                    taken(&mut around, resource, place).ok_or(Error::Resource("has no object req_info"))?;
                self.v2_refund(around, &content, nonces)
            }
            Some(place) => {
                let content =
                    taken(&mut around, resource, place).ok_or(Error::Resource("has no object event"))?;
                let event_type = meta.name.strip_prefix("v2/").unwrap_or(meta.name);
                for (name, value) in [("event_type", event_type), ("event_id", id)] {
                    if !around.iter().any(|(known, _)| known == name) {
                        around.push((name.to_owned(), value.to_owned()));
                    }
                }
                self.v2_event(around, &content, sign, nonces)
            }
        }
    }
}

/// Builds a v3 notification before it is encrypted.
pub(super) fn notification(meta: &EventMeta, resource: &Resource, id: &str, timestamp: u64) -> Notification {
    let wanted = |path: &str| wanted(meta, path).map(str::to_owned);
    let mut notification = Notification::new(id, meta.name, resource.to_json());
    notification.create_time = written(timestamp, Some("rfc3339"), false);
    notification.summary = wanted("summary").unwrap_or_else(|| meta.title.to_owned());
    notification.original_type = original_type(meta).map(str::to_owned);
    notification.associated_data = Some(associated_data(meta).to_owned());
    if let Some(resource_type) = wanted("resource_type") {
        notification.resource_type = resource_type;
    }
    notification
}

/// Separates the content to encrypt from the fields around it.
fn taken(around: &mut Fields, resource: &Resource, (field, name): (&str, &str)) -> Option<Fields> {
    around.retain(|(known, _)| known != field && known != name);
    let content = resource.tree().get(name)?;
    content.is_object().then(|| fields(content))
}
