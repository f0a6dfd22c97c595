//! What is taken from an X.509 certificate (RFC 5280).

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::{Error, rsa};

/// The facts of a platform certificate beside its key.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) serial: Box<str>,
    pub(crate) common_name: Option<Box<str>>,
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

/// Reads a DER certificate. Neither its own signature nor its time is checked.
pub(crate) fn read(der: &[u8]) -> Result<(rsa::PublicKey, Facts), Error> {
    let (rest, certificate) = X509Certificate::from_der(der)
        .map_err(|_| Error::Certificate("it is not DER of an X.509 certificate"))?;
    if !rest.is_empty() {
        return Err(Error::Certificate("there are bytes after its end"));
    }
    let facts = Facts {
        serial: serial(certificate.raw_serial())?,
        common_name: certificate
            .subject()
            .iter_common_name()
            .next()
            .and_then(|name| name.as_str().ok())
            .map(Into::into),
        not_before: certificate.validity().not_before.timestamp(),
        not_after: certificate.validity().not_after.timestamp(),
    };
    Ok((public_key(certificate.public_key())?, facts))
}

/// Reads a DER `SubjectPublicKeyInfo`.
pub(crate) fn read_spki(der: &[u8]) -> Result<rsa::PublicKey, Error> {
    match SubjectPublicKeyInfo::from_der(der) {
        Ok(([], info)) => public_key(&info),
        _ => Err(Error::MalformedKey),
    }
}

fn public_key(info: &SubjectPublicKeyInfo<'_>) -> Result<rsa::PublicKey, Error> {
    if info.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
        return Err(Error::NotRsa);
    }
    rsa::PublicKey::from_pkcs1(&info.subject_public_key.data)
}

/// Upper hex of the number's bytes without the sign byte, as `openssl x509 -serial` prints it.
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
