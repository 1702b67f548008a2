//! The work of people on projects that a delete of their participation destroys (API.md §1.4, §7):
//! assignments to tasks, and hours that are scheduled. Knows no request.

use jiff::civil::Date;

/// Somebody's assignment to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The id of the assignment; given by [`Work::assign`]. The task has it too.
    pub id: u64,
    /// The project.
    pub workspace: u64,
    /// The person.
    pub assignee: u64,
    /// What is to be done.
    pub title: String,
    /// Whether it is still to be done by them.
    pub current: bool,
}

/// Hours that are scheduled for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// Its id; given by [`Work::schedule`].
    pub id: u64,
    /// The project.
    pub workspace: u64,
    /// The person.
    pub user: u64,
    /// The first day.
    pub start_date: Date,
    /// The last day.
    pub end_date: Date,
    /// How much, over all days.
    pub minutes: u64,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    tasks: Vec<Task>,
    allocations: Vec<Allocation>,
    last_id: u64,
}

impl Work {
    /// Every assignment, the oldest first.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// All scheduled hours, the oldest first.
    #[must_use]
    pub fn allocations(&self) -> &[Allocation] {
        &self.allocations
    }

    /// Adds an assignment; gives its id.
    pub fn assign(&mut self, task: Task) -> u64 {
        let id = self.give_id();
        self.tasks.push(Task { id, ..task });
        id
    }

    /// Adds scheduled hours; gives their id.
    pub fn schedule(&mut self, allocation: Allocation) -> u64 {
        let id = self.give_id();
        self.allocations.push(Allocation { id, ..allocation });
        id
    }

    /// What becomes of the work of somebody who is taken off a project: nothing gives it back.
    pub(super) fn destroy(&mut self, workspace: u64, user: u64) {
        self.tasks.retain(|one| (one.workspace, one.assignee) != (workspace, user));
        self.allocations.retain(|one| (one.workspace, one.user) != (workspace, user));
    }

    /// Far from the ids of everything else.
    fn give_id(&mut self) -> u64 {
        const FIRST: u64 = 800_001;
        self.last_id = self.last_id.max(FIRST - 1) + 1;
        self.last_id
    }
}
