// What a scan came to, for the ear and the hand: [start, length, pitch] of each tone in seconds
// and hertz, and how the telephone shakes, in milliseconds.

const SIGNALS = {
  in: { tones: [[0, 0.1, 880], [0.12, 0.2, 1320]], wave: "sine", shakes: [80] },
  already: { tones: [[0, 0.12, 520], [0.2, 0.12, 520], [0.4, 0.12, 520]], wave: "square", shakes: [120, 80, 120, 80, 120] },
  refused: { tones: [[0, 0.7, 170]], wave: "sawtooth", shakes: [600] },
  unsent: { tones: [[0, 0.15, 400], [0.2, 0.3, 250]], wave: "triangle", shakes: [200, 100, 200] },
};
const LOUDNESS = 0.3;
let audio = null;

/** Browsers play nothing before the page was touched. */
export function unlockSound() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

export function signal(kind) {
  const { tones, wave, shakes } = SIGNALS[kind];
  navigator.vibrate?.(shakes);
  if (audio?.state !== "running") return;
  for (const [start, length, pitch] of tones) play(wave, audio.currentTime + start, length, pitch);
}

function play(wave, start, length, pitch) {
  const tone = new OscillatorNode(audio, { type: wave, frequency: pitch });
  const volume = new GainNode(audio, { gain: LOUDNESS });
  tone.connect(volume).connect(audio.destination);
  volume.gain.setTargetAtTime(0, start + length - 0.02, 0.01); // no click at its end
  tone.start(start);
  tone.stop(start + length + 0.05);
}
