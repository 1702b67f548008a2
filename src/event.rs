//! What happens while a run is under way, for whoever listens; nobody has to.

use crate::plan::Stage;

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Listing begins: so many projects.
    ListingStarted {
        /// Projects in scope.
        workspaces: usize,
    },
    /// One more project was listed, or found to be unreadable.
    WorkspaceListed,
    /// A stage of the apply begins: so many actions.
    StageStarted {
        /// Which.
        stage: Stage,
        /// How many.
        actions: usize,
    },
    /// So many more actions of the present stage have their fate.
    ActionsDone {
        /// How many.
        actions: usize,
    },
}

/// A listener; it must return at once.
pub type Listener<'a> = &'a dyn Fn(Event);
