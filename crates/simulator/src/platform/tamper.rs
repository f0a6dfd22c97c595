//! A valid request with one thing changed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_crypto::v3;
use wxhook_wire::v2::{Fields, NOT_IN_FINGERPRINT, Shape};

use super::Platform;
use crate::tree::Tree;
use crate::{Error, SignedRequest, Tamper};

const SIGNATURE: &str = "Wechatpay-Signature";
const TIMESTAMP: &str = "Wechatpay-Timestamp";
const NONCE: &str = "Wechatpay-Nonce";
const SERIAL: &str = "Wechatpay-Serial";
const AAD: &str = "resource.associated_data";
const EVENT_AAD: &str = "event_associated_data";
/// At this distance from its end, base64 certainly encodes the last 16 bytes, not padding.
const LAST_BLOCK: usize = 8;
/// Associated data that is never sent otherwise.
const OTHER_AAD: &str = "another";
/// Fields that are read before the signature is verified, or that don't matter.
const NOT_CHANGED: [&str; 2] = ["return_code", "result_code"];

impl Platform {
    /// Changes one thing in a valid request of either protocol, whoever made it.
    ///
    /// Every change except [`Tamper::Aad`] happens after signing and breaks the signature; that one is signed again, so
    /// only decryption fails. A v2 refund has no signature: a changed `req_info` breaks its content.
    ///
    /// # Errors
    /// [`Error::Tamper`] if the request has no such part, [`Error::Missing`] without the key to sign again with, and
    /// [`Error::Crypto`].
    pub fn tamper(&self, request: SignedRequest, tamper: Tamper) -> Result<SignedRequest, Error> {
        let is_v2 = request.body.trim_ascii_start().starts_with(b"<");
        if is_v2 { self.tamper_v2(request, tamper) } else { self.tamper_v3(request, tamper) }
    }

    fn tamper_v3(&self, mut request: SignedRequest, tamper: Tamper) -> Result<SignedRequest, Error> {
        let (header, changed): (_, fn(&str) -> Option<String>) = match tamper {
            Tamper::Body => {
                let start = ciphertext(&request.body).ok_or(Error::Tamper(tamper, "no ciphertext in it"))?;
                change(&mut request.body, start).ok_or(Error::Tamper(tamper, "no ciphertext in it"))?;
                return Ok(request);
            }
            Tamper::Aad => return self.another_aad(request),
            Tamper::Signature => (SIGNATURE, signature),
            Tamper::Timestamp => (TIMESTAMP, timestamp),
            Tamper::Nonce => (NONCE, first),
            Tamper::Serial => (SERIAL, last),
        };
        let value = request.header(header).and_then(changed);
        request.set_header(header, value.ok_or(Error::Tamper(tamper, "its header is missing or not usual"))?);
        Ok(request)
    }

    fn another_aad(&self, mut request: SignedRequest) -> Result<SignedRequest, Error> {
        let not = |why| Error::Tamper(Tamper::Aad, why);
        let body = std::str::from_utf8(&request.body).ok().and_then(Tree::parse);
        let mut body = body.filter(Tree::is_object).ok_or(not("the body is no JSON object"))?;
        let known = body.get("resource").and_then(|resource| resource.get("associated_data")).map(Tree::text);
        if !body.set(AAD, &Tree::string(&other_aad(known.as_deref()))) {
            return Err(not("the body has no resource"));
        }
        request.body = body.to_json().into_bytes();
        let (timestamp, nonce) = request
            .header(TIMESTAMP)
            .zip(request.header(NONCE))
            .ok_or(not("without timestamp and nonce it can't be signed again"))?;
        let signature = v3::sign(self.signing_key()?, timestamp, nonce, &request.body)?;
        request.set_header(SIGNATURE, signature);
        Ok(request)
    }

    fn tamper_v2(&self, mut request: SignedRequest, tamper: Tamper) -> Result<SignedRequest, Error> {
        let not = |why| Error::Tamper(tamper, why);
        let fields = Fields::parse(&request.body).map_err(|_| not("the body can't be read"))?;
        let is_refund = Shape::detect(&fields) == Shape::Refund;
        let at = match tamper {
            Tamper::Body if is_refund => {
                let (start, value) =
                    place(&request.body, &fields, "req_info").ok_or(not("req_info is empty"))?;
                value.len().checked_sub(LAST_BLOCK).map(|far| start + far)
            }
            Tamper::Signature | Tamper::Nonce | Tamper::Aad if is_refund => {
                return Err(not("a v2 refund is not signed"));
            }
            Tamper::Body => content(&request.body, &fields),
            Tamper::Signature => place(&request.body, &fields, "sign").map(|(start, _)| start),
            Tamper::Nonce => place(&request.body, &fields, "nonce_str").map(|(start, _)| start),
            Tamper::Timestamp | Tamper::Serial => return Err(not("a v2 notification has none")),
            Tamper::Aad => {
                let aad = fields.get(EVENT_AAD).ok_or(not("this v2 notification has no associated data"))?;
                return self.another_event_aad(request, &fields, &other_aad(Some(aad)));
            }
        };
        at.and_then(|at| change(&mut request.body, at)).ok_or(not("no such field, or an empty one"))?;
        Ok(request)
    }

    fn another_event_aad(
        &self,
        request: SignedRequest,
        fields: &Fields,
        aad: &str,
    ) -> Result<SignedRequest, Error> {
        let value = |name, value: &str| if name == EVENT_AAD { aad.to_owned() } else { value.to_owned() };
        let changed = fields.iter().map(|(name, known)| (name.to_owned(), value(name, known))).collect();
        let signed = self.v2_sign(changed, SignAlgorithm::HmacSha256)?;
        Ok(SignedRequest { body: signed.body, ..request })
    }
}

fn other_aad(known: Option<&str>) -> String {
    if known == Some(OTHER_AAD) { format!("{OTHER_AAD}-{OTHER_AAD}") } else { OTHER_AAD.to_owned() }
}

/// Returns the start of the base64 of a v3 body's ciphertext.
fn ciphertext(body: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"\"ciphertext\"";
    let after = find(body, NAME)? + NAME.len();
    let quote = find(body.get(after..)?, b"\"")?;
    Some(after + quote + 1)
}

/// Returns the position of the value that is most worth changing.
fn content(body: &[u8], fields: &Fields) -> Option<usize> {
    let candidates = fields
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !NOT_IN_FINGERPRINT.contains(name) && !NOT_CHANGED.contains(name));
    let start = |name| place(body, fields, name).map(|(start, _)| start);
    let usable = |start: &usize| body.get(*start).is_some_and(u8::is_ascii_alphanumeric);
    std::iter::once("total_fee").chain(candidates).filter_map(start).find(usable)
}

/// Returns the start of a field's value and its text; `None` if it is empty.
fn place<'f>(body: &[u8], fields: &'f Fields, name: &str) -> Option<(usize, &'f str)> {
    const CDATA: &[u8] = b"<![CDATA[";
    let value = fields.get(name).filter(|value| !value.is_empty())?;
    let tag = format!("<{name}>");
    let start = find(body, tag.as_bytes())? + tag.len();
    let rest = body.get(start..)?;
    Some((if rest.starts_with(CDATA) { start + CDATA.len() } else { start }, value))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Changes the byte at a position.
fn change(text: &mut [u8], at: usize) -> Option<()> {
    let byte = text.get_mut(at).filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))?;
    *byte = other(*byte);
    Some(())
}

/// Returns another letter or digit; a hexadecimal digit stays one.
const fn other(byte: u8) -> u8 {
    match byte {
        b'0'..=b'8' | b'a'..=b'e' | b'g'..=b'y' | b'A'..=b'E' | b'G'..=b'Y' => byte + 1,
        b'9' => b'0',
        b'f' => b'a',
        _ => b'A',
    }
}

fn signature(base64: &str) -> Option<String> {
    let mut bytes = BASE64_STANDARD.decode(base64).ok()?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle)? ^= 1;
    Some(BASE64_STANDARD.encode(bytes))
}

/// Returns the timestamp one second earlier.
fn timestamp(text: &str) -> Option<String> {
    text.parse::<u64>().ok()?.checked_sub(1).map(|earlier| earlier.to_string())
}

fn first(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    change(&mut bytes, 0)?;
    String::from_utf8(bytes).ok()
}

fn last(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    change(&mut bytes, text.len().checked_sub(1)?)?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_becomes_another_one_of_its_kind() {
        for byte in 0..=255 {
            assert_ne!(other(byte), byte);
            assert!(other(byte).is_ascii_alphanumeric());
            assert!(!byte.is_ascii_hexdigit() || other(byte).is_ascii_hexdigit(), "{byte}");
        }
    }
}
