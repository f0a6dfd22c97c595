//! The judge on journals that are wrong, each in one thing, beside the same without it.

use super::*;
use crate::store::storm::Storm;
use crate::store::storm::journal::parse;

/// Six notifications delivered once each. Nothing went wrong: number 1 was delivered to the first process, handled, and
/// the second one found it done; number 2 ran out and was handled by the second one.
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

fn plan() -> Plan {
    Plan::new(Storm::default().with_notifications(2, 1).with_tasks(1, 1, 1))
}

fn record(seq: u64, number: u32, fence: u64) -> Stored {
    Stored {
        seq: Seq::new(seq),
        key: Plan::key(number),
        content: Some(Content { number, version: 0 }),
        sibling_of: None,
        state: State::Done,
        generation: 1,
        fence: Some(Fence::new(fence)),
        outcome: Some(fence.to_string().into_bytes()),
    }
}

fn rules_of(text: &str, stored: &[Stored]) -> Vec<&'static str> {
    let events = parse(0, text);
    let report = judge(&Evidence { plan: &plan(), events: &events, stored, trouble: &[] });
    report.faults().iter().map(Fault::rule).collect()
}

fn stored() -> [Stored; 2] {
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
fn ending(change: impl FnOnce(&mut Vec<Stored>)) -> Vec<&'static str> {
    let mut stored = stored().to_vec();
    change(&mut stored);
    rules_of(SOUND, &stored)
}

#[test]
fn nothing_is_wrong_where_nothing_is() {
    assert_eq!(rules_of(SOUND, &stored()), [""; 0]);
    let report =
        judge(&Evidence { plan: &plan(), events: &parse(0, SOUND), stored: &stored(), trouble: &[] });
    assert_eq!((report.sent, report.new, report.leases, report.ran_out), (2, 2, 3, 1));
    assert_eq!((report.lost, report.superseded, report.completed, report.parked), (1, 1, 2, 0));
}

#[test]
fn accepted() {
    assert_eq!(with("130 < 1 new 2\n", "130 < 1 unavailable\n"), ["never answered"]);
    assert_eq!(with("130 < 1 new 2\n", ""), ["never answered"]);
    assert_eq!(
        with("130 < 1 new 2\n", "130 < 1 full\n"),
        ["answered as full", "never answered", "new to nobody"]
    );
    assert_eq!(
        with("130 < 1 new 2\n", "130 < 1 error corrupt\n"),
        ["an error that isn't for repeating", "never answered"]
    );
    assert_eq!(with("130 < 1 new 2\n", "130 < 1 duplicate 2\n"), ["new to nobody"]);
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
fn a_lost_reply_is_no_fault() {
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
        ["done by nobody", "stored as something else", "stored twice"]
    );
    assert_eq!(ending(|stored| stored[1].key.push('x')), ["stored as something else"]);
    let rules = ending(|stored| stored[1].content = None);
    assert_eq!(rules, ["acknowledged and lost", "sent by nobody", "stored as something else"]);
    assert_eq!(ending(|stored| stored[1].sibling_of = Some(Seq::new(1))), ["stored as something else"]);
}

#[test]
fn siblings() {
    let content = Content { number: 1, version: 1 };
    let changed = format!("{SOUND}500000 > 8 accept 1 1 1\n500010 < 8 changed 3\n");
    let sibling = |key: String, state| {
        let mut sibling = record(3, 1, 0);
        (sibling.key, sibling.state, sibling.content) = (key, state, Some(content));
        (sibling.sibling_of, sibling.fence, sibling.outcome) = (Some(Seq::new(2)), None, None);
        [stored().to_vec(), vec![sibling]].concat()
    };
    let key = content.fingerprint().sibling_key(&Plan::key(1));
    // Of an odd number it is delivered, so nobody but a worker parks it.
    let parks = |text: &str| [&*changed, text].concat();
    assert_eq!(rules_of(&changed, &sibling(key.clone(), State::Parked)), ["parked by nobody"]);
    let claimed = parks(
        "600000 > 9 claim 3 300\n600001 < 9 leases 3 20 1 1 1000 300\n600002 > 10 park 3 20\n600003 < 10 done\n",
    );
    assert_eq!(rules_of(&claimed, &sibling(key.clone(), State::Parked)), [""; 0]);
    assert_eq!(
        rules_of(&claimed, &sibling("storm/1".to_owned(), State::Parked)),
        ["stored as something else", "stored twice"]
    );
    assert_eq!(
        rules_of(&claimed, &sibling(key.clone(), State::Done)),
        ["done by nobody", "parked and gone on"]
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
    assert_eq!(and("200000 > 8 renew 2 11 300\n200010 < 8 done\n"), ["held but lost", "two live leases"]);
    assert_eq!(and("200000 > 8 renew 2 11 300\n200010 < 8 unavailable\n"), [""; 0]);
    // Given back before.
    assert_eq!(and("200000 > 8 release 2 11\n200010 < 8 unavailable\n"), [""; 0]);
    let back = journal("400000 >", "200100 >").replace("400010 <", "200110 <");
    assert_eq!(rules_of(&format!("{back}200000 > 8 release 2 11\n200010 < 8 done\n"), &stored()), [""; 0]);
    // In time, but with a fence that doesn't grow.
    let smaller = SOUND.replace("leases 2 12", "leases 2 9").replace("complete 2 12", "complete 2 9");
    let rules = rules_of(&smaller, &[record(1, 0, 10), record(2, 1, 9)]);
    assert_eq!(rules, ["fences that don't grow", "stale but done", "two live leases"]);
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
    assert_eq!(rules, ["completed and undone", "done twice", "stale but done"]);
    assert_eq!(
        with("400020 > 6 complete 2 11\n400030 < 6 lost", "400020 > 6 renew 2 11 300\n400030 < 6 done"),
        ["stale but done", "two live leases"]
    );
    for step in ["retry", "release", "park"] {
        let steps = format!("400020 > 6 {step} 2 11\n400030 < 6 done");
        assert!(
            with("400020 > 6 complete 2 11\n400030 < 6 lost", &steps).contains(&"stale but done"),
            "{step}"
        );
    }
    // Asked before the other one had it, answered afterwards: either may be right.
    assert_eq!(
        with("400020 > 6 complete 2 11\n400030 < 6 lost", "399000 > 6 renew 2 11 300\n400030 < 6 lost"),
        [""; 0]
    );
    assert_eq!(and("400060 > 8 renew 2 12 300\n400070 < 8 lost\n"), [""; 0]);
    assert_eq!(and("400060 > 8 renew 2 12 300\n400070 < 8 done\n"), ["given back but done"]);
    assert_eq!(and("400060 > 8 complete 2 12\n400070 < 8 done\n"), [""; 0]);
    assert_eq!(and("400060 > 8 release 2 11\n400070 < 8 done\n"), ["lost but done", "stale but done"]);
    assert_eq!(and("400012 > 8 renew 2 12 300\n400013 < 8 lost\n"), ["held but lost", "lost but done"]);
    assert_eq!(and("200 > 8 release 2 11\n210 < 8 lost\n"), ["held but lost"]);
}

#[test]
fn ends() {
    for state in [State::Ready, State::Leased] {
        let rules = ending(|stored| stored[1].state = state);
        assert_eq!(rules, ["completed and undone", "never ended"]);
    }
    assert_eq!(
        ending(|stored| stored[1].state = State::Parked),
        ["completed and undone", "parked by nobody"]
    );
    assert_eq!(ending(|stored| stored[1].outcome = None), ["the outcome is somebody else's"]);
    assert_eq!(ending(|stored| stored[1] = record(2, 1, 11)), ["completed and undone"]);
    assert_eq!(ending(|stored| stored[1] = record(2, 1, 13)), ["completed and undone", "done by nobody"]);
    assert_eq!(ending(|stored| stored[1].generation = 2), ["completed and undone", "sent again by nobody"]);
    let again = format!(
        "{SOUND}500000 > 8 requeue 2\n500010 < 8 unavailable\n500020 > 9 claim 5 300\n\
         500030 < 9 leases 2 14 2 1 1000 300\n500040 > 10 complete 2 14\n500050 < 10 done\n"
    );
    let mut second = stored();
    (second[1].generation, second[1].fence, second[1].outcome) =
        (2, Some(Fence::new(14)), Some(b"14".to_vec()));
    assert_eq!(rules_of(&again, &second), [""; 0]);
    let same = again.replace("2 14 2 1", "2 14 1 3");
    assert_eq!(rules_of(&same, &second), ["done twice", "leased after it was done"]);
}

#[test]
fn recovery() {
    let trouble = [Trouble::Kill { process: 0, at: 200 }, Trouble::Outage { until: 390_000 }];
    let (events, stored) = (parse(0, SOUND), stored());
    let report = judge(&Evidence { plan: &plan(), events: &events, stored: &stored, trouble: &trouble });
    assert_eq!((report.kills, report.outages), (1, 1));
    assert_eq!(report.after_kill.as_micros(), 399_810);
    assert_eq!(report.after_outage.as_micros(), 10_010);
}
