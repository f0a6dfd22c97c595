//! Published vectors pass, and no one-byte mutation of them does. (Those of RSA sign a bare message and are tested beside
//! the key type.)

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails the test by panicking"
)]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{AeadAlgorithm, ApiV2Key, ApiV3Key, Error, Proof, sha256};

const BLOCK: usize = 16;

fn vectors(name: &str) -> Vec<Value> {
    let text = include_str!("data/vectors.json");
    let json: Value = serde_json::from_str(text).unwrap();
    let vectors = json[name].as_array().unwrap().clone();
    assert!(!vectors.is_empty());
    vectors
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

/// `bytes` with one bit changed, for each byte in turn.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).map(|at| {
        let mut mutated = bytes.to_vec();
        mutated[at] ^= 1 << (at % 7);
        mutated
    })
}

/// The same of ASCII text, which stays ASCII.
fn text_mutations(text: &str) -> impl Iterator<Item = String> {
    assert!(text.is_ascii());
    mutations(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn aes_256_gcm() {
    for vector in vectors("aes_256_gcm") {
        let algorithm = AeadAlgorithm::Aes256Gcm;
        let (key, nonce, aad) =
            (text(&vector, "key"), text(&vector, "nonce"), text(&vector, "associated_data"));
        let sealed = BASE64_STANDARD.decode(text(&vector, "ciphertext")).unwrap();
        let open = |key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]| {
            ApiV3Key::new(key).unwrap().open(algorithm, nonce, aad, sealed.to_vec())
        };
        let (key, nonce, aad) = (key.as_bytes(), nonce.as_bytes(), aad.as_bytes());

        let plaintext = text(&vector, "plaintext").as_bytes();
        assert_eq!(open(key, nonce, aad, &sealed).as_deref(), Ok(plaintext));
        let again = ApiV3Key::new(key).unwrap().seal(algorithm, nonce.try_into().unwrap(), aad, plaintext);
        assert_eq!(again.as_ref(), Ok(&sealed));

        let refused = Err(Error::TagMismatch);
        for mutated in mutations(key) {
            assert_eq!(open(&mutated, nonce, aad, &sealed), refused);
        }
        for mutated in mutations(nonce) {
            assert_eq!(open(key, &mutated, aad, &sealed), refused);
        }
        for mutated in mutations(aad) {
            assert_eq!(open(key, nonce, &mutated, &sealed), refused);
        }
        for mutated in mutations(&sealed) {
            assert_eq!(open(key, nonce, aad, &mutated), refused);
        }
        assert_eq!(open(key, nonce, b"", &sealed), refused);
        assert_eq!(open(key, nonce, aad, &sealed[1..]), refused);
        assert_eq!(open(key, nonce, aad, &sealed[..sealed.len() - 1]), refused);
    }
}

/// A type that `v2::verify` takes: any type whose reference yields pairs.
struct Fields(Vec<(String, String)>);

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a str, &'a str);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.iter().map(|(name, value)| (&**name, &**value)))
    }
}

fn fields(vector: &Value) -> Vec<(String, String)> {
    let pair = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
    vector["fields"].as_object().unwrap().iter().map(pair).collect()
}

#[test]
fn v2_sign() {
    for vector in vectors("v2_sign") {
        let key = ApiV2Key::new(text(&vector, "key").as_bytes()).unwrap();
        let fields = fields(&vector);
        for algorithm in [SignAlgorithm::Md5, SignAlgorithm::HmacSha256] {
            let pairs = fields.iter().map(|(name, value)| (&**name, &**value));
            assert_eq!(v2::sign(pairs, &key, algorithm), text(&vector, algorithm.as_str()));
        }
        // Nothing names the algorithm: the length tells it.
        for (name, proof) in [("MD5", Proof::Md5), ("HMAC-SHA256", Proof::Hmac)] {
            let mut signed = fields.clone();
            signed.push(("sign".to_owned(), text(&vector, name).to_owned()));
            assert_eq!(v2::verify(Fields(signed), &key).unwrap().proof(), &proof);
        }
    }
}

/// Mutations of MD5 fields without `sign_type`, and of HMAC fields with it.
#[test]
fn v2_sign_mutations() {
    for vector in vectors("v2_sign") {
        let key_text = text(&vector, "key").as_bytes();
        let key = ApiV2Key::new(key_text).unwrap();
        let mut tried = 0;
        for (algorithm, proof) in [(SignAlgorithm::Md5, Proof::Md5), (SignAlgorithm::HmacSha256, Proof::Hmac)]
        {
            let mut good = fields(&vector);
            if algorithm == SignAlgorithm::HmacSha256 {
                good.push(("sign_type".to_owned(), "HMAC-SHA256".to_owned()));
            }
            let sign = v2::sign(&Fields(good.clone()), &key, algorithm);
            good.push(("sign".to_owned(), sign));
            assert_eq!(v2::verify(Fields(good.clone()), &key).unwrap().proof(), &proof);

            let mut refused = |fields: Vec<(String, String)>| {
                tried += 1;
                assert!(v2::verify(Fields(fields), &key).is_err());
            };
            for at in 0..good.len() {
                for name in text_mutations(&good[at].0) {
                    let mut fields = good.clone();
                    fields[at].0 = name;
                    refused(fields);
                }
                for value in text_mutations(&good[at].1) {
                    let mut fields = good.clone();
                    fields[at].1 = value;
                    refused(fields);
                }
                let mut fields = good.clone();
                fields.remove(at);
                refused(fields);
            }
            let mut fields = good.clone();
            fields.push(("unknown".to_owned(), "1".to_owned()));
            refused(fields);
            for mutated in mutations(key_text) {
                let key = ApiV2Key::new(&mutated).unwrap();
                assert_eq!(v2::verify(Fields(good.clone()), &key).unwrap_err(), Error::BadSignature);
            }
        }
        assert!(tried > 200, "{tried}");
    }
}

#[test]
fn v2_refund() {
    for vector in vectors("v2_refund_req_info") {
        let key = ApiV2Key::new(text(&vector, "key").as_bytes()).unwrap();
        let req_info = text(&vector, "req_info");
        let opened = v2::open_refund(req_info, &key).unwrap();
        let xml = String::from_utf8(opened.into_inner()).unwrap();
        let refund_id = text(&vector, "expect_refund_id");
        assert!(xml.contains(&format!("<refund_id><![CDATA[{refund_id}]]></refund_id>")), "{xml}");
        assert_eq!(v2::seal_refund(xml.as_bytes(), &key), req_info);
    }
}

/// ECB is malleable: a changed block garbles that block and nothing else, and only the padding in the last one can tell.
#[test]
fn v2_refund_mutations() {
    for vector in vectors("v2_refund_req_info") {
        let key_text = text(&vector, "key").as_bytes();
        let key = ApiV2Key::new(key_text).unwrap();
        let req_info = text(&vector, "req_info");
        let plaintext = v2::open_refund(req_info, &key).unwrap().into_inner();
        let sealed = BASE64_STANDARD.decode(req_info).unwrap();
        let last = sealed.len() - BLOCK;

        let open =
            |sealed: &[u8]| v2::open_refund(&BASE64_STANDARD.encode(sealed), &key).map(|v| v.into_inner());
        for (at, mutated) in mutations(&sealed).enumerate() {
            if at < last {
                let opened = open(&mutated).unwrap();
                let block = at / BLOCK * BLOCK;
                assert_eq!(opened.len(), plaintext.len());
                assert_eq!(opened[..block], plaintext[..block]);
                assert_ne!(opened[block..block + BLOCK], plaintext[block..block + BLOCK]);
                assert_eq!(opened[block + BLOCK..], plaintext[block + BLOCK..]);
            } else if let Ok(opened) = open(&mutated) {
                // One in 256 garbled blocks ends in a padding by chance.
                assert_eq!(opened[..last], plaintext[..last]);
                assert_ne!(opened, plaintext);
            }
        }

        for mutated in text_mutations(req_info) {
            match v2::open_refund(&mutated, &key) {
                Ok(opened) => assert_ne!(opened.get(), &plaintext),
                Err(error) => assert_eq!(error, Error::Refund),
            }
        }
        for mutated in mutations(key_text) {
            let key = ApiV2Key::new(&mutated).unwrap();
            if let Ok(opened) = v2::open_refund(req_info, &key) {
                assert_ne!(opened.get(), &plaintext);
            }
        }
        for cut in (0..sealed.len()).filter(|length| length % BLOCK != 0 || *length == 0) {
            assert_eq!(open(&sealed[..cut]), Err(Error::Refund));
        }
        for text in ["", "=", "A", "AAAA", &format!("{req_info}\n"), &req_info.replace('=', "")] {
            assert_eq!(v2::open_refund(text, &key).unwrap_err(), Error::Refund);
        }
    }
}

/// Whole ciphertexts whose padding is wrong in each way, made by sealing and cutting the block that was right.
#[test]
fn v2_refund_padding() {
    let key = ApiV2Key::new(b"192006250b4c09247ec02edce69f6a2d").unwrap();
    let open = |plaintext: &[u8]| {
        let sealed = BASE64_STANDARD.decode(v2::seal_refund(plaintext, &key)).unwrap();
        let unpadded = &sealed[..sealed.len() - BLOCK];
        v2::open_refund(&BASE64_STANDARD.encode(unpadded), &key).map(|v| v.into_inner())
    };
    for count in 0..=255_u8 {
        let mut block = [0xee; 2 * BLOCK];
        let good = (1..=16).contains(&count);
        block[2 * BLOCK - usize::from(count.min(16))..].fill(count);
        block[2 * BLOCK - 1] = count;
        let expected =
            if good { Ok(block[..2 * BLOCK - usize::from(count)].to_vec()) } else { Err(Error::Refund) };
        assert_eq!(open(&block), expected, "{count}");
        for at in 2..=usize::from(if good { count } else { 0 }) {
            let mut wrong = block;
            wrong[2 * BLOCK - at] ^= 0x80;
            assert_eq!(open(&wrong), Err(Error::Refund), "{count}, byte {at} from the end");
        }
    }
}

#[test]
fn sha_256() {
    assert_eq!(sha256(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
}
