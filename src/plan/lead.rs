//! Which changes of a field move the lead, and which take something from a person.

use crate::model::{Drift, Field, FieldValue};

/// Whether a change makes somebody lead.
pub(super) fn is_start_of_lead(drift: &Drift) -> bool {
    drift.field == Field::TeamLead && drift.after == FieldValue::Flag(true)
}

/// Whether a change ends somebody's lead.
pub(super) fn is_end_of_lead(drift: &Drift) -> bool {
    drift.field == Field::TeamLead && drift.after == FieldValue::Flag(false)
}

/// A lower access level, or losing the lead (PRODUCT.md §4).
pub(super) fn is_demotion(drift: &Drift) -> bool {
    match (drift.before, drift.after) {
        (FieldValue::Access(before), FieldValue::Access(after)) => after.is_below(before),
        _ => is_end_of_lead(drift),
    }
}
