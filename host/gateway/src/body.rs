//! Reading what a request carries: JSON bodies, and the parameters of its query.

use crate::problem::Problem;
use axum::{
    extract::{Query, Request},
    http::{HeaderMap, StatusCode, Uri, header},
};
use chatter_protocol::Schematic;
use futures_util::StreamExt;
use std::{str::FromStr, time::Duration};

/// The largest body that is read into memory.
pub(crate) const MAX_BODY: usize = 64 << 10;

/// A body beyond [`MAX_BODY`] is read on to here and thrown away, so that its sender gets to read
/// the answer instead of a broken connection.
const MAX_DISCARDED: usize = 4 << 20;

/// How long a body may take.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Reads a JSON body and validates it.
pub(crate) async fn json<T: Schematic>(request: Request) -> Result<T, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "the body is not declared as JSON: send `Content-Type: application/json`",
        ));
    }
    let body = tokio::time::timeout(BODY_DEADLINE, read(request))
        .await
        .map_err(|_| {
            let detail = format!("the body did not come within {} s", BODY_DEADLINE.as_secs());
            Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
        })??;
    parse(&body)
}

/// Parses JSON from outside and validates it.
pub(crate) fn parse<T: Schematic>(json: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice(json).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_json",
            format!("not JSON: {error}"),
        )
    })?;
    T::from_value(value).map_err(|invalid| Problem::invalid(&invalid))
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = declared
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

async fn read(request: Request) -> Result<Vec<u8>, Problem> {
    let mut chunks = request.into_body().into_data_stream();
    let (mut body, mut total) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_json",
                format!("the body broke off: {error}"),
            )
        })?;
        total += chunk.len();
        if total <= MAX_BODY {
            body.extend_from_slice(&chunk);
        } else if total > MAX_DISCARDED {
            break;
        }
    }
    if total > MAX_BODY {
        let detail = format!("the body is larger than {} KiB", MAX_BODY >> 10);
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            detail,
        ));
    }
    Ok(body)
}

/// The parameters of a query. Unknown ones are ignored.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        match Query::<Vec<(String, String)>>::try_from_uri(uri) {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(_) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                "the query is not of the form name=value&name=value",
            )),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A yes or no; no if it is absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            Some("true") => Ok(true),
            Some("false") | None => Ok(false),
            Some(_) => Err(Problem::bad_query(name, "is neither `true` nor `false`")),
        }
    }

    /// A number; `rule` says in a refusal which ones are right.
    pub(crate) fn number<T: FromStr>(
        &self,
        name: &str,
        rule: &str,
        right: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .ok()
                    .filter(&right)
                    .ok_or_else(|| Problem::bad_query(name, rule))
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_or_refused_by_name() {
        let parameters =
            Parameters::of(&"/x?after=7&limit=0&bad=x&after=9".parse().unwrap()).unwrap();
        let any = |_: &u64| true;
        assert_eq!(parameters.number("after", "", any).unwrap(), Some(7));
        assert_eq!(parameters.number("none", "", any).unwrap(), None);
        assert!(parameters.number("limit", "", |n: &u64| *n > 0).is_err());
        assert!(parameters.number("bad", "", any).is_err());
    }

    #[test]
    fn flags_are_true_or_false() {
        let parameters = Parameters::of(&"/x?yes=true&no=false&bad=1&empty".parse().unwrap());
        let parameters = parameters.unwrap();
        for (name, wanted) in [
            ("yes", Some(true)),
            ("no", Some(false)),
            ("none", Some(false)),
            ("bad", None),
            ("empty", None),
        ] {
            assert_eq!(parameters.flag(name).ok(), wanted, "{name}");
        }
    }

    #[test]
    fn json_is_known_by_its_type() {
        for (declared, good) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, declared.parse().unwrap())]);
            assert_eq!(is_json(&headers), good, "{declared}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
