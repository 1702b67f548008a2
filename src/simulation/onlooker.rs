//! Who is there while a simulated run is under way: lets every plan be carried out, and now and then
//! begins a run beside it, which the lock must keep out.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::evidence::check;
use crate::{
    api::Waits,
    event::Event,
    report::RunReport,
    roster::RosterError,
    run::{Ended, ExitStatus},
    session::{
        ApprovalRefusal, Audience, Beginning, CarryError, Decision, Obstacle, Preview, Session,
        UnknownPart,
    },
    store::{HeldLock, LockError, SimulatedDisk, StoreError},
};

/// A run on a simulated disk.
pub(super) type DiskSession<'a> = Session<'a, SimulatedDisk, Onlooker<'a>>;

/// What ended a simulated run before it had a plan.
#[derive(Debug)]
pub(super) enum Met {
    Lock(LockError),
    Store(StoreError),
    Approval(ApprovalRefusal),
    Roster(RosterError),
    Part(UnknownPart),
}

impl From<LockError> for Met {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl From<StoreError> for Met {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CarryError> for Met {
    fn from(error: CarryError) -> Self {
        match error {
            CarryError::Store(error) => Self::Store(error),
            CarryError::Roster(error) => Self::Roster(error),
            CarryError::Part(error) => Self::Part(error),
        }
    }
}

impl From<ApprovalRefusal> for Met {
    fn from(error: ApprovalRefusal) -> Self {
        Self::Approval(error)
    }
}

impl Obstacle for Met {
    fn status(&self) -> ExitStatus {
        match self {
            Self::Lock(LockError::Held(_) | LockError::OutOfTime(_)) => ExitStatus::Locked,
            Self::Lock(LockError::Io { .. }) | Self::Store(_) => ExitStatus::Unexpected,
            Self::Approval(_) => ExitStatus::GuardWithheld,
            Self::Roster(_) => ExitStatus::BadInput,
            Self::Part(_) => ExitStatus::Usage,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Lock(error) => error.to_string(),
            Self::Store(error) => error.to_string(),
            Self::Roster(error) => error.to_string(),
            Self::Part(error) => error.to_string(),
            Self::Approval(refusal) => refusal.to_string(),
        }
    }

    fn details(&self) -> Vec<String> {
        Vec::new()
    }
}

/// See the module.
pub(super) struct Onlooker<'a> {
    /// Another run, begun at the decision.
    rival: RefCell<Option<Beginning<'a, SimulatedDisk>>>,
    pub preview: RefCell<Option<Rc<Preview>>>,
    /// What a rival showed that must not be.
    pub broken: RefCell<Option<String>>,
    /// Whether a rival was kept out.
    pub kept_out: Cell<bool>,
}

impl<'a> Onlooker<'a> {
    pub(super) fn new(rival: Option<Beginning<'a, SimulatedDisk>>) -> Self {
        Self {
            rival: RefCell::new(rival),
            preview: RefCell::new(None),
            broken: RefCell::new(None),
            kept_out: Cell::new(false),
        }
    }

    /// A second run meets the lock, and is kept with that ending.
    async fn meets_the_lock(rival: Beginning<'_, SimulatedDisk>) -> Result<(), String> {
        let audience = Onlooker::new(None);
        let session = Session::begin(rival, &audience);
        let ending = session
            .whole(async |session| match session.lock(None).await? {
                None => Ok(session.stopped()),
                Some(_) => {
                    Err(Met::Approval(ApprovalRefusal::NotKept { run: session.run.clone() }))
                }
            })
            .await;
        let exit = ending.report.exit;
        check(exit == Some(ExitStatus::Locked), || format!("a second run was let in: {exit:?}"))
    }
}

impl Audience for Onlooker<'_> {
    fn hear(&self, _: Event) {}

    fn follow(&self, _: Waits) {}

    fn phase_ended(&self) {}

    fn waits_for_lock(&self, _: &HeldLock) {}

    fn differs(&self, _: &[String]) {}

    async fn decide(&self, _: &RunReport, preview: &Rc<Preview>) -> Decision {
        *self.preview.borrow_mut() = Some(Rc::clone(preview));
        let rival = self.rival.take();
        if let Some(rival) = rival {
            match Box::pin(Self::meets_the_lock(rival)).await {
                Ok(()) => self.kept_out.set(true),
                Err(broken) => {
                    *self.broken.borrow_mut() = Some(broken.clone());
                    return Decision::End(Ended::Fatal { message: broken });
                }
            }
        }
        Decision::Go
    }
}
