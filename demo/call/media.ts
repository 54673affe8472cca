import { testPicture } from './test-picture.ts';

export type Source = 'camera' | 'picture' | 'none';

/** What to bring into the call, or in words for people why that cannot be had. */
export type Media = { readonly stream: MediaStream | undefined } | { readonly problem: string };

export const INSECURE =
  'No camera and no microphone here: browsers offer them only to pages that come over https://, or from this computer.';

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
    return { problem: inWords(error) };
  }
}

/** Both, or what there is of them: many a desktop has a microphone and no camera. */
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

const WORDS: Readonly<Record<string, string>> = {
  NotAllowedError:
    'This page was not allowed to use camera and microphone. Allow both beside the address of the page, then join again. ' +
    INSTEAD,
  NotFoundError: `No camera and no microphone was found. ${INSTEAD}`,
  NotReadableError: `Another program is using the camera or the microphone. Close it, then join again. ${INSTEAD}`,
};

function inWords(error: unknown): string {
  const { name = '', message = '' } = error as Partial<DOMException>;
  return WORDS[name] ?? `Camera and microphone cannot be used (${message}). ${INSTEAD}`;
}

export function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
