//! The bounds of a call, and the partial tables by which operators set them.
//!
//! One list makes all of it: the complete [`CallLimits`], the partial [`LimitsConfig`], and
//! [`LIMITS`], the table that people read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a limit's number is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// So many of them.
    Count,
    /// Milliseconds.
    Millis,
    /// Bytes.
    Bytes,
}

/// A limit, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is bounded.
    pub what: &'static str,
    /// The name of its setting.
    pub name: &'static str,
    /// Its value where nobody says otherwise.
    pub default: u64,
    /// The least and the largest value that it can be set to.
    pub range: (u64, u64),
    /// What becomes of more than that.
    pub beyond: &'static str,
    /// What its values are.
    pub unit: Unit,
}

macro_rules! limits {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ty = $default:literal in $min:literal..=$max:literal, $unit:ident,
        $what:literal, $beyond:literal;
    )*) => {
        /// The bounds of one call, complete.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        pub struct CallLimits {
            $(
                $(#[doc = $doc])+
                #[schemars(range(min = $min, max = $max))]
                pub $name: $type,
            )*
        }

        impl Default for CallLimits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        /// Bounds of calls, as far as they differ from those of the layer before: a table `[limits]`
        /// of `chatter.toml`, of a module's, a room's or a persona's file.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct LimitsConfig {
            $(
                $(#[doc = $doc])+
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schemars(range(min = $min, max = $max))]
                pub $name: Option<$type>,
            )*
        }

        impl CallLimits {
            /// Of each bound the larger one.
            #[must_use]
            pub fn or_more(self, other: Self) -> Self {
                Self { $($name: self.$name.max(other.$name),)* }
            }
        }

        impl LimitsConfig {
            /// These bounds, and those of `before` where nothing is said here.
            #[must_use]
            pub fn over(&self, before: CallLimits) -> CallLimits {
                CallLimits { $($name: self.$name.unwrap_or(before.$name),)* }
            }
        }

        impl LimitsConfig {
            /// What is set here, and to which value.
            #[must_use]
            pub fn set(&self) -> Vec<(&'static Limit, u64)> {
                let values = [$(self.$name.map(u64::from),)*];
                LIMITS
                    .iter()
                    .zip(values)
                    .filter_map(|(limit, value)| Some((limit, value?)))
                    .collect()
            }
        }

        /// Every limit of a call, in the order of [`CallLimits`].
        pub const LIMITS: &[Limit] = &[$(
            Limit {
                what: $what,
                name: stringify!($name),
                default: $default,
                range: ($min, $max),
                beyond: $beyond,
                unit: Unit::$unit,
            },
        )*];
    };
}

limits! {
    /// CPU time, in milliseconds, checked at each tick of the epoch.
    cpu_ms: u32 = 100 in 1..=60_000, Millis,
        "CPU time", "ends the call";
    /// Time from start to end, in milliseconds, waiting for the LLM included.
    wall_ms: u32 = 10_000 in 1..=600_000, Millis,
        "time from start to end, waiting for the model included", "ends the call";
    /// Linear memory, in bytes, over all memories of the component.
    memory_bytes: u64 = 67_108_864 in 65_536..=1_073_741_824, Bytes,
        "memory", "allocation fails, which ends the call in a trap";
    /// Elements of each table.
    table_elements: u32 = 20_000 in 1..=100_000, Count,
        "elements of a table", "as memory";
    /// Tables of the component.
    tables: u32 = 64 in 1..=64, Count,
        "tables", "the component can't be instantiated";
    /// Bytes of text handed to the guest as arguments, its state aside.
    input_bytes: u32 = 524_288 in 4_096..=8_388_608, Bytes,
        "what a call is given, beside its state", "it is not called";
    /// Bytes that the guest hands over in one question to the host or as its result, its state
    /// aside.
    output_bytes: u32 = 524_288 in 4_096..=8_388_608, Bytes,
        "what one question to the host or the result may hold, beside the state", "ends the call in a trap";
    /// Lines in an outcome.
    lines: u32 = 3 in 0..=16, Count,
        "lines", "the call fails";
    /// Characters in a line.
    line_chars: u32 = 300 in 1..=500, Count,
        "characters of a line", "the call fails";
    /// Bytes of state.
    state_bytes: u32 = 65_536 in 0..=1_048_576, Bytes,
        "state", "the call fails";
    /// LLM calls.
    llm_calls: u32 = 4 in 0..=64, Count,
        "LLM calls", "`over-budget`";
    /// LLM tokens that may be asked for, over all calls.
    llm_tokens: u32 = 1_000 in 0..=100_000, Count,
        "LLM tokens, of all answers together", "`max-tokens` is lowered to what is left, then `over-budget`";
    /// LLM calls a minute of the persona in its room, over all its calls.
    llm_calls_per_minute: u32 = 60 in 0..=6_000, Count,
        "LLM calls a minute, of a persona in a room", "`over-budget`";
    /// LLM tokens a minute of the persona in its room, over all its calls.
    llm_tokens_per_minute: u32 = 20_000 in 0..=10_000_000, Count,
        "LLM tokens a minute, of a persona in a room", "as LLM tokens";
    /// Memory searches.
    memory_searches: u32 = 8 in 0..=256, Count,
        "memory searches", "`over-budget`";
    /// Memory writes.
    memory_writes: u32 = 8 in 0..=64, Count,
        "memory writes", "`over-budget`";
    /// Bytes of log; what is beyond is cut off.
    log_bytes: u32 = 16_384 in 0..=1_048_576, Bytes,
        "log", "cut off, and said so";
    /// Bytes of log a second of the persona in its room; `log_bytes` of them may come at once.
    log_bytes_per_second: u32 = 4_096 in 0..=1_048_576, Bytes,
        "log a second, of a persona in a room", "as log";
}

impl LimitsConfig {
    /// The names of all settings.
    pub fn names() -> impl Iterator<Item = &'static str> {
        LIMITS.iter().map(|limit| limit.name)
    }

    /// Puts layers together, the least specific first.
    pub fn layered<'a>(layers: impl IntoIterator<Item = Option<&'a Self>>) -> CallLimits {
        layers
            .into_iter()
            .flatten()
            .fold(CallLimits::default(), |before, layer| layer.over(before))
    }
}

impl Limit {
    /// As a row of a Markdown table: what is limited, its setting, the default, the range, what is
    /// beyond.
    #[must_use]
    pub fn as_markdown(&self) -> String {
        let (least, most) = self.range;
        format!(
            "| {} | `{}` | {} | {} to {} | {} |",
            self.what,
            self.name,
            self.told(self.default),
            self.told(least),
            self.told(most),
            self.beyond
        )
    }

    /// What is wrong with a value, if something is: as the schemas' validation words it.
    #[must_use]
    pub fn problem(&self, value: u64) -> Option<String> {
        match self.range {
            (least, _) if value < least => Some(format!("{value} is less than {least}")),
            (_, most) if value > most => Some(format!("{value} is more than {most}")),
            _ => None,
        }
    }

    /// A value of this limit with its unit.
    #[must_use]
    pub fn told(&self, value: u64) -> String {
        const MIB: u64 = 1 << 20;
        const KIB: u64 = 1 << 10;
        match (self.unit, value) {
            (Unit::Count, value) => grouped(value),
            (Unit::Millis, value) if value >= 1_000 && value.is_multiple_of(1_000) => {
                format!("{} s", grouped(value / 1_000))
            }
            (Unit::Millis, value) => format!("{} ms", grouped(value)),
            (Unit::Bytes, value) if value >= MIB && value.is_multiple_of(MIB) => {
                format!("{} MiB", grouped(value / MIB))
            }
            (Unit::Bytes, value) if value >= KIB && value.is_multiple_of(KIB) => {
                format!("{} KiB", grouped(value / KIB))
            }
            (Unit::Bytes, value) => format!("{} bytes", grouped(value)),
        }
    }
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_comes_from_the_layer_before() {
        let read = |text: &str| serde_json::from_str::<LimitsConfig>(text).unwrap();
        let host = read(r#"{"cpu_ms": 50, "lines": 2}"#);
        let room = read(r#"{"lines": 1, "log_bytes": 0}"#);
        let limits = LimitsConfig::layered([Some(&host), None, Some(&room)]);
        assert_eq!(
            limits,
            CallLimits {
                cpu_ms: 50,
                lines: 1,
                log_bytes: 0,
                ..CallLimits::default()
            }
        );
    }

    #[test]
    fn of_two_bounds_the_larger_one_holds() {
        let limits = |cpu_ms, lines| CallLimits {
            cpu_ms,
            lines,
            ..CallLimits::default()
        };
        assert_eq!(limits(50, 9).or_more(limits(100, 3)), limits(100, 9));
    }

    #[test]
    fn every_default_is_in_its_range() {
        for limit in LIMITS {
            let (least, most) = limit.range;
            assert!((least..=most).contains(&limit.default), "{}", limit.name);
        }
    }

    #[test]
    fn values_are_told_with_their_unit() {
        let cases = [
            ("cpu_ms", 100, "100 ms"),
            ("wall_ms", 600_000, "600 s"),
            ("memory_bytes", 64 << 20, "64 MiB"),
            ("state_bytes", 1_000, "1 000 bytes"),
            ("lines", 0, "0"),
        ];
        for (name, value, expected) in cases {
            let limit = LIMITS.iter().find(|limit| limit.name == name).unwrap();
            assert_eq!(limit.told(value), expected);
        }
    }
}
