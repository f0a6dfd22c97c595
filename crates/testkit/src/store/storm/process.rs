use super::super::backend::Backend;
use super::super::child::{Child, say, wait_for_go, word};
use super::super::world::World;
use super::Storm;
use super::act::Act;
use super::crew::{Crew, News};
use super::journal::{self, Journal};
use super::plan::Plan;
use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// What a child process is told besides its part: where the journals are, and the storm.
const JOURNALS: &str = "WXHOOK_TESTKIT_JOURNALS";
const STORM: &str = "WXHOOK_TESTKIT_STORM";
/// What a part in a storm begins with.
const PART: &str = "storm";

/// Starts one.
pub(super) fn start<B: Backend>(
    world: &World<'_, B>,
    storm: &Storm,
    journals: &Path,
    (process, incarnation): (u32, u32),
) -> Child {
    let told = vec![
        (JOURNALS.to_owned(), journals.to_string_lossy().into_owned()),
        (STORM.to_owned(), written(storm)),
    ];
    world.child_told(&format!("{PART} {process} {incarnation}"), told)
}

/// What a line of a child's says.
pub(super) fn news(words: &[String]) -> News {
    match word::<String>(words, 0).as_str() {
        "answered" => News::Answered,
        "delivered" => News::Delivered,
        "working" => News::Working,
        other => panic!("a child process said {other:?}"),
    }
}

/// The child's side. Gives whether the part was one in a storm.
pub(in super::super) fn play<B: Backend>(world: &World<'_, B>, part: &str) -> bool {
    let words: Vec<_> = part.split(' ').map(str::to_owned).collect();
    if words.first().map(String::as_str) != Some(PART) {
        return false;
    }
    let (Some(journals), Ok(storm)) = (env::var_os(JOURNALS).map(PathBuf::from), env::var(STORM)) else {
        panic!("{JOURNALS} or {STORM} is missing");
    };
    let plan = Plan::new(read(&storm));
    let (process, incarnation) = (word(&words, 1), word(&words, 2));
    let answered = answered(&journals, process);
    let journal = Journal::create(&journals, process, incarnation)
        .unwrap_or_else(|error| panic!("no journal: {error}"));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    thread::spawn(move || {
        wait_for_go();
        stopped.store(true, Ordering::Relaxed);
    });
    let desk = &world.open();
    let crew = Crew { plan: &plan, desk, journal: &journal, process, incarnation, answered, stop: &stop };
    crew.play(&|news| {
        say(match news {
            News::Answered => "answered",
            News::Delivered => "delivered",
            News::Working => "working",
        });
    });
    true
}

/// Deliveries that the journals of a process know an answer to.
fn answered(journals: &Path, process: u32) -> BTreeSet<u32> {
    let own = journal::read(journals, Some(process));
    let own = own.unwrap_or_else(|error| panic!("journals can't be read: {error}"));
    own.into_iter()
        .filter_map(|event| {
            let (Act::Accept { delivery, .. } | Act::Begin { delivery, .. }) = event.act else { return None };
            event.answer?.1.stored().map(|_| delivery)
        })
        .collect()
}

fn written(storm: &Storm) -> String {
    let Storm { tasks, workers, processes, notifications, times, seed, patience, .. } = storm;
    format!("{tasks} {workers} {processes} {notifications} {times} {seed} {}", patience.as_millis())
}

fn read(text: &str) -> Storm {
    let words: Vec<_> = text.split(' ').map(str::to_owned).collect();
    Storm::default()
        .with_tasks(word(&words, 0), word(&words, 1), word(&words, 2))
        .with_notifications(word(&words, 3), word(&words, 4))
        .with_seed(word(&words, 5))
        .with_patience(Duration::from_millis(word(&words, 6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_know_the_same_storm() {
        let storm = Storm::default().with_tasks(9, 8, 7).with_notifications(6, 5).with_seed(u64::MAX);
        let storm = storm.with_patience(Duration::from_millis(4));
        assert_eq!(read(&written(&storm)), storm);
    }
}
