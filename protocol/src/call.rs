//! One call of a persona: what it is given, what it gives back, and the record of it.
//!
//! These are the host's own call types: whichever version of the contract a component was built
//! for, the runtime translates from and to these. Together, a [`CallRecord`] and the component's
//! bytes (kept under their digest) are all that a replay needs.

mod limits;
mod outcome;
mod record;
mod turn;

pub use limits::{CallLimits, LIMITS, Limit, LimitsConfig, Unit};
pub use outcome::{Line, Outcome};
pub use record::{CallEnd, CallRecord, CallTimes, ImportRecord, LogLevel, LogLine};
pub use turn::{
    CallInput, Digest, Fate, Impulse, ImpulsePart, LineFate, Profile, Relationship, RoomInfo,
    State, Turn, TurnLimits,
};
