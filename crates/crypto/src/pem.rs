//! Parsing of a single PEM section and its label.

use rustls_pki_types::pem::{PemObject, SectionKind};
use zeroize::Zeroizing;

use crate::Error;

/// The supported labels (RFC 7468, and two of PKCS#1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Certificate,
    /// X.509 SubjectPublicKeyInfo.
    PublicKey,
    RsaPublicKey,
    /// PKCS#8.
    PrivateKey,
    RsaPrivateKey,
}

/// Reads the only section of `pem` into its label and its DER bytes.
///
/// Text around the section is ignored, as in RFC 7468. More than one section is rejected.
pub(crate) fn section(pem: &[u8]) -> Result<(Label, Zeroizing<Vec<u8>>), Error> {
    let mut labels = pem.split(|byte| matches!(byte, b'\n' | b'\r')).filter_map(begin);
    let name = labels.next().ok_or(Error::Pem("there is no PEM section"))?;
    if labels.next().is_some() {
        return Err(Error::Pem("there is more than one PEM section"));
    }
    let label = match name {
        b"CERTIFICATE" => Label::Certificate,
        b"PUBLIC KEY" => Label::PublicKey,
        b"RSA PUBLIC KEY" => return Ok((Label::RsaPublicKey, decode(&as_public_key(pem)?)?)),
        b"PRIVATE KEY" => Label::PrivateKey,
        b"RSA PRIVATE KEY" => {
            if contains(pem, b"ENCRYPTED") {
                return Err(Error::Pem("the private key is encrypted"));
            }
            Label::RsaPrivateKey
        }
        b"ENCRYPTED PRIVATE KEY" => return Err(Error::Pem("the private key is encrypted")),
        b"EC PRIVATE KEY" => return Err(Error::NotRsa),
        _ => return Err(Error::Pem("the section is neither a key nor a certificate")),
    };
    Ok((label, decode(pem)?))
}

/// DER of a private key.
pub(crate) enum PrivateDer {
    /// `PrivateKeyInfo`.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// `RSAPrivateKey`.
    Pkcs1(Zeroizing<Vec<u8>>),
}

/// Reads the only section of `pem`, which must be a private key.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateDer, Error> {
    match section(pem)? {
        (Label::PrivateKey, der) => Ok(PrivateDer::Pkcs8(der)),
        (Label::RsaPrivateKey, der) => Ok(PrivateDer::Pkcs1(der)),
        (Label::Certificate | Label::PublicKey | Label::RsaPublicKey, _) => {
            Err(Error::Pem("this is a public key or certificate where a private key is wanted"))
        }
    }
}

fn decode(pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    match <(SectionKind, Vec<u8>)>::pem_slice_iter(pem).next() {
        Some(Ok((_, der))) => Ok(Zeroizing::new(der)),
        Some(Err(_)) => Err(Error::Pem("the section is damaged")),
        None => Err(Error::Pem("there is no PEM section")),
    }
}

fn begin(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"-----BEGIN ")?.trim_ascii_end().strip_suffix(b"-----")
}

/// Returns the text with PKCS#1's label `RSA PUBLIC KEY`, which the PEM library doesn't know, replaced by a known one.
fn as_public_key(pem: &[u8]) -> Result<Vec<u8>, Error> {
    const END: &str = "-----END RSA PUBLIC KEY";
    let text = str::from_utf8(pem)
        .ok()
        .filter(|text| text.contains(END))
        .ok_or(Error::Pem("the section is damaged"))?;
    Ok(text
        .replace("-----BEGIN RSA PUBLIC KEY", "-----BEGIN PUBLIC KEY")
        .replace(END, "-----END PUBLIC KEY")
        .into_bytes())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAQID\n-----END {label}-----\n")
    }

    #[test]
    fn each_label_is_told_apart() {
        for (name, label) in [
            ("CERTIFICATE", Label::Certificate),
            ("PUBLIC KEY", Label::PublicKey),
            ("RSA PUBLIC KEY", Label::RsaPublicKey),
            ("PRIVATE KEY", Label::PrivateKey),
            ("RSA PRIVATE KEY", Label::RsaPrivateKey),
        ] {
            for pem in
                [text(name), text(name).replace('\n', "\r\n"), format!("serial=01\n\n{}\n", text(name))]
            {
                let (found, der) = section(pem.as_bytes()).unwrap();
                assert_eq!((found, der.as_slice()), (label, &[1, 2, 3][..]), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_single_readable_section_is_refused() {
        let none = Err(Error::Pem("there is no PEM section"));
        let damaged = Err(Error::Pem("the section is damaged"));
        let encrypted = Err(Error::Pem("the private key is encrypted"));
        let key = text("PUBLIC KEY");
        for (pem, expected) in [
            (String::new(), none.clone()),
            ("AQID".to_owned(), none),
            (key.repeat(2), Err(Error::Pem("there is more than one PEM section"))),
            (key.clone() + &text("CERTIFICATE"), Err(Error::Pem("there is more than one PEM section"))),
            (key.replace("AQID", "AQI!"), damaged.clone()),
            (key.replace("-----END", "----END"), damaged.clone()),
            (text("RSA PUBLIC KEY").replace("-----END RSA", "-----END"), damaged.clone()),
            (text("ENCRYPTED PRIVATE KEY"), encrypted.clone()),
            (text("RSA PRIVATE KEY").replace("AQID", "Proc-Type: 4,ENCRYPTED\n\nAQID"), encrypted),
            (text("EC PRIVATE KEY"), Err(Error::NotRsa)),
            (text("X509 CRL"), Err(Error::Pem("the section is neither a key nor a certificate"))),
        ] {
            assert_eq!(section(pem.as_bytes()).map(|(label, _)| label), expected, "{pem}");
        }
    }
}
