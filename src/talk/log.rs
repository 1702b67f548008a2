//! The log of `tracing` on its way to stderr, for people and as JSON.

use std::{fmt, io};

use serde_json::{Map, Value, json};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context};

use super::{TALK, record};

/// Takes the lines of `tracing_subscriber::fmt`; it never fails, so nobody complains of it.
#[derive(Debug, Clone, Copy)]
pub struct TextLog;

impl io::Write for TextLog {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        TALK.queue.push(text.to_vec());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for TextLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

/// Makes a record of every event.
#[derive(Debug, Clone, Copy)]
pub struct JsonLog;

impl<S: Subscriber> Layer<S> for JsonLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = LogFields::default();
        event.record(&mut fields);
        let LogFields { message, rest } = fields;
        TALK.queue.push(record(event.metadata().level().as_str(), &message, rest));
    }
}

#[derive(Default)]
struct LogFields {
    message: String,
    rest: Map<String, Value>,
}

impl LogFields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(message)) => self.message = message,
            (name, value) => drop(self.rest.insert(name.to_owned(), value)),
        }
    }
}

impl Visit for LogFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, json!(format!("{value:?}")));
    }
}
