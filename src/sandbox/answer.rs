//! What goes back on the wire: envelopes, error bodies and the odd answers of faults.
//!
//! Objects keep the order their keys are given in, and keyed maps that of the page; both as the
//! files in `sample-data/wire/` show. Knows no participation and no rule.

use http::StatusCode;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A JSON object whose keys keep their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Object(pub Vec<(&'static str, Value)>);

impl Object {
    pub(super) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((key, value.into()));
        self
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Objects by id, in the order of the page.
#[derive(Debug, Clone, Default)]
pub(super) struct Keyed(pub Vec<(u64, Object)>);

impl Serialize for Keyed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, object)| (id.to_string(), object)))
    }
}

/// The size of a query and the page that was cut from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub count: usize,
    pub page: usize,
    pub per_page: usize,
}

impl Cut {
    /// `page_count` and `page_number` are 0 when nothing was found.
    fn meta(self) -> Object {
        let Self { count, page, per_page } = self;
        Object::default()
            .with("count", count)
            .with("page_count", count.div_ceil(per_page))
            .with("page_number", if count == 0 { 0 } else { page })
            .with("page_size", per_page)
    }
}

/// A page of objects with what was side-loaded beside it.
#[derive(Debug)]
pub(super) struct Envelope {
    pub key: &'static str,
    pub objects: Keyed,
    pub side: Vec<(&'static str, Keyed)>,
    pub cut: Cut,
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let result = |id: &u64| Object::default().with("key", self.key).with("id", id.to_string());
        let results: Vec<Object> = self.objects.0.iter().map(|(id, _)| result(id)).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.cut.count)?;
        map.serialize_entry("results", &results)?;
        map.serialize_entry(self.key, &self.objects)?;
        map.serialize_entry("meta", &self.cut.meta())?;
        for (key, objects) in &self.side {
            map.serialize_entry(key, objects)?;
        }
        map.end()
    }
}

/// One element of an `errors` list.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    kind: &'static str,
    field: Option<&'static str>,
    message: String,
    index: Option<usize>,
}

impl ApiError {
    pub(super) fn system(message: impl Into<String>) -> Self {
        Self { kind: "system", field: None, message: message.into(), index: None }
    }

    pub(super) fn oauth(message: impl Into<String>) -> Self {
        Self { kind: "oauth", ..Self::system(message) }
    }

    pub(super) fn validation(field: &'static str, message: impl Into<String>) -> Self {
        Self { kind: "validation", field: Some(field), ..Self::system(message) }
    }

    pub(super) fn at(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }

    pub(super) fn object(&self) -> Object {
        let mut object = Object::default().with("type", self.kind);
        if let Some(field) = self.field {
            object = object.with("field", field);
        }
        object = object.with("message", self.message.as_str());
        match self.index {
            Some(index) => object.with("index", index),
            None => object,
        }
    }
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    /// A JSON body.
    Json(Vec<u8>),
    /// A page of some proxy.
    Html(&'static str),
    /// Text that is not JSON.
    Text(&'static str),
    /// Nothing, as after a DELETE.
    Empty,
    /// The connection breaks before the body.
    Broken,
}

/// An answer before it becomes an HTTP response.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: Vec<(&'static str, String)>,
    pub payload: Payload,
}

impl Answer {
    pub(super) fn new(status: StatusCode, payload: Payload) -> Self {
        Self { status, headers: Vec::new(), payload }
    }

    pub(super) fn ok(envelope: &Envelope) -> Self {
        Self::new(StatusCode::OK, json(envelope))
    }

    pub(super) fn errors(status: StatusCode, errors: &[ApiError]) -> Self {
        let list: Vec<Object> = errors.iter().map(ApiError::object).collect();
        Self::new(status, json(&std::collections::BTreeMap::from([("errors", list)])))
    }

    pub(super) fn refused(error: ApiError) -> Self {
        Self::errors(StatusCode::UNPROCESSABLE_ENTITY, &[error])
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::errors(StatusCode::FORBIDDEN, &[ApiError::oauth(message)])
    }

    pub(super) fn not_found() -> Self {
        Self::errors(StatusCode::NOT_FOUND, &[ApiError::system("Record not found")])
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::errors(StatusCode::BAD_REQUEST, &[ApiError::system(message)])
    }

    pub(super) fn html(status: StatusCode) -> Self {
        const PAGE: &str = "<!DOCTYPE html><html><head><title>Please wait</title></head>\
                            <body><h1>Something went wrong</h1></body></html>";
        Self::new(status, Payload::Html(PAGE))
    }

    pub(super) fn broken() -> Self {
        Self::new(StatusCode::OK, Payload::Broken)
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same answer with the second half of its JSON lost.
    pub(super) fn truncated(mut self) -> Self {
        if let Payload::Json(bytes) = &mut self.payload {
            bytes.truncate(bytes.len() / 2);
        }
        self
    }
}

/// These values always serialise; were they not to, the body would be empty and every client's
/// decoding fail, which is the right answer of a broken server.
fn json(value: &impl Serialize) -> Payload {
    Payload::Json(serde_json::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_errors_theirs() {
        let error = ApiError::validation("role", "Role is not included in the list").at(1);
        let text = serde_json::to_string(&error.object()).expect("serialises");
        insta::assert_snapshot!(text, @r#"{"type":"validation","field":"role","message":"Role is not included in the list","index":1}"#);
    }

    #[test]
    fn an_empty_query_has_no_pages_and_number_zero() {
        let cut = Cut { count: 0, page: 1, per_page: 20 };
        let envelope =
            Envelope { key: "participations", objects: Keyed::default(), side: vec![], cut };
        let text = serde_json::to_string(&envelope).expect("serialises");
        insta::assert_snapshot!(text, @r#"{"count":0,"results":[],"participations":{},"meta":{"count":0,"page_count":0,"page_number":0,"page_size":20}}"#);
    }
}
