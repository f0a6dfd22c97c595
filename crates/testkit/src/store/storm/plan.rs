use super::super::desk::LANE;
use super::Storm;
use fastrand::Rng;
use wxhook_idempotency::{Entry, Fingerprint, OnChanged};

/// What is delivered, by whom and in which order. It follows from the storm alone, so every process knows it.
pub(super) struct Plan {
    pub(super) storm: Storm,
}

/// One content of one notification. The same number with another version is the same notification with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Content {
    pub(super) number: u32,
    pub(super) version: u8,
}

/// One time that a notification is delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) id: u32,
    pub(super) content: Content,
    alias: u32,
    /// Whether its receiver handles it before the answer.
    pub(super) begins: bool,
}

impl Plan {
    pub(super) const fn new(storm: Storm) -> Self {
        Self { storm }
    }

    /// Every delivery, in no order.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = Delivery> {
        let times = self.storm.times;
        (0..self.storm.notifications).flat_map(move |number| {
            (0..times).map(move |time| {
                let version = time % u32::from(self.versions(number));
                Delivery {
                    id: number * times + time,
                    content: Content { number, version: u8::try_from(version).unwrap_or_default() },
                    // A resend may come under another id.
                    alias: time % 2,
                    begins: number % 10 == 3 && time % 2 == 0,
                }
            })
        })
    }

    /// What each task of a process delivers, in its order.
    pub(super) fn tasks_of(&self, process: u32) -> Vec<Vec<Delivery>> {
        let mut all: Vec<_> = self.deliveries().collect();
        Rng::with_seed(self.storm.seed).shuffle(&mut all);
        let tasks = self.storm.tasks.max(1);
        let own = (0..tasks).filter(|task| task % self.storm.processes == process);
        own.map(|task| {
            let from = usize::try_from(task).unwrap_or_default();
            all.iter().skip(from).step_by(usize::try_from(tasks).unwrap_or(1)).copied().collect()
        })
        .collect()
    }

    /// How many workers a process has.
    pub(super) fn workers_of(&self, process: u32) -> u32 {
        let own = (0..self.storm.workers).filter(|worker| worker % self.storm.processes == process);
        u32::try_from(own.count()).unwrap_or_default()
    }

    /// How many contents come under a number.
    fn versions(&self, number: u32) -> u8 {
        let versions = match number % 100 {
            7 => 3,
            17 | 27 | 38 | 48 | 58 => 2,
            _ => 1,
        };
        versions.min(u8::try_from(self.storm.times).unwrap_or(u8::MAX)).max(1)
    }

    /// Whether other content under a number waits for a person.
    pub(super) const fn parks(number: u32) -> bool {
        number.is_multiple_of(2)
    }

    /// After how many attempts a notification parks: of some it may well come to that.
    pub(super) const fn max_attempts(number: u32) -> u32 {
        if number % 25 == 4 { 2 } else { 1_000 }
    }

    pub(super) fn key(number: u32) -> String {
        format!("storm/{number}")
    }
}

impl Content {
    pub(super) fn fingerprint(self) -> Fingerprint {
        let mut digest = [0; 32];
        let bytes = self.number.to_be_bytes().into_iter().chain([self.version]);
        digest.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Fingerprint::new(1, digest)
    }

    pub(super) fn body(self) -> Vec<u8> {
        format!("{} {} {}", self.number, self.version, "x".repeat(200)).into_bytes()
    }

    /// The content that has this body, if any.
    pub(super) fn of_body(body: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(body).ok()?.split(' ');
        let content = Self { number: words.next()?.parse().ok()?, version: words.next()?.parse().ok()? };
        (content.body() == body).then_some(content)
    }
}

impl Delivery {
    pub(super) fn entry(&self) -> Entry {
        let Content { number, .. } = self.content;
        let mut entry = Entry::new(Plan::key(number), self.content.fingerprint(), self.content.body(), LANE);
        entry.aliases.push(format!("EV-{number}-{}", self.alias));
        entry.group = (number % 8 == 5).then(|| format!("order-{}", number / 40));
        entry.on_changed = if Plan::parks(number) { OnChanged::Park } else { OnChanged::Deliver };
        entry.max_attempts = Plan::max_attempts(number);
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_delivery_is_somebodys() {
        let plan = Plan::new(Storm::default().with_notifications(300, 4).with_tasks(10, 5, 3));
        let mut all: Vec<_> =
            (0..3).flat_map(|process| plan.tasks_of(process)).flatten().map(|delivery| delivery.id).collect();
        assert_ne!(all, (0..1_200).collect::<Vec<_>>(), "shuffled");
        all.sort_unstable();
        assert_eq!(all, (0..1_200).collect::<Vec<_>>());
        assert_eq!((0..3).map(|process| plan.workers_of(process)).sum::<u32>(), 5);
        let delivered: BTreeSet<_> = plan.deliveries().map(|delivery| delivery.content).collect();
        assert!((0..300).all(|number| delivered.contains(&Content { number, version: 0 })));
        assert!(delivered.contains(&Content { number: 7, version: 2 }));
    }

    #[test]
    fn contents_are_told_by_their_bodies() {
        let content = Content { number: 17, version: 1 };
        assert_eq!(Content::of_body(&content.body()), Some(content));
        assert_eq!(Content::of_body(b"17 1 xx"), None);
        assert_ne!(content.fingerprint().short(), Content { number: 17, version: 0 }.fingerprint().short());
    }
}
