/** Messages as the real plugin writes them: recorded in a session whose shell was sent the letter x. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  acknowledgementOf,
  newMessage,
  parseMessage,
  PAYLOAD,
  serialise,
} from '../../../../../lib/lab/gateway/session-manager/client-message';

const RECORDED = readFileSync(join(__dirname, 'plugin-1.3.0.0.hex'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => Buffer.from(line, 'hex'));

test('what the plugin writes is read', () => {
  const messages = RECORDED.map(parseMessage);
  expect(messages.map(({ type, payloadType }) => `${type} ${payloadType}`)).toEqual([
    'acknowledge 0',
    `input_stream_data ${PAYLOAD.handshakeResponse}`,
    'acknowledge 0',
    'acknowledge 0',
    `input_stream_data ${PAYLOAD.output}`,
    'acknowledge 0',
  ]);
  expect(messages[4]).toMatchObject({ sequenceNumber: 1, payload: Buffer.from('x') });
  expect(JSON.parse(messages[1]!.payload.toString())).toMatchObject({ ClientVersion: '1.3.0.0', Errors: null });
});

test('what is written here is what the plugin writes, but for the time', () => {
  for (const bytes of RECORDED) {
    const again = serialise(parseMessage(bytes));
    bytes.copy(again, 40, 40, 48);
    expect(again.toString('hex')).toBe(bytes.toString('hex'));
  }
});

test('an acknowledgement names the message', () => {
  const message = newMessage('output_stream_data', 7, PAYLOAD.output, Buffer.from('$ '));
  expect(JSON.parse(acknowledgementOf(message).payload.toString())).toEqual({
    AcknowledgedMessageType: 'output_stream_data',
    AcknowledgedMessageId: message.id,
    AcknowledgedMessageSequenceNumber: 7,
    IsSequentialMessage: true,
  });
});

test('what is cut short, altered or something else is refused', () => {
  const bytes = RECORDED[4]!;
  expect(() => parseMessage(bytes.subarray(0, 60))).toThrow('no message of a data channel: 60 bytes');
  expect(() => parseMessage(Buffer.from('GET / HTTP/1.1'))).toThrow('no message of a data channel');
  const altered = Buffer.from(bytes);
  altered[120] = 0x79;
  expect(() => parseMessage(altered)).toThrow('another digest than it says');
  expect(() => parseMessage(bytes.subarray(0, 120))).toThrow('another digest than it says');
});
