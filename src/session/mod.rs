//! One run from its order to its end: list, plan, decide, apply, report, remember.
//!
//! A [`Session`] is begun by whoever brings an API, a store, a clock and an [`Audience`]. Whatever its
//! steps come to, [`Session::whole`] sees it: there every run gets a report that is kept, those that
//! ended before there was a plan too. Knows no terminal, no files and no HTTP.

mod adopt;
mod approval;
mod approved;
mod assemble;
mod audience;
mod carry;
mod ending;
mod keep;
mod killed;
mod names;
mod part;
mod past;
mod preview;
mod purpose;
mod recall;
mod resolve;
mod run;
mod undo;

pub use approval::{ApprovalRefusal, check_approval};
pub use approved::{Approved, UnusablePlan};
pub use assemble::{RunFacts, assemble, exit_status};
pub use audience::{Audience, Decision};
pub use carry::Carried;
pub use ending::{Ending, Obstacle, unlisted};
pub use keep::{original_header, original_rows};
pub use killed::killed;
pub use part::{AskedPart, Part, PersonNames, ProjectNames, UnknownPart};
pub use past::{Past, PastError, UnknownRun, named, past};
pub use preview::{Job, Preview, PreviewError, RunContext, apply, pace_report, preview};
pub use purpose::Purpose;
pub use recall::policy;
pub use resolve::{CarryError, lookup_rules, unanswered};
pub use run::{Beginning, Order, Session};
pub use undo::{NoUndo, ReportedFacts, Undo, undo_of};
