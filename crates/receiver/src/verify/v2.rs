use super::v3;
use crate::classify::{Classification, Content, Context, json_string};
use crate::rejection::Rejection;
use crate::verify::Checks;
use std::borrow::Cow;
use wxhook_crypto::{ApiV2Key, Proof};
use wxhook_idempotency::Fingerprint;
use wxhook_wire::json::{Doc, Value, canonical, canonical_without};
use wxhook_wire::v2::{Fields, MAX_BYTES, NOT_IN_FINGERPRINT, Shape};
use wxhook_wire::{Flag, Opened, ProofKind};

/// Runs the checks in their order.
pub(super) fn open(context: &Context<'_>, body: &[u8]) -> Result<Classification, Rejection> {
    let (fields, key) = parse(context, body)?;
    let (fields, proof) = match Shape::detect(&fields) {
        Shape::Refund => (fields, ProofKind::Decrypted),
        _ => verify(body, fields, key)?,
    };
    read(context, &fields, key, proof)
}

pub(super) fn checks(context: &Context<'_>, body: &[u8]) -> Checks {
    let (signature, content) = match parse(context, body) {
        Err(rejection) => (Some(Err(rejection)), Err(rejection)),
        Ok((fields, key)) if Shape::detect(&fields) == Shape::Refund => {
            (None, read(context, &fields, key, ProofKind::Decrypted))
        }
        Ok((fields, key)) => {
            let content = read(context, &fields, key, ProofKind::Hmac);
            (Some(verify(body, fields, key).map(drop)), content)
        }
    };
    let key = context.merchant.api_v2_key.as_ref().map(drop).ok_or(Rejection::NoV2Key);
    Checks { timestamp: None, key, signature, content }
}

fn parse<'m>(context: &Context<'m>, body: &[u8]) -> Result<(Fields, &'m ApiV2Key), Rejection> {
    if body.len() > MAX_BYTES {
        return Err(Rejection::TooLarge);
    }
    let key = context.merchant.api_v2_key.as_ref().ok_or(Rejection::NoV2Key)?;
    Ok((Fields::parse(body).map_err(Rejection::Xml)?, key))
}

/// Decrypts and classifies the fields; `proof` is the request's.
fn read(
    context: &Context<'_>,
    fields: &Fields,
    key: &ApiV2Key,
    proof: ProofKind,
) -> Result<Classification, Rejection> {
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
    let doc =
        Doc::parse(&resource).map_err(|_| Rejection::Envelope("its fields can't be written as JSON"))?;
    let opened = Opened::v2(fields, doc.root());
    let fingerprints = match (Shape::detect(fields), opened.subject()) {
        (Shape::Plain, _) | (_, None) => fingerprints(fields, doc.root()),
        (_, Some(subject)) => {
            let digest = wxhook_crypto::sha256(canonical(subject).as_bytes());
            VERSIONS.map(|version| Fingerprint::new(version, digest))
        }
    };
    // Of a refund only the decrypted part comes from the platform.
    let signed = Some(fields).filter(|_| Shape::detect(fields) == Shape::DepositFree);
    let event_id = signed.and_then(|fields| fields.get("event_id")).filter(|id| !id.is_empty());
    let event_id = event_id.map(|id| ("event_id", id));
    context.classify(
        &opened,
        Content {
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
        },
    )
}

/// Versions of the canonical form that fingerprints are made of, the current one first. Version 1 contained empty fields,
/// which aren't signed.
const VERSIONS: [u8; 2] = [2, 1];

/// Returns the fingerprints of fields without an encrypted part, in all versions.
fn fingerprints(fields: &Fields, resource: Value<'_>) -> [Fingerprint; 2] {
    let digest =
        |leave_out: &[&str]| wxhook_crypto::sha256(canonical_without(resource, leave_out).as_bytes());
    let with_empty = digest(&NOT_IN_FINGERPRINT);
    let empty = fields.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name);
    let leave_out: Vec<_> = NOT_IN_FINGERPRINT.into_iter().chain(empty).collect();
    let without = if leave_out.len() > NOT_IN_FINGERPRINT.len() { digest(&leave_out) } else { with_empty };
    let [current, first] = VERSIONS;
    [Fingerprint::new(current, without), Fingerprint::new(first, with_empty)]
}

/// A field whose content is decrypted in place.
struct Inner {
    field: &'static str,
    /// Its new name.
    name: &'static str,
    json: String,
}

impl Inner {
    fn part(&self) -> (&str, &str, &str) {
        (self.field, self.name, &self.json)
    }
}

/// Verifies the fields as received, or else with normalized line ends: XML parsers read a CR as LF, and either may have
/// been signed.
fn verify(body: &[u8], fields: Fields, key: &ApiV2Key) -> Result<(Fields, ProofKind), Rejection> {
    let verified = wxhook_crypto::v2::verify(fields, key).ok();
    let verified = verified.or_else(|| {
        let text = std::str::from_utf8(body).ok().filter(|text| text.contains('\r'))?;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        wxhook_crypto::v2::verify(Fields::parse(text.as_bytes()).ok()?, key).ok()
    });
    let (fields, proof) = verified.ok_or(Rejection::Sign)?.into_parts();
    let proof = match proof {
        Proof::Hmac => ProofKind::Hmac,
        Proof::Md5 => ProofKind::Md5,
        _ => return Err(Rejection::Sign),
    };
    Ok((fields, proof))
}

/// Decrypts a refund. Every failure gives the same error: anything else would be an oracle for the cipher.
fn refund(fields: &Fields, key: &ApiV2Key) -> Result<Inner, Rejection> {
    let sealed = fields.get("req_info").unwrap_or_default();
    let plaintext = wxhook_crypto::v2::open_refund(sealed, key).map_err(|_| Rejection::Refund)?;
    let inner = Fields::parse_opened(plaintext.get()).map_err(|_| Rejection::Refund)?;
    if !is_documented(&inner) {
        return Err(Rejection::Refund);
    }
    Ok(Inner { field: "req_info", name: "req_info", json: inner.to_json(&[]) })
}

fn deposit_free(context: &Context<'_>, fields: &Fields, flags: &mut Vec<Flag>) -> Result<Inner, Rejection> {
    let part = |name| fields.get(name).unwrap_or_default();
    let plaintext = v3::decrypt(
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

/// Returns the list of orders of a combined payment, which is JSON in a string.
fn sub_orders(fields: &Fields, flags: &mut Vec<Flag>) -> Option<Inner> {
    const FIELD: &str = "sub_order_list";
    let text = fields.get(FIELD).filter(|text| !text.is_empty())?;
    // The record nests it one level deeper, where it must still parse.
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

/// Returns whether a refund's numbers, amounts and status have their documented form.
///
/// Nothing authenticates them: ECB lets anyone who has two refunds splice their blocks, which seldom yields that form.
fn is_documented(refund: &Fields) -> bool {
    ["refund_id", "refund_status"].iter().all(|name| refund.get(name).is_some_and(|text| !text.is_empty()))
        && refund.iter().all(|(name, text)| text.is_empty() || has_form(name, text))
}

/// Returns whether a field that isn't empty has its documented form. Free text has any form.
fn has_form(name: &str, text: &str) -> bool {
    match name {
        "refund_id" | "transaction_id" => is_platform_number(text),
        "out_trade_no" => is_merchant_number(text, 32),
        "out_refund_no" => is_merchant_number(text, 64),
        "refund_status" | "refund_account" | "refund_request_source" => {
            text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        }
        "sub_mch_id" | "sub_mchid" => text.len() <= 32 && is_digits(text),
        "success_time" => text.len() <= 32 && text.bytes().all(is_time_char),
        _ if unnumbered(name).ends_with("_fee") => text.len() <= 19 && is_digits(text),
        _ => true,
    }
}

fn unnumbered(name: &str) -> &str {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    name.rsplit_once('_').filter(|(_, number)| is_number(number)).map_or(name, |(name, _)| name)
}

/// Platform numbers have 28 digits or a few more; no document shows fewer than 20.
fn is_platform_number(text: &str) -> bool {
    (20..=32).contains(&text.len()) && is_digits(text)
}

/// Merchant numbers consist of digits, letters and `_-|*@`.
fn is_merchant_number(text: &str, max: usize) -> bool {
    text.len() <= max && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

const fn is_time_char(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b' ' | b'T' | b'+' | b'.' | b'Z')
}
