//! Refund notifications, whose content is encrypted but not signed.

use aes::Aes256;
use aes::cipher::block_padding::{NoPadding, Pkcs7};
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use subtle::{ConstantTimeEq, ConstantTimeGreater};
use zeroize::Zeroizing;

use crate::{ApiV2Key, Decrypted, Error};

/// Length of an AES block in bytes.
const BLOCK: usize = 16;

/// Decrypts the `req_info` of a v2 refund: base64 of AES-256 in ECB mode with PKCS#7 padding. The key is the MD5 of the
/// API v2 key in lowercase hex.
///
/// Nothing proves its origin or integrity; see [`Decrypted`].
///
/// # Errors
/// Returns [`Error::Refund`] for every problem: base64, length or padding. The padding is checked in constant time.
pub fn open_refund(req_info_base64: &str, key: &ApiV2Key) -> Result<Decrypted<Vec<u8>>, Error> {
    let mut buffer = BASE64_STANDARD.decode(req_info_base64).map_err(|_| Error::Refund)?;
    ecb::Decryptor::<Aes256>::new((&*cipher_key(key)).into())
        .decrypt_padded::<NoPadding>(&mut buffer)
        .map_err(|_| Error::Refund)?;
    let length = buffer.len() - padding(&buffer).ok_or(Error::Refund)?;
    buffer.truncate(length);
    Ok(Decrypted::new(buffer))
}

/// Encrypts `plaintext` to a `req_info`, as the platform does. For simulators and tests.
pub fn seal_refund(plaintext: &[u8], key: &ApiV2Key) -> String {
    let cipher = ecb::Encryptor::<Aes256>::new((&*cipher_key(key)).into());
    BASE64_STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(plaintext))
}

/// Returns the MD5 of the API v2 key, as 32 bytes of lowercase hex text.
fn cipher_key(key: &ApiV2Key) -> Zeroizing<[u8; 32]> {
    let digest = Zeroizing::new(<[u8; 16]>::from(Md5::digest(key.as_bytes())));
    let mut text = Zeroizing::new([0; 32]);
    for (pair, byte) in text.chunks_exact_mut(2).zip(digest.iter()) {
        pair.copy_from_slice(&hex_digits(*byte));
    }
    text
}

fn hex_digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 0x0f].map(|digit| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 })
}

/// Returns the length of the PKCS#7 padding of `plaintext` in bytes. Always examines the whole last block.
fn padding(plaintext: &[u8]) -> Option<usize> {
    let tail: &[u8; BLOCK] = plaintext.last_chunk()?;
    let [.., count] = *tail;
    let mut good = !count.ct_eq(&0) & !count.ct_gt(&16);
    for (byte, distance) in tail.iter().rev().zip(1_u8..) {
        let outside = distance.ct_gt(&count);
        good &= outside | byte.ct_eq(&count);
    }
    bool::from(good).then(|| count.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_one_to_sixteen_equal_bytes() {
        for count in 1..=16_u8 {
            let mut tail = [0xaa; 32];
            tail[32 - usize::from(count)..].fill(count);
            assert_eq!(padding(&tail), Some(count.into()));
            for at in 1..=usize::from(count) {
                let mut wrong = tail;
                wrong[32 - at] ^= 0x40;
                assert_eq!(padding(&wrong), None, "byte {at} from the end of {count}");
            }
        }
        for byte in (0..=255_u8).filter(|byte| !(1..=16).contains(byte)) {
            assert_eq!(padding(&[byte; 32]), None, "{byte}");
        }
        assert_eq!(padding(&[]), None);
        assert_eq!(padding(&[1; 15]), None);
    }

    #[test]
    fn the_cipher_key_is_lower_hex_text() {
        let key = ApiV2Key::new(b"192006250b4c09247ec02edce69f6a2d").unwrap();
        let expected = hex::encode(Md5::digest(key.as_bytes()));
        assert_eq!(cipher_key(&key).as_slice(), expected.as_bytes());
    }
}
