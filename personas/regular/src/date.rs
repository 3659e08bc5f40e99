//! Days by their name, so that `tomorrow` still means something next week.

const WEEKDAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// `25 November`, in UTC, of milliseconds since the Unix epoch.
pub(crate) fn day(now: u64) -> String {
    let (month, day) = civil(now / DAY_MS);
    format!("{day} {}", MONTHS[month])
}

/// `Wednesday 25 November`.
pub(crate) fn weekday(now: u64) -> String {
    let name = WEEKDAYS[usize::try_from(now / DAY_MS % 7).unwrap_or_default()];
    format!("{name} {}", day(now))
}

/// Month (from 0) and day of the month of a day since the epoch: H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`, for days after the epoch.
fn civil(days: u64) -> (usize, u64) {
    let of_era = (days + 719_468) % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = (shifted + 2) % 12;
    (usize::try_from(month).unwrap_or_default(), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_days() {
        let cases = [
            (0, "Thursday 1 January"),
            (951_782_400, "Tuesday 29 February"),
            (951_868_800, "Wednesday 1 March"),
            (1_769_860_800, "Saturday 31 January"),
            (1_795_564_799, "Tuesday 24 November"),
            (1_798_675_200, "Thursday 31 December"),
        ];
        for (seconds, wanted) in cases {
            assert_eq!(weekday(seconds * 1000), wanted, "{seconds}");
        }
    }
}
