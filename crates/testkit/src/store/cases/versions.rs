use super::{WEEK, action, entry, fingerprint};
use crate::store::backend::Backend;
use crate::store::context::Context;
use wxhook_idempotency::{Accepted, Entry, Fingerprint, OnChanged, State};

/// An entry of a newer program: its content is `content` by the present form, and was `before` by the earlier one.
fn newer(key: &str, content: u8, before: Option<u8>) -> Entry {
    let mut entry = entry(key, content);
    entry.fingerprint = Fingerprint::new(2, [content; 32]);
    entry.older_fingerprints.extend(before.map(fingerprint));
    entry
}

pub(crate) fn older_fingerprints_are_compared<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = store.new_seq(entry("k", 1));
    assert_eq!(store.duplicate_of(newer("k", 101, Some(1))), seq, "the same content by the earlier form");
    assert_eq!(store.duplicate_of(newer("k", 102, None)), seq, "nothing to compare");
    store.changed_seq(newer("k", 102, Some(2)));
    // By an alias, the same.
    let mut named = entry("named", 1);
    named.aliases.push("EV-1".to_owned());
    let seq = store.new_seq(named);
    let mut again = newer("other key", 101, Some(1));
    again.aliases.push("EV-1".to_owned());
    assert_eq!(store.duplicate_of(again.clone()), seq);
    again.older_fingerprints = vec![fingerprint(2)];
    store.changed_seq(again);
    // What is stored by the present form is compared with that one only.
    let seq = store.new_seq(newer("new", 7, Some(1)));
    assert_eq!(store.duplicate_of(newer("new", 7, Some(2))), seq);
    store.changed_seq(newer("new", 8, Some(1)));
}

pub(crate) fn older_fingerprints_of_marks<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let mut marking = entry("k", 1);
    marking.keeps_mark = true;
    let seq = store.new_seq(marking);
    store.discard(seq, action());
    context.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    let gone = Accepted::Duplicate { seq, state: State::Done, outcome: None };
    assert_eq!(store.accept(newer("k", 101, Some(1))), gone);
    assert_eq!(store.accept(newer("k", 102, None)), gone);
    store.changed_seq(newer("k", 102, Some(2)));
}

pub(crate) fn older_names_of_siblings<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let first = store.new_seq(entry("k", 1));
    let sibling = store.changed_seq(entry("k", 2));
    assert_eq!(store.record(sibling).key, fingerprint(2).sibling_key("k"));
    let resent = newer("k", 102, Some(2));
    assert_eq!(store.duplicate_of(resent.clone()), sibling, "no second sibling after an upgrade");
    assert_eq!(store.duplicate_of(newer("k", 101, Some(1))), first);
    let other = store.changed_seq(newer("k", 103, Some(3)));
    assert_eq!(store.record(other).key, Fingerprint::new(2, [103; 32]).sibling_key("k"));
    // Its root may be gone meanwhile.
    store.discard(first, action());
    store.park(sibling, action());
    context.pass(WEEK);
    assert_eq!(store.purge(9), 1);
    assert_eq!(store.duplicate_of(resent), sibling);
    let mut parking = newer("k", 104, Some(4));
    parking.on_changed = OnChanged::Park;
    store.new_seq(parking);
}
