//! Content codings: which of them a request takes (RFC 9110, section 12.5.3).

use axum::http::{HeaderMap, header};

/// A coding that the build of the page may leave a file in, beside the file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// RFC 7932
    Brotli,
    /// RFC 1952
    Gzip,
}

impl Coding {
    /// The smaller one first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Its name in headers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What it adds to a file's name.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }
}

/// The codings that a request takes, those that it likes best first. An entry that can't be read
/// counts as not there.
pub(crate) fn accepted(headers: &HeaderMap) -> Vec<Coding> {
    let entries: Vec<(String, f32)> = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(entry)
        .collect();
    let weight = |name: &str| {
        entries
            .iter()
            .find(|(coding, _)| coding == name)
            .map(|(_, weight)| *weight)
    };
    let mut accepted: Vec<(Coding, f32)> = Coding::ALL
        .into_iter()
        .map(|coding| {
            let own = weight(coding.as_str()).or_else(|| weight("*"));
            (coding, own.unwrap_or(0.0))
        })
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    accepted.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    accepted.into_iter().map(|(coding, _)| coding).collect()
}

/// `gzip`, or `gzip;q=0.5`: a coding with its weight.
fn entry(text: &str) -> Option<(String, f32)> {
    let (coding, weight) = match text.split_once(';') {
        Some((coding, parameter)) => {
            let (name, value) = parameter.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("q") {
                return None;
            }
            let weight: f32 = value.trim().parse().ok()?;
            (coding, Some(weight).filter(|w| (0.0..=1.0).contains(w))?)
        }
        None => (text, 1.0),
    };
    Some((coding.trim().to_ascii_lowercase(), weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Coding::{Brotli, Gzip};

    #[test]
    fn codings_are_taken_in_the_order_that_a_request_likes() {
        for (header, wanted) in [
            ("", &[][..]),
            ("identity", &[]),
            ("gzip", &[Gzip]),
            ("GZIP", &[Gzip]),
            ("gzip, deflate, br, zstd", &[Brotli, Gzip]),
            ("br;q=0.5, gzip", &[Gzip, Brotli]),
            ("br ; q=0, gzip;Q=0.001", &[Gzip]),
            ("*", &[Brotli, Gzip]),
            ("*;q=0.5, gzip", &[Gzip, Brotli]),
            ("*, br;q=0", &[Gzip]),
            ("*;q=0", &[]),
            ("gzip;q=2, br;q=x", &[]),
            ("gzip;level=9", &[]),
            (",;,=,", &[]),
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT_ENCODING, header.parse().unwrap())]);
            assert_eq!(accepted(&headers), wanted, "{header:?}");
        }
        assert_eq!(accepted(&HeaderMap::new()), []);
    }

    #[test]
    fn the_header_may_come_in_parts() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT_ENCODING, "gzip;q=0.5".parse().unwrap());
        headers.append(header::ACCEPT_ENCODING, "br;q=0.4".parse().unwrap());
        assert_eq!(accepted(&headers), [Gzip, Brotli]);
    }
}
