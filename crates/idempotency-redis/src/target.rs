use crate::error::OpenError;
use crate::options::RedisOptions;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionInfo, IntoConnectionInfo as _, RedisError, Value};
use std::fmt;
use std::time::Duration;

/// Maximum number of commands in a connection's queue; further ones wait for a place in it.
const MAX_QUEUED: usize = 1_024;

/// The servers to connect to.
pub(crate) enum Target {
    /// One server.
    Server(Box<Client>),
    /// The server that the sentinels report as the master.
    #[cfg(feature = "sentinel")]
    Sentinel(Box<tokio::sync::Mutex<redis::sentinel::SentinelClient>>),
    /// The servers of a cluster.
    #[cfg(feature = "cluster")]
    Cluster(Box<redis::cluster::ClusterClient>),
}

/// A connection; clones share it.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Connection {
    /// Sends a command and waits for its answer.
    pub(crate) async fn send(mut self, command: &Cmd) -> Result<Value, RedisError> {
        match &mut self {
            Self::Server(connection) => command.query_async(connection).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => command.query_async(connection).await,
        }
    }
}

impl Target {
    /// One server.
    pub(crate) fn server(url: &str, options: &RedisOptions) -> Result<(Self, String), OpenError> {
        let info = parse(url)?;
        let at = info.addr().to_string();
        let client = match certificates(&info, options) {
            #[cfg(feature = "tls")]
            Some(certificates) => Client::build_with_tls(info, certificates),
            _ => Client::open(info),
        };
        Ok((Self::Server(Box::new(client.map_err(|error| unusable(&error))?)), at))
    }

    /// Returns the master that these sentinels know by the name that is the host in `master`.
    #[cfg(feature = "sentinel")]
    pub(crate) fn sentinel(
        sentinels: &[&str],
        master: &str,
        options: &RedisOptions,
    ) -> Result<(Self, String), OpenError> {
        use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
        let info = parse(master)?;
        let name = match info.addr() {
            redis::ConnectionAddr::Tcp(host, _) | redis::ConnectionAddr::TcpTls { host, .. } => host.clone(),
            _ => return Err(OpenError::Url("the master's name has to stand in place of the host")),
        };
        if options.root_certificates.is_some() {
            return Err(OpenError::Option("root certificates of one's own don't work with sentinels"));
        }
        let mut node =
            SentinelNodeConnectionInfo::default().set_redis_connection_info(info.redis_settings().clone());
        if is_encrypted(&info) {
            node = node.set_tls_mode(redis::TlsMode::Secure);
        }
        let sentinels = sentinels.iter().map(|url| parse(url)).collect::<Result<Vec<_>, _>>()?;
        let client = SentinelClient::build(sentinels, name.clone(), Some(node), SentinelServerType::Master)
            .map_err(|error| unusable(&error))?;
        Ok((Self::Sentinel(Box::new(tokio::sync::Mutex::new(client))), format!("sentinels of {name}")))
    }

    /// Returns the cluster that these servers belong to.
    #[cfg(feature = "cluster")]
    pub(crate) fn cluster(nodes: &[&str], options: &RedisOptions) -> Result<(Self, String), OpenError> {
        let infos = nodes.iter().map(|url| parse(url)).collect::<Result<Vec<_>, _>>()?;
        let at = infos.first().map(|info| info.addr().to_string()).unwrap_or_default();
        if options.waits() {
            return Err(OpenError::Option("waiting for replicas or files doesn't work on a cluster"));
        }
        if options.root_certificates.is_some() {
            return Err(OpenError::Option("root certificates of one's own don't work on a cluster"));
        }
        // Otherwise the client would repeat an operation whose connection broke, although it may have happened.
        let client = redis::cluster::ClusterClientBuilder::new(infos)
            .connection_timeout(options.connect_timeout)
            .response_timeout(options.timeout)
            .retries(0)
            .build()
            .map_err(|error| unusable(&error))?;
        Ok((Self::Cluster(Box::new(client)), format!("cluster of {at}")))
    }

    /// Makes a connection; each step may take up to `limit`.
    pub(crate) async fn connect(&self, limit: Duration) -> Result<Connection, RedisError> {
        // The caller limits the time to wait for an answer.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(MAX_QUEUED);
        match self {
            Self::Server(client) => {
                client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Server)
            }
            #[cfg(feature = "sentinel")]
            Self::Sentinel(client) => {
                let mut client = client.lock().await;
                client.get_async_connection_with_config(&config).await.map(Connection::Server)
            }
            #[cfg(feature = "cluster")]
            Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }

    /// Returns whether this is a cluster, where a command without a key goes to no server in particular.
    pub(crate) fn is_cluster(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => true,
            _ => false,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

fn parse(url: &str) -> Result<ConnectionInfo, OpenError> {
    if url.contains('#') {
        return Err(OpenError::Url("a fragment (#…) isn't allowed; certificates are always checked"));
    }
    let info = url.into_connection_info().map_err(|error| unusable(&error))?;
    if is_encrypted(&info) {
        prepare_tls()?;
    }
    Ok(info)
}

fn unusable(error: &RedisError) -> OpenError {
    // Its own text may repeat the URL.
    OpenError::Url(if error.kind() == redis::ErrorKind::InvalidClientConfig {
        "it must be redis://, rediss:// or unix:// with host, port and database"
    } else {
        "it can't be used"
    })
}

fn is_encrypted(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. })
}

#[cfg(feature = "tls")]
fn certificates(info: &ConnectionInfo, options: &RedisOptions) -> Option<redis::TlsCertificates> {
    let root_cert = options.root_certificates.clone().filter(|_| is_encrypted(info));
    root_cert.map(|root_cert| redis::TlsCertificates { client_tls: None, root_cert: Some(root_cert) })
}

#[cfg(not(feature = "tls"))]
fn certificates(_: &ConnectionInfo, _: &RedisOptions) -> Option<std::convert::Infallible> {
    None
}

/// Installs a default crypto provider: the client uses that of the process, and panics if it is ambiguous.
#[cfg(feature = "tls")]
fn prepare_tls() -> Result<(), OpenError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have installed one first, which is fine.
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    Ok(())
}

#[cfg(not(feature = "tls"))]
fn prepare_tls() -> Result<(), OpenError> {
    Err(OpenError::Url("rediss:// needs the feature `tls`"))
}
