/** From one broker to three while events come in; then one broker at a time is killed, restarted, lost with its volume, or changed. */
import { loseForGood } from './support/faults';
import { askBroker } from './support/kafka';
import { inNode, onManager, roll, tasks } from './support/nodes';
import { eventually, metals } from './support/run';
import { inFullRun, mustDeploy, mustPassSmokeTest, underLoad } from './support/sequences';

jest.setTimeout(3_600_000);

const EVENTS_PER_SECOND = 20;
/** Clients reach every node, as they do behind any load balancer. */
const FRONT = { loadBalancer: 'internal' };
const THREE = { ...FRONT, kafkaBrokers: 3 };
/** Another machine image replaces every node. */
const OTHER_IMAGE = 'ami-0fedcba9876543210';
const BROKERS = ['kafka', 'kafka-2', 'kafka-3'];

/** What a broker says by one of Kafka's own tools, or why it does not. */
async function ask(service: string, tool: string, ...args: string[]): Promise<string> {
  const [task] = await tasks(service);
  if (!task) return '';
  return askBroker(task, tool, ...args).catch((error: Error) => error.message);
}

const voters = async (service: string): Promise<number> => {
  const told = await ask(service, 'org.apache.kafka.tools.MetadataQuorumCommand', 'describe', '--status');
  return (/^CurrentVoters:\s*(.*)$/m.exec(told)?.[1]?.match(/"id": \d+/g) ?? []).length;
};

const behind = (service: string): Promise<string> =>
  ask(service, 'org.apache.kafka.tools.TopicCommand', '--describe', '--under-replicated-partitions');

/** Every broker is a voter, and every replica is in sync. */
const isWhole = (by: string): Promise<void> =>
  eventually('three voters, and every replica in sync', 240, async () => {
    const there = (await tasks()).filter(({ service }) => BROKERS.includes(service)).length;
    if (there < BROKERS.length) return `${there} brokers run`;
    const count = await voters(by);
    if (count !== BROKERS.length) return `${count} voters`;
    return (await behind(by)).trim() || undefined;
  });

/** What `metals status` tells of Kafka. */
async function told(): Promise<{
  readonly voters: readonly number[] | undefined;
  readonly problems: readonly string[];
}> {
  const { stdout, stderr } = await metals('status', '--json');
  if (stdout === '') throw new Error(stderr);
  const { health, problems } = JSON.parse(stdout);
  const processor = health.find(({ service }: { service: string }) => service === 'processor');
  return { voters: processor?.quorum?.voters, problems };
}

/** No event is lost, doubled or refused, though each is sent once. */
const refusesNothing = async (work: () => Promise<void>): Promise<void> =>
  expect(await underLoad(EVENTS_PER_SECOND, work)).toEqual([]);

inFullRun('three brokers', () => {
  // Later tests know the nodes of before.
  afterAll(() => mustDeploy());

  test('the one broker becomes three, and no event is lost or doubled', async () => {
    await underLoad(EVENTS_PER_SECOND, () => mustDeploy(THREE));
    await isWhole('kafka');
    const described = await ask('kafka', 'org.apache.kafka.tools.TopicCommand', '--describe');
    expect(described).not.toMatch(/ReplicationFactor: [12]\b/);
    expect(described).toMatch(/Topic: metals-prices\s.*ReplicationFactor: 3\s.*min\.insync\.replicas=2/);
    expect(await told()).toEqual({ voters: [1, 2, 3], problems: [] });
    await mustPassSmokeTest();
  });

  test.each(BROKERS)('%s is killed', async (service) => {
    const other = BROKERS.find((name) => name !== service)!;
    await refusesNothing(async () => {
      const [task] = await tasks(service);
      await inNode(task!.node, ['docker', 'kill', '--signal', 'KILL', task!.container]);
      await isWhole(other);
    });
  });

  test('one is restarted', async () => {
    await refusesNothing(async () => {
      await roll('kafka-2');
      await isWhole('kafka');
    });
  });

  test('one that stays away is named, as a replica and as a voter, until it is back', async () => {
    await refusesNothing(async () => {
      await onManager('service', 'scale', '--detach', 'metals_kafka-3=0');
      await eventually('status names it', 120, async () => {
        const text = (await told()).problems.join('\n');
        const isNamed = [/on broker 3/, /broker 3 has not followed its leader for \d+ s/].every((said) =>
          said.test(text),
        );
        return isNamed ? undefined : text;
      });
      await onManager('service', 'scale', '--detach', 'metals_kafka-3=1');
      await isWhole('kafka');
      await eventually('status is well', 60, async () => (await told()).problems.join('\n') || undefined);
    });
  });

  test('the volume of one is lost: it begins empty, and gets all from the others', async () => {
    await refusesNothing(() => loseForGood('worker-1', THREE, false));
    await isWhole('kafka-2');
    await mustPassSmokeTest();
  });

  test('a change of every broker takes one away at a time', async () => {
    await refusesNothing(() => mustDeploy({ ...THREE, amiId: OTHER_IMAGE }));
    await isWhole('kafka');
  });

  test('and back to one: every partition is on it, and no event is lost or doubled', async () => {
    await underLoad(EVENTS_PER_SECOND, () => mustDeploy({ ...FRONT, amiId: OTHER_IMAGE }));
    expect((await tasks()).filter(({ service }) => BROKERS.includes(service)).map(({ service }) => service)).toEqual([
      'kafka',
    ]);
    expect(await voters('kafka')).toBe(1);
    expect(await told()).toEqual({ voters: undefined, problems: [] });
    const described = await ask('kafka', 'org.apache.kafka.tools.TopicCommand', '--describe');
    expect(described).toContain('ReplicationFactor: 1');
    expect(described).not.toMatch(/ReplicationFactor: [23]\b|min\.insync\.replicas=2/);
    await mustPassSmokeTest();
  });
});
