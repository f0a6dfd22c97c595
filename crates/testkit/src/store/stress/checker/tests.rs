//! The checker on histories that are wrong in one thing each, beside the same history without it.

use super::*;
use crate::store::stress::history::{Grant, Step};
use std::str::SplitWhitespace;

/// Two notifications delivered once each, without a violation: the lease on the second one expired once.
///
/// Instant, `>` for an operation or `<` for its reply, the number of the call, and what [`parse`] reads.
const SOUND: &str = "\
100 > 0 accept 0 0 0\n\
110 < 0 new 1\n\
120 > 1 accept 1 1 0\n\
130 < 1 new 2\n\
140 > 2 claim 7 300\n\
150 < 2 leases 1 10 1 1 1000 300\n\
160 > 3 complete 1 10\n\
170 < 3 done\n\
180 > 4 claim 8 300\n\
190 < 4 leases 2 11 1 1 1000 300\n\
400000 > 5 claim 9 300\n\
400010 < 5 leases 2 12 1 2 1000 300\n\
400020 > 6 complete 2 11\n\
400030 < 6 lost\n\
400040 > 7 complete 2 12\n\
400050 < 7 done\n";

fn parse(text: &str) -> Vec<Call> {
    fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(words: &mut SplitWhitespace<'_>) -> T {
        words.next().unwrap().parse::<u64>().unwrap().try_into().unwrap()
    }
    let mut calls = BTreeMap::<u64, Call>::new();
    for line in text.lines() {
        let words = &mut line.split_whitespace();
        let (at, sign, id) = (number(words), words.next().unwrap(), number(words));
        let verb = words.next().unwrap();
        let content = |words: &mut _| Content { number: number(words), version: number(words) };
        if sign == ">" {
            let operation = match verb {
                "accept" => Operation::Accept { delivery: number(words), content: content(words) },
                "begin" => Operation::Begin {
                    delivery: number(words),
                    content: content(words),
                    claim: number(words),
                    lease: number(words),
                },
                "claim" => Operation::Claim { claim: number(words), lease: number(words) },
                "requeue" => Operation::Requeue { seq: number(words) },
                "purge" => Operation::Purge,
                step => {
                    let (seq, fence) = (number(words), number(words));
                    let step = match step {
                        "renew" => Step::Renew { lease: number(words) },
                        "complete" => Step::Complete,
                        "retry" => Step::Retry,
                        "park" => Step::Park,
                        "release" => Step::Release,
                        other => panic!("{other}"),
                    };
                    Operation::Step { step, seq, fence }
                }
            };
            calls.insert(id, Call { process: 0, operation, invoked: at, returned: None });
        } else {
            let reply = match verb {
                "new" => Reply::New(number(words)),
                "duplicate" => Reply::Duplicate(number(words)),
                "changed" => Reply::Changed(number(words)),
                "full" => Reply::Full,
                "busy" => Reply::Busy,
                "leases" => Reply::Leases(vec![Grant {
                    seq: number(words),
                    fence: number(words),
                    generation: number(words),
                    attempts: number(words),
                    max_attempts: number(words),
                }]),
                "done" => Reply::Done,
                "lost" => Reply::Lost,
                "purged" => Reply::Purged(number(words)),
                "unavailable" => Reply::Unavailable,
                error => Reply::Failed(error.to_owned()),
            };
            calls.get_mut(&id).unwrap().returned = Some((at, reply));
        }
    }
    calls.into_values().collect()
}

fn report(text: &str, records: &[FinalRecord], disruptions: Vec<Disruption>) -> Report {
    let test = StressTest {
        notifications: 2,
        times: 1,
        clients: 1,
        workers: 1,
        processes: 1,
        ..StressTest::default()
    };
    check(&Evidence { test: &test, calls: &parse(text), records, disruptions })
}

fn record(seq: u64, number: u32, fence: u64) -> FinalRecord {
    let content = Content { number, version: 0 };
    FinalRecord {
        seq,
        key: content.key(),
        content: Some(content),
        sibling_of: None,
        state: State::Done,
        generation: 1,
        fence: Some(fence),
        outcome: Some(fence.to_string().into()),
    }
}

fn rules_of(text: &str, stored: &[FinalRecord]) -> Vec<&'static str> {
    let mut rules: Vec<_> = report(text, stored, vec![]).violations().iter().map(Violation::rule).collect();
    rules.sort_unstable();
    rules
}

fn stored() -> [FinalRecord; 2] {
    [record(1, 0, 10), record(2, 1, 12)]
}

/// The journal with one text in place of another.
#[track_caller]
fn journal(from: &str, to: &str) -> String {
    assert_eq!(SOUND.matches(from).count(), 1, "{from}");
    SOUND.replace(from, to)
}

/// The rules that a journal breaks which has one text in place of another.
#[track_caller]
fn with(from: &str, to: &str) -> Vec<&'static str> {
    rules_of(&journal(from, to), &stored())
}

/// The rules that the journal breaks with more lines.
fn and(more: &str) -> Vec<&'static str> {
    rules_of(&format!("{SOUND}{more}"), &stored())
}

/// The rules that the store's end breaks which is changed so.
fn ending(change: impl FnOnce(&mut Vec<FinalRecord>)) -> Vec<&'static str> {
    let mut stored = stored().to_vec();
    change(&mut stored);
    rules_of(SOUND, &stored)
}

#[test]
fn a_sound_history_has_no_violations() {
    assert_eq!(rules_of(SOUND, &stored()), [""; 0]);
    let report = report(SOUND, &stored(), vec![]);
    let counts = |names: [&str; 4]| names.map(|name| report.count(name));
    assert_eq!(counts(["sent", "new", "leases", "expired"]), [2, 2, 3, 1]);
    assert_eq!(counts(["lost", "lost to a known successor", "done", "parked"]), [1, 1, 2, 0]);
}

#[test]
fn accepted() {
    assert_eq!(with("130 < 1 new 2\n", "130 < 1 unavailable\n"), ["never answered"]);
    assert_eq!(with("130 < 1 new 2\n", ""), ["never answered"]);
    assert_eq!(
        with("130 < 1 new 2\n", "130 < 1 full\n"),
        ["never answered", "never new", "rejected as full"]
    );
    assert_eq!(with("130 < 1 new 2\n", "130 < 1 error corrupt\n"), ["never answered", "permanent error"]);
    assert_eq!(with("130 < 1 new 2\n", "130 < 1 duplicate 2\n"), ["never new"]);
    assert_eq!(and("500000 > 8 accept 1 1 0\n500010 < 8 duplicate 2\n"), [""; 0]);
    assert_eq!(and("500000 > 8 accept 1 1 0\n500010 < 8 new 2\n"), ["new twice"]);
    assert_eq!(
        and("500000 > 8 accept 1 1 0\n500010 < 8 duplicate 3\n"),
        ["acknowledged and lost", "two numbers for one content"]
    );
    assert_eq!(
        and("500000 > 8 accept 1 1 0\n500010 < 8 duplicate 1\n"),
        ["one number for two contents", "stored as something else", "two numbers for one content"]
    );
    assert_eq!(and("500000 > 8 purge\n500010 < 8 purged 0\n"), [""; 0]);
    assert_eq!(and("500000 > 8 purge\n500010 < 8 purged 1\n"), ["purged too early"]);
}

/// Zero answers of `New` are right where the reply was lost.
#[test]
fn a_lost_reply_is_no_violation() {
    let lost = "120 > 1 accept 1 1 0\n130 < 1 unavailable\n131 > 9 accept 1 1 0\n132 < 9 duplicate 2\n";
    assert_eq!(with("120 > 1 accept 1 1 0\n130 < 1 new 2\n", lost), [""; 0]);
    let killed = "120 > 1 accept 1 1 0\n131 > 9 accept 1 1 0\n132 < 9 duplicate 2\n";
    assert_eq!(with("120 > 1 accept 1 1 0\n130 < 1 new 2\n", killed), [""; 0]);
    let begun = "120 > 1 begin 1 1 0 6 300\n130 < 1 busy\n131 > 9 accept 1 1 0\n132 < 9 duplicate 2\n";
    assert_eq!(with("120 > 1 accept 1 1 0\n130 < 1 new 2\n", begun), [""; 0]);
}

#[test]
fn stored_once() {
    assert_eq!(ending(|stored| drop(stored.pop())), ["acknowledged and lost"]);
    assert_eq!(ending(|stored| stored.push(record(2, 1, 12))), ["stored twice"]);
    assert_eq!(
        ending(|stored| {
            let mut again = record(3, 1, 12);
            again.key.push('~');
            stored.push(again);
        }),
        ["completed by nobody", "stored as something else", "stored twice"]
    );
    assert_eq!(ending(|stored| stored[1].key.push('x')), ["stored as something else"]);
    let rules = ending(|stored| stored[1].content = None);
    assert_eq!(rules, ["acknowledged and lost", "stored as something else", "stored but never sent"]);
    assert_eq!(ending(|stored| stored[1].sibling_of = Some(1)), ["stored as something else"]);
}

#[test]
fn siblings() {
    let content = Content { number: 1, version: 1 };
    let changed = format!("{SOUND}500000 > 8 accept 1 1 1\n500010 < 8 changed 3\n");
    let sibling = |key: String, state| {
        let mut sibling = record(3, 1, 0);
        (sibling.key, sibling.state, sibling.content) = (key, state, Some(content));
        (sibling.sibling_of, sibling.fence, sibling.outcome) = (Some(2), None, None);
        [stored().to_vec(), vec![sibling]].concat()
    };
    let key = content.fingerprint().sibling_key(&content.key());
    // Of an odd number it is delivered, so nobody but a worker parks it.
    let parks = |text: &str| [&*changed, text].concat();
    assert_eq!(rules_of(&changed, &sibling(key.clone(), State::Parked)), ["parked by nobody"]);
    let claimed = parks(
        "600000 > 9 claim 3 300\n600001 < 9 leases 3 20 1 1 1000 300\n600002 > 10 park 3 20\n600003 < 10 done\n",
    );
    assert_eq!(rules_of(&claimed, &sibling(key.clone(), State::Parked)), [""; 0]);
    assert_eq!(
        rules_of(&claimed, &sibling("stress/1".to_owned(), State::Parked)),
        ["stored as something else", "stored twice"]
    );
    assert_eq!(
        rules_of(&claimed, &sibling(key.clone(), State::Done)),
        ["completed by nobody", "parking undone"]
    );
    assert_eq!(rules_of(&changed, &stored()), ["acknowledged and lost"]);
}

#[test]
fn leases() {
    // Given while the other one lasts; 5 ms are allowed for clocks.
    let early = |at: &str| {
        rules_of(
            &SOUND.replace("400000 >", &format!("{at}00 >")).replace("400010 <", &format!("{at}10 <")),
            &stored(),
        )
    };
    assert_eq!(early("2000"), ["two live leases"]);
    assert_eq!(early("2940"), ["two live leases"]);
    assert_eq!(early("3001"), [""; 0]);
    // An answer that comes late may have been decided late.
    assert_eq!(with("400000 > 5 claim", "200000 > 5 claim"), [""; 0]);
    // Renewed until then.
    assert_eq!(and("200000 > 8 renew 2 11 300\n200010 < 8 done\n"), ["live lease lost", "two live leases"]);
    assert_eq!(and("200000 > 8 renew 2 11 300\n200010 < 8 unavailable\n"), [""; 0]);
    // Given back before.
    assert_eq!(and("200000 > 8 release 2 11\n200010 < 8 unavailable\n"), [""; 0]);
    let back = journal("400000 >", "200100 >").replace("400010 <", "200110 <");
    assert_eq!(rules_of(&format!("{back}200000 > 8 release 2 11\n200010 < 8 done\n"), &stored()), [""; 0]);
    // In time, but with a fence that doesn't grow.
    let smaller = SOUND.replace("leases 2 12", "leases 2 9").replace("complete 2 12", "complete 2 9");
    let rules = rules_of(&smaller, &[record(1, 0, 10), record(2, 1, 9)]);
    assert_eq!(rules, ["fence not increasing", "stale fence accepted", "two live leases"]);
    let same = SOUND.replace("leases 2 12", "leases 2 11").replace("complete 2 12", "complete 2 11");
    assert!(rules_of(&same, &[record(1, 0, 10), record(2, 1, 11)]).contains(&"one fence for two claims"));
    assert_eq!(with("2 12 1 2 1000", "2 12 1 1001 1000"), ["more attempts than allowed"]);
}

/// The same claim id gives the same lease, however often it is asked.
#[test]
fn a_repeated_claim_is_one() {
    assert_eq!(and("400015 > 8 claim 9 300\n400016 < 8 leases 2 12 1 2 1000 290\n"), [""; 0]);
    let unheard =
        "180 > 4 claim 8 300\n190 < 4 unavailable\n191 > 9 claim 8 300\n192 < 9 leases 2 11 1 1 1000 299\n";
    assert_eq!(with("180 > 4 claim 8 300\n190 < 4 leases 2 11 1 1 1000 300\n", unheard), [""; 0]);
}

#[test]
fn stale_holders() {
    let rules = with("400030 < 6 lost", "400030 < 6 done");
    assert_eq!(rules, ["completed twice", "completion undone", "stale fence accepted"]);
    assert_eq!(
        with("400020 > 6 complete 2 11\n400030 < 6 lost", "400020 > 6 renew 2 11 300\n400030 < 6 done"),
        ["stale fence accepted", "two live leases"]
    );
    for step in ["park", "release", "retry"] {
        let steps = format!("400020 > 6 {step} 2 11\n400030 < 6 done");
        assert!(
            with("400020 > 6 complete 2 11\n400030 < 6 lost", &steps).contains(&"stale fence accepted"),
            "{step}"
        );
    }
    // Asked before the other one had it, answered afterwards: either may be right.
    assert_eq!(
        with("400020 > 6 complete 2 11\n400030 < 6 lost", "399000 > 6 renew 2 11 300\n400030 < 6 lost"),
        [""; 0]
    );
    assert_eq!(and("400060 > 8 renew 2 12 300\n400070 < 8 lost\n"), [""; 0]);
    assert_eq!(and("400060 > 8 renew 2 12 300\n400070 < 8 done\n"), ["released fence accepted"]);
    assert_eq!(and("400060 > 8 complete 2 12\n400070 < 8 done\n"), [""; 0]);
    assert_eq!(
        and("400060 > 8 release 2 11\n400070 < 8 done\n"),
        ["lost fence accepted", "stale fence accepted"]
    );
    assert_eq!(
        and("400012 > 8 renew 2 12 300\n400013 < 8 lost\n"),
        ["live lease lost", "lost fence accepted"]
    );
    assert_eq!(and("200 > 8 release 2 11\n210 < 8 lost\n"), ["live lease lost"]);
}

#[test]
fn ends() {
    for state in [State::Ready, State::Leased] {
        let rules = ending(|stored| stored[1].state = state);
        assert_eq!(rules, ["completion undone", "never ended"]);
    }
    assert_eq!(ending(|stored| stored[1].state = State::Parked), ["completion undone", "parked by nobody"]);
    assert_eq!(ending(|stored| stored[1].outcome = None), ["outcome of another lease"]);
    assert_eq!(ending(|stored| stored[1] = record(2, 1, 11)), ["completion undone"]);
    assert_eq!(ending(|stored| stored[1] = record(2, 1, 13)), ["completed by nobody", "completion undone"]);
    assert_eq!(ending(|stored| stored[1].generation = 2), ["completion undone", "requeued by nobody"]);
    let again = format!(
        "{SOUND}500000 > 8 requeue 2\n500010 < 8 unavailable\n500020 > 9 claim 5 300\n\
         500030 < 9 leases 2 14 2 1 1000 300\n500040 > 10 complete 2 14\n500050 < 10 done\n"
    );
    let mut second = stored();
    (second[1].generation, second[1].fence, second[1].outcome) = (2, Some(14), Some("14".into()));
    assert_eq!(rules_of(&again, &second), [""; 0]);
    let same = again.replace("2 14 2 1", "2 14 1 3");
    assert_eq!(rules_of(&same, &second), ["completed twice", "leased after completion"]);
}

#[test]
fn recovery() {
    let kill = Disruption::Kill { process: 0, at: 200 };
    let disruptions = vec![kill, Disruption::Outage { end: 390_000 }];
    let report = report(SOUND, &stored(), disruptions);
    assert_eq!((report.count("kills"), report.count("outages")), (1, 1));
    assert_eq!(report.longest("to recover from a kill").as_micros(), 399_810);
    assert_eq!(report.longest("to recover from an outage").as_micros(), 10_010);
}
