"""{{title}}: reacts to what happens on the stream, and answers who speaks to it."""

from dataclasses import field

from chatter_persona import (
    ChatMessage,
    Host,
    Persona,
    Prompt,
    Reply,
    StreamContext,
    Turn,
    keep_latest,
    line,
    say,
    silent,
)


class {{Name}}(Persona):
    """Its fields are what it keeps from call to call: bounded, and each with a default."""

    #: Ids of the events that it reacted to: each stands in many contexts.
    reacted: list[str] = field(default_factory=list)
    #: What it said lately, so that it says something else now.
    said: list[str] = field(default_factory=list)

    def on_context(self, turn: Turn, context: StreamContext, host: Host) -> Reply:
        """Something new on the stream."""
        fresh = [event for event in context.events if event.id not in self.reacted]
        for event in fresh:
            keep_latest(self.reacted, event.id, 50)
        if not turn.impulse.speak:
            return silent("not asked to speak")
        prompt = (
            Prompt(turn.profile)
            .stream(context)
            .events(fresh)
            .chat(turn.profile, turn.recent)
            .earlier_lines(self.said)
            .task(
                "React to what just happened, in a few words."
                if fresh
                else "Say what comes to your mind about the stream right now, in a few words."
            )
        )
        return self.speak(prompt, turn, host)

    def on_firehose(self, turn: Turn, messages: list[ChatMessage], host: Host) -> Reply:
        """New messages in the room."""
        if not turn.impulse.speak:
            return silent("not asked to speak")
        named = [message for message in messages if turn.is_named_in(message)]
        waiting = turn.waiting() or (named[-1] if named else None)
        if waiting is None:
            return silent("nobody spoke to me")
        prompt = (
            Prompt(turn.profile)
            .chat(turn.profile, turn.recent)
            .earlier_lines(self.said)
            .answer(waiting)
            .task("Answer this message, in a few words.")
        )
        return self.speak(prompt, turn, host).reply_to(waiting.id)

    def speak(self, prompt: Prompt, turn: Turn, host: Host) -> Reply:
        """Asks the model; whatever keeps it from answering is a reason for silence."""
        completion = host.complete(prompt.request(40, 0.9))
        words = line.from_completion(
            completion.text, [turn.profile.name], turn.limits.max_line_chars
        )
        if words is None:
            return silent("the model gave no line")
        keep_latest(self.said, words, 8)
        return say(words)
