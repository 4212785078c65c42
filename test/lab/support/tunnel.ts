/**
 * Reaches a port of a task that is published nowhere: each connection to a local port is carried by `socat` in the
 * network namespace of the task, which only root on the node can enter.
 */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Task } from './nodes';

export interface Tunnel {
  readonly port: number;
  close(): Promise<void>;
}

export async function openTunnel(task: Task, port: number): Promise<Tunnel> {
  const children = new Set<ReturnType<typeof spawn>>();
  const server: Server = createServer((socket) => {
    const child = spawn(
      'docker',
      [
        'exec',
        '-i',
        task.node,
        'nsenter',
        '--target',
        String(task.pid),
        '--net',
        'socat',
        '-',
        `TCP:127.0.0.1:${port}`,
      ],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    children.add(child);
    child.on('close', () => {
      children.delete(child);
      socket.destroy();
    });
    // Either side may leave first; the other then ends by itself.
    socket.on('error', () => child.kill());
    child.stdin!.on('error', () => socket.destroy());
    socket.on('close', () => child.kill());
    socket.pipe(child.stdin!);
    child.stdout!.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const child of children) child.kill();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
