use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;

/// Runs `task` on so many threads at once; gives what each answered.
pub(crate) fn at_once<T: Send>(threads: u8, task: impl Fn(u8) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::from(threads));
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|number| {
                let (task, barrier) = (&task, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    task(number)
                })
            })
            .collect();
        let joined = handles.into_iter().map(|handle| handle.join());
        joined.map(|answer| answer.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
