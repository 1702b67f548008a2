//! `sandbox`: the simulated API on a port of this machine.

use std::{
    fs::{self, File},
    net::Ipv4Addr,
    path::Path,
    sync::Arc,
};

use tokio::net::TcpListener;

use super::{Failure, arguments::SandboxArgs, block_on::block_on, output, rehearse, signal};
use crate::{
    config::read_toml,
    run::{ExitStatus, Stop},
    sandbox::{BASE_PATH, Faults, Sandbox, SandboxSettings, Start},
};

pub(super) fn sandbox(args: &SandboxArgs) -> Result<ExitStatus, Failure> {
    let settings = settings(args)?;
    let world = rehearse::world(args.seed.as_deref())?;
    let log = args.log.as_deref().map(open_log).transpose()?;
    block_on(false, async {
        let token = settings.token.clone();
        let sandbox = Sandbox::new(world, settings);
        if let Some(log) = log {
            sandbox.stream_log(log);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;
        let address = listener.local_addr()?;
        let stop = Arc::new(Stop::default());
        signal::ask(&stop);
        output::print(format!("http://{address}{BASE_PATH}\n").as_bytes())?;
        output::say(&format!("serving the sandbox; its token is `{token}`; Ctrl-C ends it\n"));
        sandbox.serve(listener, async move { _ = stop.stopped().await }).await?;
        Ok(ExitStatus::Done)
    })?
}

fn open_log(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot write `{}`", path.display()));
        Failure::new(ExitStatus::Unexpected, error)
    })
}

fn read_settings(path: &Path) -> Result<SandboxSettings, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        let place = format!("cannot read `{}`", path.display());
        Failure::new(ExitStatus::BadInput, anyhow::Error::new(error).context(place))
    })?;
    read_toml(&path.display().to_string(), &text)
        .map_err(|problem| Failure::new(ExitStatus::BadInput, anyhow::anyhow!("{problem}")))
}

fn settings(args: &SandboxArgs) -> Result<SandboxSettings, Failure> {
    let mut settings = match &args.settings {
        None => SandboxSettings::default(),
        Some(path) => read_settings(path)?,
    };
    settings.start = Start::Real;
    if let Some(share) = args.fault {
        if !(0.0..=1.0).contains(&share) {
            return Err(Failure::usage("`--fault` is a share of requests, 0 to 1", "such as 0.2"));
        }
        settings.faults = Faults {
            hang: settings.faults.hang,
            slow_by: settings.faults.slow_by,
            ..Faults::spread(settings.faults.seed, share)
        };
    }
    if let Some(seed) = args.fault_seed {
        settings.faults.seed = seed;
    }
    if let Some(hang) = args.hang {
        settings.faults.hang = hang;
        settings.faults.slow_by = settings.faults.slow_by.min(hang / 2);
    }
    settings.requests_per_second = args.rate.or(settings.requests_per_second);
    settings.latency = args.latency.unwrap_or(settings.latency);
    settings.read_after_write_lag = args.lag.unwrap_or(settings.read_after_write_lag);
    Ok(settings)
}
