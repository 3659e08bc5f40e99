//! What scripts answer, taken apart.

use crate::StoreError;
use chatter_bus::redis::{Fault, Value};
use serde::{Serialize, de::DeserializeOwned};
use std::vec;

/// The parts of an answer that is a list, one after the other.
pub(super) struct Answer {
    parts: vec::IntoIter<Value>,
    script: &'static str,
}

impl Answer {
    pub(super) fn new(script: &'static str, value: Value) -> Result<Self, StoreError> {
        match value {
            Value::Array(parts) => Ok(Self {
                parts: parts.into_iter(),
                script,
            }),
            Value::Nil => Ok(Self {
                parts: Vec::new().into_iter(),
                script,
            }),
            _ => Err(strange(script)),
        }
    }

    /// Whether there is another part.
    pub(super) fn more(&self) -> bool {
        self.parts.len() > 0
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.parts.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            _ => Err(strange(self.script)),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        String::from_utf8(self.bytes()?).map_err(|_| strange(self.script))
    }

    pub(super) fn number(&mut self) -> Result<i64, StoreError> {
        match self.parts.next() {
            Some(Value::Int(number)) => Ok(number),
            Some(Value::BulkString(text)) => std::str::from_utf8(&text)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| strange(self.script)),
            _ => Err(strange(self.script)),
        }
    }

    pub(super) fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.number()?).map_err(|_| strange(self.script))
    }
}

/// An answer that no script of this program gives.
pub(super) fn strange(script: &str) -> StoreError {
    StoreError::Corrupt {
        place: format!("Redis, as its script {script} tells"),
        detail: "an answer that this program does not know".into(),
    }
}

pub(super) fn corrupt(place: impl Into<String>, detail: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt {
        place: format!("Redis, {}", place.into()),
        detail: detail.to_string(),
    }
}

pub(super) fn unavailable(fault: &Fault) -> StoreError {
    StoreError::Unavailable(fault.to_string())
}

pub(super) fn to_json(value: &impl Serialize, what: &str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value)
        .map_err(|error| StoreError::Refused(format!("{what} can't be written as JSON: {error}")))
}

pub(super) fn from_json<T: DeserializeOwned>(
    json: &[u8],
    place: impl FnOnce() -> String,
) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|error| corrupt(place(), error))
}
