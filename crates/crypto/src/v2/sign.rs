//! The `sign` field.

use std::fmt;
use std::str::FromStr;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use crate::backend::hmac;
use crate::{ApiV2Key, Error, Proof, Verified};

/// The field that contains the signature, the only one that is never signed.
const SIGN: &str = "sign";

/// An algorithm of a v2 `sign`, given by the field `sign_type` (or `algorithm`), or by the length of the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignAlgorithm {
    /// `MD5` over the fields and the key: 32 hex digits; legacy.
    Md5,
    /// `HMAC-SHA256` with the key: 64 hex digits.
    HmacSha256,
}

impl SignAlgorithm {
    /// Returns the algorithm's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// Returns the algorithm whose signs have this form: 32 or 64 hex digits.
    pub fn from_sign(sign: &str) -> Option<Self> {
        match sign.len() {
            _ if !sign.bytes().all(|byte| byte.is_ascii_hexdigit()) => None,
            32 => Some(Self::Md5),
            64 => Some(Self::HmacSha256),
            _ => None,
        }
    }
}

impl fmt::Display for SignAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SignAlgorithm {
    type Err = Error;

    /// Parses the exact name; anything else is [`Error::UnknownAlgorithm`].
    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "MD5" => Ok(Self::Md5),
            "HMAC-SHA256" => Ok(Self::HmacSha256),
            _ => Err(Error::UnknownAlgorithm),
        }
    }
}

/// Verifies the `sign` of a v2 notification's fields and returns them as verified.
///
/// All non-empty fields except `sign` are signed, including unknown ones. If the field `sign_type`, or else
/// `algorithm`, names an algorithm, only that one is tried. If both are missing or empty, the length of the sign
/// determines it ([`SignAlgorithm::from_sign`]), since notifications of orders placed with HMAC-SHA256 have no
/// `sign_type`. The sign is uppercase hex and compared exactly, in constant time.
///
/// `fields` is iterated once, and exactly what it yields is verified.
///
/// # Errors
/// [`Error::MissingSignature`] without a (non-empty) `sign`, [`Error::DuplicateField`] when a name appears twice,
/// [`Error::UnknownAlgorithm`] for a name other than `MD5` and `HMAC-SHA256`, [`Error::AlgorithmConflict`] when
/// `sign_type` and `algorithm` name different ones, [`Error::BadSignature`] when the key didn't sign this or the sign
/// is of neither algorithm's length.
pub fn verify<F>(fields: F, key: &ApiV2Key) -> Result<Verified<F>, Error>
where
    for<'a> &'a F: IntoIterator<Item = (&'a str, &'a str)>,
{
    let proof = check((&fields).into_iter().collect(), key)?;
    Ok(Verified::new(fields, proof))
}

/// Returns the `sign` of the given fields in uppercase hex, as the platform computes it. For simulators and tests.
///
/// Empty fields and a field `sign` are left out; the order of the fields doesn't matter. The caller must add the field
/// that names `algorithm`.
pub fn sign<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    key: &ApiV2Key,
    algorithm: SignAlgorithm,
) -> String {
    let mut fields: Vec<_> = fields.into_iter().collect();
    fields.sort_unstable();
    digest(&fields, key, algorithm)
}

fn check(mut fields: Vec<(&str, &str)>, key: &ApiV2Key) -> Result<Proof, Error> {
    fields.sort_unstable();
    let value =
        |name| fields.iter().find(|(found, value)| *found == name && !value.is_empty()).map(|(_, v)| *v);
    let received = value(SIGN).ok_or(Error::MissingSignature)?;
    if fields.iter().zip(fields.iter().skip(1)).any(|((one, _), (next, _))| one == next) {
        return Err(Error::DuplicateField);
    }
    let algorithm = match (named(value("sign_type"))?, named(value("algorithm"))?) {
        (Some(one), Some(other)) if one != other => return Err(Error::AlgorithmConflict),
        (one, other) => one.or(other).or_else(|| SignAlgorithm::from_sign(received)),
    };
    let algorithm = algorithm.ok_or(Error::BadSignature)?;
    let expected = digest(&fields, key, algorithm);
    if !bool::from(expected.as_bytes().ct_eq(received.as_bytes())) {
        return Err(Error::BadSignature);
    }
    Ok(match algorithm {
        SignAlgorithm::Md5 => Proof::Md5,
        SignAlgorithm::HmacSha256 => Proof::Hmac,
    })
}

fn named(name: Option<&str>) -> Result<Option<SignAlgorithm>, Error> {
    name.map(str::parse).transpose()
}

/// Returns the sign of sorted fields in uppercase hex. The text goes directly into the hash, so that no buffer ever
/// contains the key.
fn digest(sorted: &[(&str, &str)], key: &ApiV2Key, algorithm: SignAlgorithm) -> String {
    match algorithm {
        SignAlgorithm::Md5 => {
            let mut hash = Md5::new();
            feed(sorted, key, |bytes| hash.update(bytes));
            hex::encode_upper(hash.finalize())
        }
        SignAlgorithm::HmacSha256 => {
            let mut hash = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
            feed(sorted, key, |bytes| hash.update(bytes));
            hex::encode_upper(hash.sign())
        }
    }
}

fn feed(sorted: &[(&str, &str)], key: &ApiV2Key, mut update: impl FnMut(&[u8])) {
    for (name, value) in sorted.iter().filter(|(name, value)| *name != SIGN && !value.is_empty()) {
        for part in [name, "=", value, "&"] {
            update(part.as_bytes());
        }
    }
    update(b"key=");
    update(key.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiV2Key {
        ApiV2Key::new(b"192006250b4c09247ec02edce69f6a2d").unwrap()
    }

    fn signed(fields: &[(&str, &str)], algorithm: SignAlgorithm) -> Result<Proof, Error> {
        let sign = sign(fields.iter().copied(), &key(), algorithm);
        check([fields, &[("sign", &sign)]].concat(), &key())
    }

    #[test]
    fn names_sort_by_bytes() {
        let mut text = Vec::new();
        let mut fields = [("b", "1"), ("a_0", "2"), ("a10", "3"), ("a", "4"), ("B", "5"), ("é", "6")];
        fields.sort_unstable();
        feed(&fields, &key(), |bytes| text.extend_from_slice(bytes));
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "B=5&a=4&a10=3&a_0=2&b=1&é=6&key=192006250b4c09247ec02edce69f6a2d"
        );
    }

    #[test]
    fn empty_fields_and_the_sign_are_not_signed() {
        let plain = sign([("a", "1")], &key(), SignAlgorithm::Md5);
        assert_eq!(plain, sign([("sign", "x"), ("b", ""), ("a", "1")], &key(), SignAlgorithm::Md5));
        assert_ne!(plain, sign([("a", "1"), ("b", " ")], &key(), SignAlgorithm::Md5));
        assert_ne!(plain, sign([("a", "1"), ("Sign", "x")], &key(), SignAlgorithm::Md5));
    }

    #[test]
    fn a_named_algorithm_is_the_only_one_tried() {
        use SignAlgorithm::{HmacSha256, Md5};
        for (fields, algorithm, proof) in [
            (&[("a", "1"), ("sign_type", "MD5")][..], Md5, Proof::Md5),
            (&[("a", "1"), ("sign_type", "HMAC-SHA256")], HmacSha256, Proof::Hmac),
            (&[("a", "1"), ("algorithm", "HMAC-SHA256")], HmacSha256, Proof::Hmac),
            (&[("a", "1"), ("sign_type", ""), ("algorithm", "HMAC-SHA256")], HmacSha256, Proof::Hmac),
            (&[("a", "1"), ("sign_type", "MD5"), ("algorithm", "")], Md5, Proof::Md5),
            (&[("sign_type", "HMAC-SHA256"), ("algorithm", "HMAC-SHA256")], HmacSha256, Proof::Hmac),
        ] {
            assert_eq!(signed(fields, algorithm), Ok(proof), "{fields:?}");
            let other = if algorithm == Md5 { HmacSha256 } else { Md5 };
            assert_eq!(signed(fields, other), Err(Error::BadSignature), "{fields:?}");
        }
    }

    #[test]
    fn without_a_name_the_signs_length_tells_the_algorithm() {
        let fields = [
            &[("a", "1")][..],
            &[("a", "1"), ("sign_type", "")],
            &[("a", "1"), ("algorithm", "")],
            &[("a", "1"), ("sign_type", ""), ("algorithm", "")],
        ];
        for fields in fields {
            assert_eq!(signed(fields, SignAlgorithm::Md5), Ok(Proof::Md5), "{fields:?}");
            assert_eq!(signed(fields, SignAlgorithm::HmacSha256), Ok(Proof::Hmac), "{fields:?}");
        }
        for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
            let good = sign([("a", "1")], &key(), algorithm);
            assert_eq!(SignAlgorithm::from_sign(&good), Some(algorithm));
            let with = |sign: &str| check(vec![("a", "1"), ("sign", sign)], &key());
            let digit = if good.ends_with('0') { "1" } else { "0" };
            let changed = format!("{}{digit}", &good[..good.len() - 1]);
            // Neither a longer nor a shorter one, nor the same one twice.
            for wrong in [&changed, &good[1..], &format!("{good}0"), &good.repeat(2), &good.repeat(4)] {
                assert_eq!(with(wrong), Err(Error::BadSignature), "{wrong}");
            }
            let half = good.get(..32).filter(|_| good.len() == 64).unwrap_or("");
            assert!(half.is_empty() || with(half) == Err(Error::BadSignature));
        }
        for wrong in
            ["", "0", &"0".repeat(31), &"0".repeat(33), &"0".repeat(63), &"0".repeat(65), &"G".repeat(32)]
        {
            assert_eq!(SignAlgorithm::from_sign(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn doubtful_algorithms_are_refused() {
        for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
            for name in ["md5", "HMAC-SHA1", " MD5", "HMACSHA256"] {
                assert_eq!(signed(&[("sign_type", name)], algorithm), Err(Error::UnknownAlgorithm));
                assert_eq!(signed(&[("algorithm", name)], algorithm), Err(Error::UnknownAlgorithm));
                let both = [("sign_type", algorithm.as_str()), ("algorithm", name)];
                assert_eq!(signed(&both, algorithm), Err(Error::UnknownAlgorithm));
            }
            let both = [("sign_type", "MD5"), ("algorithm", "HMAC-SHA256")];
            assert_eq!(signed(&both, algorithm), Err(Error::AlgorithmConflict));
        }
    }

    #[test]
    fn a_sign_must_be_there_once_and_in_upper_hex() {
        let sign = sign([("a", "1")], &key(), SignAlgorithm::Md5);
        let with = |sign: &str| check(vec![("a", "1"), ("sign", sign)], &key());
        assert_eq!(with(&sign), Ok(Proof::Md5));
        assert_eq!(check(vec![("a", "1")], &key()), Err(Error::MissingSignature));
        assert_eq!(with(""), Err(Error::MissingSignature));
        for wrong in [sign.to_lowercase(), format!("{sign} "), sign[..31].to_owned(), "0".to_owned()] {
            assert_eq!(with(&wrong), Err(Error::BadSignature), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_appears_twice_is_refused() {
        let sign = sign([("a", "1"), ("b", "2")], &key(), SignAlgorithm::Md5);
        let fields = vec![("a", "1"), ("b", "2"), ("sign", &*sign)];
        assert_eq!(check(fields.clone(), &key()), Ok(Proof::Md5));
        for again in [("a", "1"), ("a", ""), ("b", "3"), ("sign", "x"), ("sign", "")] {
            let fields = [&fields[..], &[again]].concat();
            assert_eq!(check(fields, &key()), Err(Error::DuplicateField), "{again:?}");
        }
    }

    #[test]
    fn names_parse_as_they_print() {
        for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
    }
}
