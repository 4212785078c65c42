import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RecordStore, Store } from '../../../../lib/lab/gateway/store';

let directory: string;
beforeEach(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'store-'))));
afterEach(() => fs.rmSync(directory, { recursive: true }));

describe('Store', () => {
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

describe('RecordStore', () => {
  const open = () => RecordStore.open<{ id: string; count: number }>(directory, 'things');

  it('keeps each record in a file of its own, and writes no other one', () => {
    const store = open();
    store.save({ id: 'a', count: 1 });
    const before = fs.statSync(path.join(directory, 'things/a.json')).ino;
    store.save({ id: 'b', count: 2 });
    expect(fs.statSync(path.join(directory, 'things/a.json'))).toMatchObject({ ino: before });
    expect(fs.readdirSync(path.join(directory, 'things')).sort()).toEqual(['a.json', 'b.json']);
    expect([...open().records.values()]).toEqual([...store.records.values()]);
  });

  it('forgets what is deleted, for good', () => {
    const store = open();
    store.save({ id: 'a', count: 1 });
    store.delete('a');
    expect(store.records.size).toBe(0);
    expect(open().records.size).toBe(0);
  });

  it('leaves out what was being written when the gateway was killed, and refuses a damaged record', () => {
    open().save({ id: 'a', count: 1 });
    fs.writeFileSync(path.join(directory, 'things/b.json.new'), '{"i');
    expect(open().records.size).toBe(1);
    fs.writeFileSync(path.join(directory, 'things/b.json'), '{"i');
    expect(open).toThrow(/b\.json is not JSON.*npm run lab:down/);
  });
});
