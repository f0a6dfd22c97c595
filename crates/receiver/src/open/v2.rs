mod refund;

use super::{Classified, Context, Found, json_string, v3::open_sealed};
use crate::examine::Steps;
use crate::refusal::Refusal;
use std::borrow::Cow;
use wxhook_crypto::{ApiV2Key, Proof};
use wxhook_idempotency::Fingerprint;
use wxhook_wire::json::{Doc, Value, canonical, canonical_without};
use wxhook_wire::v2::{Fields, MAX_BYTES, NOT_IN_FINGERPRINT, Shape};
use wxhook_wire::{Flag, Opened, ProofKind};

pub(super) fn open<'c>(context: &Context<'c>, body: &[u8]) -> Result<Classified<'c>, Refusal> {
    let (fields, key) = parse(context, body)?;
    let (fields, proof) = match Shape::detect(&fields) {
        Shape::Refund => (fields, ProofKind::Decrypted),
        _ => verify(body, fields, key)?,
    };
    read(context, &fields, key, proof)
}

/// The same steps, none of which waits for another one to pass; for nothing but looking.
pub(super) fn steps(context: &Context<'_>, body: &[u8]) -> Steps {
    let parsed = parse(context, body);
    let (signature, content) = match parsed {
        Err(refusal) => (Some(Err(refusal)), Err(refusal)),
        Ok((fields, key)) => {
            let shape = Shape::detect(&fields);
            let proof = if shape == Shape::Refund { ProofKind::Decrypted } else { ProofKind::Hmac };
            let content = read(context, &fields, key, proof).map(|classified| classified.seen());
            let signature = (shape != Shape::Refund).then(|| verify(body, fields, key).map(drop));
            (signature, content)
        }
    };
    let key = context.merchant.api_v2_key.as_ref().map(drop).ok_or(Refusal::NoV2Key);
    Steps { skew: None, key, signature, content }
}

fn parse<'m>(context: &Context<'m>, body: &[u8]) -> Result<(Fields, &'m ApiV2Key), Refusal> {
    if body.len() > MAX_BYTES {
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
    proof: ProofKind,
) -> Result<Classified<'c>, Refusal> {
    let mut flags = Vec::new();
    let inner = match Shape::detect(fields) {
        Shape::Refund => {
            flags.push(Flag::Unsigned);
            Some(refund(fields, key)?)
        }
        Shape::DepositFree => Some(deposit_free(context, fields, &mut flags)?),
        _ => sub_orders(fields, &mut flags),
    };

    let hides_a_field = proof != ProofKind::Decrypted && fields.hides_a_field(context.field_names);
    let opened_parts: Vec<_> = inner.iter().map(Inner::part).collect();
    let resource = fields.to_json(&opened_parts);
    let doc = Doc::parse(&resource).map_err(|_| Refusal::Envelope("its fields can't be written as JSON"))?;
    let opened = Opened::v2(fields, doc.root());
    let fingerprints = match (Shape::detect(fields), opened.subject()) {
        (Shape::Plain, _) | (_, None) => fingerprints(fields, doc.root()),
        (_, Some(subject)) => {
            let digest = wxhook_crypto::sha256(canonical(subject).as_bytes());
            VERSIONS.map(|version| Fingerprint::new(version, digest))
        }
    };
    // Of a refund nothing but the opened part is anybody's word.
    let signed = Some(fields).filter(|_| Shape::detect(fields) == Shape::DepositFree);
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
        fingerprints: &fingerprints,
        flags,
        hides_a_field,
    };
    context.classify(&opened, found)
}

/// Versions of the canonical form that fingerprints are made of, the present one first. Version 1 had empty fields in it,
/// which nobody signs.
const VERSIONS: [u8; 2] = [2, 1];

/// Returns the fingerprints of what is hidden in nothing, in all versions.
fn fingerprints(fields: &Fields, resource: Value<'_>) -> [Fingerprint; 2] {
    let digest =
        |leave_out: &[&str]| wxhook_crypto::sha256(canonical_without(resource, leave_out).as_bytes());
    let with_empty = digest(&NOT_IN_FINGERPRINT);
    let empty = fields.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name);
    let leave_out: Vec<_> = NOT_IN_FINGERPRINT.into_iter().chain(empty).collect();
    let without = if leave_out.len() > NOT_IN_FINGERPRINT.len() { digest(&leave_out) } else { with_empty };
    let [present, first] = VERSIONS;
    [Fingerprint::new(present, without), Fingerprint::new(first, with_empty)]
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

/// Verifies fields as they stand in the body, or else with the line ends that XML gives them: a CR is read as LF there, and
/// either may have been signed.
fn verify(body: &[u8], fields: Fields, key: &ApiV2Key) -> Result<(Fields, ProofKind), Refusal> {
    let verified = wxhook_crypto::v2::verify(fields, key).ok();
    let verified = verified.or_else(|| {
        let text = std::str::from_utf8(body).ok().filter(|text| text.contains('\r'))?;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        wxhook_crypto::v2::verify(Fields::parse(text.as_bytes()).ok()?, key).ok()
    });
    let (fields, proof) = verified.ok_or(Refusal::Sign)?.into_parts();
    let proof = match proof {
        Proof::Hmac => ProofKind::Hmac,
        Proof::Md5 => ProofKind::Md5,
        _ => return Err(Refusal::Sign),
    };
    Ok((fields, proof))
}

/// Whatever fails, it fails alike: a telling answer would be an oracle for the cipher.
fn refund(fields: &Fields, key: &ApiV2Key) -> Result<Inner, Refusal> {
    let sealed = fields.get("req_info").unwrap_or_default();
    let plaintext = wxhook_crypto::v2::open_refund(sealed, key).map_err(|_| Refusal::Refund)?;
    let inner = Fields::parse_opened(plaintext.get()).map_err(|_| Refusal::Refund)?;
    if !refund::is_documented(&inner) {
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
