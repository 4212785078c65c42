import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Models } from '../../../../../lib/lab/gateway/shapes/load';
import { shapeOf } from '../../../../../lib/lab/gateway/shapes/model';
import { JSON_MODEL } from './support/models';

describe('Models', () => {
  let directory: string;
  beforeEach(() => (directory = fs.mkdtempSync(path.join(os.tmpdir(), 'models-'))));
  afterEach(() => fs.rmSync(directory, { recursive: true }));

  function put(service: string, version: string, apiVersion: string, gzip: boolean): void {
    const folder = path.join(directory, service, version);
    fs.mkdirSync(folder, { recursive: true });
    const documented = {
      ...JSON_MODEL,
      metadata: { ...JSON_MODEL.metadata, apiVersion },
      shapes: { ...JSON_MODEL.shapes, Value: { type: 'string', documentation: '<p>long</p>' } },
    };
    const json = JSON.stringify(documented);
    fs.writeFileSync(path.join(folder, `service-2.json${gzip ? '.gz' : ''}`), gzip ? gzipSync(json) : json);
  }

  it('reads the newest version, gzipped or not, once, and without its documentation', () => {
    put('ssm', '2013-01-01', 'old', true);
    put('ssm', '2014-11-06', 'new', true);
    const models = new Models(directory);
    expect(models.get('ssm')?.metadata.apiVersion).toBe('new');
    expect(models.get('ssm')?.shapes.Value).toEqual({ type: 'string' });
    fs.rmSync(path.join(directory, 'ssm'), { recursive: true });
    expect(models.get('ssm')?.metadata.apiVersion).toBe('new');
    put('ecr', '2015-09-21', 'plain', false);
    expect(models.get('ecr')?.metadata.apiVersion).toBe('plain');
  });

  it('finds the directories that have another name than the credential scope', () => {
    put('stepfunctions', '2016-11-23', 'sfn', true);
    expect(new Models(directory).get('states')?.metadata.apiVersion).toBe('sfn');
  });

  it('has none of a service that botocore does not know, nor of a path', () => {
    put('ssm', '2014-11-06', 'new', true);
    expect(new Models(directory).get('metals')).toBeUndefined();
    expect(new Models(path.join(directory, 'ssm')).get('../ssm')).toBeUndefined();
  });

  it('says what a directory without a model lacks', () => {
    fs.mkdirSync(path.join(directory, 'ssm'));
    expect(() => new Models(directory).get('ssm')).toThrow("ssm has no version of the service's model");
  });

  it('says which shape a broken model lacks', () => {
    expect(() => shapeOf(JSON_MODEL, 'Nothing')).toThrow("botocore's model has no shape 'Nothing', which it refers to");
  });
});
