//! `config`: the effective values and where each came from.

use super::{Common, Failure, output, setup};
use crate::{config::render_config, run::ExitStatus};

pub(super) fn config(common: &Common) -> Result<ExitStatus, Failure> {
    let configuration = setup::configuration(common)?;
    let mut page = Vec::new();
    render_config(&configuration, &mut page)?;
    output::print(&page)?;
    Ok(ExitStatus::Done)
}
