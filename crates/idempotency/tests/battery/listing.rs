use super::*;
use wxhook_idempotency::{Filter, State, Stats};

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

async fn listed<S: Store>(store: &S, filter: impl FnOnce(&mut Filter)) -> Vec<u64> {
    let mut wanted = Filter::default();
    filter(&mut wanted);
    let page = store.list(wanted, None, 1_000).await.unwrap();
    assert_eq!(page.next, None);
    page.records.iter().map(|record| record.seq.get()).collect()
}

pub async fn by_every_filter<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    for number in 1..=60 {
        assert_eq!(new_seq(store, labelled(number)).await.get(), u64::from(number));
    }
    for lease in claimed(store, 1, 7).await {
        let failure = wxhook_idempotency::Failure::park("no").flag("mismatch");
        let _done = store.fail(lease.record.seq, lease.fence, failure).await.unwrap();
    }
    let expect =
        |passes: fn(u64) -> bool| (1..=60).rev().filter(|number| passes(*number)).collect::<Vec<_>>();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(listed(store, |_| {}).await, expect(|_| true));
    assert_eq!(listed(store, |f| f.merchant = text("shop")).await, expect(|n| n.is_multiple_of(2)));
    assert_eq!(listed(store, |f| f.event = text("PAY")).await, expect(|n| n.is_multiple_of(3)));
    assert_eq!(listed(store, |f| f.variant = text("GLOBAL")).await, expect(|n| n.is_multiple_of(4)));
    assert_eq!(listed(store, |f| f.id = text("EV-17")).await, [17]);
    assert_eq!(listed(store, |f| f.number = text("T18")).await, [18]);
    assert_eq!(listed(store, |f| f.number = text("O9")).await, [19, 18]);
    assert_eq!(listed(store, |f| f.flag = text("not-json")).await, expect(|n| n.is_multiple_of(5)));
    assert_eq!(listed(store, |f| f.flag = text("mismatch")).await, expect(|n| n <= 7));
    assert_eq!(listed(store, |f| f.state = Some(State::Parked)).await, expect(|n| n <= 7));
    assert_eq!(listed(store, |f| f.state = Some(State::Ready)).await, expect(|n| n > 7));
    let both = listed(store, |f| {
        f.merchant = text("shop");
        f.flag = text("not-json");
        f.state = Some(State::Ready);
    });
    assert_eq!(both.await, expect(|n| n > 7 && n.is_multiple_of(10)));
    let cafe = listed(store, |f| {
        f.merchant = text("cafe");
        f.event = text("PAY");
    });
    assert_eq!(cafe.await, expect(|n| n % 6 == 3));
    for nothing in ["T999", "EV-1", ""] {
        assert!(listed(store, |f| f.number = text(nothing)).await.is_empty());
    }
    assert!(listed(store, |f| f.merchant = text("nobody")).await.is_empty());
    // A purged record is found no more.
    store.discard(Seq::new(17), action()).await.unwrap();
    fixture.clock.advance(DAY * 8);
    assert_eq!(store.purge(9).await.unwrap(), 1);
    assert!(listed(store, |f| f.id = text("EV-17")).await.is_empty());
}

pub async fn by_time<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let start = fixture.clock.now();
    for number in 1..=10 {
        new_seq(store, labelled(number)).await;
        fixture.clock.advance(SPAN);
    }
    assert_eq!(listed(store, |f| f.since = Some(start + SPAN * 7)).await, [10, 9, 8]);
    assert_eq!(listed(store, |f| f.until = Some(start + SPAN * 2)).await, [2, 1]);
    let between = listed(store, |f| {
        f.since = Some(start + SPAN * 3 - Duration::from_millis(1));
        f.until = Some(start + SPAN * 5 + Duration::from_nanos(1));
    });
    assert_eq!(between.await, [6, 5, 4]);
    assert!(listed(store, |f| f.since = Some(start + DAY)).await.is_empty());
    assert!(listed(store, |f| f.until = Some(SystemTime::UNIX_EPOCH)).await.is_empty());
    let odd = listed(store, |f| {
        f.since = Some(start + SPAN * 4);
        f.merchant = Some("cafe".to_owned());
    });
    assert_eq!(odd.await, [9, 7, 5]);
}

pub async fn in_pages<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    for number in 1..=23 {
        new_seq(store, labelled(number)).await;
    }
    for merchant in [None, Some("cafe".to_owned())] {
        let mut filter = Filter::default();
        filter.merchant = merchant.clone();
        let whole = store.list(filter.clone(), None, 1_000).await.unwrap().records;
        let (mut before, mut found) = (None, Vec::new());
        loop {
            let page = store.list(filter.clone(), before, 4).await.unwrap();
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
    assert_eq!(store.list(Filter::default(), None, 23).await.unwrap().next, None);
    let nothing = store.list(Filter::default(), None, 0).await.unwrap();
    assert_eq!((nothing.records.len(), nothing.next), (0, None));
}

pub async fn figures<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    assert_eq!(store.stats().await.unwrap(), Stats::default());
    for number in 1..=6 {
        let mut entry = labelled(number);
        entry.lane = if number == 6 { "elsewhere" } else { LANE }.to_owned();
        new_seq(store, entry).await;
        fixture.clock.advance(Duration::from_secs(1));
    }
    let leases = claimed(store, 1, 2).await;
    let _done = store.complete(leases[0].record.seq, leases[0].fence, None).await.unwrap();
    store.park(Seq::new(3), action()).await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.ready, stats.leased, stats.done, stats.parked), (3, 1, 1, 1));
    assert_eq!(stats.oldest_ready, Some(Duration::from_secs(3)));
    for seq in [4, 5] {
        store.discard(Seq::new(seq), action()).await.unwrap();
    }
    assert_eq!(store.stats().await.unwrap().oldest_ready, Some(Duration::from_secs(1)));
    store.discard(Seq::new(6), action()).await.unwrap();
    fixture.clock.advance(DAY);
    assert_eq!(store.stats().await.unwrap().oldest_ready, None, "a lease that is over isn't Ready");
    store.probe().await.unwrap();
    assert_eq!(store.stats().await.unwrap().done, 4);
}

pub async fn one_by_key_or_number<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut full = labelled(4);
    full.group = Some("order".to_owned());
    full.max_attempts = 7;
    let seq = new_seq(store, full.clone()).await;
    let record = store.get(Lookup::Key("k4".to_owned())).await.unwrap().unwrap();
    assert_eq!((record.seq, &*record.key, &*record.lane), (seq, "k4", LANE));
    assert_eq!((record.labels, record.group, record.max_attempts), (full.labels, full.group, 7));
    assert_eq!((record.fingerprint, record.body), (full.fingerprint, full.body));
    assert_eq!((record.accepted_at, record.seen_at), (fixture.clock.now(), fixture.clock.now()));
    assert_eq!((record.fence, record.done_at, record.outcome), (None, None, None));
    assert!(store.get(Lookup::Key("k5".to_owned())).await.unwrap().is_none());
    assert!(store.get(Lookup::Seq(Seq::new(99))).await.unwrap().is_none());
    assert!(store.get(Lookup::Seq(Seq::new(u64::MAX))).await.unwrap().is_none());
}

pub async fn debug_shows_no_content<S: Store + Clone>(fixture: &Fixture<S>) {
    let store = &fixture.store;
    let mut secret = entry("shop/PAY/number=SECRET", 1);
    secret.body = b"SECRET".as_slice().into();
    secret.labels.numbers = vec![("n".to_owned(), "SECRET".to_owned())];
    secret.labels.id = Some("SECRET".to_owned());
    let lease = acquired(store, with_alias(secret.clone(), "SECRET"), 1).await;
    let outcome = Some(b"SECRET".as_slice().into());
    let _done = store.complete(lease.record.seq, lease.fence, outcome).await.unwrap();
    let mut filter = Filter::default();
    filter.number = Some("SECRET".to_owned());
    filter.id = Some("SECRET".to_owned());
    let shown = [
        format!("{store:?} {secret:?} {lease:?} {filter:?} {:?}", secret.labels),
        format!("{:?}", store.accept(secret.clone()).await),
        format!("{:?}", begin(store, secret, 2).await),
        format!("{:?}", store.list(filter, None, 9).await),
        format!("{:?}", Lookup::Key("SECRET".to_owned())),
    ];
    for text in shown {
        assert!(!text.contains("SECRET") && !text.contains("83, 69, 67"), "{text}");
    }
}
