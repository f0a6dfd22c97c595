//! Fields encrypted with the merchant's own key: what `openssl` seals is opened here, what is sealed here `openssl` opens.

#![cfg(feature = "aws-lc-rs")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test by panicking")]

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::{Error, MerchantKey, SigningKey};

#[path = "support/openssl_program.rs"]
mod openssl_program;
use openssl_program::OpenSsl;

const TEXT: &str = "张三 13800138000";
const OAEP: [&str; 6] =
    ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha1", "-pkeyopt", "rsa_mgf1_md:sha1"];

/// A merchant's key pair in files: `pkcs8.pem`, `pkcs1.pem`, `spki.pem`.
struct Merchant {
    openssl: OpenSsl,
}

impl Merchant {
    fn new(bits: u32) -> Self {
        let openssl = OpenSsl::new();
        fs::write(openssl.dir.path().join("pkcs8.pem"), openssl.rsa_key(bits)).unwrap();
        openssl.run(["rsa", "-in", "pkcs8.pem", "-traditional", "-out", "pkcs1.pem"]);
        openssl.run(["rsa", "-in", "pkcs8.pem", "-pubout", "-out", "spki.pem"]);
        Self { openssl }
    }

    fn pem(&self, name: &str) -> Vec<u8> {
        fs::read(self.openssl.dir.path().join(name)).unwrap()
    }

    fn key(&self, name: &str) -> MerchantKey {
        MerchantKey::from_pem(&self.pem(name)).unwrap()
    }

    /// The ciphertext that `openssl` makes with the public key and these options.
    fn seal(&self, plaintext: &[u8], options: &[&str]) -> Vec<u8> {
        fs::write(self.openssl.dir.path().join("plaintext"), plaintext).unwrap();
        let encrypt = ["pkeyutl", "-encrypt", "-pubin", "-inkey", "spki.pem", "-in", "plaintext"];
        self.openssl.run(encrypt.iter().chain(options))
    }

    /// Returns what `openssl` makes of a ciphertext with the private key.
    fn open(&self, ciphertext: &[u8]) -> Vec<u8> {
        fs::write(self.openssl.dir.path().join("ciphertext"), ciphertext).unwrap();
        let decrypt = ["pkeyutl", "-decrypt", "-inkey", "pkcs8.pem", "-in", "ciphertext"];
        self.openssl.run(decrypt.iter().chain(&OAEP))
    }
}

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[test]
fn fields_of_openssl_open_with_every_form_of_the_key() {
    for bits in [2048, 3072, 4096] {
        let merchant = Merchant::new(bits);
        let longest = "长".repeat((usize::try_from(bits).unwrap() / 8 - 42) / 3);
        for text in [TEXT, "", "1", &longest] {
            let sealed = base64(&merchant.seal(text.as_bytes(), &OAEP));
            for name in ["pkcs8.pem", "pkcs1.pem"] {
                assert_eq!(merchant.key(name).open(&sealed).unwrap().as_str(), text, "{bits} {name}");
            }
        }
    }
}

#[test]
fn fields_of_ours_open_with_openssl() {
    let merchant = Merchant::new(2048);
    let key = merchant.key("pkcs8.pem");
    let longest = "x".repeat(214);
    for text in [TEXT, "", &longest] {
        let sealed = key.seal(text).unwrap();
        assert_eq!(merchant.open(&BASE64_STANDARD.decode(&sealed).unwrap()), text.as_bytes());
        assert_eq!(key.open(&sealed).unwrap().as_str(), text);
        assert_ne!(key.seal(text).unwrap(), sealed);
    }
    assert_eq!(key.seal(&"x".repeat(215)).unwrap_err(), Error::FieldTooLong);
}

#[test]
fn whatever_is_wrong_the_error_is_the_same() {
    let merchant = Merchant::new(2048);
    let key = merchant.key("pkcs8.pem");
    let sealed = merchant.seal(TEXT.as_bytes(), &OAEP);
    let good = base64(&sealed);
    assert_eq!(key.open(&good).unwrap().as_str(), TEXT);

    let sha256 = ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"];
    let label = [&OAEP[..], &["-pkeyopt", "rsa_oaep_label:6c6162656c"]].concat();
    let mut wrong = vec![
        String::new(),
        "AAAA".to_owned(),
        base64(&sealed[..255]),
        base64(&sealed[1..]),
        base64(&[&sealed[..], b"\0"].concat()),
        base64(&[b"\0", &sealed[..]].concat()),
        base64(&[0; 256]),
        base64(&[0xff; 256]),
        good.trim_end_matches('=').to_owned(),
        format!("{good}\n"),
        format!(" {good}"),
        format!("{good}="),
        good.replacen(char::is_alphabetic, "_", 1),
        base64(&merchant.seal(TEXT.as_bytes(), &["-pkeyopt", "rsa_padding_mode:pkcs1"])),
        base64(&merchant.seal(TEXT.as_bytes(), &sha256)),
        base64(&merchant.seal(TEXT.as_bytes(), &label)),
        base64(&merchant.seal(b"\xe5\xbc not UTF-8", &OAEP)),
    ];
    wrong.extend((0..sealed.len()).map(|at| {
        let mut mutated = sealed.clone();
        mutated[at] ^= 1 << (at % 7);
        base64(&mutated)
    }));
    for text in wrong {
        assert_eq!(key.open(&text).map(|_| ()), Err(Error::Field), "{text}");
    }
    let other = Merchant::new(2048).key("pkcs8.pem");
    assert_eq!(other.open(&good).map(|_| ()), Err(Error::Field));
    let larger = Merchant::new(3072).key("pkcs8.pem");
    assert_eq!(larger.open(&good).map(|_| ()), Err(Error::Field));
}

#[test]
fn a_key_is_refused_as_one_that_signs_is() {
    let merchant = Merchant::new(2048);
    let small = OpenSsl::new().rsa_key(1024);
    let curve = OpenSsl::new().run(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let encrypt = ["pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", "pass:secret"];
    let encrypted = merchant.openssl.run(encrypt);
    let damaged = |name: &str| {
        let pem = String::from_utf8(merchant.pem(name)).unwrap();
        let mut lines: Vec<_> = pem.lines().collect();
        lines.remove(2);
        lines.join("\n").into_bytes()
    };
    let public = merchant.pem("spki.pem");
    let (pkcs8, pkcs1) = (damaged("pkcs8.pem"), damaged("pkcs1.pem"));
    for pem in [small, curve, encrypted, public, pkcs8, pkcs1, Vec::new()] {
        let expected = SigningKey::from_pem(&pem).unwrap_err();
        assert_eq!(MerchantKey::from_pem(&pem).unwrap_err(), expected);
    }
}
