//! The parts of an X.509 certificate (RFC 5280) that matter here.

use x509_cert::Certificate;
use x509_cert::der::{Decode, ErrorKind};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned};

use crate::{Error, rsa};

/// `rsaEncryption` of PKCS#1.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The facts of a platform certificate beside its key.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) serial: Box<str>,
    pub(crate) common_name: Option<Box<str>>,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

/// Parses a DER certificate. Neither its own signature nor its validity is checked.
pub(crate) fn parse(der: &[u8]) -> Result<(rsa::PublicKey, Facts), Error> {
    let certificate = Certificate::from_der(der).map_err(|error| {
        Error::Certificate(match error.kind() {
            ErrorKind::TrailingData { .. } => "there are bytes after its end",
            _ => "it is not DER of an X.509 certificate",
        })
    })?;
    let tbs = certificate.tbs_certificate();
    let name = tbs.subject().common_name().ok().flatten();
    let seconds =
        |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let facts = Facts {
        serial: serial(tbs.serial_number().as_bytes())?,
        common_name: name.map(|name| name.value().into()),
        not_before: seconds(&tbs.validity().not_before),
        not_after: seconds(&tbs.validity().not_after),
    };
    Ok((public_key(tbs.subject_public_key_info())?, facts))
}

/// Parses a DER `SubjectPublicKeyInfo`.
pub(crate) fn parse_spki(der: &[u8]) -> Result<rsa::PublicKey, Error> {
    public_key(&SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| Error::MalformedKey)?)
}

fn public_key(info: &SubjectPublicKeyInfoOwned) -> Result<rsa::PublicKey, Error> {
    if info.algorithm.oid != RSA {
        return Err(Error::NotRsa);
    }
    rsa::PublicKey::from_pkcs1(info.subject_public_key.as_bytes().ok_or(Error::MalformedKey)?)
}

/// Returns upper hex of the number's bytes without the sign byte, as `openssl x509 -serial` prints it.
fn serial(bytes: &[u8]) -> Result<Box<str>, Error> {
    let digits = match bytes {
        [] => return Err(Error::Certificate("it has no serial number")),
        [first, ..] if *first >= 0x80 => return Err(Error::Certificate("its serial number is negative")),
        [0, digits @ ..] if !digits.is_empty() => digits,
        digits => digits,
    };
    Ok(hex::encode_upper(digits).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_hex_of_its_bytes() {
        for (bytes, text) in
            [(&[0][..], "00"), (&[1], "01"), (&[0x0a, 0xbc], "0ABC"), (&[0, 0x80], "80"), (&[0x7f], "7F")]
        {
            assert_eq!(serial(bytes).as_deref(), Ok(text));
        }
        assert!(serial(&[]).is_err());
        assert!(serial(&[0x80]).is_err());
    }
}
