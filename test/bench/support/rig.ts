import { createMissingIndexes } from '../../../services/tools/setup-mongodb';
import { startRig, type Rig } from '../../rig/rig';
import type { Suite } from './suite';

/**
 * The stores have no limit of CPU: what a benchmark of the services must not find is the quota of the stand-in. The
 * services keep those of the Swarm unless a suite says otherwise.
 */
export async function withRig<T>(
  suite: Pick<Suite, 'note'>,
  use: (rig: Rig) => Promise<T>,
  name = 'bench',
): Promise<T> {
  const rig = await startRig({
    name,
    kafka: { cpus: 'unlimited' },
    mongodb: { cpus: 'unlimited', memory: 'unlimited' },
    report: suite.note,
  });
  try {
    return await use(rig);
  } finally {
    await rig.stop();
  }
}

/** Each measurement begins with an empty store: the next one must not pay for the documents of the one before. */
export async function emptyStore(rig: Rig): Promise<void> {
  const client = rig.mongoClient('admin');
  try {
    const database = client.db('metals');
    await database.dropCollection('prices');
    await createMissingIndexes(database, 'prices');
  } finally {
    await client.close();
  }
}

/** Documents in the store, counted one by one: an estimate would be no proof. */
export async function countStored(rig: Rig): Promise<number> {
  const client = rig.mongoClient();
  try {
    return await client.db('metals').collection('prices').countDocuments();
  } finally {
    await client.close();
  }
}
