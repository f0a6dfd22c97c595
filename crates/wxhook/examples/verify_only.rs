//! Verification and decryption alone, without a store or a server: `verify_only <timestamp> <nonce> <serial> <signature>`
//! reads the body from stdin and prints the decrypted resource.
#![allow(clippy::print_stdout, reason = "an example")]

use std::env;
use std::error::Error;
use std::io::Read;
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wxhook::crypto::{ApiV3Key, PlatformKey, v3};
use wxhook::wire::json::Doc;
use wxhook::wire::v3::Envelope;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut argument = || arguments.next().ok_or("four arguments: timestamp, nonce, serial, signature");
    let (timestamp, nonce, serial, signature) = (argument()?, argument()?, argument()?, argument()?);
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;

    // A real system looks up the key by the serial.
    if serial != env::var("PLATFORM_KEY_ID")? {
        return Err("unknown serial".into());
    }
    let key = PlatformKey::from_pem(&std::fs::read(env::var("PLATFORM_KEY")?)?)?;
    let api_v3_key = ApiV3Key::new(env::var("API_V3_KEY")?.as_bytes())?;

    #[expect(clippy::disallowed_methods, reason = "signatures are of now")]
    let now = SystemTime::now();
    if !v3::is_fresh(&timestamp, now) {
        return Err("stale timestamp".into());
    }
    let verified =
        v3::Signed { timestamp: &timestamp, nonce: &nonce, serial: &serial, signature: &signature, body }
            .verify(&key)?;

    let document = Doc::parse(std::str::from_utf8(verified.get())?)?;
    let resource = Envelope::read(&document)?.resource;
    let plaintext = api_v3_key.open(
        resource.algorithm.parse()?,
        resource.nonce.as_bytes(),
        resource.associated_data.as_bytes(),
        BASE64_STANDARD.decode(&*resource.ciphertext)?,
    )?;
    println!("{}", String::from_utf8(plaintext)?);
    Ok(())
}
