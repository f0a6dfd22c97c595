use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use wxhook_server::Server;
use wxhook_wire::Catalog;

use crate::signals::Signals;
use crate::{config, logging};

/// Serves until a signal.
pub(crate) async fn serve(path: &Path, catalog: Arc<dyn Catalog>) -> anyhow::Result<()> {
    // First, so that SIGHUP doesn't end the program from here on.
    let signals = Signals::catch_for_service().context("can't catch signals")?;
    let config = config::load(path)?;
    let merchants: Vec<_> = config.merchants.iter().map(|merchant| merchant.name.clone()).collect();
    let server = Server::builder(config, catalog).count_dropped_logs(logging::dropped).bind().await?;
    tracing::info!(
        listen = %server.addr(),
        admin_listen = %server.admin_addr(),
        store = server.store_url(),
        merchants = merchants.join(", "),
        "receiving"
    );
    server.run(signals.shutdown()).await?;
    tracing::info!("ended");
    Ok(())
}
