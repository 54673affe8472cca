const WIDTH = 640;
const HEIGHT = 480;
const FRAMES_PER_SECOND = 15;
const TONE_HZ = 330;
/** Quiet, since the user may not expect a tone. */
const TONE_GAIN = 0.03;
const BARS = ['#d8dee9', '#ebcb8b', '#88c0d0', '#a3be8c', '#b48ead', '#bf616a', '#5e81ac'];

/** A moving picture with the time and a soft pulsing tone: for machines without camera and microphone. */
export function testPicture(): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  const stream = canvas.captureStream(FRAMES_PER_SECOND);
  if (context !== null) {
    const timer = setInterval(() => draw(context), 1_000 / FRAMES_PER_SECOND);
    stopWith(stream, () => clearInterval(timer));
    draw(context);
  }
  addTone(stream);
  return stream;
}

function draw(context: CanvasRenderingContext2D): void {
  const width = WIDTH / BARS.length;
  BARS.forEach((colour, index) => {
    context.fillStyle = colour;
    context.fillRect(index * width, 0, width + 1, HEIGHT);
  });
  const angle = (Date.now() / 2_000) * 2 * Math.PI;
  context.fillStyle = '#1b2430';
  context.fillRect(0, HEIGHT * 0.36, WIDTH, HEIGHT * 0.28);
  context.fillStyle = '#3cc9bd';
  context.beginPath();
  context.arc(WIDTH / 2 + Math.cos(angle) * WIDTH * 0.4, HEIGHT * 0.58, 12, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = '#fff';
  context.font = '600 52px system-ui, sans-serif';
  context.textAlign = 'center';
  context.fillText(new Date().toLocaleTimeString(undefined, { hour12: false }), WIDTH / 2, HEIGHT * 0.5);
}

function addTone(stream: MediaStream): void {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const pulse = audio.createOscillator();
  const depth = audio.createGain();
  const gain = audio.createGain();
  const destination = audio.createMediaStreamDestination();
  tone.frequency.value = TONE_HZ;
  pulse.frequency.value = 1;
  depth.gain.value = TONE_GAIN;
  gain.gain.value = TONE_GAIN;
  pulse.connect(depth).connect(gain.gain);
  tone.connect(gain).connect(destination);
  tone.start();
  pulse.start();
  for (const track of destination.stream.getAudioTracks()) stream.addTrack(track);
  // Browsers allow sound only after a user gesture.
  const resume = (): void => void audio.resume().catch(() => undefined);
  addEventListener('click', resume);
  stopWith(stream, () => {
    removeEventListener('click', resume);
    void audio.close();
  });
}

/** Needed because `ended` is not fired for tracks that the page itself stops. */
function stopWith(stream: MediaStream, end: () => void): void {
  for (const track of stream.getTracks()) {
    const stopTrack = track.stop.bind(track);
    track.stop = () => {
      stopTrack();
      end();
    };
  }
}
