/** What has passed the gateway until here, in the deployment and in the tests before, fits botocore's models. */
import { http } from './support/pipeline';
import { SHAPE_EXCEPTIONS } from './support/shape-exceptions';

interface Found {
  readonly service: string;
  readonly operation: string;
  readonly side: 'request' | 'answer';
  readonly problem: string;
  readonly count: number;
}

interface Report {
  readonly shapeProblems: readonly Found[];
  readonly shapeChecks: {
    readonly checked: number;
    readonly meanMicroseconds: number;
    readonly operations: readonly string[];
  };
}

let report: Report;
beforeAll(async () => {
  const answer = await http('GET', `${process.env.AWS_ENDPOINT_URL}/_lab/status`);
  expect(answer.status).toBe(200);
  report = answer.body as Report;
});

test('the calls were looked at', () => {
  expect(report.shapeChecks.checked).toBeGreaterThan(100);
  expect(report.shapeChecks.operations).toEqual(
    expect.arrayContaining([
      'cloudformation:DescribeStacks',
      's3:GetObject',
      'ssm:SendCommand',
      'sts:GetCallerIdentity',
    ]),
  );
});

test('a check takes less than 5 ms of CPU in the mean', () => {
  expect(report.shapeChecks.meanMicroseconds).toBeLessThan(5000);
});

test('each request and each answer fits the model of its service', () => {
  const isExcepted = (found: Found): boolean =>
    SHAPE_EXCEPTIONS.some(
      ({ service, operations, side, problem }) =>
        service === found.service &&
        operations.includes(found.operation) &&
        side === found.side &&
        problem.test(found.problem),
    );
  const unexpected = report.shapeProblems.filter((found) => !isExcepted(found));
  expect(
    unexpected.map(
      ({ service, operation, side, problem, count }) => `${service}:${operation} ${side}: ${problem} (${count} times)`,
    ),
  ).toEqual([]);
});
