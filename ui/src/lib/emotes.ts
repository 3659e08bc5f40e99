// Made of protocol/emotes.json by `npm run types`. Don't edit.

import hypeImage from "../emotes/hype.svg";
import fireImage from "../emotes/fire.svg";
import wowImage from "../emotes/wow.svg";
import clapImage from "../emotes/clap.svg";
import ggImage from "../emotes/gg.svg";
import crownImage from "../emotes/crown.svg";
import lolImage from "../emotes/lol.svg";
import wheezeImage from "../emotes/wheeze.svg";
import smirkImage from "../emotes/smirk.svg";
import ripImage from "../emotes/rip.svg";
import cryImage from "../emotes/cry.svg";
import facepalmImage from "../emotes/facepalm.svg";
import sweatImage from "../emotes/sweat.svg";
import copeImage from "../emotes/cope.svg";
import thinkImage from "../emotes/think.svg";
import whatImage from "../emotes/what.svg";
import susImage from "../emotes/sus.svg";
import brainImage from "../emotes/brain.svg";
import eyesImage from "../emotes/eyes.svg";
import snackImage from "../emotes/snack.svg";
import cozyImage from "../emotes/cozy.svg";
import heartImage from "../emotes/heart.svg";
import waveImage from "../emotes/wave.svg";
import saluteImage from "../emotes/salute.svg";

export interface Emote {
  readonly code: string;
  /** What it says, in words. */
  readonly means: string;
  /** The address of its image. */
  readonly image: string;
  /** Whether it may move. */
  readonly animated?: boolean;
}

export const EMOTES: readonly Emote[] = [
  { code: "hype", means: "excitement, let's go", image: hypeImage },
  { code: "fire", means: "on fire, on a streak", image: fireImage },
  { code: "wow", means: "amazement, mouth open", image: wowImage },
  { code: "clap", means: "applause, well done", image: clapImage },
  { code: "gg", means: "good game, that's a wrap", image: ggImage },
  { code: "crown", means: "the best there is", image: crownImage },
  { code: "lol", means: "laughing out loud", image: lolImage },
  { code: "wheeze", means: "laughing until it hurts", image: wheezeImage },
  { code: "smirk", means: "ironic, told you so", image: smirkImage },
  { code: "rip", means: "it's over, a gravestone", image: ripImage },
  { code: "cry", means: "sad, in tears", image: cryImage },
  { code: "facepalm", means: "can't watch, embarrassing", image: facepalmImage },
  { code: "sweat", means: "nervous, tense", image: sweatImage },
  { code: "cope", means: "telling oneself it will be fine", image: copeImage },
  { code: "think", means: "thinking, not sure", image: thinkImage },
  { code: "what", means: "confused", image: whatImage },
  { code: "sus", means: "suspicious", image: susImage },
  { code: "brain", means: "clever, five moves ahead", image: brainImage },
  { code: "eyes", means: "watching closely", image: eyesImage },
  { code: "snack", means: "popcorn, enjoying the show", image: snackImage },
  { code: "cozy", means: "comfortable, calm", image: cozyImage },
  { code: "heart", means: "love", image: heartImage },
  { code: "wave", means: "hello or goodbye", image: waveImage },
  { code: "salute", means: "respect", image: saluteImage },
];
