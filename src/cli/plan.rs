//! `plan`: what an apply would do. Holds no writer, takes no lock.

use super::{
    Common, Failure,
    approval::approval,
    arguments::PlanArgs,
    material,
    output::Outputs,
    run::{Session, Start, block_on},
    signal,
};
use crate::{report::ReportedCommand, run::ExitStatus};

pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<ExitStatus, Failure> {
    let configuration = material::configuration(common)?;
    let settings = &configuration.settings;
    let roster = material::roster(&args.roster, settings, args.strict)?;
    let approval = approval(args.approve_deletes.as_deref(), settings)?;
    let outputs = Outputs::open(common)?;
    block_on(false, async {
        let base_url = settings.base_url.to_string();
        let state_folder = settings.state_folder();
        let command = ReportedCommand::Plan;
        let token = material::token(settings)?;
        let approval = approval.as_ref();
        let roster = &roster;
        let retry_stuck = args.retry_stuck;
        let start = Start {
            common,
            settings,
            roster,
            state_folder,
            base_url,
            command,
            approval,
            retry_stuck,
        };
        let session = Session::start(start)?;
        signal::watch(&session.stop, None)?;
        let client = material::client(settings, token, session.clock)?;
        let report = session.plan(&client, args.check).await;
        session.finish(&report, outputs)
    })?
}
