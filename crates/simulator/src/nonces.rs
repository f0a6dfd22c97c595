use crate::Error;

const SEAL: usize = 12;
const TEXT: usize = 32;
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The random values of one request.
///
/// The platform uses new ones for every attempt. Seeded nonces make the same request each time. Using one seed for two
/// contents breaks the cipher's protection, so seeds are for tests only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Nonces {
    /// The nonce of the resource's encryption: 12 bytes.
    pub seal: String,
    /// The signed nonce: `Wechatpay-Nonce`, or `nonce_str` in v2.
    pub signature: String,
    /// `Request-ID`.
    pub request_id: String,
}

impl Nonces {
    /// Creates nonces from the system's random numbers.
    ///
    /// # Errors
    /// [`Error::Random`] if the system provides none.
    pub fn fresh() -> Result<Self, Error> {
        Self::drawn(|bytes| getrandom::fill(bytes).map_err(|_| Error::Random))
    }

    /// Derives nonces from a seed (SplitMix64).
    pub fn seeded(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let drawn: Result<_, std::convert::Infallible> = Self::drawn(|bytes| {
            for chunk in bytes.chunks_mut(8) {
                chunk.iter_mut().zip(next().to_le_bytes()).for_each(|(byte, random)| *byte = random);
            }
            Ok(())
        });
        match drawn {
            Ok(nonces) => nonces,
        }
    }

    fn drawn<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = [0; SEAL + 2 * TEXT];
        fill(&mut bytes)?;
        let mut texts = bytes.iter().map(symbol);
        Ok(Self {
            seal: texts.by_ref().take(SEAL).collect(),
            signature: texts.by_ref().take(TEXT).collect(),
            request_id: texts.take(TEXT).collect(),
        })
    }
}

fn symbol(random: &u8) -> char {
    ALPHABET.get(usize::from(random % 32)).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use super::Nonces;

    #[test]
    fn fresh_ones_differ_and_seeded_ones_repeat() {
        let (one, other) = (Nonces::fresh().unwrap(), Nonces::fresh().unwrap());
        assert_ne!(one.seal, other.seal);
        assert_ne!(one.signature, other.signature);
        assert_ne!(one.request_id, other.request_id);
        assert_eq!(Nonces::seeded(7), Nonces::seeded(7));
        assert_ne!(Nonces::seeded(7), Nonces::seeded(8));
        for nonces in [one, Nonces::seeded(0)] {
            assert_eq!((nonces.seal.len(), nonces.signature.len(), nonces.request_id.len()), (12, 32, 32));
            assert_ne!(nonces.signature, nonces.request_id);
        }
    }
}
