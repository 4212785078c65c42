import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Store } from '../../../../lib/lab/gateway/store';

describe('Store', () => {
  let directory: string;
  beforeEach(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'store-'))));
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  it('keeps what was changed', () => {
    const store = Store.open(directory, 'things', { count: 0 });
    expect(store.update((data) => ++data.count)).toBe(1);
    expect(Store.open(directory, 'things', { count: 0 }).data).toEqual({ count: 1 });
    expect(fs.readdirSync(directory)).toEqual(['things.json']);
    expect(fs.statSync(path.join(directory, 'things.json')).mode & 0o777).toBe(0o600);
  });

  it('gives new parts of the data their initial value', () => {
    Store.open<object>(directory, 'things', { a: 1 }).save();
    expect(Store.open<object>(directory, 'things', { a: 0, b: 2 }).data).toEqual({ a: 1, b: 2 });
  });

  it('refuses a damaged file, and says what to do', () => {
    fs.writeFileSync(path.join(directory, 'things.json'), '{"cou');
    expect(() => Store.open(directory, 'things', {})).toThrow(/things\.json is not JSON.*npm run lab:down/);
  });
});
