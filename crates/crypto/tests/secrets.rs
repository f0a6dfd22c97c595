//! Neither a key's `Debug` nor any error shows what a key is made of.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test by panicking")]

use std::fmt::Debug;

use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, Error, PlatformKey, SignatureType, SigningKey, v3};

#[path = "support/openssl_program.rs"]
mod openssl_program;
use openssl_program::OpenSsl;

const SECRET: &[u8; 32] = b"Secret-Key-Of-This-Very-Merchant";

/// Fails when any eight characters in a row of the secret, its bytes as hex or as a list of numbers, are shown.
fn assert_hidden(secret: &[u8], shown: &str) {
    let forms = [
        String::from_utf8_lossy(secret).into_owned(),
        hex::encode(secret),
        hex::encode_upper(secret),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
    ];
    for form in forms {
        for window in form.as_bytes().windows(8) {
            assert!(!shown.contains(str::from_utf8(window).unwrap()), "{shown:?} shows part of {form:?}");
        }
    }
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn the_check_itself_finds_a_leak() {
    for leak in ["a Key-Of-T b".to_owned(), hex::encode(SECRET), format!("{SECRET:?}")] {
        assert!(std::panic::catch_unwind(|| assert_hidden(SECRET, &leak)).is_err());
    }
}

#[test]
fn api_keys() {
    assert_hidden(SECRET, &shown(&ApiV3Key::new(SECRET).unwrap()));
    assert_hidden(SECRET, &shown(&ApiV2Key::new(SECRET).unwrap()));
    assert_eq!(format!("{:?}", ApiV3Key::new(SECRET).unwrap()), "ApiV3Key { .. }");
}

#[test]
fn rsa_keys() {
    let openssl = OpenSsl::new();
    let pem = openssl.rsa_key(2048);
    let key = SigningKey::from_pem(&pem).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey { .. }");
    let text = String::from_utf8(pem).unwrap();
    for line in text.lines().filter(|line| !line.starts_with('-')) {
        assert_hidden(line.as_bytes(), &shown(&key));
        assert_hidden(line.as_bytes(), &shown(&key.public_key()));
    }
    assert_eq!(format!("{:?}", key.public_key()), "PlatformKey { signature_type: Rsa2048Sha256, .. }");
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn fields_and_their_key() {
    use wxhook_crypto::MerchantKey;

    let pem = OpenSsl::new().rsa_key(2048);
    let key = MerchantKey::from_pem(&pem).unwrap();
    let secret = str::from_utf8(SECRET).unwrap();
    let sealed = key.seal(secret).unwrap();
    let opened = key.open(&sealed).unwrap();
    assert_eq!(opened.as_str(), secret);
    assert_eq!(shown(&opened), "FieldText { .. } FieldText { .. }");
    assert_eq!(shown(&key), "MerchantKey { .. } MerchantKey { .. }");

    let errors = [
        key.open(secret).map(|_| ()).unwrap_err(),
        key.open(&sealed.to_lowercase()).map(|_| ()).unwrap_err(),
        key.seal(&secret.repeat(8)).unwrap_err(),
        MerchantKey::from_pem(SECRET).map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert_hidden(SECRET, &format!("{} {error}", shown(&error)));
        assert_hidden(sealed.as_bytes(), &format!("{} {error}", shown(&error)));
    }
}

/// Every fallible function, given the secret in each place where it could end up in an error.
#[test]
fn errors() {
    let secret = str::from_utf8(SECRET).unwrap();
    let (v3_key, v2_key) = (ApiV3Key::new(SECRET).unwrap(), ApiV2Key::new(SECRET).unwrap());
    let signing_key = SigningKey::from_pem(&OpenSsl::new().rsa_key(2048)).unwrap();
    let platform_key = signing_key.public_key();
    let labelled =
        |label: &str| format!("-----BEGIN {label}-----\n{secret}\n-----END {label}-----\n").into_bytes();
    let feed = format!("{secret}\n");
    let gcm = AeadAlgorithm::Aes256Gcm;
    let sign = |fields: Vec<(&'static str, &'static str)>| {
        v2::verify(Pairs(fields), &v2_key).map(|_| ()).unwrap_err()
    };
    let static_secret: &'static str = "Secret-Key-Of-This-Very-Merchant";

    let mut errors = vec![
        ApiV3Key::new(&SECRET[1..]).map(|_| ()).unwrap_err(),
        ApiV2Key::new(&SECRET[1..]).map(|_| ()).unwrap_err(),
        secret.parse::<AeadAlgorithm>().unwrap_err(),
        secret.parse::<SignatureType>().unwrap_err(),
        secret.parse::<SignAlgorithm>().unwrap_err(),
        v3_key.open(gcm, SECRET, SECRET, SECRET.to_vec()).unwrap_err(),
        v3_key.open(gcm, &SECRET[..12], SECRET, SECRET[..15].to_vec()).unwrap_err(),
        v3_key.open(gcm, &SECRET[..12], SECRET, SECRET.to_vec()).unwrap_err(),
        v3::Signed { timestamp: secret, nonce: secret, serial: secret, signature: secret, body: SECRET }
            .verify(&platform_key)
            .map(|_| ())
            .unwrap_err(),
        v3::Signed { timestamp: secret, nonce: secret, serial: secret, signature: "c2VjcmV0", body: SECRET }
            .verify(&platform_key)
            .map(|_| ())
            .unwrap_err(),
        v3::Signed { timestamp: &feed, nonce: secret, serial: secret, signature: "c2VjcmV0", body: SECRET }
            .verify(&platform_key)
            .map(|_| ())
            .unwrap_err(),
        v3::sign(&signing_key, secret, &feed, SECRET).unwrap_err(),
        v2::open_refund(secret, &v2_key).map(|_| ()).unwrap_err(),
        sign(vec![]),
        sign(vec![("sign", static_secret)]),
        sign(vec![("sign", static_secret), ("sign", static_secret)]),
        sign(vec![("sign", static_secret), ("sign_type", static_secret)]),
        sign(vec![("sign", static_secret), ("sign_type", "MD5"), ("algorithm", "HMAC-SHA256")]),
    ];
    for label in ["PUBLIC KEY", "RSA PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "CERTIFICATE", secret] {
        for pem in [labelled(label), labelled(label).repeat(2), SECRET.to_vec()] {
            errors.push(PlatformKey::from_pem(&pem).map(|_| ()).unwrap_err());
            errors.push(SigningKey::from_pem(&pem).map(|_| ()).unwrap_err());
        }
    }
    for error in &errors {
        assert_hidden(SECRET, &shown(error));
        assert_hidden(SECRET, &error.to_string());
        assert!(std::error::Error::source(error).is_none());
    }
    for error in
        [Error::BadSignature, Error::Refund, Error::TagMismatch, Error::LineFeed, Error::UnknownAlgorithm]
    {
        assert!(errors.contains(&error), "{error:?} was not provoked");
    }
}

struct Pairs(Vec<(&'static str, &'static str)>);

impl<'a> IntoIterator for &'a Pairs {
    type Item = (&'a str, &'a str);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.iter().copied())
    }
}
