use super::origin::Origins;
use super::raw::RawSink;
use super::reader::Reader;
use super::sink::{self, Around, HttpSinkConfig, SinkConfig};
use super::{ConfigErrors, not_toml};
use toml::de::DeTable;

impl HttpSinkConfig {
    /// What a `[sink]` of the kind `http` with nothing but this URL says: the usual terms, and no signatures.
    ///
    /// `name` is what a fault calls the place that the URL comes from.
    ///
    /// # Errors
    /// That it isn't an `http` or `https` URL.
    pub fn unsigned(name: &str, url: &str) -> Result<Self, ConfigErrors> {
        let table = DeTable::parse("").map_err(|error| not_toml(name, "", &error))?;
        let origins = Origins::new(name, "", table.get_ref());
        let mut reader = Reader::new(&origins, "".as_ref(), 0);
        let raw = RawSink { kind: Some("http".to_owned()), url: Some(url.to_owned()), ..RawSink::default() };
        let mut around = Around { store: None, files: Vec::new() };
        match sink::parse(&mut reader, raw, "sink", &mut around) {
            Some(SinkConfig::Http(http)) => Ok(http),
            _ => Err(ConfigErrors::new(reader.faults, None)),
        }
    }
}
