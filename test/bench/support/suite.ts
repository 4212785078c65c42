import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { drawTable } from '../../../lib/cli/table';

export interface Row {
  readonly [column: string]: string | number;
}

/** What a suite prints and keeps. */
export class Suite {
  private readonly tables: { readonly title: string; readonly rows: readonly Row[] }[] = [];

  constructor(
    readonly name: string,
    /** Share of the full size: 0.1 is a tenth of the events. */
    readonly scale: number,
  ) {}

  readonly note = (line: string): void => void process.stderr.write(`${line}\n`);

  events(full: number): number {
    return Math.max(1_000, Math.round(full * this.scale));
  }

  table(title: string, rows: readonly Row[]): void {
    this.tables.push({ title, rows });
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const cells = rows.map((row) => columns.map((column) => shown(row[column])));
    process.stdout.write(
      `\n${title}\n${drawTable([columns, ...cells], { bold: same, red: same, green: same } as never)}\n`,
    );
  }

  /** Keeps the figures, with the machine that they are of. */
  save(): string {
    const file = path.join(REPOSITORY, 'build', 'bench', `${this.name}.json`);
    mkdirSync(path.dirname(file), { recursive: true });
    const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, memoryGb: Math.round(os.totalmem() / 1e9) };
    const value = { suite: this.name, scale: this.scale, at: new Date().toISOString(), machine, tables: this.tables };
    writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
    return path.relative(REPOSITORY, file);
  }
}

const same = (text: string): string => text;

function shown(value: string | number | undefined): string {
  if (typeof value !== 'number') return value ?? '';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
