//! The program: arguments, logging, the command, its exit code.

use std::{io, process::ExitCode};

use kantata_sync::cli::{self, Common, LogFormat};
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    let status = match cli::arguments() {
        Ok(arguments) => {
            log(&arguments.common);
            cli::run(&arguments)
        }
        Err(status) => status,
    };
    ExitCode::from(status.code())
}

fn log(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => "error",
        (false, 0) => "info",
        (false, 1) => "debug",
        (false, _) => "trace",
    };
    let filter = EnvFilter::new(format!("off,kantata_sync={level}"));
    let builder = fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    match common.log_format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().init(),
    }
}
