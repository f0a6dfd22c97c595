use super::origin::Origins;
use super::raw::{RawConfig, RawSimulator};
use super::reader::Reader;
use super::{Config, limits, merchant, public_url, sink, store};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use subtle::ConstantTimeEq as _;
use wxhook_crypto::{Error, SigningKey};
use zeroize::Zeroizing;

/// An admin token of fewer characters can be guessed.
const SHORT_TOKEN: usize = 16;

/// What the admin API asks for. `Debug` doesn't show it.
#[derive(Clone)]
pub struct AdminToken(Zeroizing<Vec<u8>>);

impl AdminToken {
    /// Whether that is it, in a time that doesn't tell how much of it is right.
    pub fn is(&self, given: &[u8]) -> bool {
        self.0.ct_eq(given).into()
    }

    /// The token, for whoever has to show it: in an `Authorization` header, and nowhere else.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminToken").finish_non_exhaustive()
    }
}

/// The platform's part in simulations: what signs in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulatorConfig {
    /// The id of the platform key that belongs to the private key.
    pub serial: String,
    /// The private key's file, PEM; it was read and is one.
    pub private_key_file: PathBuf,
}

/// Everything in it. With faults, the result holds substitutes and isn't to be used.
pub(super) fn parse(reader: &mut Reader<'_>, raw: RawConfig) -> Config {
    let listen = address(reader, "listen", raw.listen, 8080);
    let admin_listen = address(reader, "admin_listen", raw.admin_listen, 9090);
    if listen == admin_listen && listen.port() != 0 {
        reader.fault("admin_listen", "the same as listen", "give another port");
    }
    let has_token = raw.admin_token.is_some() || raw.admin_token_file.is_some();
    let admin_token = token(reader, raw.admin_token, raw.admin_token_file);
    if !admin_listen.ip().is_loopback() && !has_token {
        let fix = "add admin_token_file = \"…\", or listen on 127.0.0.1";
        reader.fault("admin_listen", "not loopback, and there is no admin_token", fix);
    }
    let public_url = raw.public_url.and_then(|url| public_url::parse(reader, &url));
    let limits = limits::parse(reader, raw.limits);
    let faults = reader.faults.len();
    let store = store::parse(reader, raw.store);
    let usable = reader.faults.len() == faults;
    let mut around = sink::Around { store: usable.then_some(&store.url), files: Vec::new() };
    let merchants = merchant::parse_all(reader, raw.merchant, &mut around);
    let sink = raw.sink.and_then(|raw| sink::parse(reader, raw, "sink", &mut around));
    let simulator = raw.simulator.and_then(|raw| simulator(reader, raw));
    Config {
        listen,
        admin_listen,
        admin_token,
        public_url,
        limits,
        store,
        merchants,
        sink,
        simulator,
        file: PathBuf::new(),
        origins: Origins::default(),
        warnings: Vec::new(),
    }
}

fn address(reader: &mut Reader<'_>, path: &str, value: Option<String>, port: u16) -> SocketAddr {
    let default = SocketAddr::from(([127, 0, 0, 1], port));
    let Some(text) = value else { return default };
    text.parse().unwrap_or_else(|_| {
        reader.fault(path, "not an IP address with a port", format!("write it like \"{default}\""));
        default
    })
}

fn token(reader: &mut Reader<'_>, value: Option<String>, file: Option<String>) -> Option<AdminToken> {
    let at = Reader::source("admin_token", file.is_some());
    let token = reader.secret("admin_token", value, file)?;
    if token.is_empty() {
        reader.fault(&at, "is empty", "give a long random text, e.g. of openssl rand -hex 32");
    } else if !token.iter().all(u8::is_ascii_graphic) {
        reader.fault(&at, "has blanks or other characters than ASCII", "give letters, digits and signs only");
    } else {
        if token.len() < SHORT_TOKEN {
            reader.warn(&at, "shorter than 16 characters; make one with openssl rand -hex 32");
        }
        return Some(AdminToken(token));
    }
    None
}

fn simulator(reader: &mut Reader<'_>, raw: RawSimulator) -> Option<SimulatorConfig> {
    const FILE: &str = "simulator.private_key_file";
    let serial = raw.serial.filter(|serial| !serial.is_empty());
    if serial.is_none() {
        reader.fault("simulator.serial", "missing", "add the id of the platform key that it signs as");
    }
    let Some(name) = raw.private_key_file else {
        reader.fault(FILE, "missing", "add the file of a private key in PEM");
        return None;
    };
    let pem = reader.file(FILE, &name, true)?;
    if let Err(error) = SigningKey::from_pem(&pem) {
        let what = match &error {
            Error::Pem(why) if why.contains("public key") => "a public key or certificate".to_owned(),
            Error::MalformedKey => format!("{error}: its parts don't belong together"),
            _ => error.to_string(),
        };
        reader.fault(FILE, what, "give an RSA private key (PEM)");
        return None;
    }
    Some(SimulatorConfig { serial: serial?, private_key_file: reader.resolve(&name) })
}
