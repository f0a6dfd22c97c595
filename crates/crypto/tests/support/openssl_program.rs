//! The `openssl` program in a directory of its own, as an independent judge and a source of throw-away keys.

use std::ffi::OsStr;
use std::process::Command;

use tempfile::TempDir;

pub(crate) struct OpenSsl {
    pub(crate) dir: TempDir,
}

impl OpenSsl {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// Runs `openssl` with these arguments, file names being those of its directory, and returns its output.
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Vec<u8> {
        let mut command = Command::new("openssl");
        let output = command.current_dir(self.dir.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A new RSA private key as PKCS#8 PEM.
    pub(crate) fn rsa_key(&self, bits: u32) -> Vec<u8> {
        let bits = format!("rsa_keygen_bits:{bits}");
        self.run(["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits])
    }
}
