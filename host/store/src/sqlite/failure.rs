//! Why one request failed, before it is known where.

use crate::StoreError;
use rusqlite::ErrorCode;

#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite says so.
    Sqlite(rusqlite::Error),
    /// The transaction that the request was in did not come to its end.
    Lost(String),
    /// Known in full.
    Told(StoreError),
}

impl Failure {
    /// Something that was read makes no sense.
    pub(super) fn corrupt(place: String, detail: impl ToString) -> Self {
        Self::Told(StoreError::Corrupt {
            place,
            detail: detail.to_string(),
        })
    }

    /// As an error for whoever asked; `place` is the file.
    pub(super) fn at(self, place: &str) -> StoreError {
        match self {
            Self::Told(error) => error,
            Self::Lost(why) => StoreError::Unavailable(format!("{place}: {why}")),
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt {
                    place: place.to_owned(),
                    detail: format!(
                        "{error}; restore it from a backup, or move it away to start afresh"
                    ),
                },
                Some(ErrorCode::DiskFull) => {
                    StoreError::Unavailable(format!("{place}: {error}; make room on the disk"))
                }
                _ => StoreError::Unavailable(format!("{place}: {error}")),
            },
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}
