use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wxhook_server::{AdminClient, AdminError, Config, EventLog, StoreUrl};
use wxhook_wire::Catalog;
use zeroize::Zeroizing;

use crate::args::Place;
use crate::config;
use crate::usage::Usage;

/// Default address of the admin API.
const DEFAULT: &str = "http://127.0.0.1:9090";

/// The receiver listener's error code for other paths.
const NO_NOTIFY_URL: &str = "NOT_FOUND";

/// A source of records: a server, or its store.
#[derive(Debug)]
pub(super) enum Log {
    Remote(AdminClient),
    Offline(Box<EventLog>),
}

/// A reply of the admin API.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

/// An error of the admin API.
#[derive(Debug, Clone, Deserialize, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refused {
    pub(super) code: String,
    pub(super) message: String,
}

impl Log {
    /// Creates it for a place. Offline, opens the store.
    pub(super) async fn at(place: &Place, catalog: Arc<dyn Catalog>) -> anyhow::Result<Self> {
        let path = match &place.config {
            // Another server has another configuration and token than the current folder's.
            None if place.admin.is_some() => None,
            None if place.offline => Some(config::path(None)?),
            None => config::default(),
            Some(path) => Some(path.clone()),
        };
        match path.as_deref().map(config::load).transpose()? {
            Some(config) if place.offline => offline(config, catalog).await,
            config => remote(place.admin.as_deref(), config.as_ref()).map(Self::Remote),
        }
    }

    /// Sends a GET request for a path with its query.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Reply> {
        match self {
            Self::Remote(client) => Reply::of_admin(client.get(path).await.map_err(unreachable)?),
            Self::Offline(log) => Reply::of(log.get(path).await),
        }
    }

    /// Sends a POST request with JSON.
    pub(super) async fn post(&self, path: &str, body: &str) -> anyhow::Result<Reply> {
        match self {
            Self::Remote(client) => {
                Reply::of_admin(client.post(path, body.to_owned()).await.map_err(unreachable)?)
            }
            Self::Offline(log) => Reply::of(log.post(path, body.as_bytes()).await),
        }
    }
}

impl Reply {
    pub(super) fn of((status, body): (u16, impl Into<Vec<u8>>)) -> anyhow::Result<Self> {
        let body = String::from_utf8(body.into()).context("the admin API answered what isn't text")?;
        Ok(Self { status, body: body.trim_end().to_owned() })
    }

    /// Creates it from the reply of a server, which may be another one, or its other listener.
    fn of_admin(answer: (u16, String)) -> anyhow::Result<Self> {
        let reply = Self::of(answer)?;
        let code = serde_json::from_str(&reply.body).map_or(String::new(), |refused: Refused| refused.code);
        if code == NO_NOTIFY_URL {
            bail!("this address receives notifications; use that of admin_listen");
        }
        if reply.status == 401 {
            let refused = reply.ok().err().map_or(String::new(), |refused| refused.message);
            bail!("{refused}; set WXHOOK_ADMIN_TOKEN or WXHOOK_ADMIN_TOKEN_FILE, or give --config");
        }
        Ok(reply)
    }

    /// Returns the body, or the error.
    pub(super) fn ok(self) -> Result<String, Refused> {
        if self.status == 200 {
            return Ok(self.body);
        }
        Err(serde_json::from_str(&self.body).unwrap_or_else(|_| Refused {
            code: "unknown".to_owned(),
            message: format!("the admin API answered {}: is it wxhook's?", self.status),
        }))
    }

    /// Parses the body.
    pub(super) fn read<T: DeserializeOwned>(self) -> anyhow::Result<T> {
        serde_json::from_str(&self.ok()?).context("the admin API answered what this version can't read")
    }
}

fn unreachable(error: AdminError) -> anyhow::Error {
    let text = error.to_string();
    if text.contains("refused") {
        anyhow!("{text}; is it running? --admin or --config say where; --offline works without it")
    } else {
        error.into()
    }
}

async fn offline(config: Config, catalog: Arc<dyn Catalog>) -> anyhow::Result<Log> {
    match &config.store.url {
        StoreUrl::Memory => bail!(Usage::new("--offline: the store is the server's memory; ask the server")),
        // Opening it would make one.
        StoreUrl::Sqlite(path) if !path.exists() => bail!("there is no database {}", path.display()),
        _ => Ok(Log::Offline(Box::new(EventLog::open(config, catalog).await?))),
    }
}

fn remote(admin: Option<&str>, config: Option<&Config>) -> anyhow::Result<AdminClient> {
    let url = match (admin, config) {
        (Some(url), _) => url.to_owned(),
        (None, Some(config)) => reachable(config.admin_listen)?,
        (None, None) => DEFAULT.to_owned(),
    };
    let client = match config {
        // It has read the variables, too.
        Some(config) => AdminClient::new(&url, config.admin_token.as_ref().map(|token| token.reveal())),
        None => AdminClient::new(&url, token_of_env()?.as_ref().map(|token| token.as_slice())),
    };
    client.map_err(|error| match error {
        AdminError::Address => Usage::new(format!("--admin: {error}")).into(),
        error => error.into(),
    })
}

/// Returns the address at which this machine reaches a listener.
fn reachable(listener: SocketAddr) -> Result<String, Usage> {
    if listener.port() == 0 {
        return Err(Usage::new("admin_listen has port 0, any free one: give the real one with --admin"));
    }
    let ip = match listener.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    Ok(format!("http://{}", SocketAddr::new(ip, listener.port())))
}

fn token_of_env() -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
    if let Some(token) = std::env::var_os("WXHOOK_ADMIN_TOKEN") {
        return Ok(Some(token.into_encoded_bytes().into()));
    }
    let Some(path) = std::env::var_os("WXHOOK_ADMIN_TOKEN_FILE") else { return Ok(None) };
    // What leads to no file may be the token itself, and reading a FIFO waits for its other end.
    if !Path::new(&path).is_file() {
        bail!("WXHOOK_ADMIN_TOKEN_FILE: not a plain file");
    }
    let token = std::fs::read(&path).context("WXHOOK_ADMIN_TOKEN_FILE: can't read it")?;
    let mut token = Zeroizing::new(token);
    // One line end.
    for end in [b'\n', b'\r'] {
        if token.last() == Some(&end) {
            token.pop();
        }
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_reached_where_it_is() {
        let url = |listener: &str| reachable(listener.parse().unwrap()).map_err(|error| error.to_string());
        assert_eq!(url("127.0.0.1:9090").unwrap(), "http://127.0.0.1:9090");
        assert_eq!(url("0.0.0.0:9091").unwrap(), "http://127.0.0.1:9091");
        assert_eq!(url("[::]:9091").unwrap(), "http://[::1]:9091");
        assert!(url("127.0.0.1:0").unwrap_err().contains("--admin"));
    }

    #[test]
    fn what_is_not_the_admin_api_is_said_so() {
        let refused = Reply::of((404, "<html>")).unwrap().ok().unwrap_err();
        assert_eq!(refused.message, "the admin API answered 404: is it wxhook's?");
        let reply = Reply::of((409, r#"{"code":"wrong-state","message":"it is done"}"#)).unwrap();
        assert_eq!(reply.ok().unwrap_err().to_string(), "it is done");
    }
}
