use super::{DAY, action, entry, unused, with, with_alias};
use crate::store::backend::Backend;
use crate::store::handle::{Handle, LANE};
use std::time::{Duration, SystemTime};
use wxhook_idempotency::{Entry, Failure, FenceResult, Filter, Lookup, Seq, State, Stats, machine};

fn labelled(number: u32) -> Entry {
    let mut entry = with_alias(entry(&format!("k{number}"), 1), &format!("EV-{number}"));
    entry.labels.merchant = if number.is_multiple_of(2) { "shop" } else { "cafe" }.to_owned();
    entry.labels.event = if number.is_multiple_of(3) { "PAY" } else { "REFUND" }.to_owned();
    entry.labels.variant = number.is_multiple_of(4).then(|| "GLOBAL".to_owned());
    entry.labels.id = Some(format!("EV-{number}"));
    let order = format!("O{}", number / 2);
    entry.labels.numbers = vec![
        ("transaction_id".to_owned(), format!("T{number}")),
        ("out_trade_no".to_owned(), order.clone()),
        ("again".to_owned(), order),
    ];
    entry.flags = if number.is_multiple_of(5) { vec!["not-json".to_owned()] } else { Vec::new() };
    entry
}

/// The numbers of the records that pass, in the order they are given.
#[track_caller]
fn listed<B: Backend>(store: &Handle<'_, B>, filter: impl FnOnce(&mut Filter)) -> Vec<u32> {
    let mut wanted = Filter::default();
    filter(&mut wanted);
    let page = store.list(wanted, None, 1_000);
    assert_eq!(page.next, None);
    page.records.iter().map(|record| record.key[1..].parse().unwrap()).collect()
}

pub(crate) fn by_every_filter<B: Backend>(store: Handle<'_, B>) {
    let seqs: Vec<_> = (1..=60).map(|number| store.new_seq(labelled(number))).collect();
    assert!(seqs.is_sorted());
    for lease in store.claimed(1, 7) {
        let failure = Failure::park("no").flag("mismatch");
        let _done = store.fail(lease.record.seq, lease.fence, failure);
    }
    let expect =
        |passes: fn(u32) -> bool| (1..=60).rev().filter(|number| passes(*number)).collect::<Vec<_>>();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(listed(&store, |_| {}), expect(|_| true));
    assert_eq!(listed(&store, |f| f.merchant = text("shop")), expect(|n| n.is_multiple_of(2)));
    assert_eq!(listed(&store, |f| f.event = text("PAY")), expect(|n| n.is_multiple_of(3)));
    assert_eq!(listed(&store, |f| f.variant = text("GLOBAL")), expect(|n| n.is_multiple_of(4)));
    assert_eq!(listed(&store, |f| f.id = text("EV-17")), [17]);
    assert_eq!(listed(&store, |f| f.number = text("T18")), [18]);
    assert_eq!(listed(&store, |f| f.number = text("O9")), [19, 18]);
    assert_eq!(listed(&store, |f| f.flag = text("not-json")), expect(|n| n.is_multiple_of(5)));
    assert_eq!(listed(&store, |f| f.flag = text("mismatch")), expect(|n| n <= 7));
    assert_eq!(listed(&store, |f| f.state = Some(State::Parked)), expect(|n| n <= 7));
    assert_eq!(listed(&store, |f| f.state = Some(State::Ready)), expect(|n| n > 7));
    let both = listed(&store, |f| {
        f.merchant = text("shop");
        f.flag = text("not-json");
        f.state = Some(State::Ready);
    });
    assert_eq!(both, expect(|n| n > 7 && n.is_multiple_of(10)));
    let cafe = listed(&store, |f| {
        f.merchant = text("cafe");
        f.event = text("PAY");
    });
    assert_eq!(cafe, expect(|n| n % 6 == 3));
    for nothing in ["T999", "EV-1", ""] {
        assert!(listed(&store, |f| f.number = text(nothing)).is_empty());
    }
    assert!(listed(&store, |f| f.merchant = text("nobody")).is_empty());
    // A purged record is found no more.
    store.discard(seqs[16], action());
    store.pass(DAY * 8);
    assert_eq!(store.purge(9), 1);
    assert!(listed(&store, |f| f.id = text("EV-17")).is_empty());
}

pub(crate) fn by_time<B: Backend>(store: Handle<'_, B>) {
    let at: Vec<_> = (1..=10)
        .map(|number| {
            store.pass(store.tick() * 2);
            let seq = store.new_seq(labelled(number));
            store.record(seq).accepted_at.to_system()
        })
        .collect();
    assert_eq!(listed(&store, |f| f.since = Some(at[7])), [10, 9, 8]);
    assert_eq!(listed(&store, |f| f.until = Some(at[2])), [2, 1]);
    let between = listed(&store, |f| {
        f.since = Some(at[3] - Duration::from_millis(1));
        f.until = Some(at[5] + Duration::from_nanos(1));
    });
    assert_eq!(between, [6, 5, 4]);
    assert!(listed(&store, |f| f.since = Some(at[9] + DAY)).is_empty());
    assert!(listed(&store, |f| f.until = Some(SystemTime::UNIX_EPOCH)).is_empty());
    let odd = listed(&store, |f| {
        f.since = Some(at[4]);
        f.merchant = Some("cafe".to_owned());
    });
    assert_eq!(odd, [9, 7, 5]);
}

pub(crate) fn in_pages<B: Backend>(store: Handle<'_, B>) {
    for number in 1..=23 {
        store.new_seq(labelled(number));
    }
    for merchant in [None, Some("cafe".to_owned())] {
        let mut filter = Filter::default();
        filter.merchant = merchant;
        let whole = store.list(filter.clone(), None, 1_000).records;
        let (mut before, mut found) = (None, Vec::new());
        loop {
            let page = store.list(filter.clone(), before, 4);
            found.extend(page.records.iter().map(|record| record.seq));
            before = page.next;
            if before.is_none() {
                break;
            }
            assert_eq!(page.records.len(), 4);
        }
        assert_eq!(found, whole.iter().map(|record| record.seq).collect::<Vec<_>>());
    }
    // Exactly full is the last page; nothing asked for is nothing.
    assert_eq!(store.list(Filter::default(), None, 23).next, None);
    let nothing = store.list(Filter::default(), None, 0);
    assert_eq!((nothing.records.len(), nothing.next), (0, None));
}

pub(crate) fn figures<B: Backend>(store: Handle<'_, B>) {
    assert_eq!(store.stats(), Stats::default());
    let seqs: Vec<_> = (1..=6)
        .map(|number| {
            let entry = with(labelled(number), |entry| {
                entry.lane = if number == 6 { "elsewhere" } else { LANE }.to_owned()
            });
            let seq = store.new_seq(entry);
            store.pass(store.tick());
            seq
        })
        .collect();
    let leases = store.claimed(1, 2);
    assert_eq!(store.complete(leases[0].record.seq, leases[0].fence, None), FenceResult::Done);
    store.park(seqs[2], action());
    let stats = store.stats();
    assert_eq!(State::ALL.map(|state| stats.count(state)), [3, 1, 1, 1]);
    store.assert_elapsed(stats.oldest_ready.unwrap(), store.tick() * 3);
    for seq in &seqs[3..5] {
        store.discard(*seq, action());
    }
    store.assert_elapsed(store.stats().oldest_ready.unwrap(), store.tick());
    store.discard(seqs[5], action());
    store.pass(store.span());
    assert_eq!(store.stats().oldest_ready, None, "a lease that is over isn't Ready");
    store.probe();
    assert_eq!(store.count(State::Done), 4);
}

pub(crate) fn one_by_key_or_number<B: Backend>(store: Handle<'_, B>) {
    let mut full = labelled(4);
    full.group = Some("order".to_owned());
    full.max_attempts = 7;
    let seq = store.new_seq(full.clone());
    let record = store.by_key("k4").unwrap();
    assert_eq!((record.seq, &*record.key, &*record.lane), (seq, "k4", LANE));
    assert_eq!((&record.labels, &record.group, record.max_attempts), (&full.labels, &full.group, 7));
    assert_eq!((record.fingerprint, &record.body), (full.fingerprint, &full.body));
    store.assert_now(record.accepted_at);
    assert_eq!((record.seen_at, record.due_at), (record.accepted_at, record.accepted_at));
    assert_eq!((record.fence, record.done_at, &record.outcome), (None, None, &None));
    assert!(record.notes.is_empty());
    assert!(store.by_key("k5").is_none());
    assert!(store.get(Lookup::Seq(unused(seq))).is_none());
    assert!(store.get(Lookup::Seq(Seq::new(u64::MAX))).is_none());
}

pub(crate) fn debug_shows_no_content<B: Backend>(store: Handle<'_, B>) {
    let mut secret = entry("shop/PAY/number=SECRET", 1);
    secret.body = b"SECRET".as_slice().into();
    secret.labels.numbers = vec![("n".to_owned(), "SECRET".to_owned())];
    secret.labels.id = Some("SECRET".to_owned());
    let lease = store.acquired(with_alias(secret.clone(), "SECRET"), 1);
    let _done = store.complete(lease.record.seq, lease.fence, Some(b"SECRET"));
    let mut filter = Filter::default();
    filter.number = Some("SECRET".to_owned());
    filter.id = Some("SECRET".to_owned());
    let describe = [
        format!("{secret:?} {lease:?} {filter:?} {:?}", secret.labels),
        format!("{:?}", store.accept(secret.clone())),
        format!("{:?}", store.begin(secret, 2)),
        format!("{:?}", store.list(filter, None, 9)),
        format!("{:?}", Lookup::Key("SECRET".to_owned())),
        format!("{:?}", store.store),
    ];
    for text in describe {
        assert!(!text.contains("SECRET") && !text.contains("83, 69, 67"), "{text}");
    }
}

pub(crate) fn a_probe_leaves_nothing_behind<B: Backend>(store: Handle<'_, B>) {
    let seq = store.new_seq(entry("k", 1));
    let figures = || {
        let listed = store.list(Filter::default(), None, 9).records;
        let seqs: Vec<_> = listed.iter().map(|record| record.seq).collect();
        (store.lanes(), seqs)
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
