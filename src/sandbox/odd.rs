//! Answers whose optional values have forms that nobody expects (API.md §8, §9).
//!
//! A value keeps its form from answer to answer: what is drawn depends on the seed, the record and
//! the attribute alone. An odd form never says something else than the truth: it says the same in
//! another notation, or nothing that could be read. Ids, `results` and counts stay what they are.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, Payload};
use super::field::{FIELDS, FieldRow};

/// A way for a value to be odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OddForm {
    /// The same in another notation: `"15000"`, `15000.0`, `1` for true, a count as digits.
    Notation,
    /// Null where null is not a value of its own.
    Null,
    /// A list or an object.
    Shape,
    /// A word, or a number, of another kind than expected.
    Kind,
    /// A number beyond all bounds.
    Huge,
    /// An attribute that nobody knows, of a deep form.
    Unknown,
}

impl OddForm {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Notation, Self::Null, Self::Shape, Self::Kind, Self::Huge, Self::Unknown];
}

/// How often values are odd, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OddValues {
    /// The seed of what is drawn.
    pub seed: u64,
    /// The share of optional values that are odd, 0 to 1.
    pub share: f64,
    /// The forms that are drawn from; empty means all.
    pub forms: BTreeSet<OddForm>,
}

impl Default for OddValues {
    fn default() -> Self {
        Self { seed: 0, share: 0.0, forms: BTreeSet::new() }
    }
}

/// What is never odd: ids are read strictly.
const STRICT: [&str; 3] = ["id", "workspace_id", "user_id"];
/// A yes that nobody may overlook has only other notations.
const IMPORTANT: [&str; 2] = ["archived", "disabled"];

impl OddValues {
    /// The same answer with odd values.
    pub(super) fn spoil(&self, mut answer: Answer) -> Answer {
        if self.share <= 0.0 || !answer.status.is_success() {
            return answer;
        }
        if let Payload::Json(bytes) = &mut answer.payload
            && let Ok(Value::Object(mut envelope)) = serde_json::from_slice(bytes)
        {
            self.spoil_envelope(&mut envelope);
            *bytes = Value::Object(envelope).to_string().into_bytes();
        }
        answer
    }

    fn spoil_envelope(&self, envelope: &mut Map<String, Value>) {
        for (name, value) in envelope.iter_mut() {
            match value {
                Value::Number(_) => self.count(name, value),
                // A list with nothing in it is what some languages make of an empty map.
                Value::Object(map) if map.is_empty() => {
                    if let Some((_, mut random)) = self.draw(name, "", &[OddForm::Shape]) {
                        *value = if random.u64(..) % 2 == 0 { json!([]) } else { Value::Null };
                    }
                }
                Value::Object(map) if name == "meta" => {
                    map.iter_mut().for_each(|(name, value)| self.count(name, value));
                    if self.draw("meta", "whole", &[OddForm::Null]).is_some() {
                        *value = Value::Null;
                    }
                }
                Value::Object(map) => {
                    for (id, object) in map {
                        object
                            .as_object_mut()
                            .into_iter()
                            .for_each(|one| self.record(name, id, one));
                    }
                }
                _ => {}
            }
        }
    }

    fn count(&self, name: &str, value: &mut Value) {
        if self.draw("count", name, &[OddForm::Notation]).is_some() {
            *value = Value::String(value.to_string());
        }
    }

    fn record(&self, map: &str, id: &str, record: &mut Map<String, Value>) {
        for (name, value) in record.iter_mut() {
            let place = format!("{map}/{id}");
            if let Some((form, mut random)) = self.draw(&place, name, &forms_of(name, value)) {
                *value = odd_value(form, value, &mut random);
            }
        }
        if self.draw(map, id, &[OddForm::Unknown]).is_some() {
            record.insert(
                "nobody_knows".to_owned(),
                json!({ "a": [[[{ "b": [null, 1e300] }]], -1] }),
            );
        }
    }

    /// Whether the value at this place is odd, in which of these forms, and what else is drawn.
    fn draw(&self, place: &str, name: &str, of: &[OddForm]) -> Option<(OddForm, fastrand::Rng)> {
        // Not the hash of the standard library: the next release of Rust may draw otherwise.
        let digest = Sha256::digest(format!("{}\0{place}\0{name}", self.seed));
        let seed = digest.first_chunk().copied().map(u64::from_le_bytes);
        let mut random = fastrand::Rng::with_seed(seed.unwrap_or_default());
        let wanted = |form: &&OddForm| self.forms.is_empty() || self.forms.contains(form);
        let forms: Vec<OddForm> = of.iter().filter(wanted).copied().collect();
        if random.f64() >= self.share {
            return None;
        }
        Some((random.choice(forms)?, random))
    }
}

/// Whether null in an answer says that there is none.
fn null_is_a_value(name: &str) -> bool {
    let of_field = |row: &FieldRow| row.read == name && row.may_be_unset();
    name == "disabled_at" || FIELDS.iter().any(of_field)
}

/// The forms that make another value of this one.
fn forms_of(name: &str, value: &Value) -> Vec<OddForm> {
    let important = IMPORTANT.contains(&name) && *value == Value::Bool(true);
    let has = |form: &OddForm| match form {
        OddForm::Notation => value.is_boolean() || value.is_number(),
        OddForm::Null => !important && !value.is_null() && !null_is_a_value(name),
        OddForm::Shape | OddForm::Kind | OddForm::Huge => !important,
        // It is an attribute of its own.
        OddForm::Unknown => false,
    };
    let forms = OddForm::ALL.into_iter().filter(has);
    if STRICT.contains(&name) { Vec::new() } else { forms.collect() }
}

fn odd_value(form: OddForm, value: &Value, random: &mut fastrand::Rng) -> Value {
    match (form, value) {
        (OddForm::Notation, Value::Bool(yes)) => match random.u8(0..3) {
            0 => Value::from(u8::from(*yes)),
            1 => Value::from(yes.to_string()),
            _ => Value::from(u8::from(*yes).to_string()),
        },
        (OddForm::Notation, Value::Number(number)) => match (random.u8(0..4), number.as_i64()) {
            (0, _) => Value::from(number.to_string()),
            (1, Some(_)) => Value::from(format!("{number}.0")),
            (2, Some(_)) => number.as_f64().map_or_else(|| value.clone(), Value::from),
            (_, Some(_)) => Value::from(format!("{number}0e-1")),
            _ => value.clone(),
        },
        (OddForm::Notation | OddForm::Unknown, _) => value.clone(),
        (OddForm::Null, _) => Value::Null,
        (OddForm::Shape, _) => [json!([]), json!({}), json!([[{ "a": null }], 7])]
            .get(random.usize(0..3))
            .cloned()
            .unwrap_or_default(),
        (OddForm::Kind, Value::String(_)) => json!(4711),
        (OddForm::Kind, _) => json!("nobody knows"),
        (OddForm::Huge, _) => json!(1e300),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_another_value_and_the_same_in_every_release() {
        let odd = OddValues { seed: 1, share: 1.0, forms: BTreeSet::new() };
        let plain = json!({ "rate_in_cents": 15000, "can_invite": true, "role": "maven" });
        let mut rates = BTreeSet::new();
        for id in 0..100 {
            let mut record = plain.as_object().expect("a record").clone();
            odd.record("participations", &id.to_string(), &mut record);
            for (name, before) in plain.as_object().expect("a record") {
                assert_ne!(&record[name], before, "{name} of {id}");
            }
            rates.insert(record["rate_in_cents"].to_string());
        }
        for form in ["15000.0", "\"15000\"", "\"15000.0\"", "\"150000e-1\""] {
            assert!(rates.contains(form), "{form}: {rates:?}");
        }
        assert!(!rates.contains("null"));
        let (_, mut random) = odd.draw("place", "name", &OddForm::ALL).expect("all are odd");
        assert_eq!(random.u64(..), 17_140_944_583_335_223_315);
    }
}
