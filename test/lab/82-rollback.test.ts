/** A version that was deployed before is deployed again, through CloudFormation, and whatever comes next knows of it. */
import { parseBySchema } from '../lib/cli/schemas';
import { onManager } from './support/nodes';
import { metals } from './support/run';
import { inFullRun, mustDeploy, underLoad } from './support/sequences';

jest.setTimeout(900_000);

/** How many prices a second each producer is configured to simulate. */
async function feedRate(): Promise<number> {
  const format = '{{range .Spec.TaskTemplate.ContainerSpec.Configs}}{{.ConfigName}}{{end}}';
  const config = (await onManager('service', 'inspect', '--format', format, 'metals_producer')).trim();
  const text = await onManager('config', 'inspect', '--pretty', config);
  return Number(/rate_per_second: (\d+)/.exec(text)?.[1]);
}

async function json(schema: string, ...args: string[]): Promise<any> {
  const { code, stdout, stderr } = await metals(...args, '--json');
  if (code !== 0) throw new Error(`metals ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return parseBySchema(schema, stdout);
}

/** Another one in most runs: a version that was deployed before is not left for the one before by itself. */
const RATE = 2 + (Math.floor(Date.now() / 1000) % 19);

inFullRun('a version that is not what it should be', () => {
  afterAll(() => mustDeploy());

  test('is rolled back under load: nothing is lost, and all that comes later knows of it', async () => {
    // With the settings that every test has, the one before is that of the lab itself.
    await mustDeploy({ feedEventsPerSecond: RATE });
    const { from, to, differences } = await json('rollback', 'rollback', '--dry-run');
    expect(differences).toEqual([
      { file: 'config/producer.yml', setting: 'feed.rate_per_second', from: String(RATE), to: '1' },
    ]);
    expect(await feedRate()).toBe(RATE);
    const refused = await underLoad(20, async () => {
      const done = await json('rollback', 'rollback', '--yes');
      expect(done).toMatchObject({ rolled_back: true, smoke_test: { passed: true }, from, to });
    });
    expect(refused).toEqual([]);
    expect(await feedRate()).toBe(1);
    const { changes } = await json('history', 'history');
    expect(changes[0]).toMatchObject({ document: 'stack-deploy', by: 'CloudFormation', version: to });
    // What the associations and the verbs that repeat a deployment would deploy.
    expect(await json('secrets sync', 'secrets', 'sync')).toMatchObject({ synced: [] });
    await json('redeploy', 'redeploy');
    expect(await feedRate()).toBe(1);
    // Typed twice, it does not bring back what was left.
    const again = await metals('rollback', '--yes');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`rollback --to ${from}`)]);
    expect(again.stderr).toContain('is an earlier one already, deployed by metals rollback');
    // By its name it does.
    expect(await json('rollback', 'rollback', '--to', from, '--yes')).toMatchObject({
      ...{ rolled_back: true, smoke_test: { passed: true }, to: from },
    });
    expect(await feedRate()).toBe(RATE);
  });

  test('is refused where it would delete prices, before anything changes', async () => {
    await mustDeploy({ priceRetentionDays: 30 });
    await mustDeploy();
    const { code, stderr } = await metals('rollback', '--yes');
    // Back from thirty days to for ever is what was done by hand: the version of thirty days would delete.
    expect(code).toBe(1);
    const history = await json('history', 'history');
    const kept = history.changes.find(({ version }: { version: string }) => version !== history.changes[0].version);
    const named = await metals('rollback', '--to', kept.version as string, '--yes');
    expect([named.code, named.stderr]).toEqual([
      1,
      expect.stringContaining('config/tools.yml price_retention_days: 0 → 30'),
    ]);
    expect(stderr).toContain('was deployed more than once, with another one in between');
    expect((await json('history', 'history')).changes[0]).toEqual(history.changes[0]);
  });
});

test('what was never deployed is refused', async () => {
  const { code, stderr } = await metals('rollback', '--to', '0123456789ab', '--yes');
  expect(code).toBe(1);
  expect(stderr).toContain('no version 0123456789ab has converged in the last 30 days');
});
