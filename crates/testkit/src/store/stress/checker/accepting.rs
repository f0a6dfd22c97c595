use super::{Evidence, FinalRecord, Operation, Reply, Report};
use crate::store::stress::workload::Content;
use std::collections::{BTreeMap, BTreeSet};

/// The answers about one content.
#[derive(Default)]
struct Answers {
    /// The numbers it was acknowledged under.
    seqs: BTreeSet<u64>,
    /// Answers of `New` or `Changed`.
    stored: u32,
    /// It may have been stored without such an answer.
    may_be_silent: bool,
}

/// Checks that what was acknowledged is there, once.
pub(super) fn check(evidence: &Evidence<'_>, report: &mut Report) {
    let mut contents = BTreeMap::<Content, Answers>::new();
    let mut new = BTreeMap::<u32, u32>::new();
    let mut unanswered: BTreeSet<_> = evidence.test.deliveries().map(|delivery| delivery.id).collect();
    for call in evidence.calls {
        let (Operation::Accept { delivery, content } | Operation::Begin { delivery, content, .. }) =
            call.operation
        else {
            continue;
        };
        let begins = matches!(call.operation, Operation::Begin { .. });
        let reply = call.returned.as_ref().map(|(_, reply)| reply);
        let answers = contents.entry(content).or_default();
        answers.may_be_silent |= begins || !reply.is_some_and(Reply::is_answer);
        match reply {
            Some(Reply::New(_)) => {
                answers.stored += 1;
                *new.entry(content.number).or_default() += 1;
            }
            Some(Reply::Changed(_)) => answers.stored += 1,
            Some(Reply::Full) => report.violate("rejected as full", || format!("{content:?}")),
            _ => {}
        }
        if let Some(seq) = reply.and_then(Reply::accepted) {
            answers.seqs.insert(seq);
            unanswered.remove(&delivery);
        }
    }
    for delivery in unanswered {
        report.violate("never answered", || format!("delivery {delivery}"));
    }
    for (number, times) in new.into_iter().filter(|(_, times)| *times > 1) {
        report.violate("new twice", || format!("notification {number}, {times} times"));
    }
    let mut owners = BTreeMap::<u64, Content>::new();
    for (content, answers) in &contents {
        if answers.stored > 1 {
            report.violate("new twice", || format!("{content:?}, {} times", answers.stored));
        }
        if answers.stored == 0 && !answers.may_be_silent {
            report.violate("never new", || format!("{content:?}, and every call was answered"));
        }
        if answers.seqs.len() > 1 {
            report.violate("two numbers for one content", || format!("{content:?}: {:?}", answers.seqs));
        }
        for seq in &answers.seqs {
            let owner = *owners.entry(*seq).or_insert(*content);
            if owner != *content {
                report.violate("one number for two contents", || format!("{seq}: {owner:?} and {content:?}"));
            }
        }
    }
    check_stored(evidence.records, &contents, report);
}

/// Compares the store's contents with what was acknowledged.
fn check_stored(records: &[FinalRecord], contents: &BTreeMap<Content, Answers>, report: &mut Report) {
    let mut by_seq = BTreeMap::new();
    let mut by_content = BTreeMap::new();
    let mut by_key = BTreeSet::new();
    let mut firsts = BTreeMap::new();
    for record in records {
        let mut twice = by_seq.insert(record.seq, record).is_some() | !by_key.insert(&record.key);
        match record.content.filter(|content| contents.contains_key(content)) {
            Some(content) => {
                twice |= by_content.insert(content, record.seq).is_some();
                twice |= record.sibling_of.is_none() && firsts.insert(content.number, record.seq).is_some();
            }
            None => report.violate("stored but never sent", || format!("record {}", record.seq)),
        }
        if twice {
            report.violate("stored twice", || format!("record {}, {:?}", record.seq, record.content));
        }
    }
    for (content, answers) in contents {
        // A store that lost it may have given its number to another one.
        if !answers.seqs.is_empty() && !by_content.contains_key(content) {
            report.violate("acknowledged and lost", || format!("{content:?}"));
        }
        for seq in &answers.seqs {
            let Some(record) = by_seq.get(seq) else {
                report.violate("acknowledged and lost", || format!("{content:?}, record {seq}"));
                continue;
            };
            let (key, first) = match record.sibling_of {
                None => (content.key(), *seq),
                Some(first) => (content.fingerprint().sibling_key(&content.key()), first),
            };
            if record.content != Some(*content)
                || record.key != key
                || firsts.get(&content.number) != Some(&first)
            {
                report.violate("stored as something else", || format!("{content:?}, record {seq}"));
            }
        }
    }
}
