use wxhook_idempotency::ClaimId;

/// Claim ids of one worker: counted up from 128 random bits, so that no two workers share one.
#[derive(Debug)]
pub(crate) struct ClaimIds {
    next: u128,
}

impl ClaimIds {
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 16];
        // A system without randomness would be a strange one; the fallback is seeded by time and process.
        let next = match getrandom::fill(&mut bytes) {
            Ok(()) => u128::from_ne_bytes(bytes),
            Err(_) => fastrand::u128(..),
        };
        Self { next }
    }

    pub(crate) fn next(&mut self) -> ClaimId {
        let id = ClaimId::new(self.next);
        self.next = self.next.wrapping_add(1);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::ClaimIds;
    use std::collections::HashSet;

    #[test]
    fn no_id_comes_twice() {
        let mut workers = [ClaimIds::random(), ClaimIds::random()];
        let ids: HashSet<_> = (0..100).flat_map(|_| workers.each_mut().map(ClaimIds::next)).collect();
        assert_eq!(ids.len(), 200);
    }

    #[test]
    fn counting_goes_round() {
        let mut ids = ClaimIds { next: u128::MAX };
        assert_eq!([ids.next().get(), ids.next().get()], [u128::MAX, 0]);
    }
}
