//! Parts of a file, as requests ask for them (RFC 9110, section 14).

/// What of a file a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    All,
    /// From one byte to another, both counted from 0 and within.
    Part { first: u64, last: u64 },
    /// What it does not have.
    Beyond,
}

impl Wanted {
    /// What a `Range` header asks of a file of so many bytes. What is not one range of bytes is as if it were
    /// absent, which a server may do (sections 14.1.1 and 14.2).
    pub(crate) fn of(range: &str, length: u64) -> Self {
        let Some((unit, set)) = range.split_once('=') else {
            return Self::All;
        };
        let parts = set.trim().split_once('-');
        let Some((first, last)) = parts.filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))
        else {
            return Self::All;
        };
        let end = length.saturating_sub(1);
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first > last => Self::All,
            (Some(first), _) if first >= length && is_number_or_nothing(last) => Self::Beyond,
            (Some(first), Some(last)) => Self::Part {
                first,
                last: last.min(end),
            },
            (Some(first), None) if last.is_empty() => Self::Part { first, last: end },
            (None, Some(0)) if first.is_empty() => Self::Beyond,
            (None, Some(_)) if first.is_empty() && length == 0 => Self::Beyond,
            (None, Some(count)) if first.is_empty() => Self::Part {
                first: length.saturating_sub(count),
                last: end,
            },
            _ => Self::All,
        }
    }
}

/// Digits alone; a number that is larger than any file is as large as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn is_number_or_nothing(text: &str) -> bool {
    text.is_empty() || number(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_of_bytes_or_none() {
        let part = |first, last| Wanted::Part { first, last };
        for (range, wanted) in [
            ("bytes=0-", part(0, 99)),
            ("bytes=0-0", part(0, 0)),
            ("Bytes = 10-19", part(10, 19)),
            ("bytes=90-1000", part(90, 99)),
            ("bytes=90-99999999999999999999999", part(90, 99)),
            ("bytes=-10", part(90, 99)),
            ("bytes=-1000", part(0, 99)),
            ("bytes=100-", Wanted::Beyond),
            ("bytes=100-200", Wanted::Beyond),
            ("bytes=99999999999999999999999-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=20-10", Wanted::All),
            ("bytes=0-9,20-29", Wanted::All),
            ("bytes=100-x", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=", Wanted::All),
            ("lines=0-9", Wanted::All),
            ("0-9", Wanted::All),
            ("", Wanted::All),
        ] {
            assert_eq!(Wanted::of(range, 100), wanted, "{range:?}");
        }
        for range in ["bytes=0-", "bytes=-5", "bytes=0-5"] {
            assert_eq!(Wanted::of(range, 0), Wanted::Beyond, "{range:?} of nothing");
        }
    }
}
