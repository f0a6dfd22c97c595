//! Laws: what is sealed opens, what is signed verifies, for any content.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test by panicking")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, Error, Proof, SigningKey, v3};

#[path = "support/openssl_program.rs"]
mod openssl_program;
use openssl_program::OpenSsl;

static SIGNING_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pem(&OpenSsl::new().rsa_key(2048)).unwrap());

#[derive(Clone, Debug, PartialEq)]
struct Fields(BTreeMap<String, String>);

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a str, &'a str);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.iter().map(|(name, value)| (&**name, &**value)))
    }
}

fn fields() -> impl Strategy<Value = Fields> {
    prop::collection::btree_map("[a-z_0-9]{1,8}", any::<String>(), 0..12).prop_map(|mut fields| {
        for name in ["sign", "sign_type", "algorithm"] {
            fields.remove(name);
        }
        Fields(fields)
    })
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_nothing_else_does(
        key: [u8; 32], nonce: [u8; 12], aad: Vec<u8>, plaintext: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8,
    ) {
        let key = ApiV3Key::new(&key).unwrap();
        let algorithm = AeadAlgorithm::Aes256Gcm;
        let sealed = key.seal(algorithm, &nonce, &aad, &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), plaintext.len() + 16);
        prop_assert_eq!(key.open(algorithm, &nonce, &aad, sealed.clone()), Ok(plaintext));
        let mut mutated = sealed;
        let at = at.index(mutated.len());
        mutated[at] ^= 1 << bit;
        prop_assert_eq!(key.open(algorithm, &nonce, &aad, mutated), Err(Error::TagMismatch));
    }

    #[test]
    fn what_is_sealed_as_a_refund_opens(key: [u8; 32], plaintext: Vec<u8>) {
        let key = ApiV2Key::new(&key).unwrap();
        let opened = v2::open_refund(&v2::seal_refund(&plaintext, &key), &key).unwrap();
        prop_assert_eq!(opened.into_inner(), plaintext);
    }

    #[test]
    fn no_text_makes_a_refund_panic(key: [u8; 32], text in "[A-Za-z0-9+/=]{0,100}") {
        let _ = v2::open_refund(&text, &ApiV2Key::new(&key).unwrap());
    }

    #[test]
    fn what_is_signed_in_v2_verifies_and_binds_every_field(
        key: [u8; 32], mut fields in fields(), hmac: bool, at: prop::sample::Index,
    ) {
        let key = ApiV2Key::new(&key).unwrap();
        let (algorithm, proof) =
            if hmac { (SignAlgorithm::HmacSha256, Proof::Hmac) } else { (SignAlgorithm::Md5, Proof::Md5) };
        if hmac {
            fields.0.insert("sign_type".to_owned(), algorithm.to_string());
        }
        let sign = v2::sign(&fields, &key, algorithm);
        let reversed: Vec<_> = (&fields).into_iter().collect();
        prop_assert_eq!(&sign, &v2::sign(reversed.into_iter().rev(), &key, algorithm));
        fields.0.insert("sign".to_owned(), sign);
        let verified = v2::verify(fields.clone(), &key).unwrap();
        prop_assert_eq!(verified.into_parts(), (fields.clone(), proof));

        let names: Vec<_> = fields.0.keys().cloned().collect();
        fields.0.entry(names[at.index(names.len())].clone()).and_modify(|value| value.push('x'));
        prop_assert!(v2::verify(fields, &key).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_in_v3_verifies_and_binds_the_body(
        timestamp in "[0-9]{1,12}", nonce in "[!-~]{0,40}", mut body: Vec<u8>, serial: String,
    ) {
        let key = SIGNING_KEY.public_key();
        let signature = v3::sign(&SIGNING_KEY, &timestamp, &nonce, &body).unwrap();
        let verified = v3::Signed { timestamp: &timestamp, nonce: &nonce, serial: &serial, signature: &signature, body: body.clone() }.verify(&key).unwrap();
        prop_assert_eq!(verified.into_parts(), (body.clone(), Proof::Rsa { serial: serial.as_str().into() }));
        body.push(b' ');
        let refused = v3::Signed { timestamp: &timestamp, nonce: &nonce, serial: &serial, signature: &signature, body }.verify(&key);
        prop_assert_eq!(refused.unwrap_err(), Error::BadSignature);
    }

    #[test]
    fn no_text_makes_verification_panic(timestamp: String, nonce: String, signature: String, body: Vec<u8>) {
        let signed =
            v3::Signed { timestamp: &timestamp, nonce: &nonce, serial: "", signature: &signature, body };
        prop_assert!(signed.verify(&SIGNING_KEY.public_key()).is_err());
    }
}
