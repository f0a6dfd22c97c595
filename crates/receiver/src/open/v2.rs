use super::{Classified, Context, Found, json_string, v3::open_sealed};
use crate::examine::Steps;
use crate::refusal::Refusal;
use std::borrow::Cow;
use wxhook_crypto::{ApiV2Key, Proof as Proven};
use wxhook_wire::json::{Doc, canonical, canonical_without};
use wxhook_wire::v2::{Fields, MOST_BYTES, NOT_IN_FINGERPRINT, Shape};
use wxhook_wire::{Flag, Opened, Proof};

pub(super) fn open<'c>(context: &Context<'c>, body: &[u8]) -> Result<Classified<'c>, Refusal> {
    let (fields, key) = parse(context, body)?;
    let (fields, proof) = match Shape::of(&fields) {
        Shape::Refund => (fields, Proof::Decrypted),
        Shape::DepositFree => match verify(fields, key)? {
            verified @ (_, Proof::Hmac) => verified,
            _ => return Err(Refusal::Sign),
        },
        _ => verify(fields, key)?,
    };
    read(context, &fields, key, proof)
}

/// The same steps, none of which waits for another one to pass; for nothing but looking.
pub(super) fn steps(context: &Context<'_>, body: &[u8]) -> Steps {
    let parsed = parse(context, body);
    let (signature, content) = match parsed {
        Err(refusal) => (Some(Err(refusal)), Err(refusal)),
        Ok((fields, key)) => {
            let shape = Shape::of(&fields);
            let proof = if shape == Shape::Refund { Proof::Decrypted } else { Proof::Hmac };
            let content = read(context, &fields, key, proof).map(|classified| classified.seen());
            let signature = match (shape, verify(fields, key)) {
                (Shape::Refund, _) => None,
                (Shape::DepositFree, Ok((_, proof))) if proof != Proof::Hmac => Some(Err(Refusal::Sign)),
                (_, verified) => Some(verified.map(drop)),
            };
            (signature, content)
        }
    };
    let key = context.merchant.api_v2_key.as_ref().map(drop).ok_or(Refusal::NoV2Key);
    Steps { skew: None, key, signature, content }
}

fn parse<'m>(context: &Context<'m>, body: &[u8]) -> Result<(Fields, &'m ApiV2Key), Refusal> {
    if body.len() > MOST_BYTES {
        return Err(Refusal::TooLarge);
    }
    let key = context.merchant.api_v2_key.as_ref().ok_or(Refusal::NoV2Key)?;
    Ok((Fields::parse(body).map_err(Refusal::Xml)?, key))
}

/// What fields hold; `proof` is what vouched for them.
fn read<'c>(
    context: &Context<'c>,
    fields: &Fields,
    key: &ApiV2Key,
    proof: Proof,
) -> Result<Classified<'c>, Refusal> {
    let mut flags = Vec::new();
    let inner = match Shape::of(fields) {
        Shape::Refund => {
            flags.push(Flag::Unsigned);
            Some(refund(fields, key)?)
        }
        Shape::DepositFree => Some(deposit_free(context, fields, &mut flags)?),
        _ => sub_orders(fields, &mut flags),
    };

    let suspect = proof != Proof::Decrypted && fields.hides_a_field(context.field_names);
    if suspect {
        flags.push(Flag::Misfit);
    }
    let opened_parts: Vec<_> = inner.iter().map(Inner::part).collect();
    let resource = fields.to_json(&opened_parts);
    let doc = Doc::parse(&resource).map_err(|_| Refusal::Envelope("its fields can't be written as JSON"))?;
    let opened = Opened::v2(fields, doc.root());
    let canonical_text = match (Shape::of(fields), opened.subject()) {
        (Shape::Plain, _) | (_, None) => canonical_without(doc.root(), &NOT_IN_FINGERPRINT),
        (_, Some(subject)) => canonical(subject),
    };
    // Of a refund nothing but the opened part is anybody's word.
    let signed = Some(fields).filter(|_| Shape::of(fields) == Shape::DepositFree);
    let event_id = signed.and_then(|fields| fields.get("event_id")).filter(|id| !id.is_empty());
    let event_id = event_id.map(|id| ("event_id", id));
    let found = Found {
        proof,
        id: None,
        aliases: event_id.as_slice(),
        create_time: None,
        summary: None,
        resource: &resource,
        value: Some(doc.root()),
        canonical: canonical_text.as_bytes(),
        flags,
        suspect,
    };
    context.classify(&opened, found)
}

/// What is opened in place: the field, its new name, its content as JSON.
struct Inner {
    field: &'static str,
    name: &'static str,
    json: String,
}

impl Inner {
    fn part(&self) -> (&str, &str, &str) {
        (self.field, self.name, &self.json)
    }
}

fn verify(fields: Fields, key: &ApiV2Key) -> Result<(Fields, Proof), Refusal> {
    let (fields, proof) = wxhook_crypto::v2::verify(fields, key).map_err(|_| Refusal::Sign)?.into_parts();
    let proof = match proof {
        Proven::Hmac => Proof::Hmac,
        Proven::Md5 => Proof::Md5,
        _ => return Err(Refusal::Sign),
    };
    Ok((fields, proof))
}

/// Whatever fails, it fails alike: a telling answer would be an oracle for the cipher.
fn refund(fields: &Fields, key: &ApiV2Key) -> Result<Inner, Refusal> {
    let sealed = fields.get("req_info").unwrap_or_default();
    let plaintext = wxhook_crypto::v2::open_refund(sealed, key).map_err(|_| Refusal::Refund)?;
    let inner = Fields::parse_opened(plaintext.get()).map_err(|_| Refusal::Refund)?;
    let has = |name| inner.get(name).is_some_and(|text| !text.is_empty());
    if !has("refund_id") || !has("refund_status") {
        return Err(Refusal::Refund);
    }
    Ok(Inner { field: "req_info", name: "req_info", json: inner.to_json(&[]) })
}

fn deposit_free(context: &Context<'_>, fields: &Fields, flags: &mut Vec<Flag>) -> Result<Inner, Refusal> {
    let part = |name| fields.get(name).unwrap_or_default();
    let plaintext = open_sealed(
        context.merchant,
        part("event_algorithm"),
        part("event_nonce"),
        part("event_associated_data"),
        part("event_ciphertext"),
    )?;
    let json = match Fields::parse_opened(&plaintext) {
        Ok(inner) => inner.to_json(&[]),
        Err(_) => {
            flags.push(Flag::NotJson);
            json_string(&String::from_utf8_lossy(&plaintext))
        }
    };
    Ok(Inner { field: "event_ciphertext", name: "event", json })
}

/// The combined payment's list of orders: JSON in a string.
fn sub_orders(fields: &Fields, flags: &mut Vec<Flag>) -> Option<Inner> {
    const FIELD: &str = "sub_order_list";
    let text = fields.get(FIELD).filter(|text| !text.is_empty())?;
    // In the record it stands one level deeper, and must still be read.
    let nested = format!("[{text}]");
    let fits = Doc::parse(text).ok().filter(|_| Doc::parse(&nested).is_ok());
    match fits.map(|doc| doc.compact()) {
        Some(json) => Some(Inner { field: FIELD, name: FIELD, json: Cow::into_owned(json) }),
        None => {
            flags.push(Flag::NotJson);
            None
        }
    }
}
