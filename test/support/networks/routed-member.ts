import { expect } from '@jest/globals';
import type { JoinResult } from '../../../src/wire/index.ts';
import { fetchAnswer, FetchMember } from '../fetch-member.ts';
import type { HttpRoute } from './http-route.ts';

/** Restores the one documented response header that does not arrive: it is addressed to nginx, which removes it. */
const fetchBy = (route: HttpRoute) => async (url: string, init: Parameters<HttpRoute['fetch']>[1]) => {
  const response = await route.fetch(url, init);
  response.headers.set('X-Accel-Buffering', 'no');
  return response;
};

/** A participant whose requests all take one route. */
export class RoutedMember extends FetchMember {
  protected override readonly fetch: ReturnType<typeof fetchBy>;

  constructor(route: HttpRoute, joined: JoinResult) {
    super(route.url, joined);
    this.fetch = fetchBy(route);
  }

  static async join(route: HttpRoute, roomId: string, participantId: string): Promise<RoutedMember> {
    const path = `/v1/rooms/${roomId}/participants`;
    const answer = await fetchAnswer(route.url, 'joinRoom', path, { body: { participantId } }, fetchBy(route));
    expect(answer).toMatchObject({ status: 201 });
    return new RoutedMember(route, answer.body as JoinResult);
  }
}
