// {{title}}: reacts to what happens on the stream, and answers who speaks to it.
import { Persona, Prompt, keepLatest, line, say, silent } from "@chatter/persona";

export default class {{Name}} extends Persona {
  /** What it keeps from call to call: made of JSON, and bounded. */
  state = {
    /** Ids of the events that it reacted to: each stands in many contexts. */
    reacted: [],
    /** What it said lately, so that it says something else now. */
    said: [],
  };

  /** Something new on the stream. */
  onContext(turn, context, host) {
    const fresh = context.events.filter((event) => !this.state.reacted.includes(event.id));
    for (const event of fresh) keepLatest(this.state.reacted, event.id, 50);
    if (!turn.impulse.speak) return silent("not asked to speak");
    const prompt = new Prompt(turn.profile)
      .stream(context)
      .events(fresh)
      .chat(turn.profile, turn.recent)
      .earlierLines(this.state.said)
      .task(
        fresh.length > 0
          ? "React to what just happened, in a few words."
          : "Say what comes to your mind about the stream right now, in a few words.",
      );
    return this.speak(prompt, turn, host);
  }

  /** New messages in the room. */
  onFirehose(turn, messages, host) {
    if (!turn.impulse.speak) return silent("not asked to speak");
    const waiting = turn.waiting() ?? messages.findLast((message) => turn.isNamedIn(message));
    if (!waiting) return silent("nobody spoke to me");
    const prompt = new Prompt(turn.profile)
      .chat(turn.profile, turn.recent)
      .earlierLines(this.state.said)
      .answer(waiting)
      .task("Answer this message, in a few words.");
    return this.speak(prompt, turn, host).replyTo(waiting.id);
  }

  /** Asks the model; whatever keeps it from answering is a reason for silence. */
  speak(prompt, turn, host) {
    const { text } = host.complete(prompt.request(40, 0.9));
    const words = line.fromCompletion(text, [turn.profile.name], turn.limits.maxLineChars);
    if (!words) return silent("the model gave no line");
    keepLatest(this.state.said, words, 8);
    return say(words);
  }
}
