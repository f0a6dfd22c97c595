//! wxhook's own server, as its users configure it, without a sink.

use super::prepare::{API_V3, MCHID, SERIAL};
use std::path::Path;
use wxhook_server::{Config, Server};

pub(crate) async fn serve(folder: &Path, store: &str) {
    let database = folder.join(format!("{}.db", std::process::id()));
    let url =
        if store == "memory" { "memory://".to_owned() } else { format!("sqlite://{}", database.display()) };
    let config = format!(
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n[store]\nurl = {url:?}\n[[merchant]]\nname = \"shop\"\n\
         mchid = {MCHID:?}\napi_v3_key = {API_V3:?}\n[[merchant.platform_key]]\nid = {SERIAL:?}\nfile = \"platform.pem\"\n"
    );
    let path = folder.join(format!("{}.toml", std::process::id()));
    std::fs::write(&path, config).unwrap();
    let config = Config::load(&path, []).unwrap();
    let server = Server::bind(config, wxhook_events::catalog()).await.unwrap();
    println!("{}", server.addr());
    server.run(std::future::pending::<()>()).await.unwrap();
}
