import {
  Configuration,
  MessagesApi,
  type Problem,
  ProblemFromJSON,
  RoomsApi,
  SendRequestTypeEnum,
} from '../generated/typescript-fetch/index.ts';
import { converse, type Member, type Sent } from './conversation.ts';

// Outside a browser this generator's clients must be told which fetch to use.
const common = { basePath: process.env.HOLDLINE_URL ?? '', fetchApi: fetch };
const anybody = new RoomsApi(new Configuration(common));

const configuration = ({ token }: Member): Configuration => new Configuration({ ...common, accessToken: token });
const rooms = (member: Member): RoomsApi => new RoomsApi(configuration(member));
const messages = (member: Member): MessagesApi => new MessagesApi(configuration(member));
const toSend = ({ roomId }: Member, message: Sent) => ({
  roomId,
  sendRequest: { ...message, type: SendRequestTypeEnum.Offer },
});

await converse({
  async join(roomId, participantId) {
    const { token, cursor } = await anybody.joinRoom({ roomId, joinRequest: { participantId } });
    return { token, cursor };
  },
  async listening(member) {
    const { participants } = await rooms(member).listParticipants({ roomId: member.roomId });
    return participants.filter(({ listening }) => listening).map(({ participantId }) => participantId);
  },
  send: (member, message) => messages(member).sendMessage(toSend(member, message)),
  poll: (member, after, wait) => messages(member).pollMessages({ roomId: member.roomId, pollRequest: { after, wait } }),
  acknowledge: (member, cursor) =>
    messages(member).acknowledgeMessages({ roomId: member.roomId, ackRequest: { cursor } }),
  leave: (member) => rooms(member).leaveRoom({ roomId: member.roomId, participantId: member.participantId }),
  leaveByPost: (member) =>
    rooms(member).leaveRoomByPost({ roomId: member.roomId, participantId: member.participantId }),
  async refused(member, message) {
    const refusal = await messages(member)
      .sendMessage(toSend(member, message))
      .catch((error: unknown) => error);
    // What this generator's clients throw for an error is the response itself.
    if (!(refusal instanceof Response)) throw new Error('it was not refused');
    const problem: Problem = ProblemFromJSON(await refusal.json());
    return { status: refusal.status, problem };
  },
});
