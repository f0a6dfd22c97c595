use super::{Evidence, Faults, Stored};
use crate::store::storm::act::{Act, Answer};
use crate::store::storm::plan::{Content, Plan};
use std::collections::{BTreeMap, BTreeSet};
use wxhook_idempotency::Seq;

/// What the journals know of one content.
#[derive(Default)]
struct Told {
    /// The numbers it was acknowledged under.
    seqs: BTreeSet<Seq>,
    /// Answers that say that it was taken just then: `New` or `Changed`.
    taken: u32,
    /// Whether it may have been taken without such an answer.
    quietly: bool,
}

/// What was acknowledged is there, once.
pub(super) fn check(evidence: &Evidence<'_>, faults: &mut Faults) {
    let mut told = BTreeMap::<Content, Told>::new();
    let mut new = BTreeMap::<u32, u32>::new();
    let mut open: BTreeSet<_> = evidence.plan.deliveries().map(|delivery| delivery.id).collect();
    for event in evidence.events {
        let (delivery, content, begins) = match event.act {
            Act::Accept { delivery, content } => (delivery, content, false),
            Act::Begin { delivery, content, .. } => (delivery, content, true),
            _ => continue,
        };
        let answer = event.answer.as_ref().map(|(_, answer)| answer);
        let told = told.entry(content).or_default();
        told.quietly |= begins || !answer.is_some_and(Answer::is_answer);
        told.taken += u32::from(matches!(answer, Some(Answer::New(_) | Answer::Changed(_))));
        if matches!(answer, Some(Answer::New(_))) {
            *new.entry(content.number).or_default() += 1;
        }
        if matches!(answer, Some(Answer::Full)) {
            faults.add("answered as full", || format!("{content:?}"));
        }
        if let Some(seq) = answer.and_then(Answer::stored) {
            told.seqs.insert(seq);
            open.remove(&delivery);
        }
    }
    for delivery in open {
        faults.add("never answered", || format!("delivery {delivery}"));
    }
    for (number, times) in new.into_iter().filter(|(_, times)| *times > 1) {
        faults.add("new twice", || format!("notification {number}, {times} times"));
    }
    for (content, told) in &told {
        if told.taken > 1 {
            faults.add("new twice", || format!("{content:?}, {} times", told.taken));
        }
        if told.taken == 0 && !told.quietly {
            faults.add("new to nobody", || format!("{content:?}, and every call was answered"));
        }
        if told.seqs.len() > 1 {
            faults.add("two numbers for one content", || format!("{content:?}: {:?}", told.seqs));
        }
    }
    let mut owners = BTreeMap::<Seq, Content>::new();
    for (content, told) in &told {
        for seq in &told.seqs {
            let owner = *owners.entry(*seq).or_insert(*content);
            if owner != *content {
                faults.add("one number for two contents", || format!("{seq}: {owner:?} and {content:?}"));
            }
        }
    }
    stored(evidence.stored, &told, faults);
}

/// What is in the store against what was acknowledged.
fn stored(stored: &[Stored], told: &BTreeMap<Content, Told>, faults: &mut Faults) {
    let mut by_seq = BTreeMap::new();
    let mut by_content = BTreeMap::<Content, Seq>::new();
    let mut by_key = BTreeSet::new();
    let mut firsts = BTreeMap::new();
    for record in stored {
        if by_seq.insert(record.seq, record).is_some() {
            faults.add("stored twice", || format!("number {} is listed twice", record.seq));
        }
        if !by_key.insert(&record.key) {
            faults.add("stored twice", || format!("key {}", record.key));
        }
        let Some(content) = record.content.filter(|content| told.contains_key(content)) else {
            faults.add("sent by nobody", || format!("record {}", record.seq));
            continue;
        };
        if by_content.insert(content, record.seq).is_some() {
            faults.add("stored twice", || format!("{content:?}"));
        }
        if record.sibling_of.is_none() && firsts.insert(content.number, record.seq).is_some() {
            faults.add("stored twice", || format!("two first records of notification {}", content.number));
        }
    }
    for (content, told) in told {
        // A store that lost it may have given its number to another one.
        if !told.seqs.is_empty() && !by_content.contains_key(content) {
            faults.add("acknowledged and lost", || format!("{content:?}"));
        }
        for seq in &told.seqs {
            let Some(record) = by_seq.get(seq) else {
                faults.add("acknowledged and lost", || format!("{content:?}, record {seq}"));
                continue;
            };
            let key = Plan::key(content.number);
            let (expected, first) = match record.sibling_of {
                None => (key, *seq),
                Some(first) => (content.fingerprint().sibling_key(&key), first),
            };
            if record.content != Some(*content)
                || record.key != expected
                || firsts.get(&content.number) != Some(&first)
            {
                faults.add("stored as something else", || format!("{content:?}, record {seq}"));
            }
        }
    }
}
