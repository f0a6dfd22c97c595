use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use wxhook_server::{ConfigErrors, Error};
use wxhook_wire::Catalog;

use crate::args::{Args, Command, StoreCommand};
use crate::usage::Usage;
use crate::{
    Catalogs, backup, check, config, copy, decode, demo, events, init, keys, listen, logging, out, serve,
    trigger, verify,
};

const BAD: u8 = 1;
const USAGE: u8 = 2;

/// Runs the program with arguments, the first of which is its own name, and a catalog of events.
///
/// Exit codes: 0 done, 1 the command failed or found a problem, 2 wrong usage. Creates a runtime, so it must not be called
/// within one.
pub fn run<A: Into<OsString> + Clone>(
    args: impl IntoIterator<Item = A>,
    catalog: impl Into<Catalogs>,
) -> ExitCode {
    // Also when it panics.
    let _flushed = Flushed;
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Also help and version.
            let _printed = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let default_level = match args.command {
        Command::Serve(_) => "info",
        // Problems of the store and TLS are in the summary, or are faults.
        Command::Check(_) => {
            "warn,rustls_platform_verifier=off,wxhook_idempotency_redis=error,wxhook_idempotency_sqlite=error"
        }
        // It prints requests and records itself.
        Command::Listen(_) => "warn,wxhook_delivery=off,wxhook_receiver=off",
        // Most requests of the demo are rejected on purpose, as its table shows.
        Command::Demo(_)
        | Command::Catalog(_)
        | Command::Decode(_)
        | Command::Init(_)
        | Command::Verify(_)
        | Command::Version => "error",
        Command::Backup(_)
        | Command::Events(_)
        | Command::Keys(_)
        | Command::Store(_)
        | Command::Trigger(_) => "warn",
    };
    if let Err(complaint) = logging::init(args.log_format, args.log_level.as_deref(), default_level) {
        out::complain(format_args!("error: {complaint}"));
        return ExitCode::from(USAGE);
    }
    let catalogs = catalog.into();
    catalogs.log_replaced();
    let result =
        catalogs.into_catalog().map_err(Into::into).and_then(|catalog| command(args.command, catalog));
    match result {
        Ok(code) => code,
        Err(error) if out::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(if error.is::<Usage>() { USAGE } else { BAD })
        }
    }
}

/// Flushes stderr when dropped.
struct Flushed;

impl Drop for Flushed {
    fn drop(&mut self) {
        logging::flush();
    }
}

/// Prints one line for each fault of a configuration, and one for any other error.
fn complain(error: &anyhow::Error) {
    if let Some(faults) = error.chain().find_map(|cause| cause.downcast_ref::<ConfigErrors>()) {
        return out::complain(faults);
    }
    match error.downcast_ref::<Error>() {
        // These are faults of the configuration as well.
        Some(fault @ (Error::Store { .. } | Error::Listen { .. })) => out::complain(fault),
        _ => out::complain(format_args!("error: {error:#}")),
    }
}

fn command(command: Command, catalog: Arc<dyn Catalog>) -> anyhow::Result<ExitCode> {
    let result = match command {
        Command::Catalog(args) => crate::catalog::catalog(&args, &*catalog).map(|()| true),
        Command::Decode(args) => decode::decode(&args, &*catalog),
        Command::Serve(with) => {
            let path = config::path(with.config.as_deref())?;
            in_runtime(serve::serve(&path, catalog)).map(|()| true)
        }
        Command::Backup(args) => backup::backup(&args).map(|()| true),
        Command::Store(StoreCommand::Copy(args)) => in_runtime(copy::copy(&args)),
        Command::Check(args) => in_runtime(check::check(&args)),
        Command::Init(args) => init::init(&args).map(|()| true),
        Command::Demo(with) => in_runtime(demo::demo(with.once, catalog)),
        Command::Events(command) => in_runtime(events::events(command, catalog)),
        Command::Listen(args) => in_runtime(listen::listen(&args, catalog)).map(|()| true),
        Command::Keys(command) => keys::keys(&command).map(|()| true),
        Command::Trigger(args) => in_runtime(trigger::trigger(&args, catalog)),
        Command::Verify(args) => verify::verify(&args, catalog),
        Command::Version => Ok(out::print(concat!("wxhook ", env!("CARGO_PKG_VERSION"))).map(|()| true)?),
    };
    result.map(|good| if good { ExitCode::SUCCESS } else { ExitCode::from(BAD) })
}

fn in_runtime<T>(run: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("can't start the runtime")?;
    let result = runtime.block_on(run);
    // A write to a stdout that nobody reads may block its thread forever.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
