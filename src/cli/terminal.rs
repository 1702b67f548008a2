//! Who is there while a run is under way: a terminal with its bar, its question and its flags.

use std::{cell::RefCell, rc::Rc};

use super::{
    Common,
    arguments::WriteArgs,
    export,
    output::{self, Outputs},
    question,
};
use crate::{
    api::Waits,
    config::Settings,
    event::Event,
    progress::Progress,
    report::RunReport,
    run::{Ended, Stop},
    session::{Audience, Decision, Preview, Session},
    store::{Folder, HeldLock, WholeFile},
    talk,
};

/// A run that is kept in a folder and told to a terminal.
pub(super) type FolderSession<'a> = Session<'a, Folder, Terminal<'a>>;

/// See the module.
pub(super) struct Terminal<'a> {
    common: &'a Common,
    settings: &'a Settings,
    stop: &'a Stop,
    /// How a plan is decided on; none where nobody is asked.
    write: Option<&'a WriteArgs>,
    backup: RefCell<Option<WholeFile>>,
    outputs: RefCell<Option<Outputs>>,
    progress: RefCell<Progress>,
}

impl<'a> Terminal<'a> {
    pub(super) fn new(
        common: &'a Common,
        settings: &'a Settings,
        stop: &'a Stop,
        write: Option<&'a WriteArgs>,
    ) -> Self {
        let progress = RefCell::new(Progress::new(talk::draws() && !common.quiet));
        let (backup, outputs) = (RefCell::new(None), RefCell::new(None));
        Self { common, settings, stop, write, backup, outputs, progress }
    }

    /// Where the report is written, and what is live before a plan is carried out.
    pub(super) fn write_to(&self, outputs: Option<Outputs>, backup: Option<WholeFile>) {
        *self.outputs.borrow_mut() = outputs;
        *self.backup.borrow_mut() = backup;
    }

    /// Where the report is written, if the run came so far.
    pub(super) fn outputs(&self) -> Option<Outputs> {
        self.outputs.take()
    }

    /// Shows the plan, then lets the flag or a person decide.
    async fn ask(&self, planned: &RunReport) -> Decision {
        let Some(write) = self.write else { return Decision::Go };
        let page = match output::plan_page(self.common, planned) {
            Ok(page) => page,
            Err(error) => {
                let message = format!("the plan cannot be shown: {error}; nothing was sent");
                return Decision::End(Ended::Fatal { message });
            }
        };
        let sendable = planned.entries.iter().any(|entry| entry.fate.is_none());
        if write.yes || !sendable {
            if !self.common.quiet || !write.yes {
                output::say(&page);
            }
            return Decision::Go;
        }
        question::ask(page, write.prompt_timeout, self.stop).await
    }
}

impl Audience for Terminal<'_> {
    fn hear(&self, event: Event) {
        self.progress.borrow_mut().take(event);
    }

    fn follow(&self, waits: Waits) {
        self.progress.borrow_mut().follow(waits);
    }

    fn phase_ended(&self) {
        self.progress.borrow_mut().finish();
    }

    fn waits_for_lock(&self, held: &HeldLock) {
        tracing::info!("waiting for the lock of another run: {held}");
    }

    fn differs(&self, lines: &[String]) {
        lines.iter().for_each(|line| output::say(&format!("  {line}\n")));
    }

    async fn decide(&self, planned: &RunReport, preview: &Rc<Preview>) -> Decision {
        let decision = self.ask(planned).await;
        let backup = self.backup.take();
        export::backed_up(decision, backup, &preview.live, self.settings)
    }
}
