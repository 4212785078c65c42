/** Order, acknowledgement and repetition, with a plugin that answers as a test says. */
import { DataChannel } from '../../../../../lib/lab/gateway/session-manager/data-channel';
import {
  acknowledgementOf,
  MESSAGE,
  newMessage,
  parseMessage,
  PAYLOAD,
  serialise,
  type ClientMessage,
} from '../../../../../lib/lab/gateway/session-manager/client-message';

let sent: ClientMessage[];
let heard: string[];
let drained: number;
let givenUp: boolean;
let channel: DataChannel;

beforeEach(() => {
  jest.useFakeTimers();
  [sent, heard, drained, givenUp] = [[], [], 0, false];
  channel = new DataChannel({
    onInput: (payloadType, payload) => heard.push(`${payloadType} ${payload}`),
    onDrain: () => (drained += 1),
    onGivenUp: () => (givenUp = true),
  });
  channel.attach((bytes) => sent.push(parseMessage(bytes)));
});
afterEach(() => {
  channel.close('s', 't', '');
  jest.useRealTimers();
});

const input = (sequenceNumber: number, text: string): Buffer =>
  serialise(newMessage(MESSAGE.input, sequenceNumber, PAYLOAD.output, Buffer.from(text)));
const acknowledge = (message: ClientMessage): void => channel.receive(serialise(acknowledgementOf(message)));
const outputs = (): number[] => sent.filter(({ type }) => type === MESSAGE.output).map((each) => each.sequenceNumber);

test('input is taken in order and once, and each message is acknowledged, a repeated one as well', () => {
  channel.receive(input(1, 'b'));
  channel.receive(input(0, 'a'));
  channel.receive(input(0, 'a'));
  channel.receive(input(2, 'c'));
  expect(heard).toEqual(['1 a', '1 b', '1 c']);
  expect(sent.map(({ type }) => type)).toEqual(Array.from({ length: 4 }, () => MESSAGE.acknowledge));
});

test('output comes in pieces of a kilobyte, numbered', () => {
  channel.output(Buffer.alloc(2500, 'x'));
  expect(sent.map(({ sequenceNumber, payload }) => [sequenceNumber, payload.length])).toEqual([
    [0, 1024],
    [1, 1024],
    [2, 452],
  ]);
});

test('what is not acknowledged is sent again, the oldest first, and no more once it is', () => {
  channel.output(Buffer.from('one'));
  channel.output(Buffer.from('two'));
  jest.advanceTimersByTime(400);
  expect(outputs()).toEqual([0, 1, 0, 0]);
  acknowledge(sent[0]!);
  jest.advanceTimersByTime(200);
  expect(outputs()).toEqual([0, 1, 0, 0, 1]);
  acknowledge(sent[1]!);
  jest.advanceTimersByTime(1000);
  expect(outputs()).toHaveLength(5);
  expect(channel.isIdle).toBe(true);
});

test('a plugin that comes back is sent what it has not acknowledged', () => {
  channel.output(Buffer.from('one'));
  channel.detach();
  expect(channel.isIdle).toBe(true);
  channel.output(Buffer.from('two'));
  sent = [];
  channel.attach((bytes) => sent.push(parseMessage(bytes)));
  expect(sent.map(({ payload }) => payload.toString())).toEqual(['one', 'two']);
});

test('a plugin that acknowledges nothing for five minutes is given up', () => {
  channel.output(Buffer.from('one'));
  jest.advanceTimersByTime(299_000);
  expect(givenUp).toBe(false);
  jest.advanceTimersByTime(2_000);
  expect(givenUp).toBe(true);
});

test('there is room for a thousand messages, and again once half of them are acknowledged', () => {
  expect(channel.output(Buffer.alloc(999 * 1024))).toBe(true);
  expect(channel.output(Buffer.alloc(1024))).toBe(false);
  const messages = [...sent];
  for (const message of messages.slice(0, 500)) acknowledge(message);
  expect(drained).toBe(0);
  acknowledge(messages[500]!);
  expect(drained).toBe(1);
});

test('the end says whose it is, and why', () => {
  channel.close('lab-1', 'i-0a', 'the node has gone');
  const { type, payload } = sent.at(-1)!;
  expect(type).toBe(MESSAGE.closed);
  expect(JSON.parse(payload.toString())).toMatchObject({
    SessionId: 'lab-1',
    DestinationId: 'i-0a',
    Output: 'the node has gone',
  });
});
