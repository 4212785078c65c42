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

inFullRun('a version that is not what it should be', () => {
  test('is rolled back under load: nothing is lost, and it is the deployed one for all that comes later', async () => {
    await mustDeploy({ feedEventsPerSecond: 3 });
    expect(await feedRate()).toBe(3);
    const { from, to } = await json('rollback', 'rollback', '--dry-run');
    expect(await feedRate()).toBe(3);
    await underLoad(20, async () => {
      expect(await json('rollback', 'rollback', '--yes')).toMatchObject({ rolled_back: true, serving: true, from, to });
    });
    expect(await feedRate()).toBe(1);
    const { changes } = await json('history', 'history');
    expect(changes[0]).toMatchObject({ document: 'stack-deploy', by: 'CloudFormation', bundle: to });
    // What an association would deploy.
    expect(await json('secrets sync', 'secrets', 'sync')).toMatchObject({ synced: [] });
    expect(await feedRate()).toBe(1);
    // And forward again, by its name.
    expect(await json('rollback', 'rollback', '--to', from, '--yes')).toMatchObject({ serving: true, to: from });
    expect(await feedRate()).toBe(3);
    await mustDeploy();
    expect(await feedRate()).toBe(1);
  });
});

test('what was never deployed is refused', async () => {
  const { code, stderr } = await metals('rollback', '--to', '0123456789ab', '--yes');
  expect(code).toBe(1);
  expect(stderr).toMatch(/no version with bundle 0123456789ab has converged|no other version/);
});
