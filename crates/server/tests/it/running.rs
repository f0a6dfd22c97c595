//! A running server, and notifications for it.

use crate::folder::{Folder, KEY_ID, KEYS, SMALL, V2_KEY, V3_KEY};
use crate::http::{self, Reply};
use std::net::SocketAddr;
use std::sync::LazyLock;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wxhook_crypto::v2::SignAlgorithm;
use wxhook_crypto::{ApiV2Key, ApiV3Key, SigningKey};
use wxhook_idempotency::{SharedStore, Store};
use wxhook_server::{Error, Server, ServerBuilder};
use wxhook_simulator::{Nonces, Platform, SignedRequest, samples};

pub(crate) const MCHID: &str = "1900000109";

pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) admin: SocketAddr,
    _folder: Option<Folder>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    /// [`SMALL`] with this store.
    pub(crate) fn small(store: impl Store) -> Self {
        Self::with(SMALL, |builder| builder.with_store(SharedStore::new(store)))
    }

    pub(crate) fn with(text: &str, change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let folder = Folder::new();
        let config = folder.load(text).unwrap();
        Self::of(change(Server::builder(config, wxhook_events::catalog())), Some(folder))
    }

    /// Keeps the folder, if it isn't somebody else's.
    pub(crate) fn of(builder: ServerBuilder, folder: Option<Folder>) -> Self {
        // These stores open without waiting for anything.
        Self::run(futures_executor::block_on(builder.bind()).unwrap(), folder)
    }

    pub(crate) fn run(server: Server, folder: Option<Folder>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (addr, admin) = (server.addr(), server.admin_addr());
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { addr, admin, _folder: folder, stop: Some(stop), task }
    }

    pub(crate) fn begin_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn stop(mut self) {
        if self.stop.is_some() {
            self.begin_to_stop();
        }
        self.task.await.unwrap().unwrap();
    }

    pub(crate) async fn send(&self, path: &str, request: &SignedRequest) -> Reply {
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let mut headers: Vec<_> = headers.iter().map(String::as_str).collect();
        headers.push("host: pay.example.com");
        http::send(self.addr, "POST", path, &headers, &request.body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        http::get(self.admin, path).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        http::post(self.admin, path, body).await
    }

    /// Asks until the answer is as wanted; each question is a round trip, so others get their turn.
    pub(crate) async fn get_until(&self, path: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        loop {
            let reply = self.get(path).await;
            if wanted(&reply) {
                return reply;
            }
        }
    }
}

static PLATFORM: LazyLock<Platform> = LazyLock::new(|| {
    Platform::builder()
        .mchid(MCHID)
        .signing_key(KEY_ID, SigningKey::from_pem(KEYS.private.as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(V3_KEY.as_bytes()).unwrap())
        .api_v2_key(ApiV2Key::new(V2_KEY.as_bytes()).unwrap())
        .build()
        .unwrap()
});

/// A v2 payment of this number.
pub(crate) fn payment(number: u32) -> SignedRequest {
    signed(&samples::Case::new(MCHID, number))
}

/// The same with other content outside its key.
pub(crate) fn changed_payment(number: u32) -> SignedRequest {
    signed(&samples::Case::new(MCHID, number).changed())
}

fn signed(case: &samples::Case) -> SignedRequest {
    PLATFORM.v2(samples::v2::payment(case), SignAlgorithm::Md5, &Nonces::fresh().unwrap()).unwrap()
}

/// A v3 payment of this number, signed at this time.
pub(crate) fn v3_payment(number: u32, timestamp: u64) -> SignedRequest {
    let paid = samples::v3::transaction(&samples::Case::new(MCHID, number));
    PLATFORM.v3(&paid, timestamp, &Nonces::fresh().unwrap()).unwrap()
}

/// One whose event is called so.
pub(crate) fn called(event_type: &str, timestamp: u64) -> SignedRequest {
    let mut paid = samples::v3::transaction(&samples::Case::new(MCHID, 1));
    paid.event_type = event_type.into();
    PLATFORM.v3(&paid, timestamp, &Nonces::fresh().unwrap()).unwrap()
}

/// One that was sealed with another key and then rightly signed.
pub(crate) fn sealed_wrongly(number: u32, timestamp: u64) -> SignedRequest {
    let other = Platform::builder()
        .mchid(MCHID)
        .signing_key(KEY_ID, SigningKey::from_pem(KEYS.private.as_bytes()).unwrap())
        .api_v3_key(ApiV3Key::new(&[b'x'; 32]).unwrap())
        .build()
        .unwrap();
    let paid = samples::v3::transaction(&samples::Case::new(MCHID, number));
    other.v3(&paid, timestamp, &Nonces::fresh().unwrap()).unwrap()
}
