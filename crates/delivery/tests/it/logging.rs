use crate::support::{Rig, Step, secs};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tokio::time::advance;
use tracing_subscriber::fmt;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_sink_is_two_lines() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = fmt().with_ansi(false).without_time().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let mut rig = Rig::new([Step::Retry, Step::Retry, Step::Retry]);
    let processor = rig.processor();
    rig.accept(1).await;
    for _ in 0..4 {
        // The longest that the first few waits are.
        advance(secs(10)).await;
        let lease = rig.claim().await;
        processor.process(lease).await;
    }
    let written = log.text();
    let lines: Vec<_> = written.lines().map(str::trim_start).collect();
    assert_eq!(lines.len(), 2, "{written}");
    assert!(lines[0].starts_with("WARN ") && lines[0].contains("not now"), "{written}");
    assert!(lines[1].starts_with("INFO ") && lines[1].contains("failures=3"), "{written}");
    assert!(!written.contains("s3cret"), "{written}");
}
