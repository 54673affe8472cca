import { expect } from '@jest/globals';
import type { JoinResult } from '../../../src/wire/index.ts';
import { fetchAnswer, FetchMember } from '../fetch-member.ts';
import type { Road } from './road.ts';

/** All that the document promises must get through, but for a header that is addressed to nginx, which takes it off. */
const fetchBy = (road: Road) => async (url: string, init: Parameters<Road['fetch']>[1]) => {
  const response = await road.fetch(url, init);
  response.headers.set('X-Accel-Buffering', 'no');
  return response;
};

/** A member whose requests all take one road. */
export class RoadMember extends FetchMember {
  protected override readonly fetch: ReturnType<typeof fetchBy>;

  constructor(road: Road, joined: JoinResult) {
    super(road.url, joined);
    this.fetch = fetchBy(road);
  }

  static async join(road: Road, roomId: string, participantId: string): Promise<RoadMember> {
    const path = `/v1/rooms/${roomId}/participants`;
    const answer = await fetchAnswer(road.url, 'joinRoom', path, { body: { participantId } }, fetchBy(road));
    expect(answer).toMatchObject({ status: 201 });
    return new RoadMember(road, answer.body as JoinResult);
  }
}
