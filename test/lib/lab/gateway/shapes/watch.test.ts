import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { MAX_BODY_BYTES, ShapeWatch } from '../../../../../lib/lab/gateway/shapes/watch';
import { JSON_MODEL } from './support/models';

const TARGET = { 'x-amz-target': 'AmazonSSM.PutParameter' };

describe('ShapeWatch', () => {
  const logged: string[] = [];
  let watch: ShapeWatch;
  let answer: (response: http.ServerResponse) => void;
  let service: string;
  let server: http.Server;
  let url: string;

  beforeAll(async () => {
    server = http.createServer((message, response) => {
      message.on('data', watch.observe(service, message, response));
      message.on('end', () => answer(response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  beforeEach(() => {
    logged.length = 0;
    service = 'ssm';
    answer = (response) => response.end('{"Version":1}');
    const get = (name: string) => {
      if (name === 'broken') throw new Error('cannot read it');
      return name === 'ssm' ? JSON_MODEL : undefined;
    };
    watch = new ShapeWatch({ get }, (subject, text) => void logged.push(`${subject}: ${text}`));
  });

  async function send(body: unknown, times = 1): Promise<void> {
    for (let time = 0; time < times; time += 1)
      await (await fetch(url, { method: 'POST', headers: TARGET, body: JSON.stringify(body) })).text();
    // The check comes after the answer.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('counts what fits and has nothing to say about it', async () => {
    await send({ Name: 'a', Value: 'v' });
    const { shapeProblems, shapeChecks } = watch.report();
    expect(shapeProblems).toEqual([]);
    expect(shapeChecks).toMatchObject({
      checked: 1,
      operations: ['ssm:PutParameter'],
      bodiesSkipped: 0,
      unchecked: {},
    });
    expect(shapeChecks.meanMicroseconds).toBeGreaterThan(0);
    expect(logged).toEqual([]);
  });

  it('logs a problem once and counts how often it came', async () => {
    answer = (response) => {
      response.write('{"Versi');
      response.end('on":"1"}');
    };
    await send({ Name: 'a' }, 3);
    expect(watch.report().shapeProblems).toEqual([
      {
        service: 'ssm',
        operation: 'PutParameter',
        side: 'request',
        problem: 'the required member Value is missing',
        count: 3,
      },
      {
        service: 'ssm',
        operation: 'PutParameter',
        side: 'answer',
        problem: 'Version: a text, expected an integer',
        count: 3,
      },
    ]);
    expect(logged).toEqual([
      'shapes: ssm:PutParameter request: the required member Value is missing',
      'shapes: ssm:PutParameter answer: Version: a text, expected an integer',
    ]);
  });

  it('keeps no body beyond its limit, and says that it has not looked', async () => {
    answer = (response) => response.end(`{"Version":1,"More":"${'x'.repeat(MAX_BODY_BYTES)}"}`);
    await send({ Name: 'a', Value: 'x'.repeat(MAX_BODY_BYTES) });
    expect(watch.report()).toMatchObject({ shapeProblems: [], shapeChecks: { checked: 1, bodiesSkipped: 2 } });
  });

  it('does not read a compressed answer', async () => {
    answer = (response) => response.writeHead(200, { 'content-encoding': 'identity' }).end('no JSON');
    await send({ Name: 'a', Value: 'v' });
    expect(watch.report()).toMatchObject({ shapeProblems: [], shapeChecks: { bodiesSkipped: 1 } });
  });

  it('counts what it has no model for', async () => {
    service = 'metals';
    await send({}, 2);
    expect(watch.report()).toMatchObject({ shapeProblems: [], shapeChecks: { checked: 0, unchecked: { metals: 2 } } });
  });

  it('reports its own failure like any other problem', async () => {
    service = 'broken';
    await send({});
    expect(watch.report().shapeProblems).toEqual([
      {
        service: 'broken',
        operation: '',
        side: 'request',
        problem: 'the check itself failed: cannot read it',
        count: 1,
      },
    ]);
  });

  it('stops collecting at a limit, and says so', async () => {
    let number = 0;
    answer = (response) =>
      response.end(JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, () => [`M${number++}`, 1]))));
    await send({ Name: 'a', Value: 'v' }, 6);
    const { shapeProblems } = watch.report();
    expect(shapeProblems).toHaveLength(501);
    expect(shapeProblems.at(-1)).toMatchObject({ problem: 'more than 500 different problems: the rest is not kept' });
  });
});
