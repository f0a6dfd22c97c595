//! The `openssl` program as an independent judge: what it makes is taken here, what is made here is taken by it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests fails the test by panicking"
)]

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wxhook_crypto::v2::{self, SignAlgorithm};
use wxhook_crypto::{ApiV2Key, Error, PlatformKey, Proof, SigningKey, v3};

#[path = "support/openssl_program.rs"]
mod openssl_program;
use openssl_program::OpenSsl;

const V2_KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const TIMESTAMP: &str = "1554208460";
const NONCE: &str = "EkIP9Vgzu3mAl3IMWdtSMAfgDKnFI4wd";
const BODY: &[u8] = b"{\"id\":\"EV-2018022511223320873\",\"summary\":\"\xe6\x94\xaf\xe4\xbb\x98\"}\r\n";
const CERTIFICATE_SERIAL: &str = "0x00f37ac2e8931b72a2e13af8dee92471eb397115";

/// One RSA key in every form it is stored in.
struct Keys {
    openssl: OpenSsl,
}

impl Keys {
    fn new() -> Self {
        let openssl = OpenSsl::new();
        fs::write(openssl.dir.path().join("pkcs8.pem"), openssl.rsa_key(2048)).unwrap();
        openssl.run(["rsa", "-in", "pkcs8.pem", "-traditional", "-out", "pkcs1.pem"]);
        openssl.run(["rsa", "-in", "pkcs8.pem", "-pubout", "-out", "spki.pem"]);
        openssl.run(["rsa", "-in", "pkcs8.pem", "-RSAPublicKey_out", "-out", "pkcs1-public.pem"]);
        let subject = ["-subj", "/C=CN/O=wxhook/CN=platform", "-days", "1825", "-out", "certificate.pem"];
        let request = ["req", "-x509", "-new", "-key", "pkcs8.pem", "-set_serial", CERTIFICATE_SERIAL];
        openssl.run(request.into_iter().chain(subject));
        Self { openssl }
    }

    fn pem(&self, name: &str) -> Vec<u8> {
        fs::read(self.openssl.dir.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.openssl.dir.path().join(name), content).unwrap();
    }

    fn platform_key(&self, name: &str) -> PlatformKey {
        PlatformKey::from_pem(&self.pem(name)).unwrap()
    }

    fn signing_key(&self, name: &str) -> SigningKey {
        SigningKey::from_pem(&self.pem(name)).unwrap()
    }

    /// The signature that `openssl` makes over the message of [`TIMESTAMP`], [`NONCE`] and [`BODY`].
    fn openssl_signature(&self) -> String {
        self.write("message", &message());
        BASE64_STANDARD.encode(self.openssl.run(["dgst", "-sha256", "-sign", "pkcs8.pem", "message"]))
    }
}

fn message() -> Vec<u8> {
    [TIMESTAMP.as_bytes(), b"\n", NONCE.as_bytes(), b"\n", BODY, b"\n"].concat()
}

/// `bytes` with one bit changed, for each byte in turn.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).map(|at| {
        let mut mutated = bytes.to_vec();
        mutated[at] ^= 1 << (at % 7);
        mutated
    })
}

fn text_mutations(text: &str) -> impl Iterator<Item = String> {
    mutations(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn signatures_of_openssl_verify_with_every_form_of_the_key() {
    let keys = Keys::new();
    let signature = keys.openssl_signature();
    for name in ["spki.pem", "pkcs1-public.pem", "certificate.pem"] {
        let key = keys.platform_key(name);
        let verified = v3::Signed {
            timestamp: TIMESTAMP,
            nonce: NONCE,
            serial: "SERIAL",
            signature: &signature,
            body: BODY,
        }
        .verify(&key)
        .unwrap();
        assert_eq!(verified.get(), &BODY);
        assert_eq!(verified.proof(), &Proof::Rsa { serial: "SERIAL".into() });
    }
    let other = Keys::new().platform_key("spki.pem");
    let refused = v3::Signed {
        timestamp: TIMESTAMP,
        nonce: NONCE,
        serial: "SERIAL",
        signature: &signature,
        body: BODY,
    }
    .verify(&other);
    assert_eq!(refused.unwrap_err(), Error::BadSignature);
}

#[test]
fn signatures_of_ours_verify_with_openssl_and_are_its_own() {
    let keys = Keys::new();
    let signature = keys.openssl_signature();
    for name in ["pkcs8.pem", "pkcs1.pem"] {
        let key = keys.signing_key(name);
        let ours = v3::sign(&key, TIMESTAMP, NONCE, BODY).unwrap();
        assert_eq!(ours, signature);
        keys.write("signature", &key.sign(&message()).unwrap());
        keys.openssl.run(["dgst", "-sha256", "-verify", "spki.pem", "-signature", "signature", "message"]);
        v3::Signed { timestamp: TIMESTAMP, nonce: NONCE, serial: "", signature: &ours, body: BODY }
            .verify(&key.public_key())
            .unwrap();
    }
}

#[test]
fn no_mutation_of_a_signed_notification_verifies() {
    let keys = Keys::new();
    let key = keys.platform_key("certificate.pem");
    let signature = keys.openssl_signature();
    let verify = |timestamp: &str, nonce: &str, body: &[u8], signature: &str| {
        v3::Signed { timestamp, nonce, serial: "S", signature, body }.verify(&key).map(|_| ())
    };
    assert_eq!(verify(TIMESTAMP, NONCE, BODY, &signature), Ok(()));

    let bad = Err(Error::BadSignature);
    for timestamp in text_mutations(TIMESTAMP) {
        assert!(verify(&timestamp, NONCE, BODY, &signature).is_err());
    }
    for nonce in text_mutations(NONCE) {
        assert!(verify(TIMESTAMP, &nonce, BODY, &signature).is_err());
    }
    for body in mutations(BODY) {
        assert_eq!(verify(TIMESTAMP, NONCE, &body, &signature), bad);
    }
    for signature in text_mutations(&signature) {
        assert!(verify(TIMESTAMP, NONCE, BODY, &signature).is_err());
    }
    for raw in mutations(&BASE64_STANDARD.decode(&signature).unwrap()) {
        assert_eq!(verify(TIMESTAMP, NONCE, BODY, &BASE64_STANDARD.encode(raw)), bad);
    }

    // What is lost, added or moved across a boundary.
    let (first, rest) = BODY.split_at(1);
    assert_eq!(verify(TIMESTAMP, NONCE, rest, &signature), bad);
    assert_eq!(verify(TIMESTAMP, NONCE, BODY.trim_ascii_end(), &signature), bad);
    assert_eq!(verify(TIMESTAMP, NONCE, &[BODY, b"\n"].concat(), &signature), bad);
    assert_eq!(verify(NONCE, TIMESTAMP, BODY, &signature), bad);
    let moved = format!("{NONCE}{}", str::from_utf8(first).unwrap());
    assert_eq!(verify(TIMESTAMP, &moved, rest, &signature), bad);
    assert_eq!(verify(&format!("{TIMESTAMP}\n{NONCE}"), "", BODY, &signature), Err(Error::LineFeed));
}

#[test]
fn a_signature_is_strict_base64() {
    let keys = Keys::new();
    let key = keys.platform_key("spki.pem");
    let good = keys.openssl_signature();
    let verify = |signature: &str| {
        v3::Signed { timestamp: TIMESTAMP, nonce: NONCE, serial: "", signature, body: BODY }
            .verify(&key)
            .map(|_| ())
    };
    assert_eq!(verify(&good), Ok(()));
    assert!(good.ends_with("=="));
    let unpadded = good.trim_end_matches('=');
    for text in [
        unpadded,
        &format!("{unpadded}="),
        &format!("{good}="),
        &format!("{good}\n"),
        &format!(" {good}"),
        &format!("{}\n{}", &good[..76], &good[76..]),
        &good.replacen(char::is_alphabetic, "_", 1),
        &"A".repeat(1372),
        &"A".repeat(1 << 20),
    ] {
        assert_eq!(verify(text), Err(Error::SignatureEncoding), "{}", text.len());
    }
    for text in ["", "AAAA", &"A".repeat(1364)] {
        assert_eq!(verify(text), Err(Error::BadSignature), "{}", text.len());
    }
    assert!(verify(&format!("{}{good}", v3::PROBE_PREFIX)).is_err());
}

#[test]
fn larger_keys_sign_and_verify() {
    let openssl = OpenSsl::new();
    let key = SigningKey::from_pem(&openssl.rsa_key(4096)).unwrap();
    let signature = v3::sign(&key, TIMESTAMP, NONCE, BODY).unwrap();
    assert_eq!(BASE64_STANDARD.decode(&signature).unwrap().len(), 512);
    v3::Signed { timestamp: TIMESTAMP, nonce: NONCE, serial: "", signature: &signature, body: BODY }
        .verify(&key.public_key())
        .unwrap();
}

#[test]
fn a_certificate_tells_serial_and_time_as_openssl_does() {
    let keys = Keys::new();
    let print = |name: &str, what: &str| {
        let printed = String::from_utf8(keys.openssl.run(["x509", "-in", name, "-noout", what])).unwrap();
        printed.trim().split_once('=').unwrap().1.to_owned()
    };
    let key = keys.platform_key("certificate.pem");
    assert_eq!(key.serial(), Some(&*print("certificate.pem", "-serial")));
    assert_eq!(key.serial(), Some("F37AC2E8931B72A2E13AF8DEE92471EB397115"));
    assert_eq!(key.common_name(), Some("platform"));
    assert_eq!(key.not_after().unwrap() - key.not_before().unwrap(), 1825 * 86_400);
    for name in ["spki.pem", "pkcs1-public.pem"] {
        let key = keys.platform_key(name);
        assert_eq!((key.serial(), key.not_before(), key.not_after()), (None, None, None));
        assert_eq!(key.common_name(), None);
    }

    for serial in ["1", "0x7f", "0x80", "0x0abc", "0x5F1C72E2A8931B72A2E13AF8DEE92471EB397115"] {
        keys.openssl.run([
            "req",
            "-x509",
            "-new",
            "-key",
            "pkcs8.pem",
            "-set_serial",
            serial,
            "-subj",
            "/CN=x",
            "-out",
            "serial.pem",
        ]);
        assert_eq!(keys.platform_key("serial.pem").serial(), Some(&*print("serial.pem", "-serial")));
    }
}

#[test]
fn a_key_of_the_other_side_is_refused() {
    let keys = Keys::new();
    for name in ["pkcs8.pem", "pkcs1.pem"] {
        let error = PlatformKey::from_pem(&keys.pem(name)).unwrap_err();
        assert!(error.to_string().contains("private key"), "{error}");
    }
    for name in ["spki.pem", "pkcs1-public.pem", "certificate.pem"] {
        let error = SigningKey::from_pem(&keys.pem(name)).unwrap_err();
        assert!(error.to_string().contains("public key"), "{error}");
    }
    let both = [keys.pem("spki.pem"), keys.pem("certificate.pem")].concat();
    assert_eq!(PlatformKey::from_pem(&both).unwrap_err(), Error::Pem("there is more than one PEM section"));
}

#[test]
fn text_around_a_section_and_windows_line_ends_do_no_harm() {
    let keys = Keys::new();
    let text = keys.openssl.run(["x509", "-in", "certificate.pem", "-text"]);
    let windows = String::from_utf8(text.clone()).unwrap().replace('\n', "\r\n").into_bytes();
    for pem in [text, windows] {
        assert!(PlatformKey::from_pem(&pem).unwrap().serial().is_some());
    }
}

#[test]
fn small_keys_are_refused() {
    let openssl = OpenSsl::new();
    fs::write(openssl.dir.path().join("key.pem"), openssl.rsa_key(1024)).unwrap();
    let pkcs8 = fs::read(openssl.dir.path().join("key.pem")).unwrap();
    let pkcs1 = openssl.run(["rsa", "-in", "key.pem", "-traditional"]);
    let spki = openssl.run(["rsa", "-in", "key.pem", "-pubout"]);
    let pkcs1_public = openssl.run(["rsa", "-in", "key.pem", "-RSAPublicKey_out"]);
    let certificate = openssl.run(["req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=small"]);
    for pem in [pkcs8, pkcs1] {
        assert_eq!(SigningKey::from_pem(&pem).unwrap_err(), Error::KeyTooSmall);
    }
    for pem in [spki, pkcs1_public, certificate] {
        assert_eq!(PlatformKey::from_pem(&pem).unwrap_err(), Error::KeyTooSmall);
    }
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let openssl = OpenSsl::new();
    let write = |name: &str, pem: &[u8]| fs::write(openssl.dir.path().join(name), pem).unwrap();
    let pss_bits = ["-pkeyopt", "rsa_keygen_bits:2048"];
    for (algorithm, options) in
        [("EC", &["-pkeyopt", "ec_paramgen_curve:P-256"][..]), ("ED25519", &[]), ("RSA-PSS", &pss_bits)]
    {
        let pkcs8 = openssl.run(["genpkey", "-algorithm", algorithm].iter().chain(options));
        write("key.pem", &pkcs8);
        let spki = openssl.run(["pkey", "-in", "key.pem", "-pubout"]);
        let certificate = openssl.run(["req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=other"]);
        assert_eq!(SigningKey::from_pem(&pkcs8).unwrap_err(), Error::NotRsa, "{algorithm}");
        assert_eq!(PlatformKey::from_pem(&spki).unwrap_err(), Error::NotRsa, "{algorithm}");
        assert_eq!(PlatformKey::from_pem(&certificate).unwrap_err(), Error::NotRsa, "{algorithm}");
        if algorithm == "EC" {
            let sec1 = openssl.run(["ec", "-in", "key.pem"]);
            assert_eq!(SigningKey::from_pem(&sec1).unwrap_err(), Error::NotRsa);
            assert_eq!(PlatformKey::from_pem(&sec1).unwrap_err(), Error::NotRsa);
        }
    }
}

#[test]
fn encrypted_private_keys_are_refused() {
    let keys = Keys::new();
    let pkcs8 = keys.openssl.run(["pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", "pass:secret"]);
    let pkcs1 =
        keys.openssl.run(["rsa", "-in", "pkcs8.pem", "-traditional", "-aes128", "-passout", "pass:secret"]);
    for pem in [pkcs8, pkcs1] {
        assert_eq!(SigningKey::from_pem(&pem).unwrap_err(), Error::Pem("the private key is encrypted"));
    }
}

/// Each number of a private key in turn, off by a bit.
#[test]
fn a_private_key_whose_parts_do_not_belong_together_is_rejected() {
    let keys = Keys::new();
    let der = keys.openssl.run(["rsa", "-in", "pkcs8.pem", "-traditional", "-outform", "der"]);
    let integers = integers(&der);
    assert_eq!(integers.len(), 9, "version, n, e, d, p, q, the two exponents, the coefficient");
    let pem = |der: &[u8]| {
        let text = BASE64_STANDARD.encode(der);
        format!("-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----\n")
    };
    assert!(SigningKey::from_pem(pem(&der).as_bytes()).is_ok());
    for (nth, range) in integers.iter().enumerate().skip(1) {
        // d is nothing that ring signs with.
        if nth == 3 && cfg!(not(feature = "aws-lc-rs")) {
            continue;
        }
        let mut damaged = der.clone();
        damaged[range.start + range.len() / 2] ^= 4;
        assert_eq!(SigningKey::from_pem(pem(&damaged).as_bytes()).err(), Some(Error::MalformedKey), "{nth}");
    }
}

/// Where the contents of a sequence's integers are.
fn integers(der: &[u8]) -> Vec<std::ops::Range<usize>> {
    let length = |at: usize| match der[at] {
        0x82 => (at + 3, usize::from(der[at + 1]) << 8 | usize::from(der[at + 2])),
        0x81 => (at + 2, usize::from(der[at + 1])),
        short => (at + 1, usize::from(short)),
    };
    let (mut at, _) = length(1);
    let mut found = Vec::new();
    while at < der.len() {
        let (start, length) = length(at + 1);
        found.push(start..start + length);
        at = start + length;
    }
    found
}

#[test]
fn a_truncated_key_is_refused() {
    let keys = Keys::new();
    for name in ["pkcs8.pem", "pkcs1.pem", "spki.pem", "pkcs1-public.pem", "certificate.pem"] {
        let pem = String::from_utf8(keys.pem(name)).unwrap();
        let mut lines: Vec<_> = pem.lines().collect();
        lines.remove(2);
        let pem = lines.join("\n");
        assert!(SigningKey::from_pem(pem.as_bytes()).is_err(), "{name}");
        assert!(PlatformKey::from_pem(pem.as_bytes()).is_err(), "{name}");
    }
}

#[test]
fn v2_signs_are_those_of_openssl() {
    let openssl = OpenSsl::new();
    let key = ApiV2Key::new(V2_KEY.as_bytes()).unwrap();
    let fields = [("total_fee", "1"), ("body", "支付"), ("attach", "a b+c%"), ("empty", "")];
    let text = format!("attach=a b+c%&body=支付&total_fee=1&key={V2_KEY}");
    fs::write(openssl.dir.path().join("text"), text).unwrap();
    let digest = |options: &[&str]| {
        let printed = openssl.run(["dgst", "-r"].iter().chain(options).chain(&["text"]));
        String::from_utf8(printed).unwrap().split(' ').next().unwrap().to_uppercase()
    };
    assert_eq!(v2::sign(fields, &key, SignAlgorithm::Md5), digest(&["-md5"]));
    assert_eq!(v2::sign(fields, &key, SignAlgorithm::HmacSha256), digest(&["-sha256", "-hmac", V2_KEY]));
}

#[test]
fn refunds_open_and_seal_as_with_openssl() {
    let openssl = OpenSsl::new();
    let path = |name: &str| openssl.dir.path().join(name);
    let key = ApiV2Key::new(V2_KEY.as_bytes()).unwrap();
    fs::write(path("key"), V2_KEY).unwrap();
    let md5 = String::from_utf8(openssl.run(["dgst", "-r", "-md5", "key"])).unwrap();
    let cipher_key = hex::encode(&md5[..32]);
    for length in [0, 1, 15, 16, 17, 31, 32, 1000] {
        let plaintext: Vec<u8> =
            "<root><out_refund_no>支付</out_refund_no></root>".bytes().cycle().take(length).collect();
        fs::write(path("plaintext"), &plaintext).unwrap();
        let theirs = openssl.run(["enc", "-aes-256-ecb", "-K", &cipher_key, "-in", "plaintext"]);
        let opened = v2::open_refund(&BASE64_STANDARD.encode(&theirs), &key).unwrap();
        assert_eq!(opened.into_inner(), plaintext);

        let ours = BASE64_STANDARD.decode(v2::seal_refund(&plaintext, &key)).unwrap();
        fs::write(path("ciphertext"), ours).unwrap();
        let opened = openssl.run(["enc", "-d", "-aes-256-ecb", "-K", &cipher_key, "-in", "ciphertext"]);
        assert_eq!(opened, plaintext);
    }
}
