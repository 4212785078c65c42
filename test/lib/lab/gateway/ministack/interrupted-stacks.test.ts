import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { settledStatus, settleSavedStacks } from '../../../../../lib/lab/gateway/ministack/interrupted-stacks';

describe('settledStatus', () => {
  it.each([
    ['CREATE_IN_PROGRESS', 'ROLLBACK_COMPLETE'],
    ['ROLLBACK_IN_PROGRESS', 'ROLLBACK_COMPLETE'],
    ['UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE'],
    ['UPDATE_ROLLBACK_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE'],
    ['DELETE_IN_PROGRESS', 'DELETE_FAILED'],
    ['REVIEW_IN_PROGRESS', undefined],
    ['CREATE_COMPLETE', undefined],
    ['UPDATE_ROLLBACK_FAILED', undefined],
  ])('of %s is %s', (status, expected) => expect(settledStatus(status)).toBe(expected));
});

describe('settleSavedStacks', () => {
  let directory: string;
  const file = () => path.join(directory, 'cloudformation.json');
  beforeEach(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'stacks-'))));
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  const save = (StackStatus: string) => {
    const stack = { StackName: 'pipeline', StackStatus, _template: { Resources: {} }, _template_body: 'the new one' };
    const data = { "000000000000\0eu-west-1\0'pipeline'": stack };
    const text = JSON.stringify({ __ministack_format__: 2, payload: { stacks: { data }, exports: { a: 1 } } });
    fs.writeFileSync(file(), text);
    return text;
  };

  it('is nothing on the first start', () => expect(settleSavedStacks(directory)).toEqual([]));

  it('leaves a state without unfinished stacks to the byte', () => {
    const text = save('UPDATE_COMPLETE');
    expect(settleSavedStacks(directory)).toEqual([]);
    expect(fs.readFileSync(file(), 'utf8')).toBe(text);
  });

  it('settles an unfinished update, so that the next one finds what is missing', () => {
    save('UPDATE_IN_PROGRESS');
    expect(settleSavedStacks(directory)).toEqual(['pipeline']);
    const { payload } = JSON.parse(fs.readFileSync(file(), 'utf8'));
    expect(Object.values(payload.stacks.data)).toEqual([
      expect.objectContaining({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE', _template_body: '{"Resources":{}}' }),
    ]);
    expect(payload.exports).toEqual({ a: 1 });
    expect(settleSavedStacks(directory)).toEqual([]);
  });
});
