use super::entry;
use crate::store::backend::Backend;
use crate::store::context::Context;
use wxhook_idempotency::{Filter, Lookup, machine};

pub(crate) fn a_probe_leaves_nothing_behind<B: Backend>(context: &Context<'_, B>) {
    let store = &context.open();
    let seq = store.new_seq(entry("k", 1));
    let figures = || {
        let stats = store.stats();
        let listed = store.list(Filter::default(), None, 9).records;
        let seqs: Vec<_> = listed.iter().map(|record| record.seq).collect();
        ([stats.ready, stats.leased, stats.done, stats.parked], store.lanes(), seqs)
    };
    let before = figures();
    for _ in 0..3 {
        store.probe();
    }
    assert_eq!(figures(), before);
    let probe = machine::probe_entry();
    assert!(store.get(Lookup::Key(probe.key.clone())).is_none());
    assert!(store.new_seq(entry("l", 1)) > seq);
    // Neither its key nor its alias is known.
    store.new_seq(probe);
}
