import { NodeReports } from '../../../../../lib/lab/gateway/ssm/node-reports';
import { instance, nodesData, removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

function setUp(state: 'pending' | 'running' | 'shutting-down' = 'pending') {
  const node = instance({ state });
  const store = temporaryStore(nodesData({ instances: { [node.id]: node } }));
  const registered: string[] = [];
  const time = { now: Date.UTC(2026, 10, 1) };
  const reports = new NodeReports(
    store,
    (id) => void registered.push(id),
    () => time.now,
  );
  return { node, registered, reports, time };
}

test('a node that never reported is not managed at all', () => {
  expect(setUp('running').reports.list()).toEqual([]);
});

test('registers once, at the first report', () => {
  const { node, registered, reports } = setUp();
  reports.receive(node);
  reports.receive(node);
  expect(registered).toEqual(['i-0a']);
  expect(reports.list()).toMatchObject([{ id: 'i-0a', online: true, name: 'metals-worker-1' }]);
});

test('is ConnectionLost 30 seconds after the last report, and stays managed', () => {
  const { node, reports, time } = setUp();
  reports.receive(node);
  time.now += 29_999;
  expect(reports.isOnline('i-0a')).toBe(true);
  time.now += 1;
  expect(reports.list()).toMatchObject([{ id: 'i-0a', online: false }]);
});

test('what shuts down is not heard', () => {
  const { node, registered, reports } = setUp('shutting-down');
  reports.receive(node);
  expect(registered).toEqual([]);
  expect(reports.isOnline('i-0a')).toBe(false);
});
