//! An HTTP server by hand, for sinks to post to: it answers as the test says, byte by byte.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Treatment of one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// 204; the connection stays open.
    Take,
    /// These bytes, and the connection is closed.
    Say(String),
    /// No answer until the endpoint is told to wake up; then 204.
    Hang,
}

impl Act {
    /// A whole answer of this status, with these further headers.
    pub(crate) fn status(code: u16, headers: &str) -> Self {
        Self::Say(format!("HTTP/1.1 {code} x\r\n{headers}content-length: 2\r\nconnection: close\r\n\r\n{{}}"))
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) headers: http_types::HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The `http` crate; `crate::http` is this test's own.
mod http_types {
    pub(crate) use ::http::{HeaderMap, HeaderName, HeaderValue};
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Script = Arc<dyn Fn(&Request, usize) -> Act + Send + Sync>;

pub(crate) struct Endpoint {
    pub(crate) addr: SocketAddr,
    seen: mpsc::UnboundedReceiver<Request>,
    awake: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

impl Endpoint {
    /// Answers what `script` says of a request; it is also given how often this `webhook-id` came before.
    pub(crate) async fn new(script: impl Fn(&Request, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        let (awake, sleeping) = watch::channel(false);
        let (script, counts): (Script, Arc<Mutex<HashMap<String, usize>>>) =
            (Arc::new(script), Arc::default());
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let line = Line {
                    tell: tell.clone(),
                    sleeping: sleeping.clone(),
                    script: Arc::clone(&script),
                    counts: Arc::clone(&counts),
                };
                tokio::spawn(line.serve(stream));
            }
        });
        Self { addr, seen, awake, serving }
    }

    /// Does the same to every request.
    pub(crate) async fn always(act: Act) -> Self {
        Self::new(move |_, _| act.clone()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/events", self.addr)
    }

    /// The next request, as soon as it is there.
    pub(crate) async fn next(&mut self) -> Request {
        self.seen.recv().await.unwrap()
    }

    /// Requests that came and weren't looked at.
    pub(crate) fn rest(&mut self) -> Vec<Request> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }

    /// Whoever hangs is answered now; nobody hangs any more.
    pub(crate) fn wake(&self) {
        self.awake.send_replace(true);
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves one connection.
struct Line {
    tell: mpsc::UnboundedSender<Request>,
    sleeping: watch::Receiver<bool>,
    script: Script,
    counts: Arc<Mutex<HashMap<String, usize>>>,
}

impl Line {
    async fn serve(mut self, mut stream: TcpStream) {
        const TAKEN: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
        while let Some(request) = read(&mut stream).await {
            let act = {
                let mut counts = self.counts.lock().unwrap();
                let id = request.header("webhook-id").unwrap_or_default().to_owned();
                let count = counts.entry(id).or_default();
                *count += 1;
                (self.script)(&request, *count - 1)
            };
            let _ = self.tell.send(request);
            let answer = match act {
                Act::Take => TAKEN.to_vec(),
                Act::Hang => {
                    if self.sleeping.wait_for(|awake| *awake).await.is_err() {
                        return;
                    }
                    TAKEN.to_vec()
                }
                Act::Say(text) => {
                    let _ = stream.write_all(text.as_bytes()).await;
                    return;
                }
            };
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

/// One request with a `content-length`, if there comes one.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut headers = http_types::HeaderMap::new();
            for line in head.lines().skip(1) {
                let (name, value) = line.split_once(": ").unwrap();
                let name: http_types::HeaderName = name.parse().unwrap();
                headers.append(name, http_types::HeaderValue::from_str(value).unwrap());
            }
            let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
            let mut body = bytes[end + 4..].to_vec();
            let have = body.len();
            body.resize(length, 0);
            stream.read_exact(&mut body[have..]).await.ok()?;
            return Some(Request { headers, body });
        }
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&piece[..read]);
    }
}
