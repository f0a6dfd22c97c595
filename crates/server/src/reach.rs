//! Checks that the configured addresses can be reached from here, before anything depends on it.

use crate::config::{Config, Fault, HttpSinkConfig, RedisStreamSinkConfig, SinkConfig};
use crate::error::Error;
use crate::sinks::redis_stream;
use reqwest::header::DATE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error as ThisError;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto};

/// As long as the HTTP sink takes for a connection at most.
const CONNECTING: Duration = Duration::from_secs(5);
const ANSWERING: Duration = Duration::from_secs(10);

/// A reason why a sink can't take records now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkProblem {
    /// Nobody answers at its address. A server starts all the same, and records wait.
    Down(Fault),
    /// It is there and can't be used.
    Unusable(Fault),
}

impl Config {
    /// Tries the common sink and the merchants' own ones, and returns what is wrong with them.
    ///
    /// Nothing is delivered to any, and none is made: of a URL it is a connection, for `https` with its handshake.
    pub async fn try_sinks(&self) -> Vec<SinkProblem> {
        let common = self.sink.iter().map(|sink| ("sink".to_owned(), sink));
        let own = self.merchants.iter().enumerate().filter_map(|(nth, merchant)| {
            merchant.sink.as_ref().map(|sink| (format!("merchant[{nth}].sink"), sink))
        });
        let mut faults = Vec::new();
        for (at, sink) in common.chain(own) {
            let place = |key: &str| self.place(&format!("{at}.{key}"));
            faults.extend(match sink {
                SinkConfig::Http(http) => connect(http).await.err().map(|(stage, error)| {
                    let fault =
                        |fix| Fault::new(place("url"), format!("can't reach {}: {error}", http.url), fix);
                    match stage {
                        Stage::Connecting => SinkProblem::Down(fault("start it, or correct the URL")),
                        Stage::Handshake => SinkProblem::Unusable(fault(
                            "see that it speaks TLS, and that its certificate is trusted here",
                        )),
                    }
                }),
                SinkConfig::File(file) => write(&file.path).err().map(|error| {
                    let what = format!("{} can't be written: {error}", file.path.display());
                    let fix = "let the user that runs wxhook write it and its folder";
                    SinkProblem::Unusable(Fault::new(place("path"), what, fix))
                }),
                SinkConfig::RedisStream(stream) => look_at(stream).await.err(),
                SinkConfig::Stdout => None,
            });
        }
        faults
    }
}

async fn look_at(stream: &RedisStreamSinkConfig) -> Result<(), SinkProblem> {
    let sink = match redis_stream("redis-stream", stream) {
        Err(Error::Sink(fault)) => return Err(SinkProblem::Unusable(fault)),
        Err(error) => return Err(SinkProblem::Unusable(stream.fault(&error.to_string()))),
        Ok(sink) => sink,
    };
    sink.probe().await.map_err(|(is_down, why)| {
        let fault = stream.fault(&format!("can't use the stream {}: {why}", stream.stream));
        // On the store's own server it goes down with the store, which is a fault by itself.
        if is_down { SinkProblem::Down(fault) } else { SinkProblem::Unusable(fault) }
    })
}

/// A part of reaching a URL.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Connecting,
    Handshake,
}

async fn connect(sink: &HttpSinkConfig) -> Result<(), (Stage, io::Error)> {
    let url = sink.url.reveal();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or_default();
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {CONNECTING:?}"));
    let connected = timeout(CONNECTING, TcpStream::connect((host.as_str(), port))).await;
    let stream = connected.map_err(late).flatten().map_err(|error| (Stage::Connecting, error))?;
    if url.scheme() == "https" {
        let handshake = async {
            let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
            let trusting = trusting().map_err(io::Error::other)?;
            TlsConnector::from(Arc::new(trusting)).connect(name, stream).await
        };
        let shaken = timeout(CONNECTING, handshake).await;
        shaken.map_err(late).flatten().map_err(|error| (Stage::Handshake, error))?;
    }
    Ok(())
}

/// The certificates that the HTTP sink trusts: this machine's.
fn trusting() -> Result<ClientConfig, tokio_rustls::rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_platform_verifier()?.with_no_client_auth())
}

/// Opens the file if it is there, and else sees whether it could be made; makes none.
fn write(path: &Path) -> io::Result<()> {
    if path.exists() {
        return OpenOptions::new().append(true).open(path).map(drop);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Without a name, and gone at once.
    tempfile::tempfile_in(folder).map(drop)
}

/// Why a server didn't tell the time.
#[derive(Debug, ThisError)]
#[error("{0}")]
pub struct DateError(String);

/// The `Date` of what a URL, `http` or `https`, answers a HEAD request with.
///
/// Neither redirects nor a proxy of the environment are followed.
///
/// # Errors
/// [`DateError`], also for an answer without a usable `Date`.
pub async fn http_date(url: &str) -> Result<SystemTime, DateError> {
    let told = |why: &str| DateError(why.to_owned());
    let url: Url = url.parse().map_err(|_| told("not a URL"))?;
    let mut builder = Client::builder().redirect(Policy::none()).no_proxy().timeout(ANSWERING);
    if url.scheme() == "http" {
        // So that a machine without CA certificates can do without them.
        builder = builder.tls_certs_only([]);
    }
    let failed = |error: reqwest::Error| DateError(innermost(&error.without_url()));
    let answer = builder.build().map_err(failed)?.head(url).send().await.map_err(failed)?;
    let date = answer.headers().get(DATE).ok_or_else(|| told("no Date header in its answer"))?;
    let date = date.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
    date.ok_or_else(|| told("its Date header is no date"))
}

/// The innermost cause says it best, e.g. that the connection is refused.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
