/** The one table of `metals status`. Pure. */
import { visible } from '../safe-text';
import { shortImages } from './short-images';
import { isJob, type Service, type StackStatus } from './stack-status';
import { useOf, type TaskUse } from './task-use';

/** The rows of the one table, header first, in characters that can be seen. */
export function statusRows(status: StackStatus, use: readonly TaskUse[] = []): string[][] {
  const rows = [
    ['', 'name', 'role / mode', 'replicas', 'health', 'detail'],
    ...status.nodes.map((node) => [
      'node',
      node.slot ?? node.hostname,
      node.manager === null ? node.role : `${node.role}, ${node.manager}`,
      '',
      node.state,
      [node.address, node.availability, node.engine_version && `docker ${node.engine_version}`]
        .filter(Boolean)
        .join(', '),
    ]),
    ...status.services.map((service) => [
      'service',
      service.name,
      service.mode,
      `${service.running}/${service.desired}`,
      healthCell(service, status.health.find((health) => health.service === service.name)?.status),
      [
        service.update_state && `update ${service.update_state}`,
        scaled(service),
        failed(service),
        work(
          service,
          status.health.find((health) => health.service === service.name),
        ),
        useOf(service, use) ?? limit(service),
        shortImage(service.image),
      ]
        .filter(Boolean)
        .join(', '),
    ]),
  ];
  return rows.map((row) => row.map(visible));
}

const scaled = ({ deployed_replicas: deployed }: Service): string | undefined =>
  typeof deployed === 'number' ? `scaled, deployed as ${deployed}` : undefined;

/** Of a job only attempts, until it is complete. */
const failed = ({ failed_tasks: count }: Service): string | undefined =>
  count ? `${count} ${count === 1 ? 'task has' : 'tasks have'} failed` : undefined;

/** What those replicas do together that have answered. */
function work({ desired }: Service, health?: StackStatus['health'][number]): string | undefined {
  const { per_second: rate, lag_records: lag, answered } = health ?? {};
  if (typeof rate !== 'number') return undefined;
  const behind = typeof lag === 'number' ? `, lag ${lag}` : '';
  const part = typeof answered === 'number' && answered < desired ? ` (${answered} of ${desired} replicas)` : '';
  return `${Math.round(rate * 10) / 10} events/s${behind}${part}`;
}

const limit = ({ memory_limit_bytes: bytes }: Service): string | undefined =>
  typeof bytes === 'number' ? `at most ${Math.round(bytes / 2 ** 20)} MiB` : undefined;

/** How many replicas Docker finds healthy, and what they say themselves where that is something else. */
function healthCell(service: Service, says = 'healthy'): string {
  if (isJob(service)) return service.running >= service.desired ? 'complete' : 'incomplete';
  return [`${service.healthy} healthy`, ...(says === 'healthy' ? [] : [says === 'none' ? 'no answer' : says])].join(
    ', ',
  );
}

/** Nothing where a repository alone is known. */
const shortImage = (image: string): string => (/[@:][^/]*$/.test(image) ? shortImages(image).replace(/^.*\//, '') : '');
