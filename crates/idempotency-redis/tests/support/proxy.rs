//! Stands between the store and the server, and cuts what runs through it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Treatment of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Bytes pass.
    Open,
    /// Those that were there are closed, new ones are closed at once.
    Closed,
    /// Requests pass, the next reply on each connection ends in the middle; new ones are closed at once.
    Torn,
    /// Nothing passes, and nobody is told. What was sent arrives when the way is open again, late.
    Silent,
}

pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    way: Mutex<Way>,
    changed: Condvar,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// On a free port, to a server on another one.
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            way: Mutex::new(Way::Open),
            changed: Condvar::new(),
            connections: Mutex::default(),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                connect(client, server, &all);
            }
        });
        Self { port, shared }
    }

    pub fn set(&self, way: Way) {
        *self.shared.way.lock().unwrap() = way;
        self.shared.changed.notify_all();
        if way == Way::Closed {
            for connection in self.shared.connections.lock().unwrap().drain(..) {
                let _gone_already = connection.shutdown(Shutdown::Both);
            }
        }
    }
}

fn connect(client: TcpStream, server: u16, shared: &Arc<Shared>) {
    // Looked at under the lock that closing takes, so that no connection slips through.
    let mut connections = shared.connections.lock().unwrap();
    if matches!(*shared.way.lock().unwrap(), Way::Closed | Way::Torn) {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
    for (from, to, replies) in [(&client, &server, false), (&server, &client, true)] {
        let (from, to, shared) = (from.try_clone().unwrap(), to.try_clone().unwrap(), Arc::clone(shared));
        thread::spawn(move || pass(from, to, replies, &shared));
    }
    connections.extend([client, server]);
}

fn pass(mut from: TcpStream, mut to: TcpStream, replies: bool, shared: &Shared) {
    from.set_nodelay(true).unwrap_or_default();
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let way = shared.changed.wait_while(shared.way.lock().unwrap(), |way| *way == Way::Silent);
        let torn = replies && *way.unwrap() == Way::Torn;
        let part = if torn { read / 2 } else { read };
        if to.write_all(&buffer[..part]).is_err() || torn {
            break;
        }
    }
    for connection in [from, to] {
        let _gone_already = connection.shutdown(Shutdown::Both);
    }
}
