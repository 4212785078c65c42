import { createMongoProbe } from '../../../services/processor/mongo-probe';

const MINUTE_MS = 60_000;

/** A server that answers dbStats with this, and counts how often it was asked. */
function server(answer: () => Record<string, unknown>) {
  const asked = { disk: 0 };
  const collection: any = { findOne: async () => null };
  const database: any = {
    command: async (command: Record<string, unknown>) => {
      if (command.hello === 1) return { localTime: new Date() };
      asked.disk += 1;
      return answer();
    },
  };
  return { asked, collection, database };
}

const unauthorized = () => {
  throw Object.assign(new Error('not authorized on metals to execute command'), { code: 13 });
};

test('a server that tells how full its disk is is asked each time', async () => {
  const { asked, collection, database } = server(() => ({ fsUsedSize: 3, fsTotalSize: 4 }));
  const probe = createMongoProbe(() => 0);
  expect(await probe(collection, database)).toMatchObject({ diskUsedRatio: 0.75 });
  expect(await probe(collection, database)).toMatchObject({ diskUsedRatio: 0.75 });
  expect(asked.disk).toBe(2);
});

test.each([
  ['does not tell', () => ({ dataSize: 1 })],
  ['does not tell this user', unauthorized],
])('one that %s is asked again after ten minutes', async (_, answer) => {
  const { asked, collection, database } = server(answer);
  let nowMs = 0;
  const probe = createMongoProbe(() => nowMs);
  expect((await probe(collection, database)).diskUsedRatio).toBeUndefined();
  nowMs = 9 * MINUTE_MS;
  expect((await probe(collection, database)).diskUsedRatio).toBeUndefined();
  expect(asked.disk).toBe(1);
  nowMs = 10 * MINUTE_MS;
  await probe(collection, database);
  expect(asked.disk).toBe(2);
});

test('another error is the problem of MongoDB', async () => {
  const { collection, database } = server(() => {
    throw new Error('connection reset');
  });
  await expect(createMongoProbe()(collection, database)).rejects.toThrow('connection reset');
});
