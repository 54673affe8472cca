import { testPicture } from './test-picture.ts';

export type Source = 'camera' | 'picture' | 'none';

/** The stream to send, or as text why there is none. */
export type Media = { readonly stream: MediaStream | undefined } | { readonly problem: string };

export const INSECURE =
  'No camera and no microphone: browsers offer them only to pages loaded over https:// or from this computer.';

/** Absent on pages loaded over plain HTTP from another machine, despite the types. */
export const mediaDevices = (): MediaDevices | undefined => (navigator as { mediaDevices?: MediaDevices }).mediaDevices;

export async function openMedia(source: Source): Promise<Media> {
  if (source === 'none') return { stream: undefined };
  if (source === 'picture') return { stream: testPicture() };
  const devices = mediaDevices();
  if (devices === undefined) return { problem: `${INSECURE} ${INSTEAD}` };
  try {
    return { stream: await firstThatWorks(devices) };
  } catch (error) {
    return { problem: problemText(error) };
  }
}

/** Camera and microphone, or the one that exists: many desktops have no camera. */
async function firstThatWorks(devices: MediaDevices): Promise<MediaStream> {
  const wanted = { video: { width: { ideal: 640 }, height: { ideal: 480 } }, audio: true } as const;
  try {
    return await devices.getUserMedia(wanted);
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
  }
  return devices.getUserMedia({ audio: wanted.audio }).catch(() => devices.getUserMedia({ video: wanted.video }));
}

const INSTEAD = 'Or join with the test picture, or with text only.';

const PROBLEMS: Readonly<Record<string, string>> = {
  NotAllowedError:
    'This page was not allowed to use camera and microphone. Allow both beside the address bar, then join again. ' +
    INSTEAD,
  NotFoundError: `No camera and no microphone was found. ${INSTEAD}`,
  NotReadableError: `Another program is using the camera or the microphone. Close it, then join again. ${INSTEAD}`,
};

function problemText(error: unknown): string {
  const { name = '', message = '' } = error as Partial<DOMException>;
  return PROBLEMS[name] ?? `Camera and microphone cannot be used (${message}). ${INSTEAD}`;
}

export function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
