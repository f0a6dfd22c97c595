use super::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: u64) -> Moment {
    Moment::from_millis(1_800_000_000_000).plus(secs(seconds))
}

/// Ten days after the start, so that a clock can be behind.
fn running() -> (StoreTime, TimeState) {
    let (mut time, mut kept) = (StoreTime::default(), TimeState::default());
    assert_eq!(
        time.now(&mut kept, at(10 * DAY), secs(0)),
        (at(10 * DAY), None),
        "a new store has no last time"
    );
    (time, kept)
}

#[test]
fn the_wall_clock_decides_while_it_isnt_behind() {
    let (mut time, mut kept) = running();
    assert_eq!(time.now(&mut kept, at(10 * DAY + 5), secs(5)), (at(10 * DAY + 5), None));
    assert_eq!(time.peek(&kept, at(10 * DAY + 6), secs(6)), at(10 * DAY + 6));
    // A little slower or faster than the monotonic clock.
    assert_eq!(time.now(&mut kept, at(10 * DAY + 6), secs(9)), (at(10 * DAY + 6), None));
    assert_eq!(kept, TimeState::new(Some(at(10 * DAY + 6)), None));
}

#[test]
fn it_goes_on_while_the_clock_is_behind() {
    let (mut time, mut kept) = running();
    for seconds in [0, 1, 30, 2 * DAY] {
        assert_eq!(time.peek(&kept, at(seconds), secs(seconds)), at(10 * DAY + seconds));
        assert_eq!(time.now(&mut kept, at(seconds), secs(seconds)), (at(10 * DAY + seconds), None));
    }
    // Put right, it is where it should be.
    assert_eq!(time.now(&mut kept, at(12 * DAY + 5), secs(2 * DAY + 5)), (at(12 * DAY + 5), None));
}

#[test]
fn parts_of_a_millisecond_add_up_while_the_clock_is_behind() {
    let (mut time, mut kept) = running();
    for tenths in 1..=1_000_u32 {
        time.now(&mut kept, at(0), Duration::from_micros(100) * tenths);
    }
    assert_eq!(kept.last, Some(at(10 * DAY).plus(Duration::from_millis(100))));
}

#[test]
fn after_a_restart_it_goes_on_from_the_last_time() {
    let (_, mut kept) = running();
    let mut time = StoreTime::default();
    assert_eq!(time.now(&mut kept, at(0), secs(500)), (at(10 * DAY), None));
    assert_eq!(time.now(&mut kept, at(30), secs(530)), (at(10 * DAY + 30), None));
}

#[test]
fn another_process_that_is_further_is_followed() {
    let (mut time, mut kept) = running();
    kept.last = Some(at(11 * DAY));
    assert_eq!(time.now(&mut kept, at(0), secs(10)), (at(11 * DAY), None));
    assert_eq!(time.now(&mut kept, at(0), secs(20)), (at(11 * DAY + 10), None));
}

#[test]
fn a_jump_pauses_purging_once() {
    let (mut time, mut kept) = running();
    let far = 18 * DAY;
    let (now, jump) = time.now(&mut kept, at(far), secs(10));
    assert_eq!((now, jump), (at(far), Some(ClockJump::new(secs(8 * DAY - 10)))));
    assert_eq!(kept.purge_after, Some(at(far + 25 * HOUR)));
    assert_eq!(time.now(&mut kept, at(far + 3), secs(13)).1, None, "said once");
    // Put right: the time goes on from where it was, and so does the pause.
    assert_eq!(time.now(&mut kept, at(10 * DAY + 14), secs(14)), (at(far + 4), None));
    let again = time.now(&mut kept, at(far + 2 * HOUR), secs(20));
    assert!(again.1.is_some(), "another jump");
    assert_eq!(kept.purge_after, Some(at(far + 27 * HOUR)));
}

#[test]
fn an_hour_is_no_jump() {
    for (ahead, jumped) in [(HOUR, false), (HOUR + 1, true)] {
        let (mut time, mut kept) = running();
        assert_eq!(time.now(&mut kept, at(10 * DAY + ahead), secs(0)).1.is_some(), jumped);
        assert_eq!(kept.purge_after.is_some(), jumped);
    }
}

#[test]
fn idle_time_is_no_jump_but_a_long_stop_is() {
    let (mut time, mut kept) = running();
    assert_eq!(time.now(&mut kept, at(15 * DAY), secs(5 * DAY)), (at(15 * DAY), None));
    for (stopped, jumped) in [(30 * MINUTE, false), (2 * DAY, true)] {
        let (mut time, mut kept) = (StoreTime::default(), kept);
        assert_eq!(time.now(&mut kept, at(15 * DAY + stopped), secs(0)).1.is_some(), jumped);
    }
}

#[test]
fn the_warning_says_by_how_much() {
    let text = ClockJump::new(secs(8 * DAY + 2 * HOUR + 5 * MINUTE)).to_string();
    assert!(text.contains("8 d 2 h 5 min ahead"), "{text}");
}
