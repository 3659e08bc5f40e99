use crate::types::Line;

/// What a persona says, or why it says nothing.
///
/// The host takes lines that are one line each, not empty and no longer than
/// [`Limits::max_line_chars`](crate::Limits); anything else makes the call fail.
/// [`line::tidy`](crate::line::tidy) makes such a line of any text.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a reply does nothing until it is returned"]
pub struct Reply {
    pub(crate) lines: Vec<Line>,
    pub(crate) silent_because: Option<String>,
    pub(crate) extensions: Option<String>,
}

impl Reply {
    /// Says this line.
    pub fn say(text: impl Into<String>) -> Self {
        Self {
            lines: vec![Line {
                text: text.into(),
                reply_to: None,
            }],
            silent_because: None,
            extensions: None,
        }
    }

    /// Says nothing, for this reason: a few words, for whoever asks why.
    pub fn silent(reason: impl Into<String>) -> Self {
        Self {
            lines: Vec::new(),
            silent_because: Some(reason.into()),
            extensions: None,
        }
    }

    /// Says one more line.
    pub fn and_say(mut self, text: impl Into<String>) -> Self {
        self.lines.push(Line {
            text: text.into(),
            reply_to: None,
        });
        self.silent_because = None;
        self
    }

    /// The latest line answers the message with this id. Nothing happens to a reply without lines.
    pub fn reply_to(mut self, message_id: impl Into<String>) -> Self {
        if let Some(line) = self.lines.last_mut() {
            line.reply_to = Some(message_id.into());
        }
        self
    }

    /// Hands the host JSON text that the contract has no field for yet.
    pub fn with_extensions(mut self, json: impl Into<String>) -> Self {
        self.extensions = Some(json.into());
        self
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Why there are none.
    #[must_use]
    pub fn silent_because(&self) -> Option<&str> {
        self.silent_because.as_deref()
    }
}
