use crate::store::backend::Time;
use crate::store::cases::DAY;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;
use std::fmt;
use std::time::Duration;
use wxhook_idempotency::{
    Entry, Failure, Filter, Fingerprint, LaneCap, OnChanged, Operation, Settlement, Start, State,
};

const SPAN: Duration = Duration::from_secs(30);

/// One operation, or the clock moves.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Accept(Sample),
    Begin(Sample, u128, Duration),
    Claim(u128, Vec<&'static str>, usize, Duration),
    /// On one of the leases that were given so far, counted from the last.
    Renew(usize, Duration),
    Settle(usize, Settlement),
    /// On one of the records that were seen so far, counted from the first.
    Act(usize, Operation),
    Get(usize),
    List {
        filter: Filter,
        /// Since (or until) so many days after the start.
        days: Option<(bool, u32)>,
        before: Option<usize>,
        max: usize,
    },
    Stats,
    Lanes,
    Split(&'static str, usize),
    Adopt {
        from: &'static str,
        to: &'static str,
        until: usize,
        max: usize,
    },
    Purge(usize),
    /// Time passes, as much as this.
    Pass(Duration),
    /// The wall clock steps, and no time passes.
    PutBack(Duration),
    PutAhead(Duration),
}

/// An entry that shows everything: what it holds is made up.
#[derive(Clone)]
pub(super) struct Sample(pub(super) Entry);

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { key, older_keys, aliases, older_fingerprints, body, group, .. } = &self.0;
        let Entry { on_changed, max_attempts, keeps_tombstone, lane_cap, .. } = &self.0;
        let names = (key, older_keys, aliases, older_fingerprints);
        let hidden = (names, body, group, on_changed, max_attempts, keeps_tombstone, lane_cap);
        write!(f, "{:?} {hidden:?}", self.0)
    }
}

/// Steps that a clock of this kind allows.
pub(super) fn steps(time: Time) -> impl Strategy<Value = Step> {
    let span = move || spans(time);
    let operations = prop_oneof![
        8 => entries().prop_map(Step::Accept),
        4 => (entries(), 0..4_u128, span()).prop_map(|(entry, id, span)| Step::Begin(entry, id, span)),
        6 => (0..6_u128, subsequence(vec!["one", "two", "three"], 0..=3), 0..4_usize, span())
            .prop_map(|(id, lanes, max, span)| Step::Claim(10 + id, lanes, max, span)),
        1 => (0..4_usize, span()).prop_map(|(lease, span)| Step::Renew(lease, span)),
        8 => (0..4_usize, settlements(time)).prop_map(|(lease, settlement)| Step::Settle(lease, settlement)),
        3 => (0..12_usize, select(vec![Operation::Requeue, Operation::Park, Operation::Discard]))
            .prop_map(|(seq, operation)| Step::Act(seq, operation)),
        1 => (0..12_usize).prop_map(Step::Get),
        3 => (filters(), option::weighted(0.2, (any::<bool>(), 0..20_u32)), option::of(0..12_usize), 0..5_usize)
            .prop_map(|(filter, days, before, max)| Step::List { filter, days, before, max }),
        1 => Just(Step::Stats),
        1 => Just(Step::Lanes),
        1 => (select(vec!["one", "two"]), 0..4_usize).prop_map(|(from, max)| Step::Split(from, max)),
        1 => (select(vec!["one", "two"]), select(vec!["one", "three"]), 0..12_usize, 0..4_usize)
            .prop_map(|(from, to, until, max)| Step::Adopt { from, to, until, max }),
        2 => select(vec![0, 1, 100]).prop_map(Step::Purge),
    ];
    let moves = prop_oneof![
        3 => prop_oneof![span(), Just(DAY * 8), Just(DAY * 401)].prop_map(Step::Pass),
        1 => span().prop_map(Step::PutBack),
        1 => prop_oneof![span(), Just(DAY * 8)].prop_map(Step::PutAhead),
    ];
    match time {
        Time::Real => operations.boxed(),
        Time::Still | Time::Shifted => {
            Union::new_weighted(vec![(9, operations.boxed()), (1, moves.boxed())]).boxed()
        }
    }
}

fn settlements(time: Time) -> impl Strategy<Value = Settlement> {
    prop_oneof![
        2 => Just(Settlement::Complete(None)),
        2 => Just(Settlement::Complete(Some("reply".into()))),
        2 => spans(time).prop_map(|span| Settlement::Fail(Failure::retry("refused", span))),
        1 => Just(Settlement::Fail(Failure::park("wrong"))),
        1 => Just(Settlement::Release),
    ]
}

/// Spans that make a difference; where the clock goes by itself, none that it could go through meanwhile.
fn spans(time: Time) -> impl Strategy<Value = Duration> {
    select(match time {
        Time::Still => vec![Duration::from_millis(1), Duration::from_secs(1), SPAN, SPAN * 2, DAY],
        Time::Shifted => vec![SPAN, SPAN * 2, DAY],
        Time::Real => vec![DAY, DAY * 2],
    })
}

fn key(number: u8) -> String {
    format!("shop/E/n={number}")
}

fn entries() -> impl Strategy<Value = Sample> {
    let rarely = proptest::bool::weighted;
    let newer = (rarely(0.1), option::of(0..4_u8));
    let names = (0..5_u8, option::of(0..5_u8), vec(0..6_u8, 0..3), 0..4_u8, newer);
    let kept = (any::<bool>(), rarely(0.1), any::<bool>(), 1..4_u32, rarely(0.2));
    let place =
        (option::of(0..2_u8), select(vec!["one", "two"]), select(vec!["PAY", "REFUND"]), any::<bool>());
    (names, kept, place).prop_map(|(names, kept, place)| {
        let (number, older, aliases, content, (newer, earlier)) = names;
        let (deliver, parked, keeps_tombstone, max_attempts, capped) = kept;
        let (group, lane, event, flagged) = place;
        let fingerprint = Fingerprint::new(if newer { 2 } else { 1 }, [content; 32]);
        let mut entry = Entry::new(key(number), fingerprint, vec![content; 8], lane);
        if newer {
            entry.older_fingerprints.extend(earlier.map(|content| Fingerprint::new(1, [content; 32])));
        }
        entry.older_keys.extend(older.map(key));
        entry.aliases = aliases.iter().map(|alias| format!("EV-{alias}")).collect();
        entry.on_changed = if deliver { OnChanged::Deliver } else { OnChanged::Park };
        entry.start = if parked { Start::Parked("kept") } else { Start::Ready };
        entry.keeps_tombstone = keeps_tombstone;
        entry.max_attempts = max_attempts;
        entry.lane_cap = capped.then(|| LaneCap::new(4, 40));
        entry.group = group.map(|group| format!("order {group}"));
        entry.labels.merchant = "shop".to_owned();
        entry.labels.event = event.to_owned();
        entry.labels.id = entry.aliases.first().cloned();
        entry.labels.numbers = vec![("n".to_owned(), number.to_string())];
        entry.flags = if flagged { vec!["unsigned".to_owned()] } else { Vec::new() };
        Sample(entry)
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let events = option::weighted(0.3, select(vec!["PAY", "REFUND", "NONE"]));
    let states = option::weighted(0.3, select(State::ALL.to_vec()));
    let flags = option::weighted(0.3, select(vec!["unsigned", "changed", "none"]));
    let names = (option::weighted(0.2, 0..5_u8), option::weighted(0.2, 0..6_u8));
    (events, states, flags, names).prop_map(|(event, state, flag, (number, id))| {
        let mut filter = Filter::default();
        filter.event = event.map(str::to_owned);
        filter.state = state;
        filter.flag = flag.map(str::to_owned);
        filter.number = number.map(|number| number.to_string());
        filter.id = id.map(|id| format!("EV-{id}"));
        filter
    })
}
