//! Who is there while a run is under way: is told of it, and decides.

use std::{future::Future, rc::Rc};

use super::Preview;
use crate::{api::Waits, event::Event, report::RunReport, run::Ended, store::HeldLock};

/// What a person, a flag or a digest says of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Carry it out.
    Go,
    /// Do not, and end so.
    End(Ended),
}

/// See the module. Everything but the decision returns at once.
pub trait Audience {
    /// Something happened.
    fn hear(&self, event: Event);

    /// From now on the waits of the requests can be followed here.
    fn follow(&self, waits: Waits);

    /// The listing is done, or the plan is carried out.
    fn phase_ended(&self);

    /// Another run holds the lock, and it is waited for.
    fn waits_for_lock(&self, held: &HeldLock);

    /// The plan is not the approved one; in what, a line each.
    fn differs(&self, lines: &[String]);

    /// Whether the plan is to be carried out.
    fn decide(&self, planned: &RunReport, preview: &Rc<Preview>) -> impl Future<Output = Decision>;
}
