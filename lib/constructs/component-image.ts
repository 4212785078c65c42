import { cpSync, existsSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import * as ecrAssets from 'aws-cdk-lib/aws-ecr-assets';
import { Construct } from 'constructs';
import { pinnedReference } from '../base-digests';
import type { Config } from '../config';
import type { Component } from '../contract';
import { type BaseName, baseImage, BASES } from '../base-images';
import { REPOSITORY } from '../repository';
import { bundleProgram } from './bundle';
import { inFreshFolder } from './fresh-folder';

/** Both bases of services: what runs them is Node.js 22. */
const NODE_TARGET = 'node22';

export interface ComponentImageProps {
  readonly config: Config;
  readonly component: Component;
}

/** The base of each component. Kafka 4 has dropped ZooKeeper, so that mode runs on the last line that supports it. */
export function baseOf(component: Component, kafkaMode: Config['kafkaMode']): BaseName {
  switch (component) {
    case 'edge':
      return 'haproxy';
    case 'producer':
    case 'processor':
    case 'tools':
      return 'node';
    case 'kafka':
      return kafkaMode === 'kraft' ? 'kafka' : 'kafka3';
    case 'zookeeper':
    case 'mongodb':
      return component;
  }
}

/** Whether a component is a TypeScript program, bundled into one file before its image is built. */
const isProgram = (folder: string): boolean => existsSync(path.join(folder, 'main.ts'));

/** The folder of a component's Dockerfile. */
const sourceOf = (component: Component): string => path.join(REPOSITORY, 'services', component);

/**
 * Puts the build context of a program together in `context`.
 *
 * Programs are bundled on the host, so that no image build needs a package registry.
 */
function programContext(component: Component, fault: Config['fault'], context: string): string {
  cpSync(sourceOf(component), context, { recursive: true, filter: (file) => !file.endsWith('.ts') });
  const relative = path.relative(REPOSITORY, context);
  bundleProgram(path.join('services', component, 'main.ts'), path.join(relative, 'app.js'), NODE_TARGET);
  bundleProgram('services/common/healthcheck.ts', path.join(relative, 'healthcheck.js'), NODE_TARGET);
  if (fault === `${component}-unhealthy`) {
    const message = `health check fails on purpose (context key fault=${fault})`;
    writeFileSync(
      path.join(context, 'healthcheck.js'),
      `console.error(${JSON.stringify(message)}); process.exit(1);\n`,
    );
  }
  return context;
}

/** A component's image, built where the app is deployed from and pushed to the account's own registry. */
export class ComponentImage extends Construct {
  readonly asset: ecrAssets.DockerImageAsset;

  constructor(scope: Construct, id: string, props: ComponentImageProps) {
    super(scope, id);
    const { config, component } = props;
    const base = baseOf(component, config.kafkaMode);
    const assetOf = (directory: string) =>
      new ecrAssets.DockerImageAsset(this, 'Asset', {
        assetName: component,
        directory,
        buildArgs: { BASE: config.isLab ? baseImage(base) : pinnedReference(BASES[base].reference) },
        // In the lab, the machine's own architecture: nodes are containers on it.
        ...(config.isLab ? {} : { platform: ecrAssets.Platform.LINUX_AMD64 }),
      });
    this.asset = isProgram(sourceOf(component))
      ? inFreshFolder(this, component, (folder) => assetOf(programContext(component, config.fault, folder)))
      : assetOf(sourceOf(component));
  }
}
