/** Runs where the browser's sound does, and hands it on as pieces that the host takes. */

import { mix, Pieces, Resampler } from "./resample";

// What an AudioWorkletGlobalScope has (https://webaudio.github.io/web-audio-api/#AudioWorkletGlobalScope-interface).
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class Share extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate);
  readonly #pieces = new Pieces();

  process([input]: Float32Array[][]): boolean {
    // Without a channel there is nothing to hear for a while, as when a track has stopped.
    const sound = input && input.length > 0 ? mix(input) : new Float32Array(128);
    for (const piece of this.#pieces.push(this.#resampler.push(sound))) {
      this.port.postMessage(piece.buffer, [piece.buffer]);
    }
    return true;
  }
}

registerProcessor("share", Share);
