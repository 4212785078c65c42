/** A deployment that only enlarges the volumes: the file systems in the nodes must grow with them. */
import { synthesise } from './synthesise';

const commands = (settings: Readonly<Record<string, string>>) =>
  synthesise(settings).swarm.findResources('Custom::RunCommand');

it('sends node-prepare, which lets the file systems grow, and nothing else to the nodes', () => {
  const before = commands({});
  const after = commands({ dataVolumeGiB: '21' });
  const changed = Object.keys(after).filter((id) => JSON.stringify(after[id]) !== JSON.stringify(before[id]));
  expect(changed.map((id) => after[id]!.Properties.DocumentName)).toEqual(['metals-test-node-prepare']);
  expect(after[changed[0]!]!.Properties.TargetValues).toBe('manager-1,worker-1,worker-2');
});
