//! Values that fit, drawn at random, for each kind of key.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::prelude::*;
use toml::Value;

use crate::config::value::{
    Choice, Command, Encodings, Flag, Ids, Names, Number, Path, People, Rows, Span, Text, Texts,
    Url, Values, Whole, Words, Zones,
};

/// A kind whose values can be drawn.
pub trait Draw {
    /// Any value that fits.
    fn draw(&self) -> BoxedStrategy<Value>;
}

fn texts(pattern: &'static str) -> impl Strategy<Value = Value> {
    pattern.prop_map(Value::from)
}

impl Draw for Flag {
    fn draw(&self) -> BoxedStrategy<Value> {
        any::<bool>().prop_map(Value::from).boxed()
    }
}

impl Draw for Whole {
    fn draw(&self) -> BoxedStrategy<Value> {
        (self.0..=self.1).prop_map(Value::from).boxed()
    }
}

impl Draw for Encodings {
    fn draw(&self) -> BoxedStrategy<Value> {
        const NAMES: &[&str] =
            &["utf-8", "UTF-16", "utf-16le", "utf-16be", "windows-1252", "latin1"];
        proptest::sample::select(NAMES).prop_map(Value::from).boxed()
    }
}

impl Draw for Number {
    fn draw(&self) -> BoxedStrategy<Value> {
        let whole = (1..=1000_u32).prop_map(Value::from);
        prop_oneof![(self.0..=self.1).prop_map(Value::from), whole].boxed()
    }
}

impl Draw for Span {
    fn draw(&self) -> BoxedStrategy<Value> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).expect("a week");
        let forms = (millis(self.0)..=millis(self.1), 0..5);
        let form = |(millis, form)| match form {
            0 => format!("{millis}ms"),
            1 => format!("{}ms{}s", millis % 1000, millis / 1000),
            2 => format!("PT{}.{:03}S", millis / 1000, millis % 1000),
            3 => format!("{} seconds {} milliseconds", millis / 1000, millis % 1000),
            _ => format!("{}h, {}.5 mins", millis / 3_600_001, millis / 60_000 % 60),
        };
        forms.prop_map(form).prop_map(Value::from).boxed()
    }
}

impl Draw for Text {
    fn draw(&self) -> BoxedStrategy<Value> {
        texts("[^\\x00]{0,20}").boxed()
    }
}

impl Draw for Path {
    fn draw(&self) -> BoxedStrategy<Value> {
        texts("(~/|/|\\./)?[a-z '\"\\\\\n\u{1b}é]{0,9}[a-z]").boxed()
    }
}

impl Draw for Command {
    fn draw(&self) -> BoxedStrategy<Value> {
        texts("[a-z/]{1,9}( [a-z-]{1,5}| '[^'\\x00]{0,9}'){0,3}").boxed()
    }
}

impl Draw for Url {
    fn draw(&self) -> BoxedStrategy<Value> {
        texts("https://[a-z]{1,9}\\.example(:[1-9][0-9]{1,3})?(/[a-z0-9]{1,5}){0,2}/?").boxed()
    }
}

impl Draw for Choice {
    fn draw(&self) -> BoxedStrategy<Value> {
        prop::sample::select(self.0).prop_map(Value::from).boxed()
    }
}

impl Draw for People {
    fn draw(&self) -> BoxedStrategy<Value> {
        let id = (1..=i64::MAX).prop_map(Value::from);
        let person =
            prop_oneof![id, texts("[1-9][0-9]{0,9}"), texts("[a-z*]{1,5}@[a-z]{1,5}\\.example")];
        prop::collection::vec(person, 0..4).prop_map(Value::from).boxed()
    }
}

impl Draw for Ids {
    fn draw(&self) -> BoxedStrategy<Value> {
        prop::collection::vec(1..=i64::MAX, 0..4).prop_map(Value::from).boxed()
    }
}

impl Draw for Texts {
    fn draw(&self) -> BoxedStrategy<Value> {
        prop::collection::vec("[^\\x00]{0,9}", 0..4).prop_map(Value::from).boxed()
    }
}

impl Draw for Zones {
    fn draw(&self) -> BoxedStrategy<Value> {
        const ZONES: &[&str] = &["UTC", "Europe/Berlin", "america/new_york", "Pacific/Auckland"];
        prop::sample::select(ZONES).prop_map(Value::from).boxed()
    }
}

impl Draw for Names {
    fn draw(&self) -> BoxedStrategy<Value> {
        let name = "[a-z_]{1,9}|[^\\x00]{0,9}";
        prop::collection::btree_map(name, "[^\\x00]{0,9}", 0..4).prop_map(Value::from).boxed()
    }
}

impl Draw for Words {
    fn draw(&self) -> BoxedStrategy<Value> {
        let of_roles = prop::collection::btree_map("[^\\x00A-Z]{0,5}[a-zé]", "maven|Client", 0..4);
        let of_flags = prop::collection::btree_map("[a-z]{1,9}", any::<bool>(), 0..4);
        // Words that differ in case and spaces only are one.
        let words = |(mut roles, flags): (BTreeMap<String, String>, BTreeMap<String, bool>)| {
            let mut seen = BTreeSet::new();
            roles.retain(|word, _| seen.insert(word.trim().to_lowercase()));
            let columns = [("role", Value::from(roles)), ("team_lead", Value::from(flags))];
            Value::Table(
                columns.map(|(name, words)| (name.to_owned(), words)).into_iter().collect(),
            )
        };
        (of_roles, of_flags).prop_map(words).boxed()
    }
}

impl Draw for Values {
    fn draw(&self) -> BoxedStrategy<Value> {
        let values = [("role", "maven"), ("project_id", "7"), ("can_invite", "NO")];
        prop::sample::subsequence(values.to_vec(), 0..=values.len())
            .prop_map(|values| {
                Value::Table(values.into_iter().map(|(a, b)| (a.to_owned(), b.into())).collect())
            })
            .boxed()
    }
}

impl Draw for Rows {
    fn draw(&self) -> BoxedStrategy<Value> {
        let values = prop::collection::vec("[^\\x00]{0,9}", 1..4);
        prop::collection::btree_map("[^\\x00]{0,9}", values, 0..4).prop_map(Value::from).boxed()
    }
}
