//! Shows what the server does, on a server of its own.

mod collector;
mod report;
mod stage;
mod step;
mod subject;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wxhook_delivery::SharedSink;
use wxhook_idempotency_sqlite::{SqliteOptions, SqliteStore};
use wxhook_server::{Config, Server};
use wxhook_simulator::Client;
use wxhook_wire::Catalog;

use crate::out;
use crate::signals::Signals;
use crate::throwaway::{self, Merchant, PlatformKeyKind, Settings};
use collector::Collector;
use stage::{Actor, Stage};

/// As long as the platform waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Attempts at removing the folder.
const REMOVALS: u32 = 100;

/// Plays it, and says whether all of it was as it should be.
pub(crate) async fn demo(once: bool, catalog: Arc<dyn Catalog>) -> anyhow::Result<bool> {
    let mut signals = Signals::catch().context("can't catch signals")?;
    let folder = folder().context("can't make a folder for throw-away keys")?;
    let mut running = None;
    let played = tokio::select! {
        played = play(&folder, once, catalog, &mut running) => Some(played?),
        _ = signals.next() => None,
    };
    let good = match played {
        Some(good) if once => {
            // What was printed shall be there.
            drop(folder.keep());
            return Ok(good);
        }
        Some(good) => {
            signals.next().await;
            good
        }
        None => false,
    };
    // Its store must not lose its files while it is open.
    if let Some(running) = running {
        running.stop().await?;
    }
    remove(folder).await.context("can't remove the folder")?;
    out::print("stopped, folder removed")?;
    Ok(good)
}

/// Removes the folder, into which a server that is just ending may still write.
async fn remove(folder: TempDir) -> std::io::Result<()> {
    let path = folder.keep();
    let mut left = REMOVALS;
    loop {
        left -= 1;
        match std::fs::remove_dir_all(&path) {
            Err(_) if left > 0 => tokio::time::sleep(Duration::from_millis(20)).await,
            result => return result,
        }
    }
}

/// The demo's server, at work.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), wxhook_server::Error>>,
}

impl Running {
    fn start(server: Server) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async {
            let _also_when_dropped = stopped.await;
        }));
        Self { stop, task }
    }

    async fn stop(self) -> anyhow::Result<()> {
        let _already_ended = self.stop.send(());
        Ok(self.task.await.context("the server panicked")??)
    }
}

async fn play(
    folder: &TempDir,
    once: bool,
    catalog: Arc<dyn Catalog>,
    running: &mut Option<Running>,
) -> anyhow::Result<bool> {
    let began = Instant::now();
    let Scene { merchants, config, store, lines, addr, admin_addr, running: started, stage } =
        Scene::set(folder, catalog).await?;
    *running = Some(started);
    out::print(report::opening(addr, &merchants))?;
    let rows = stage.play(&subject::SUBJECTS).await?;
    let good = rows.iter().all(stage::Row::is_right);

    let took = began.elapsed();
    out::print(format_args!("{}\n", report::table(&rows, &stage.actors)))?;
    let places = report::Places { folder: folder.path(), config: &config, store: &store, lines: &lines };
    let next = if once { report::closing(&places) } else { report::staying(&places, addr, admin_addr) };
    out::print(format_args!("{next}\n"))?;
    if let Some(example) = report::example(&stage.collector.records()) {
        out::print(format_args!("{example}\n"))?;
    }
    if let Some(running) = running.take_if(|_| once) {
        running.stop().await?;
    }
    out::print(report::counts(&rows, took))?;
    Ok(good)
}

/// A server at work, and everything that plays with it.
struct Scene {
    merchants: [Merchant; 2],
    config: PathBuf,
    store: PathBuf,
    lines: PathBuf,
    addr: SocketAddr,
    admin_addr: SocketAddr,
    running: Running,
    stage: Stage,
}

impl Scene {
    async fn set(folder: &TempDir, catalog: Arc<dyn Catalog>) -> anyhow::Result<Self> {
        let merchants = [
            Merchant::new("shop", "1900000109", PlatformKeyKind::PublicKey)?,
            Merchant::new("market", "10000100", PlatformKeyKind::Certificate)?,
        ];
        let config = throwaway::write(folder.path(), &merchants, &Settings::default())?;
        let lines = folder.path().join("handed-on.jsonl");
        let collector = Collector::new(throwaway::open_new(&lines).context("can't write into the folder")?);

        let sink = SharedSink::new(collector.clone());
        let builder = Server::builder(Config::load(&config, [])?, Arc::clone(&catalog));
        let server = builder.with_sink(sink).bind().await?;
        let (addr, admin_addr) = (server.addr(), server.admin_addr());
        let store = server.store_path().context("the store is no file")?.to_owned();
        let running = Running::start(server);
        let stage = Stage {
            notify: format!("http://{addr}/notify"),
            client: Client::new(PATIENCE),
            store: SqliteStore::open(&store, SqliteOptions::default()).context("can't open the store")?,
            collector,
            catalog,
            actors: actors(&merchants)?,
        };
        Ok(Self { merchants, config, store, lines, addr, admin_addr, running, stage })
    }
}

fn folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("wxhook-demo-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

fn actors(merchants: &[Merchant]) -> Result<Vec<Actor>, throwaway::Error> {
    let actor =
        |merchant: &Merchant| Ok(Actor { name: merchant.name().to_owned(), platform: merchant.platform()? });
    merchants.iter().map(actor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use step::{Handed, Step};
    use wxhook_wire::Table;

    /// To a server that knows no event, v2 notifications are unknown ones, and nothing is known of keys.
    #[tokio::test]
    async fn what_is_wrong_is_told() {
        let folder = folder().unwrap();
        let scene = Scene::set(&folder, Arc::new(Table::new([]).unwrap())).await.unwrap();
        let rows = scene.stage.play(&subject::SUBJECTS).await.unwrap();
        scene.running.stop().await.unwrap();

        let row = |event: &str, step: Step| {
            rows.iter().find(|row| row.subject.event == event && row.step == step).unwrap()
        };
        let first = row("v2/refund-processed", Step::First);
        assert_eq!(first.handed, Err("as v2/unknown of shop".to_owned()));
        assert!(!first.is_right());
        // Its key is all of its content: another content is another notification, handed on.
        assert!(!row("v2/refund-processed", Step::OtherContent).is_right());
        assert_eq!(row("TRANSACTION.SUCCESS", Step::First).handed, Ok(Handed::On));
        assert!(row("TRANSACTION.SUCCESS", Step::OneByteChanged).is_right());

        let told = report::counts(&rows, Duration::ZERO);
        assert!(told.contains("WRONG: v2/refund-processed, first time: should be answered 200"), "{told}");
        assert!(report::table(&rows, &scene.stage.actors).contains("WRONG"));
    }
}
