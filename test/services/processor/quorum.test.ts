import Decoder from 'kafkajs/src/protocol/decoder';
import Encoder from 'kafkajs/src/protocol/encoder';
import { DESCRIBE_QUORUM, quorumProblem, readQuorum } from '../../../services/processor/quorum';
import { ALL_FOLLOW, ONE_CUT_OFF, ONE_STANDS_STILL } from './recorded-quorums';

const read = (hex: string) => readQuorum(new Decoder(Buffer.from(hex, 'hex')));

test('the question is for the one partition of the metadata', () => {
  expect(DESCRIBE_QUORUM.encode(new Encoder()).buffer.toString('hex')).toBe(
    '02' + '135f5f636c75737465725f6d65746164617461' + '02' + '00000000' + '000000',
  );
});

test('three brokers that vote and follow are all that it takes', () => {
  const quorum = read(ALL_FOLLOW);
  expect(quorum).toEqual({
    leader: 3,
    voters: [
      { broker: 1, behindMs: 91 },
      { broker: 2, behindMs: 104 },
      { broker: 3, behindMs: 0 },
    ],
  });
  expect(quorumProblem(quorum, 3)).toBeUndefined();
});

test('a refusal has its number, and that of a missing right its name', () => {
  expect(() => read('001f' + '01' + '00')).toThrow('Kafka error 31, CLUSTER_AUTHORIZATION_FAILED');
  expect(() => read('0023' + '01' + '00')).toThrow('Kafka error 35');
  expect(() => read('0000' + '01' + '00')).toThrow('the answer has no __cluster_metadata');
});

test.each([
  ['stands still', ONE_STANDS_STILL, 'broker 3 has not followed its leader for 29 s'],
  ['is cut off', ONE_CUT_OFF, 'broker 2 does not follow its leader'],
])('a broker that %s is named', (_, answer, problem) => {
  expect(quorumProblem(read(answer), 3)).toBe(`Kafka's quorum of 3, led by broker 1: ${problem}`);
});

test('a broker without a vote is named; one that is late by no more than 10 s is not', () => {
  const voters = [
    { broker: 1, behindMs: 0 },
    { broker: 3, behindMs: 10_000 },
  ];
  expect(quorumProblem({ leader: 1, voters }, 3)).toBe("Kafka's quorum of 3, led by broker 1: broker 2 has no vote");
});
