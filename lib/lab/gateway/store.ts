/** State that outlives the gateway, as JSON: a file per concern, or per record, each written whole and atomically. */
import fs from 'node:fs';
import path from 'node:path';

export class Store<T extends object> {
  private constructor(
    readonly file: string,
    /** The live data; change it through `update`, or call `save` afterwards. */
    readonly data: T,
  ) {}

  /** Loads `<directory>/<name>.json`, or starts with `initial` where there is none yet. */
  static open<T extends object>(directory: string, name: string, initial: T): Store<T> {
    const file = path.join(directory, `${name}.json`);
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (!fs.existsSync(file)) return new Store(file, initial);
    return new Store(file, { ...initial, ...(readState(file) as T) });
  }

  /** Changes the data and saves it; answers what `change` answers. */
  update<R>(change: (data: T) => R): R {
    const result = change(this.data);
    this.save();
    return result;
  }

  save(): void {
    writeState(this.file, this.data);
  }
}

/** Records that grow to thousands: each has a file of its own, `<directory>/<name>/<id>.json`. */
export class RecordStore<T extends { readonly id: string }> {
  /** The live records; call `save` after a change. */
  readonly records: ReadonlyMap<string, T>;
  private readonly live: Map<string, T>;

  private constructor(
    private readonly directory: string,
    records: readonly T[],
  ) {
    this.records = this.live = new Map(records.map((record) => [record.id, record]));
  }

  /** Loads what there is. */
  static open<T extends { readonly id: string }>(directory: string, name: string): RecordStore<T> {
    const own = path.join(directory, name);
    fs.mkdirSync(own, { recursive: true, mode: 0o700 });
    const files = fs.readdirSync(own).filter((file) => file.endsWith('.json'));
    return new RecordStore(
      own,
      files.map((file) => readState(path.join(own, file)) as T),
    );
  }

  save(record: T): void {
    this.live.set(record.id, record);
    writeState(this.fileOf(record.id), record);
  }

  delete(id: string): void {
    this.live.delete(id);
    fs.rmSync(this.fileOf(id), { force: true });
  }

  private fileOf(id: string): string {
    return path.join(this.directory, `${id}.json`);
  }
}

function readState(file: string): unknown {
  const text = fs.readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(
      `the lab's state in ${file} is not JSON (${(error as Error).message}); run "npm run lab:down", then "npm run lab"`,
      { cause: error },
    );
  }
}

/** Synchronous on purpose: a crash right after an answer must not lose what was answered. */
function writeState(file: string, data: unknown): void {
  const temporary = `${file}.new`;
  fs.writeFileSync(temporary, JSON.stringify(data, undefined, 1), { mode: 0o600 });
  fs.renameSync(temporary, file);
}
