//! The deliveries of a stress test. They follow from its options alone, so every process knows them.

use super::StressTest;
use crate::store::handle::LANE;
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use wxhook_idempotency::{Entry, Fingerprint, OnChanged};

/// One content of one notification: another version is other content under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) number: u32,
    pub(super) version: u8,
}

/// One delivery of a notification.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) id: u32,
    pub(super) content: Content,
    alias: u32,
    /// The receiver handles it before the reply.
    pub(super) begins: bool,
}

impl StressTest {
    /// Returns every delivery, ordered by notification.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = Delivery> {
        let times = self.times;
        (0..self.notifications).flat_map(move |number| {
            let versions = match number % 100 {
                7 => 3,
                17 | 27 | 38 | 48 | 58 => 2,
                _ => 1,
            };
            (0..times).map(move |time| Delivery {
                id: number * times + time,
                content: Content { number, version: u8::try_from(time % versions).unwrap() },
                // A resend may have another id.
                alias: time % 2,
                begins: number % 10 == 3 && time % 2 == 0,
            })
        })
    }

    /// Returns the deliveries of each client of a process, in their order.
    pub(super) fn deliveries_of(&self, process: u32) -> Vec<Vec<Delivery>> {
        let mut all: Vec<_> = self.deliveries().collect();
        Rng::with_seed(self.seed).shuffle(&mut all);
        let own = (0..self.clients).filter(|client| client % self.processes == process);
        let usize = |number: u32| usize::try_from(number).unwrap();
        own.map(|client| all.iter().skip(usize(client)).step_by(usize(self.clients)).copied().collect())
            .collect()
    }

    /// Returns how many of so many clients or kills are a process's.
    pub(super) fn share(&self, process: u32, all: u32) -> u32 {
        all / self.processes + u32::from(process < all % self.processes)
    }
}

impl Content {
    /// Returns whether further content under its number is parked.
    pub(super) const fn parks(self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// Returns the maximum attempts: some notifications may well park.
    pub(super) const fn max_attempts(self) -> u32 {
        if self.number % 25 == 4 { 2 } else { 1_000 }
    }

    pub(super) fn key(self) -> String {
        format!("stress/{}", self.number)
    }

    pub(super) fn fingerprint(self) -> Fingerprint {
        let mut digest = [self.version; 32];
        digest[..4].copy_from_slice(&self.number.to_be_bytes());
        Fingerprint::new(1, digest)
    }

    pub(super) fn body(self) -> Vec<u8> {
        format!("{} {} {}", self.number, self.version, "x".repeat(200)).into_bytes()
    }

    /// Returns the content that has this body.
    pub(super) fn from_body(body: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(body).ok()?.split(' ');
        let content = Self { number: words.next()?.parse().ok()?, version: words.next()?.parse().ok()? };
        (content.body() == body).then_some(content)
    }
}

impl Delivery {
    pub(super) fn entry(&self) -> Entry {
        let Content { number, .. } = self.content;
        let mut entry = Entry::new(self.content.key(), self.content.fingerprint(), self.content.body(), LANE);
        entry.aliases.push(format!("EV-{number}-{}", self.alias));
        entry.group = (number % 8 == 5).then(|| format!("order-{}", number / 40));
        entry.on_changed = if self.content.parks() { OnChanged::Park } else { OnChanged::Deliver };
        entry.max_attempts = self.content.max_attempts();
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_delivery_has_one_client() {
        let test =
            StressTest { notifications: 300, clients: 10, workers: 5, processes: 3, ..StressTest::default() };
        let all = (0..3).flat_map(|process| test.deliveries_of(process)).flatten();
        let mut all: Vec<_> = all.map(|delivery| delivery.id).collect();
        assert_ne!(all, (0..1_200).collect::<Vec<_>>(), "shuffled");
        all.sort_unstable();
        assert_eq!(all, (0..1_200).collect::<Vec<_>>());
        assert_eq!((0..3).map(|process| test.share(process, 5)).sum::<u32>(), 5);
        let delivered: BTreeSet<_> = test.deliveries().map(|delivery| delivery.content).collect();
        assert!((0..300).all(|number| delivered.contains(&Content { number, version: 0 })));
        assert!(delivered.contains(&Content { number: 7, version: 2 }));
    }

    #[test]
    fn a_body_identifies_its_content() {
        let content = Content { number: 17, version: 1 };
        assert_eq!(Content::from_body(&content.body()), Some(content));
        assert_eq!(Content::from_body(b"17 1 xx"), None);
        assert_ne!(content.fingerprint().short(), Content { number: 17, version: 0 }.fingerprint().short());
    }
}
