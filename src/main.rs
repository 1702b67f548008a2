//! The program: arguments, logging, the command, its exit code.

use std::process::ExitCode;

use kantata_sync::{
    cli::{self, Common},
    talk::{self, Form, JsonLog, TextLog},
};
use tracing_subscriber::{EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, registry};

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
    let log = match talk::form() {
        Form::Text => fmt::layer()
            .with_writer(TextLog)
            .with_target(false)
            .with_ansi(false)
            .log_internal_errors(false)
            .boxed(),
        Form::Json => JsonLog.boxed(),
    };
    // Fails only where somebody else has set a log already.
    let _set = tracing::subscriber::set_global_default(registry().with(log.with_filter(filter)));
}
